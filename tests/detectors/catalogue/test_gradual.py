"""Each gradual fault on a series written by hand from its cited source, its rival's series, and what is no fault."""

import math

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from detectors.catalogue.air import Air
from detectors.catalogue.flame import Flame
from detectors.catalogue.flow import Flow
from detectors.catalogue.hot_water import HotWater
from detectors.catalogue.sensors import Sensors
from tests.detectors.series import T0_MS, findings_of, series

DAYS, ONSET = 45, 20.0
STEP_H = 0.25
DAY_MS = 86_400_000


def house(seed: int = 1, season_k: float = 0.0) -> tuple[Floats, dict[str, Floats]]:
    """Quarter-hourly readings of a condensing boiler: weather, load, taps in the morning and evening, rounded sensors."""
    chance = np.random.default_rng(seed)
    hours = np.arange(0, DAYS * 24, STEP_H)
    n = len(hours)
    hour = hours % 24
    weather = 4 * np.sin(hours / 24 * 2 * math.pi / 5.3) + season_k * hours / 24 / DAYS
    load = np.clip(45 - 2 * weather + 10 * np.cos(hour / 24 * 2 * math.pi) + chance.normal(0, 8, n), 12, 95)
    tap = (np.abs(hour - 7.5) < 0.6) | (np.abs(hour - 20) < 0.6)
    on = tap | (chance.random(n) < 0.6)
    load = np.where(tap, 90.0, load)
    back = 38 - 0.5 * weather + chance.normal(0, 1, n)
    spread = np.where(on, 5 + load / 7, 1.0) + chance.normal(0, 0.4, n)
    flue = np.where(on, back + 5 + load / 12, back - 3) + chance.normal(0, 0.5, n)
    current = np.where(on, 18 + 0.3 * load + chance.normal(0, 0.6, n), 0.0)
    fan = np.where(on, 1500 + 45 * load, 0.0)
    flow = np.where(tap, 62.0, back + spread) + chance.normal(0, 0.3, n)
    columns = {
        "flow_temp_c": flow, "return_temp_c": back, "flue_temp_c": flue, "modulation_pct": np.where(on, load, 0.0),
        "flame_on": on.astype(float), "dhw_active": tap.astype(float), "flame_current_ua": current,
        "fan_speed_rpm": fan + chance.normal(0, 15, n) * on, "fan_setpoint_rpm": fan,
        "dhw_temp_c": np.where(tap, 48.0, 40.0) + chance.normal(0, 0.3, n),
        "ignition_time_s": np.where(on, 1.2 + chance.normal(0, 0.15, n), np.nan),
    }  # fmt: skip
    return hours, columns


def found(houses: list[tuple[Floats, dict[str, Floats]]], names: list[str], step: float = 0.1) -> list[Finding]:
    """What one engine says of these houses, each a boiler; what is cleared is left out."""
    steps = {"fan_speed_rpm": 10.0, "fan_setpoint_rpm": 10.0, "modulation_pct": 1.0, "dhw_active": 1.0, "flame_on": 1.0}
    hours = houses[0][0]
    columns = {name: np.column_stack([one[name] for _, one in houses]) for name in houses[0][1]}
    rounded = {name: np.round(v / steps.get(name, step)) * steps.get(name, step) for name, v in columns.items()}
    families = [Flame(), Flow(), Air(), HotWater(), Sensors()]
    batch = series(hours, rounded, boilers=names)
    return [one for one in findings_of([batch], families, beat_ms=21_600_000) if one.state != "cleared"]


def spoil(hours: Floats, columns: dict[str, Floats], kind: str, share: Floats) -> None:
    """Let a fault grow; `share` goes from 0 to 1, where the boiler stops."""
    on = columns["flame_on"] > 0
    tap = columns["dhw_active"] > 0
    if kind == "flame_signal_decay":  # 5 µA is Viessmann's least
        columns["flame_current_ua"] *= 1 - 0.8 * share
    elif kind == "ignition_wear":  # safety time 5 s
        columns["ignition_time_s"] += 3.8 * share
    elif kind == "circulation_loss":  # spread to Riello's 35 K
        columns["flow_temp_c"] += np.where(
            on & ~tap, (columns["flow_temp_c"] - columns["return_temp_c"]) * 2 * share, 0
        )
    elif kind == "exchanger_scale":  # flue to the 80 °C cut-off
        columns["flue_temp_c"] += np.where(on, 30 * share, 0)
    elif kind == "fan_wear":
        columns["fan_speed_rpm"] *= 1 - 0.25 * share
    elif kind == "flue_restricted":
        columns["fan_speed_rpm"] *= 1 + 0.3 * share
    elif kind == "plate_scale":  # flow overshoots to 85 °C (Bosch 348)
        for name in ("flow_temp_c", "return_temp_c"):  # the loop's water is as much as it was
            columns[name] += np.where(tap, 24 * share, 0)
    elif kind == "ntc_drift":
        columns["return_temp_c"] += 10 * share


