"""Fans by hand: a line of speed over load, as a tacho tells it; wear and a narrow flue, with a set point and without one."""

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from detectors.catalogue.air import Air
from tests.detectors.series import findings_of, series

pytestmark = pytest.mark.slow

DAYS, ONSET = 36, 16.0
HOURS = np.arange(0, DAYS * 24, 0.25)
GROWS = np.clip((HOURS / 24 - ONSET) / 16, 0, 1)
COLDER = np.clip((HOURS / 24 - 5) / 25, 0, 1)


def fan(seed: int = 1, season_pct: float = 0.0, mapped: str = "line") -> dict[str, Floats]:
    """Quarter-hourly readings: the burner on for half of them, at loads that follow the weather; no set point."""
    chance = np.random.default_rng(seed)
    n = len(HOURS)
    on = chance.random(n) < 0.5
    load = np.clip(40 + season_pct * COLDER + 8 * np.sin(HOURS / 30) + chance.normal(0, 12, n), 15, 100).round()
    speed = {"line": 1200 + 48 * load, "proportional": 60 * load, "bent": 620 * np.sqrt(load)}[mapped]
    return {
        "flame_on": on * 1.0, "modulation_pct": np.where(on, load, 0),
        "fan_speed_rpm": (np.where(on, speed + chance.normal(0, 20, n), 0) / 60).round() * 60,
    }  # fmt: skip


def told(columns: dict[str, Floats]) -> list[Finding]:
    return [one for one in findings_of([series(HOURS, columns)], [Air()], beat_ms=21_600_000) if one.state != "cleared"]


@pytest.mark.parametrize("mapped", ["line", "proportional", "bent"])
@pytest.mark.parametrize("season_pct", [-20.0, 0.0, 30.0])
def test_loads_that_change_with_the_season_are_no_fault_of_a_fan_without_a_set_point(
    mapped: str, season_pct: float
) -> None:
    assert [one.kind for seed in range(3) for one in told(fan(seed, season_pct, mapped))] == []


@pytest.mark.parametrize(("by", "kind"), [(-0.12, "fan_wear"), (0.12, "flue_restricted")])
@pytest.mark.parametrize("season_pct", [0.0, 30.0])
def test_an_eighth_off_at_equal_load_after_sixteen_days_is_told_days_ahead_and_by_its_name(
    by: float, kind: str, season_pct: float
) -> None:
    one = fan(2, season_pct)
    one["fan_speed_rpm"] *= 1 + by * GROWS
    found = told(one)
    assert {one.kind for one in found} == {kind}
    day = (found[0].raised_at_ms - 1_767_571_200_000) / 86_400_000
    assert ONSET + 3 < day < ONSET + 11
    assert any(one.severity == "warning" for one in found)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize(("by", "kind"), [(-0.14, "fan_wear"), (0.14, "flue_restricted")])
def test_what_clogs_within_twelve_hours_is_told_within_them_once_and_a_twentieth_at_once_is_another_board(
    by: float, kind: str, ordered: bool
) -> None:
    one = fan(3)
    if ordered:
        one["fan_setpoint_rpm"] = one["fan_speed_rpm"].copy()
    clogs = np.clip((HOURS / 24 - ONSET - 0.1) * 2, 0, 1)
    found = [f for f in told(one | {"fan_speed_rpm": one["fan_speed_rpm"] * (1 + by * clogs)}) if f.state == "raised"]
    assert [(one.kind, one.severity) for one in found] == [(kind, "warning")]
    assert ONSET + 0.3 < (found[0].raised_at_ms - 1_767_571_200_000) / 86_400_000 < ONSET + 0.1 + 0.5 + 0.25
    late = HOURS / 24 > ONSET + 0.3
    assert told(one | {"fan_speed_rpm": one["fan_speed_rpm"] * np.where(late, 1 + by / 2.8, 1)}) == []


def test_an_hour_off_then_well_again_is_told_once_and_single_readings_never() -> None:
    one = fan(4)
    odd = np.isin(np.arange(len(HOURS)) % 40, (0, 1)) & (HOURS / 24 > ONSET)
    assert told(one | {"fan_speed_rpm": one["fan_speed_rpm"] * np.where(odd, 1.3, 1)}) == []
    gusty = (HOURS % 24 > 20) & (HOURS / 24 > ONSET)
    found = told(one | {"fan_speed_rpm": one["fan_speed_rpm"] * np.where(gusty, 1.2, 1)})
    assert sum(one.state == "raised" for one in found) <= 3


@pytest.mark.parametrize("mapped", ["line", "proportional"])
def test_a_boiler_that_burns_at_least_load_for_weeks_and_then_higher_has_a_sound_fan(mapped: str) -> None:
    """The line is hardly known there: it must not be steeper than what fans turn at full load makes it."""
    chance = np.random.default_rng(5)
    n = len(HOURS)
    on = chance.random(n) < 0.5
    load = np.where(HOURS / 24 < 12, chance.choice([25, 26, 27], n), chance.choice([25, 30, 34], n)).astype(float)
    speed = 1500 + 46 * load if mapped == "line" else 60 * load
    rounded = (np.where(on, speed + chance.normal(0, 20, n), 0) / 60).round() * 60
    assert told({"flame_on": on * 1.0, "modulation_pct": np.where(on, load, 0), "fan_speed_rpm": rounded}) == []


def test_a_board_that_turns_the_fan_up_set_point_and_all_has_a_narrow_path_and_one_that_asks_for_less_no_wear() -> None:
    one = fan(6)
    clogs = np.clip((HOURS / 24 - ONSET) / 3, 0, 1)

    def asked(by: float) -> list[Finding]:
        speed = one["fan_speed_rpm"] * (1 + by * clogs)
        return told(one | {"fan_speed_rpm": speed, "fan_setpoint_rpm": speed.copy()})

    found = asked(0.22)
    assert {(one.kind, one.severity) for one in found} == {("flue_restricted", "warning")}
    assert (found[0].raised_at_ms - 1_767_571_200_000) / 86_400_000 < ONSET + 2.5
    assert [one for one in asked(-0.14) if one.severity == "warning" and one.values.get("hours")] == []


def test_a_fixed_fan_whose_burner_turns_down_for_the_first_time_turns_no_faster() -> None:
    """A fan with a pressure switch turns ever alike; its burner ran at two thirds for weeks, then valves are shut."""
    chance = np.random.default_rng(7)
    n = len(HOURS)
    on = chance.random(n) < 0.7
    load = np.where(HOURS / 24 < ONSET, chance.choice([64, 65, 66], n), chance.choice([47, 49, 52], n)).astype(float)
    one = {"flame_on": on * 1.0, "modulation_pct": np.where(on, load, 0), "fan_speed_rpm": np.where(on, 2610.0, 0)}
    one["fan_setpoint_rpm"] = one["fan_speed_rpm"].copy()
    assert told(one) == []
    # its nearest rival: the same fan freed of its load, for the path has become narrow
    narrow = told(one | {"fan_speed_rpm": one["fan_speed_rpm"] * (1 + 0.14 * GROWS)})
    assert {f.kind for f in narrow} == {"flue_restricted"}
