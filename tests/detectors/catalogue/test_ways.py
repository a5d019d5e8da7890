"""Growth is told from a jump, and few readings a day are enough: series written by hand, without the simulator."""

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from detectors.catalogue.cycling import Cycling
from detectors.catalogue.hot_water import HotWater
from detectors.catalogue.instruments import Instruments
from detectors.catalogue.leak import SlowLeak
from detectors.catalogue.sensors import Sensors
from detectors.catalogue.ways import grows
from detectors.falls import fit
from tests.detectors.series import T0_MS, findings_of, series

pytestmark = pytest.mark.slow

DAY_MS = 86_400_000
QUIET = np.random.default_rng(7).normal(0, 1, (200, 12))


def ways(course: list[float], noise: float = 0.5) -> float:
    """Share of noisy repeats of a course of twelve days in which growth is seen."""
    ring = np.array(course)[None, :] + noise * QUIET
    return float(grows(ring, np.full(len(ring), max(noise, 0.5)), np.full(len(ring), 3.0)).mean())


def test_growth_of_a_few_days_is_seen_and_a_jump_within_a_day_is_not() -> None:
    assert ways([0, 0, 0, 0, 0, 0, 0, 0, 3, 6, 9, 12]) > 0.95
    assert ways([0, 0, 0, 0, 4, 6, 7.5, 8.5, 9.5, 10.5, 11, 12]) > 0.95
    assert ways([0, 0, 0, 0, 0, 0, 0, 5, 10, 10, 10, 10]) < 0.05  # a day that holds both
    assert ways([0, 0, 0, 0, 0, 0, 0, 0, 10, 10, 10, 10]) < 0.05
    assert ways([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 10]) < 0.05


def test_what_goes_on_after_a_jump_is_growth() -> None:
    assert ways([0, 0, 0, 0, 0, 9, 10.5, 12, 13.5, 15, 16.5, 18]) > 0.95
    assert ways([0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9]) < 0.05


def test_days_without_data_are_no_days() -> None:
    course = np.array([[0, 0, np.nan, 0, 0, np.nan, 0, 3, np.nan, 9, 12, 15.0]])
    assert grows(course, np.ones(1), np.full(1, 3.0)).tolist() == [True]
    assert grows(np.full((1, 12), np.nan), np.ones(1), np.ones(1)).tolist() == [False]


# ------------------------------------------------------------------------------------------------ pressure that begins to fall

HOURS = np.arange(0, 24 * 24, 0.25)


def system(lost_bar: Floats, seed: int = 1) -> dict[str, Floats]:
    """A radiator system, 0.01 bar/K (devices guide 6), read every quarter of an hour in hundredths of a bar."""
    chance = np.random.default_rng(seed)
    warm = (
        46
        + 6 * np.sin(HOURS / 24 * 2 * np.pi)
        + 3 * np.sin(HOURS / 24 / 4.3 * 2 * np.pi)
        + chance.normal(0, 1, len(HOURS))
    )
    bar = 1.45 + 0.01 * (warm - 46) - lost_bar + chance.normal(0, 0.005, len(HOURS))
    return {
        "flow_temp_c": (warm + 4).round(1),
        "return_temp_c": (warm - 4).round(1),
        "water_pressure_bar": bar.round(2),
    }


def told(columns: dict[str, Floats], detector: object) -> list[Finding]:
    found = findings_of([series(HOURS, columns)], [detector], beat_ms=3_600_000)  # type: ignore[list-item]
    return [one for one in found if one.state == "raised"]


def test_a_loss_that_begins_after_two_weeks_and_grows_is_told_with_its_present_rate() -> None:
    days = np.maximum(HOURS / 24 - 16, 0)
    raised = told(system(0.04 * days**2), SlowLeak())  # 0.95 bar are gone after 4.9 days
    assert [one.problem for one in raised] == ["low_water_pressure"]
    assert raised[0].raised_at_ms < T0_MS + 19.5 * DAY_MS
    assert float(str(raised[0].values["loss_bar_per_day"])) > 0.08


@pytest.mark.parametrize("seed", range(4))
def test_air_let_out_and_a_front_of_cold_weather_are_no_leak(seed: int) -> None:
    bled = np.where(HOURS / 24 > 16.3, 0.2, 0.0)
    assert told(system(bled, seed), SlowLeak()) == []
    assert told(system(np.zeros(len(HOURS)), seed), SlowLeak()) == []


def test_a_fall_that_began_is_measured_from_where_it_began() -> None:
    blocks = np.arange(56)
    bar = 1.5 - 0.05 * np.maximum(blocks - 44, 0)
    warm = 40 + np.sin(blocks)
    fall = fit((bar + 0.01 * (warm - 40))[None, :], warm[None, :], 0.25)
    assert fall.loss[0] == pytest.approx(0.2, abs=0.01)
    assert 10 <= fall.blocks[0] <= 12
    assert fall.stepped[0] == 0