KINDS = ["flame_signal_decay", "ignition_wear", "circulation_loss", "exchanger_scale", "fan_wear", "flue_restricted",
         "plate_scale", "ntc_drift"]  # fmt: skip


def test_a_fault_that_grows_for_24_days_is_found_three_days_before_the_stop_and_called_nothing_else() -> None:
    houses = []
    for seed, kind in enumerate(KINDS):
        hours, columns = house(seed)
        spoil(hours, columns, kind, np.clip((hours / 24 - ONSET) / 24, 0, 1))
        houses.append((hours, columns))
    findings = found(houses, KINDS)
    for kind in KINDS:
        mine = [one for one in findings if one.boiler == kind]
        raised = [one for one in mine if one.state == "raised" and one.kind == kind]
        assert len(raised) == 1, kind
        lead_days = (T0_MS + (ONSET + 24) * DAY_MS - raised[0].raised_at_ms) / DAY_MS
        assert 3 < lead_days < 24, kind
        assert {one.kind for one in mine if one.severity == "warning"} == {kind}
        assert raised[0].values["days_to_limit_soonest"] <= raised[0].values["days_to_limit"]


@pytest.mark.parametrize("step", [0.1, 1.0])
def test_healthy_boilers_raise_nothing_through_weather_season_and_coarse_sensors(step: float) -> None:
    houses = [house(seed, season_k) for season_k in (0.0, 15.0, -15.0) for seed in range(4)]
    assert found(houses, [f"b-{i}" for i in range(12)], step) == []


def test_a_jump_that_stays_is_a_new_normal() -> None:
    houses = []
    for seed, kind in enumerate(KINDS):
        hours, columns = house(seed + 50)
        share = 0.2 if kind in ("fan_wear", "flue_restricted") else 0.4  # a tenth off what is ordered is no setting
        spoil(hours, columns, kind, np.where(hours / 24 > ONSET, share, 0.0))
        houses.append((hours, columns))
    assert [(one.boiler, one.kind) for one in found(houses, KINDS) if one.severity == "warning"] == []


def test_constant_empty_and_single_readings_raise_nothing() -> None:
    hours, columns = house()
    houses = [(hours, {name: np.full(len(hours), value) for name in columns}) for value in (0.0, 50.0, np.nan)]
    assert found(houses, ["zero", "fifty", "none"]) == []
    assert found([(hours[:1], {name: values[:1] for name, values in columns.items()})], ["once"]) == []


def test_a_boiler_that_stands_still_while_its_neighbours_move_has_not_moved() -> None:
    houses = [house(seed) for seed in range(8)]
    hours = houses[0][0]
    cold = np.clip((hours / 24 - ONSET) / 5, 0, 1)
    for _, columns in houses[:7]:  # colder mains water at the whole site: the tap runs cooler for the same flow
        columns["flow_temp_c"] = columns["flow_temp_c"] - np.where(columns["dhw_active"] > 0, 14 * cold, 0)
    table = {name: np.column_stack([one[name] for _, one in houses]) for name in houses[0][1]}
    batch = series(hours, table, boilers=[f"b-{i}" for i in range(8)])
    batch.sources = [source._replace(site="s") for source in batch.sources]
    assert findings_of([batch], [HotWater()], beat_ms=21_600_000) == []


def test_a_decay_that_ends_within_a_week_ever_faster_is_no_jump() -> None:
    hours, columns = house(3)
    share = np.clip((hours / 24 - ONSET) / 8, 0, 1) ** 2
    columns["flame_current_ua"] = columns["flame_current_ua"] * (1 - 0.8 * share)
    raised = [one for one in found([(hours, columns)], ["b-1"]) if one.kind == "flame_signal_decay"]
    assert raised
    stops = T0_MS + round((ONSET + 8) * DAY_MS)
    assert stops - raised[0].raised_at_ms > DAY_MS


def test_flow_that_fades_ever_faster_is_told_before_the_fifth_day_and_valves_shut_within_one_are_a_new_normal() -> None:
    """A pump that seizes stops the boiler on its fifth day; a third of the radiators shut at noon stay shut."""
    days = np.arange(0, DAYS * 24, STEP_H) / 24
    seizes = 0.06 * 2.2 ** np.clip(days - ONSET, 0, 4) * (days > ONSET)
    told = []
    for loss in (seizes, np.where(days > ONSET + 0.5, math.log(1.6), 0.0)):
        hours, columns = house(5)
        lit = (columns["flame_on"] > 0) & ~(columns["dhw_active"] > 0)
        wider = (columns["flow_temp_c"] - columns["return_temp_c"]) * (np.exp(loss) - 1)
        columns["flow_temp_c"] = columns["flow_temp_c"] + np.where(lit, wider, 0)
        told.append([one for one in found([(hours, columns)], ["b-1"]) if one.state == "raised"])
    seized, shut = told
    assert seized[0].kind == "circulation_loss"
    assert (seized[0].raised_at_ms - T0_MS) / DAY_MS < ONSET + 4
    assert shut == []


