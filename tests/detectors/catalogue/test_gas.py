"""A gas supply by hand: what a boiler gets is capped, so its highest loads lack flame and heat first; and what else lacks these."""

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from detectors.catalogue.flame import Flame
from detectors.catalogue.gas import Gas
from tests.detectors.series import T0_MS, findings_of, series

DAYS, ONSET, STOPS = 32, 14.0, 26.0
HOURS = np.arange(0, DAYS * 24, 1 / 12)
N = len(HOURS)
TAP = (np.abs(HOURS % 24 - 7.4) < 0.25) | (np.abs(HOURS % 24 - 20) < 0.25)
ON = TAP | (np.abs(HOURS % 2 - 0.5) < 0.45)
SAGS = np.clip((HOURS / 24 - ONSET) / (STOPS - ONSET), 0, 1)
DAY_MS = 86_400_000


def house(cap_pct: Floats | None = None, seed: int = 1) -> dict[str, Floats]:
    """Five-minute readings of a combi: warming up at full load in the morning, low load later; 20 K of spread at full load.

    `cap_pct` is the load that the gas suffices for: input, and so spread and current, go no further.
    """
    chance = np.random.default_rng(seed)
    warms_up = (HOURS % 24 > 5) & (HOURS % 24 < 6.5)
    load = np.where(TAP | warms_up, chance.uniform(80, 100, N), np.clip(chance.normal(35, 8, N), 20, 60)).round()
    real = np.minimum(load, np.inf if cap_pct is None else cap_pct)
    spread = np.where(TAP, 0.25, 0.2) * real + chance.normal(0, 0.3, N)
    back = 38 + chance.normal(0, 1, N)
    short = np.where(TAP, 35 * (1 - real / load), 0)
    return {
        "flow_temp_c": np.where(ON, back + spread, back).round(1), "return_temp_c": back.round(1),
        "modulation_pct": np.where(ON, load, 0), "flame_on": ON * 1.0, "dhw_active": TAP * 1.0,
        "dhw_temp_c": np.where(TAP, 48 - short, 30).round(1), "dhw_setpoint_c": np.full(N, 48.0),
        "flame_current_ua": np.where(ON, (18 + 0.3 * load) * real / load + chance.normal(0, 0.6, N), 0).round(1),
    }  # fmt: skip


def told(columns: dict[str, Floats]) -> list[Finding]:
    found = findings_of([series(HOURS, columns)], [Gas(), Flame()], beat_ms=21_600_000)
    return [one for one in found if one.state != "cleared"]


def day_of(finding: Finding) -> float:
    return (finding.raised_at_ms - T0_MS) / DAY_MS


@pytest.mark.parametrize("gone", [(), ("flame_current_ua",), ("flow_temp_c", "return_temp_c")])
def test_a_supply_that_sags_is_told_days_ahead_by_flame_or_by_heat_and_is_a_visit_by_two_signs(
    gone: tuple[str, ...],
) -> None:
    one = house(115 - 75 * SAGS)
    found = told({name: values for name, values in one.items() if name not in gone})
    assert {one.kind for one in found} == {"gas_supply_low"}
    assert ONSET + 2 < day_of(found[0]) < STOPS - 3
    assert any(one.severity == "warning" for one in found)


def test_one_sign_alone_is_worth_knowing_and_no_more() -> None:
    one = house(115 - 75 * SAGS)
    alone = {name: one[name] for name in ("modulation_pct", "flame_on", "flame_current_ua")}
    assert {(one.kind, one.severity) for one in told(alone)} == {("gas_supply_low", "advisory")}