# ---------------------------------------------------------------------------------------------- few readings of taps, rest

TAPS_A_DAY = 4


def taps(grown_k: Floats, scatter_k: float, seed: int = 3) -> dict[str, Floats]:
    """A combi whose taps are read four times a day: flow over hot water scatters with how long they have run."""
    chance = np.random.default_rng(seed)
    tap = np.zeros(len(HOURS), bool)
    for day in range(int(HOURS[-1] / 24) + 1):
        tap[chance.choice(np.arange(24, 92), TAPS_A_DAY, replace=False) + 96 * day] = True
    load = chance.uniform(50, 100, len(HOURS))  # the loop cools by a quarter of a kelvin for each hundredth
    over = (9 + grown_k) * load / 75 + chance.normal(0, scatter_k, len(HOURS))
    flow = np.where(tap, 48 + over, 40)
    return {
        "flow_temp_c": flow.round(1), "return_temp_c": (flow - load / 4).round(1), "dhw_active": tap * 1.0, "flame_on": tap * 1.0,
        "modulation_pct": np.where(tap, load, 0).round(0),
        "dhw_temp_c": np.where(tap, 48.0, 30.0), "dhw_setpoint_c": np.full(len(HOURS), 49.0),
    }  # fmt: skip


def test_scaled_plates_are_told_from_four_readings_of_taps_a_day() -> None:
    grown = 24 * np.clip((HOURS / 24 - 12) / 11, 0, 1)  # to the 85 over 50 °C at which Bosch 348 stops
    raised = told(taps(grown, 2.0), HotWater())
    assert [one.kind for one in raised] == ["plate_scale"]
    assert raised[0].raised_at_ms < T0_MS + 20 * DAY_MS


@pytest.mark.parametrize("seed", range(4))
def test_taps_that_scatter_by_six_kelvins_are_no_scale(seed: int) -> None:
    assert told(taps(np.zeros(len(HOURS)), 6.0, seed), HotWater()) == []


def never_long_idle(offset_k: Floats, spread: Floats, seed: int = 2) -> dict[str, Floats]:
    """Burns an hour and stands an hour in turn, its pump off, its water cooling by 10 K an hour meanwhile."""
    chance = np.random.default_rng(seed)
    on = (HOURS % 2) < 1
    back = np.where(on, 42.0, 42 - 10 * (HOURS % 1)) + chance.normal(0, 0.3, len(HOURS))
    flow = back + np.where(on, 10 * spread, 0.5) + chance.normal(0, 0.3, len(HOURS))
    return {
        "flow_temp_c": (flow + offset_k).round(1), "return_temp_c": back.round(1), "flame_on": on * 1.0, "pump_on": on * 1.0,
        "modulation_pct": np.where(on, 40.0, 0.0),
    }  # fmt: skip


def test_sensors_that_part_are_told_while_water_cools_and_less_flow_is_not_taken_for_them() -> None:
    grows_to = np.clip((HOURS / 24 - 12) / 11, 0, 1)
    sound = np.ones(len(HOURS))
    assert [one.kind for one in told(never_long_idle(9 * grows_to, sound), Sensors())] == ["ntc_drift"]
    assert told(never_long_idle(0 * grows_to, 1 + 1.3 * grows_to), Sensors()) == []


# ---------------------------------------------------------------------------------------- heat not taken, pressure that stands


def heating(taken: Floats, seed: int = 4) -> dict[str, Floats]:
    """Burns two hours and rests one; heat given by radiators to the power of 1.3 of their excess temperature (EN 442)."""
    chance = np.random.default_rng(seed)
    on = (HOURS % 3) < 2
    water = np.clip(50 + 6 * np.sin(HOURS / 24 / 5.1 * 2 * np.pi), 40, 60) + chance.normal(0, 0.3, len(HOURS))
    load = 55 * ((water - 20) / 30) ** 1.3 * taken * np.exp(chance.normal(0, 0.03, len(HOURS)))
    starts = np.cumsum(np.diff(on.astype(int), prepend=0) > 0) + 900.0
    flow = np.where(on, water + 6, water - 10)
    return {
        "flow_temp_c": flow.round(1), "return_temp_c": np.where(on, water - 6, water - 10).round(1), "flame_on": on * 1.0,
        "modulation_pct": np.where(on, load, 0).round(0), "burner_starts": starts, "dhw_active": np.zeros(len(HOURS)),
    }  # fmt: skip