def test_a_current_that_is_gone_within_two_days_at_every_load_is_the_electrode_on_its_first_day() -> None:
    hours, columns = house(4)
    columns["flame_current_ua"] = columns["flame_current_ua"] * (1 - 0.75 * np.clip((hours / 24 - ONSET) / 1.5, 0, 1))
    raised = [one for one in found([(hours, columns)], ["b-1"]) if one.kind == "flame_signal_decay"]
    assert raised
    assert raised[0].severity == "warning"
    assert raised[0].raised_at_ms - T0_MS < (ONSET + 2.1) * DAY_MS


def without_return(seed: int, season_k: float) -> tuple[Floats, dict[str, Floats]]:
    """A boiler that does not condense: flue gas far over the flow, half as steep as that, and no return sensor."""
    hours, columns = house(seed, season_k)
    del columns["return_temp_c"]
    chance, on = np.random.default_rng(seed), columns["flame_on"] > 0
    flue = 85 + 0.55 * columns["flow_temp_c"] + 0.2 * columns["modulation_pct"] + chance.normal(0, 1, len(hours))
    columns["flue_temp_c"] = np.where(on, flue, columns["flow_temp_c"])
    return hours, columns


def test_scale_of_a_boiler_without_a_return_sensor_shows_between_flue_and_flow() -> None:
    hours, columns = without_return(5, 0.0)
    spoil(hours, columns, "exchanger_scale", np.clip((hours / 24 - ONSET) / 16, 0, 1))
    findings = found([(hours, columns)], ["b-1"])
    assert {one.kind for one in findings if one.severity == "warning"} == {"exchanger_scale"}
    assert findings[0].raised_at_ms - T0_MS < (ONSET + 10) * DAY_MS
    houses = [without_return(seed, season_k) for season_k in (0.0, 15.0, -15.0) for seed in range(3)]
    assert found(houses, [f"b-{i}" for i in range(9)]) == []


def burner(seed: int = 1) -> tuple[Floats, dict[str, Floats]]:
    """Ten-minute readings of burns that last ever longer in ever colder weather; the spread takes ten minutes to come whole."""
    chance = np.random.default_rng(seed)
    hours = np.arange(0, 36 * 24, 1 / 6)
    colder = np.clip((hours / 24 - 14) / 9, 0, 1)
    lasts = 13.0 + 400 * colder**3
    phase = np.cumsum(10.0 / (lasts + 9.0)) + chance.uniform(0, 0.1, len(hours))
    into = (phase % 1) * (lasts + 9.0)
    on = into < lasts
    spread = 15.0 * (1 - np.exp(-into / 4.0))
    return hours, {
        "flame_on": on * 1.0, "dhw_active": np.zeros(len(hours)), "modulation_pct": np.where(on, 28.0, 0.0),
        "return_temp_c": (34 + chance.normal(0, 0.3, len(hours))).round(1),
        "burner_starts": np.maximum.accumulate(np.floor(phase)),
        "flow_temp_c": (34 + np.where(on, spread, 0.5) + chance.normal(0, 0.2, len(hours))).round(1),
    }  # fmt: skip


def test_a_gateway_that_speaks_every_ten_minutes_takes_no_start_for_steady_water() -> None:
    """In mild weather it sees burns that are minutes old, in the cold none: the spread only seems to have grown."""
    hours, one = burner()
    assert findings_of([series(hours, one)], [Flow()], beat_ms=21_600_000) == []
    # its nearest rival: water that moves less indeed
    grows = np.clip((hours / 24 - 24) / 10, 0, 1)
    less = one | {"flow_temp_c": one["return_temp_c"] + (one["flow_temp_c"] - one["return_temp_c"]) * (1 + grows)}
    found_then = [
        f.kind for f in findings_of([series(hours, less)], [Flow()], beat_ms=21_600_000) if f.state == "raised"
    ]
    assert found_then == ["circulation_loss"]


def test_a_modulation_of_nought_is_the_least_power_and_not_an_untold_one() -> None:
    """Makers that tell modulation above the least power say 0 through mild weeks and 5 to 9 % in the cold."""
    chance = np.random.default_rng(3)
    hours = np.arange(0, 36 * 24, 0.25)
    colder = np.clip((hours / 24 - 14) / 9, 0, 1)
    load = np.where(chance.random(len(hours)) < colder, chance.choice([5.0, 7.0, 9.0], len(hours)), 0.0)
    spread = 7.0 * (load + 25) / 25
    one = {
        "flame_on": np.ones(len(hours)), "dhw_active": np.zeros(len(hours)), "modulation_pct": load,
        "return_temp_c": np.full(len(hours), 34.0), "flow_temp_c": (34 + spread + chance.normal(0, 0.2, len(hours))).round(1),
    }  # fmt: skip
    assert findings_of([series(hours, one)], [Flow()], beat_ms=21_600_000) == []