def test_an_electrode_a_pump_turned_up_and_a_return_sensor_that_drifts_are_not_the_gas() -> None:
    one = house()
    electrode = one | {"flame_current_ua": one["flame_current_ua"] * (1 - 0.7 * SAGS)}
    assert {one.kind for one in told(electrode)} == {"flame_signal_decay"}
    spread = one["flow_temp_c"] - one["return_temp_c"]
    assert told(one | {"flow_temp_c": one["return_temp_c"] + spread * (1 - 0.3 * SAGS)}) == []
    assert told(one | {"return_temp_c": one["return_temp_c"] + 3 * SAGS}) == []


def test_an_evening_on_which_the_main_sags_is_nothing() -> None:
    evening = (HOURS // 24 == 20) & (HOURS % 24 > 17)
    assert told(house(np.where(evening, 75.0, 110.0))) == []


def test_where_taps_are_not_told_the_spread_says_nothing_of_the_gas() -> None:
    """Taps have another spread: a week of long showers would look like gas."""
    one = house()
    one = {name: values for name, values in one.items() if name not in ("flame_current_ua", "dhw_active")}
    more = (HOURS / 24 > ONSET) & (HOURS % 24 > 5) & (HOURS % 24 < 6.5)
    spread = one["flow_temp_c"] - one["return_temp_c"]
    shower = one | {"flow_temp_c": one["return_temp_c"] + spread * np.where(more, 0.7, 1.0)}
    assert told(shower) == []


def test_a_supply_that_gives_way_within_a_day_is_told_that_day_and_an_electrode_that_does_is_not_the_gas() -> None:
    gone = np.clip((HOURS / 24 - ONSET) / 1.0, 0, 1)
    found = told(house(115 - 70 * gone))
    assert (found[0].kind, found[0].severity) == ("gas_supply_low", "advisory")
    assert ONSET + 0.3 < day_of(found[0]) < ONSET + 1.3
    one = house()
    cracked = one | {"flame_current_ua": one["flame_current_ua"] * (1 - 0.6 * gone)}
    assert "gas_supply_low" not in {one.kind for one in told(cracked)}


def test_hot_water_that_is_colder_for_its_draws_is_no_visit_where_the_flame_is_as_it_was() -> None:
    one = house()
    drawn = np.where(TAP & (HOURS / 24 > ONSET), 0.6, 1.0)
    spread = one["flow_temp_c"] - one["return_temp_c"]
    cold = one | {
        "flow_temp_c": one["return_temp_c"] + spread * drawn, "dhw_temp_c": one["dhw_temp_c"] - 30 * (1 - drawn),
        "modulation_pct": np.where(TAP & (one["modulation_pct"] > 0), 100.0, one["modulation_pct"]),
    }  # fmt: skip
    assert [f.severity for f in told(cold) if f.severity != "advisory"] == []
    unseen = {name: values for name, values in cold.items() if name != "flame_current_ua"}
    assert {f.kind for f in told(unseen)} == {"gas_supply_low"}  # what it would be without a flame that is seen


def test_bigger_draws_are_colder_and_confirm_nothing_and_draws_that_take_less_heat_do() -> None:
    draw = np.random.default_rng(3).uniform(7, 8, N)

    def drawn(draw_lpm: Floats, heat: Floats, taken: Floats) -> set[str]:
        one = house()
        spread = (one["flow_temp_c"] - one["return_temp_c"]) * heat
        one |= {
            "modulation_pct": np.where(TAP, 100.0, one["modulation_pct"]), "flow_temp_c": one["return_temp_c"] + spread,
            "dhw_flow_lpm": np.where(TAP, draw_lpm, 0), "dhw_temp_c": np.where(TAP, 10 + 280 / draw_lpm * taken, 30),
        }  # fmt: skip
        del one["flame_current_ua"]
        return {one.severity for one in told(one)}

    late, sound = HOURS / 24 > ONSET, np.ones(N)
    less = np.where((house()["modulation_pct"] > 70) & late, 0.7, 1.0)
    assert drawn(draw + 3 * late, sound, sound) == set()
    assert drawn(draw + 3 * late, less, sound) == {"advisory"}
    assert "warning" in drawn(draw, less, less)