def test_radiators_that_take_ever_less_heat_are_known_before_the_burner_cycles_and_warm_water_alone_is_not() -> None:
    less = 1 - 0.6 * np.clip((HOURS / 24 - 14) / 9, 0, 1)
    raised = told(heating(less), Cycling())
    assert [(one.kind, one.severity) for one in raised] == [("short_cycling", "advisory")]
    assert raised[0].raised_at_ms < T0_MS + 20 * DAY_MS
    assert told(heating(np.ones(len(HOURS))), Cycling()) == []
    assert told(heating(np.where(HOURS / 24 > 14.4, 0.7, 1.0)), Cycling()) == []  # somebody shut valves
    more = 1 + 0.6 * np.clip((HOURS / 24 - 14) / 9, 0, 1)  # scale, or too little gas: the same water needs more
    assert told(heating(more), Cycling()) == []


def standing(kind: str, step: float) -> dict[str, Floats]:
    """A circuit of radiators between 35 and 55 °C by night and day; its pressure stops, or its heating does, on day 16."""
    columns = system(np.zeros(len(HOURS)))
    late = HOURS / 24 > 16.3
    on = (HOURS % 1) < 0.5
    back = 45 + 10 * np.sin(HOURS / 12 * 2 * np.pi)
    bar = 1.4 + 0.01 * (back - 45) + np.random.default_rng(3).normal(0, 0.004, len(HOURS))
    tap = np.zeros(len(HOURS), bool)
    if kind == "summer":  # only taps from now on: the circuit is cold, the boiler's own litre is not
        back, tap, bar = np.where(late, back, back), late & on, np.where(late, 1.17, bar)
    if kind == "stuck":
        bar = np.where(late, 1.43, bar)
    return columns | {
        "return_temp_c": back.round(1), "flow_temp_c": (back + 8).round(1), "flame_on": on * 1.0, "dhw_active": tap * 1.0,
        "water_pressure_bar": np.round(np.round(bar / step) * step, 2),
    }  # fmt: skip


def test_a_pressure_that_stands_while_its_water_swings_is_told_within_hours_and_in_summer_not() -> None:
    raised = told(standing("stuck", 0.01), Instruments())
    assert [one.kind for one in raised] == ["pressure_sensor_failed"]
    assert raised[0].raised_at_ms < T0_MS + (16.3 + 0.6) * DAY_MS
    assert [
        one for one in told(standing("summer", 0.01), Instruments()) if one.raised_at_ms < T0_MS + 18 * DAY_MS
    ] == []
    assert told(standing("sound", 0.01), Instruments()) == []
    assert told(standing("sound", 0.1), Instruments()) == []


# ---------------------------------------------------------------------------------------- the resistance of the plates


def plates(fouling: Floats, seed: int = 5, **also: Floats) -> dict[str, Floats]:
    """One tap a day of two to ten litres a minute over plates in counterflow, of 1350 W/K when clean; the loop moves 907 W/K."""
    chance = np.random.default_rng(seed)
    count, tap = len(HOURS), np.zeros(len(HOURS), bool)
    tap[chance.integers(24, 92, int(HOURS[-1] / 24) + 1) + 96 * np.arange(int(HOURS[-1] / 24) + 1)] = True
    cold, drawn = 9.0, 70.0 * chance.uniform(3, 9, count)
    heat = np.minimum(drawn * 38, 24_000.0) * also.get("heat", np.ones(count))
    ratio = drawn / 907.0
    left = np.exp(1350.0 / (1 + fouling) / drawn * (ratio - 1))
    flow = cold + heat / (drawn * (1 - left) / (1 - ratio * left))
    dhw = cold + heat / drawn
    load = np.clip(112 * heat / 24_000 - 12, 0, 100)
    return {
        "flow_temp_c": np.where(tap, flow, 40.0).round(1), "return_temp_c": np.where(tap, flow - heat / 907, 39.0).round(1),
        "dhw_temp_c": np.where(tap, dhw, 30.0).round(1), "dhw_active": tap * 1.0, "flame_on": tap * 1.0,
        "modulation_pct": np.where(tap, load, 0).round(0), "dhw_setpoint_c": np.full(count, 47.0),
    }  # fmt: skip


def test_one_tap_a_day_of_any_size_tells_scaled_plates_with_or_without_a_return_sensor() -> None:
    one = plates(4 * np.clip((HOURS / 24 - 12) / 11, 0, 1))
    for columns in (one, {name: values for name, values in one.items() if name != "return_temp_c"}):
        raised = told(columns, HotWater())
        assert {one.kind for one in raised} == {"plate_scale"}
        assert raised[0].raised_at_ms < T0_MS + 18 * DAY_MS


@pytest.mark.parametrize("seed", range(3))
def test_taps_of_any_size_over_clean_plates_and_less_gas_are_no_scale(seed: int) -> None:
    assert told(plates(np.zeros(len(HOURS)), seed), HotWater()) == []
    less = 1 - 0.4 * np.clip(
        (HOURS / 24 - 12) / 11, 0, 1
    )  # the tap runs colder, which is told, and the plates are not blamed
    by_plates = [
        one for one in told(plates(np.zeros(len(HOURS)), seed, heat=less), HotWater()) if one.values["limit_k"] == 60
    ]
    assert by_plates == []
