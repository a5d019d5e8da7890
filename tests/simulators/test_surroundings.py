"""Weather that a district shares, households' days, and what happens to boilers that is no fault."""

import numpy as np
import pytest

from simulators.controller import Controller
from simulators.draw import Draw
from simulators.fleet import Fleet
from simulators.household import draw_households, wants_heat
from simulators.nuisances import RATES
from simulators.sites import DAY_S, SITES
from simulators.weather import Weather

pytestmark = pytest.mark.slow

START_S = 1_767_571_200.0  # 2026-01-05


def days_of(weather: Weather, start_s: float, days: int) -> np.ndarray:
    return np.array([weather.outdoor(start_s + k * 3_600) for k in range(days * 24)])


def test_winters_are_cold_summers_warm_and_the_county_colder_than_the_city() -> None:
    weather = Weather(1)
    january, july = days_of(weather, START_S, 40), days_of(weather, START_S + 180 * DAY_S, 40)
    assert -9 < january.mean() < 1
    assert 21 < july.mean() < 31
    county = np.array([site.region == "county" for site in SITES])
    assert january[:, county].mean() < january[:, ~county].mean() - 1
    assert january.min() > -32


def test_districts_share_their_fronts_days_have_afternoons_and_there_are_cold_spells() -> None:
    hourly = days_of(Weather(2), START_S, 60)
    daily = hourly.reshape(60, 24, -1).mean(axis=1)
    assert np.corrcoef(daily[:, 0], daily[:, 1])[0, 1] > 0.85
    assert np.abs(daily[:, 0] - daily[:, 1]).std() > 0.2
    by_hour = hourly[:, 0].reshape(60, 24).mean(axis=0)
    assert by_hour.argmax() == pytest.approx(7, abs=1)  # 15:00 in Beijing
    assert (daily[:, 0] < daily[:, 0].mean() - 6).any()
    assert np.abs(np.diff(hourly, axis=0)).max() < 4, "no jumps"


def test_weather_is_a_function_of_seed_and_time() -> None:
    one, other = Weather(3), Weather(3)
    later = one.outdoor(START_S + 5 * DAY_S)
    one.outdoor(START_S)
    assert np.array_equal(one.outdoor(START_S + 5 * DAY_S), later)
    assert np.array_equal(other.outdoor(START_S + 5 * DAY_S), later)
    gusts = np.array([one.gust(START_S + k * 3_600) for k in range(24 * 40)])
    assert gusts.min() == 0
    assert 0.3 < gusts.max() <= 1


def test_homes_are_warm_when_people_are_up_and_taps_run_in_the_morning() -> None:
    nobody = np.zeros(400, np.bool_)
    people, with_tanks = (
        draw_households(Draw(np.random.default_rng(1), "usual"), np.zeros(400, np.int64), START_S, tank)
        for tank in (nobody, ~nobody)
    )
    assert (with_tanks.tap_c - people.tap_c == 8).all()
    at = {hour: START_S + (hour - 8) * 3_600 for hour in (3, 7, 13, 20)}
    assert people.room_c(at[20], nobody).mean() > people.room_c(at[3], nobody).mean() + 0.5
    assert people.room_c(at[20], ~nobody).max() < 14
    assert people.taps_per_s(at[7], nobody).mean() > 20 * people.taps_per_s(at[3], nobody).mean()
    day = sum(people.taps_per_s(START_S + k * 3_600, nobody) for k in range(24)) * 3_600
    assert 2 < (day / people.people).mean() < 8
    assert wants_heat(np.array([5.0, 20.0]), np.ones(2, np.bool_)).tolist() == [True, False]


def one_kind(monkeypatch: pytest.MonkeyPatch, kind: str, a_day: float = 40.0) -> Fleet:
    for name in RATES:
        monkeypatch.setitem(RATES, name, a_day if name == kind else 0.0)
    return Fleet(4, 1, START_S, models=("Genus 28",))


def test_a_top_up_lifts_pressure_and_bleeding_lowers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = one_kind(monkeypatch, "top_up", 6)
    before = fleet.step(300).columns["water_pressure_bar"].mean()
    assert fleet.step(6 * 3_600).columns["water_pressure_bar"].mean() > before + 0.05
    fleet = one_kind(monkeypatch, "bleeding", 6)
    before = fleet.step(300).columns["water_pressure_bar"].mean()
    assert fleet.step(6 * 3_600).columns["water_pressure_bar"].mean() < before - 0.05


def test_a_transient_code_comes_and_goes_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = one_kind(monkeypatch, "transient_code", 20)
    codes = [code for _ in range(288) for code in fleet.step(300).codes]
    came = sum(active for _, _, active in codes)
    assert came > 5
    assert 0 <= came - sum(not active for _, _, active in codes) <= 4
    assert not fleet._controller.locks


def test_new_firmware_changes_resolution_and_a_restart_tells_noughts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = one_kind(monkeypatch, "firmware")
    bars = np.array([fleet.step(300).columns["water_pressure_bar"] for _ in range(288)])
    assert {0.05, 0.1} & {round(float(step), 3) for step in np.abs(np.diff(bars, axis=0)).ravel() if step}
    fleet = one_kind(monkeypatch, "hiccup", 8)
    bars = np.array([fleet.step(300).columns["water_pressure_bar"] for _ in range(288)])
    lone = (bars[1:-1] == 0) & (bars[2:] > 0.5) & (bars[:-2] > 0.5)
    assert lone.any()


def test_a_boiler_that_is_replaced_is_silent_for_hours_and_counts_from_nought(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = one_kind(monkeypatch, "replaced", 1.0)
    steps = [fleet.step(1_800) for _ in range(96)]
    flow = np.array([step.columns["flow_temp_c"] for step in steps])
    silent = np.isnan(flow).sum(axis=0)
    assert (silent >= 5).any()
    starts = np.array([step.columns["burner_starts"] for step in steps])
    assert np.nanmin(starts) < 50
    assert any(one.what == "part_replaced" for step in steps for one in step.services)


def test_a_household_resets_a_lock_out_a_few_times_and_a_technician_mends_it() -> None:
    fleet = Fleet(1, 1, START_S, models=("Genus 28",))
    fault = fleet.add_fault(0, "ignition_wear", START_S + 3_600, end=0.002, days=0.05)
    codes = [(step.at_s, *code) for _ in range(4 * 288) for step in [fleet.step(300)] for code in step.codes]
    assert fault.failed_s is not None
    assert fault.repaired_s is not None
    assert 0.2 * DAY_S < fault.repaired_s - fault.failed_s < 2 * DAY_S
    shown = [at_s for at_s, _, code, active in codes if code == "501" and active]
    assert 2 <= len(shown) <= 5, "it came back after each reset"
    assert max(shown) <= fault.repaired_s
    assert not fleet._controller.locks


def test_a_controller_frees_a_burner_when_there_is_water_again() -> None:
    fleet = Fleet(1, 1, START_S, models=("Genus 28",))
    fleet._plant.lost_l[0] = 20.0
    assert [code[2] for code in fleet.step(60).codes] == [True]
    controller: Controller = fleet._controller
    assert controller.locks[0].cause == "low_pressure"
    fleet._plant.fill(np.array([0]), np.array([1.3]))
    assert [code[2] for code in fleet.step(60).codes] == [False]
    assert not fleet._plant.stopped[0]
