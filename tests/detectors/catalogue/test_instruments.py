"""Sensors that stand still although what they measure must have moved: series written by hand, without the simulator."""

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from boilerwatch.signals import BY_NAME
from detectors.catalogue.instruments import Instruments
from tests.detectors.series import T0_MS, findings_of, series

DAYS, ONSET_D = 14, 12.0
HOURS = np.arange(0, DAYS * 24, 1 / 6)
STUCK = HOURS >= ONSET_D * 24
HOUR_MS = 3_600_000


def house(step_bar: float, swing_k: Floats | float = 20.0, seed: int = 1) -> dict[str, Floats]:
    """A burner that modulates all day and never stops; set back at night; 0.012 bar/K (guide: 0.005-0.02)."""
    chance = np.random.default_rng(seed)
    warm = 42 + swing_k / 2 * np.sin((HOURS - 9) / 24 * 2 * np.pi) + chance.normal(0, 0.3, len(HOURS))
    bar = 1.53 + 0.012 * (warm - 42) + chance.normal(0, 0.004, len(HOURS))
    return {
        "flow_temp_c": (warm + 10).round(1), "return_temp_c": warm.round(1), "flame_on": np.ones(len(HOURS)),
        "dhw_active": np.zeros(len(HOURS)), "water_pressure_bar": (np.rint(bar / step_bar) * step_bar).round(2),
    }  # fmt: skip


def stuck(columns: dict[str, Floats], signal: str) -> dict[str, Floats]:
    """The same, with a sensor that stands from the onset on."""
    values = columns[signal]
    return columns | {signal: np.where(STUCK, values[np.argmax(STUCK)], values)}


def told(columns: dict[str, Floats], every: int = 1) -> list[Finding]:
    thinned = {name: values[::every] for name, values in columns.items()}
    return findings_of([series(HOURS[::every], thinned)], [Instruments()], beat_ms=21_600_000)


def hours_after_onset(found: list[Finding]) -> list[float]:
    return [(one.raised_at_ms - T0_MS) / HOUR_MS - ONSET_D * 24 for one in found if one.state == "raised"]


@pytest.mark.parametrize("step_bar", [0.01, 0.05, 0.1])
def test_a_pressure_that_stands_while_its_water_swings_is_told_within_a_day_though_no_burner_stops(
    step_bar: float,
) -> None:
    one = house(step_bar, 30.0)
    assert told(one) == []
    found = told(stuck(one, "water_pressure_bar"))
    assert [(f.kind, f.problem, f.state) for f in found] == [("pressure_sensor_failed", "pressure_sensor", "raised")]
    assert 0 < hours_after_onset(found)[0] < 24


def test_half_hourly_readings_tell_it_within_a_day_too() -> None:
    one = house(0.1, 30.0)
    assert told(one, every=3) == []
    assert hours_after_onset(told(stuck(one, "water_pressure_bar"), every=3))[0] < 24


@pytest.mark.parametrize("seed", range(4))
def test_a_coarse_pressure_stands_in_mild_weather_and_where_heating_is_off(seed: int) -> None:
    """From cold weather to mild: the water swings by less than a step of the sensor hides."""
    mild = house(0.1, np.where(STUCK, 4.0, 20.0), seed)
    mild["water_pressure_bar"] = np.where(STUCK, 1.5, mild["water_pressure_bar"])
    assert told(mild) == []
    away = house(0.1, seed=seed)
    for name, value in (("flame_on", 0.0), ("flow_temp_c", 21.0), ("return_temp_c", 21.0), ("water_pressure_bar", 1.3)):
        away[name] = np.where(STUCK, value, away[name])
    assert told(away) == []


def test_a_surge_of_one_look_in_the_return_moves_no_system() -> None:
    one = house(0.1, 3.0)
    one["water_pressure_bar"] = np.where(HOURS > 6 * 24, 1.5, one["water_pressure_bar"])
    one["return_temp_c"] = np.where(np.arange(len(HOURS)) % 71 == 5, 95.0, one["return_temp_c"])
    assert told(one) == []


def test_a_flame_that_goes_on_untold_between_two_whole_readings_does_not_come_and_go() -> None:
    """A gateway that tells changes only, and everything each half hour; a flow that a steady burner holds for ten hours."""
    one = house(0.01)
    held = (HOURS >= 290) & (HOURS < 300)
    one["flow_temp_c"] = np.where(held, 50.5, one["flow_temp_c"])
    whole = np.arange(len(HOURS)) % 3 == 0
    silent = one | {name: np.where(whole, one[name], np.nan) for name in ("flame_on", "dhw_active")}
    assert told(silent) == []


# ------------------------------------------------------------------------------------------------------------------ hot water


def taps(a_day: int, sound_c: float = 47.0) -> dict[str, Floats]:
    """Hot water of a combi: warm while a tap draws, and on its way to the room's warmth after it."""
    chance = np.random.default_rng(2)
    tap = np.zeros(len(HOURS), bool)
    for day in range(DAYS):
        tap[day * 144 + chance.choice(np.arange(40, 140), a_day, replace=False)] = True
    dhw = np.full(len(HOURS), 22.0)
    for i in range(1, len(HOURS)):
        dhw[i] = sound_c + chance.normal(0, 0.5) if tap[i] else 22 + (dhw[i - 1] - 22) * 0.8 + chance.normal(0, 0.1)
    return {
        "dhw_temp_c": dhw.round(1),
        "dhw_active": tap * 1.0,
        "flame_on": tap * 1.0,
        "flow_temp_c": np.where(tap, 62.0, 40.0),
    }


def test_hot_water_that_stays_the_same_through_its_draws_is_told_within_a_day() -> None:
    one = taps(9)
    assert told(one) == []
    found = told(stuck(one, "dhw_temp_c"))
    assert [(f.kind, f.problem) for f in found] == [("ntc_failed", "ntc_dhw")]
    assert 0 < hours_after_onset(found)[0] < 24


def test_nobody_at_home_draws_nothing() -> None:
    away = taps(9)
    for name, value in (("dhw_active", 0.0), ("flame_on", 0.0), ("dhw_temp_c", 22.0)):
        away[name] = np.where(STUCK, value, away[name])
    assert told(away) == []


def test_hot_water_of_a_home_left_empty_stands_though_its_heating_goes_on() -> None:
    """Nobody draws, the house is kept from freezing: its burner comes and goes for days."""
    one = taps(9)
    away = one | {
        name: np.where(STUCK, value, one[name]) for name, value in (("dhw_active", 0.0), ("dhw_temp_c", 15.0))
    }
    away["flame_on"] = np.where(STUCK, np.arange(len(HOURS)) % 4 < 2, one["flame_on"])
    assert told(away) == []
    # its nearest rival: somebody is at home, and draws as ever
    broken = away | {"dhw_active": one["dhw_active"]}
    assert [f.problem for f in told(broken)] == ["ntc_dhw"]


@pytest.mark.parametrize("open_c", [-40.0, -20.0])
def test_a_hot_water_sensor_that_opens_is_told_within_the_hour_and_its_reading_is_taken_in(open_c: float) -> None:
    """OpenTherm's range begins at -40 (devices guide 2.1): what was refused as no temperature told nothing."""
    assert BY_NAME["dhw_temp_c"].low <= open_c
    one = taps(9)
    found = told(one | {"dhw_temp_c": np.where(STUCK, open_c, one["dhw_temp_c"])})
    assert [(f.kind, f.problem) for f in found] == [("ntc_failed", "ntc_dhw")]
    assert 0 <= hours_after_onset(found)[0] <= 1
