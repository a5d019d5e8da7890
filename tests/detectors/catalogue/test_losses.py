"""Why pressure falls, on series from the gas law: a hole, a seat that weeps, gas that goes; each must not be told as another."""

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from boilerwatch.water import ATMOSPHERE_BAR, even_temp_c, expansion
from detectors.catalogue.leak import SlowLeak
from detectors.catalogue.losses import causes
from tests.detectors.series import findings_of, series

pytestmark = pytest.mark.slow

HOURS = np.arange(0, 32 * 24, 0.25)
AFTER = np.maximum(HOURS / 24 - 12, 0)


def house(seed: int) -> tuple[Floats, Floats]:
    """Water warm by day and cool by night, warmer in the cold; one over the absolute pressure of a tight system, 1.26 to 1.6 bar."""
    chance = np.random.default_rng(seed)
    outdoor = 4 * np.sin(HOURS / 24 * 2 * np.pi / 6.3 + seed) + 3 * np.sin(HOURS / 24 * 2 * np.pi / 2.9)
    heats = (HOURS % 24 > 6) & (HOURS % 24 < 22)
    warm = np.where(heats, 58 - 1.4 * outdoor, 38.0) + chance.normal(0, 1, len(HOURS))
    return warm, 0.455 - 3.6 * expansion(warm)


def weeping(tight: Floats, seat_bar: float, per_day: float) -> Floats:
    """Water goes in proportion to the pressure over the seat, from the twelfth day on; with a seat of nought, a hole."""
    lost, bar = 0.0, np.empty(len(tight))
    for k, inverse in enumerate(tight):
        bar[k] = 1 / (inverse + lost) - ATMOSPHERE_BAR
        if AFTER[k] > 0:
            lost += max(bar[k] - seat_bar, 0.0) * per_day / 96
    return bar


def told(bar: Floats, warm: Floats, step_bar: float) -> list[Finding]:
    noise = np.random.default_rng(7).normal(0, 0.006, len(bar))
    columns = {
        "water_pressure_bar": np.round((bar + noise) / step_bar) * step_bar,
        "flow_temp_c": warm + 5,
        "return_temp_c": warm - 5,
    }
    return findings_of([series(HOURS, columns)], [SlowLeak()], beat_ms=21_600_000)


@pytest.mark.parametrize("step_bar", [0.01, 0.1])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_seat_that_weeps_below_its_three_bar_while_hot_is_the_relief_valve_within_days(
    seed: int, step_bar: float
) -> None:
    warm, tight = house(seed)
    found = told(weeping(tight - 0.13, 2.3, 0.15), warm, step_bar)
    first, valve = found[0], next(one for one in found if one.kind == "relief_valve_weeping")
    assert (first.kind, first.state) == ("slow_leak", "raised")
    assert valve.raised_at_ms - first.raised_at_ms < 7 * 86_400_000
    assert valve.values["also"] == ["slow_leak"]
    assert valve.severity == "warning"
    over = next(one for one in found if one.kind == "slow_leak" and one.state == "cleared")
    assert over.cleared_at_ms == valve.raised_at_ms


@pytest.mark.parametrize("step_bar", [0.01, 0.1])
@pytest.mark.parametrize("seed", [0, 2])
@pytest.mark.parametrize("cause", ["even", "by pressure", "growing", "ever faster", "vessel"])
def test_a_hole_however_it_grows_and_gas_that_goes_are_not_told_as_the_valve(
    cause: str, seed: int, step_bar: float
) -> None:
    warm, tight = house(seed)
    inverse = {
        "even": tight + 0.005 * AFTER, "growing": tight + 0.0006 * AFTER**2, "ever faster": tight + 0.00004 * AFTER**3,
        "vessel": tight / (1 - 0.02 * AFTER), "by pressure": 1 / (weeping(tight, 0.0, 0.012) + ATMOSPHERE_BAR),
    }[cause]  # fmt: skip
    assert {one.kind for one in told(1 / inverse - ATMOSPHERE_BAR, warm, step_bar)} == {"slow_leak"}


def test_the_seats_place_is_found_and_nothing_is_said_of_too_few_or_steady_blocks() -> None:
    warm, tight = house(1)
    bar = weeping(tight - 0.13, 2.3, 0.15)
    blocks = slice(24 * 8, 24 * 8 + 24 * 56)  # two weeks from the eighth day on, in means of six hours
    means = [values[blocks].reshape(56, 24).mean(axis=1) for values in (bar, warm)]
    seat = causes(means[0], even_temp_c(means[1]))
    assert seat.seat > 4 > seat.vessel
    assert seat.seat_bar == pytest.approx(2.3, abs=0.15)
    nothing = np.full(56, np.nan)
    assert causes(nothing, nothing)[:2] == (0.0, 0.0)
    assert causes(np.full(56, 1.5), np.full(56, 40.0))[:2] == (0.0, 0.0)
