"""What every entry of the registry keeps, found by itself: a new detector is held to it without a line here."""

import inspect
import re
import warnings

import msgspec
import numpy as np
import pytest

from boilerwatch.kinds import KINDS
from boilerwatch.model import Batch, Finding, Floats
from boilerwatch.register import Boiler
from boilerwatch.signals import BY_NAME, SIGNAL_NAMES
from detectors.catalogue.registry import DETECTORS
from detectors.engine import Engine
from tests.detectors.series import cut, findings_of, series

HOURS = np.arange(0, 12 * 24, 0.5)
N = len(HOURS)
FLEET = [Boiler(f"b-{i}", "s", family="bosch_ems") for i in range(4)]
NAMES = [one.boiler for one in FLEET]


def healthy(seed: int) -> dict[str, Floats]:
    """All signals of a sound boiler for twelve days."""
    chance = np.random.default_rng(seed)
    tap = np.abs(HOURS % 24 - 7.5) < 0.6
    on = tap | (chance.random(N) < 0.5)
    load = np.where(on, np.clip(chance.normal(50, 15, N), 15, 100), 0).round()
    flow = np.where(tap, 62, np.where(on, 50, 38)) + chance.normal(0, 2, N)
    values = {
        "water_pressure_bar": (1.5 + 0.01 * (flow - 45) + chance.normal(0, 0.01, N)).round(2), "flow_temp_c": flow.round(1),
        "return_temp_c": (flow - np.where(on, 10, 1)).round(1), "flow_setpoint_c": np.full(N, 55.0),
        "dhw_temp_c": np.where(tap, 48, 32 + chance.normal(0, 1, N)).round(1), "dhw_setpoint_c": np.full(N, 50.0),
        "dhw_flow_lpm": tap * 8.0, "flue_temp_c": (flow + np.where(on, 5, -5)).round(1),
        "outdoor_temp_c": (3 + 4 * np.sin(HOURS / 4) + chance.normal(0, 0.2, N)).round(1), "modulation_pct": load,
        "flame_current_ua": np.where(on, 18 + 0.3 * load + chance.normal(0, 0.6, N), 0).round(1),
        "fan_speed_rpm": (load * 50).round(), "fan_setpoint_rpm": (load * 50).round(), "pump_modulation_pct": np.full(N, 70.0),
        "ignition_time_s": (1.2 + chance.normal(0, 0.1, N)).round(2), "flame_on": on * 1.0, "pump_on": np.ones(N),
        "ch_active": ~tap * 1.0, "dhw_active": tap * 1.0, "burner_starts": 5000.0 + np.cumsum(on & ~np.roll(on, 1)),
        "burner_hours": 900.0 + np.floor(np.cumsum(on) / 4), "ignition_failures": np.full(N, 2.0), "flame_losses": np.zeros(N),
    }  # fmt: skip
    assert values.keys() == set(SIGNAL_NAMES)
    return values


def fleet() -> Batch:
    homes = [healthy(seed) for seed in range(4)]
    return series(HOURS, {name: np.column_stack([one[name] for one in homes]) for name in SIGNAL_NAMES}, NAMES)


def troubled() -> Batch:
    """Something for everyone: readings that wander over their whole range, stand still, vanish."""
    chance = np.random.default_rng(9)
    columns = {}
    for name in SIGNAL_NAMES:
        low, high = BY_NAME[name].low, min(BY_NAME[name].high, 1e4)
        wander = (
            chance.uniform(low, high, (N, 4)) if BY_NAME[name].type != "flag" else chance.integers(0, 2, (N, 4)) * 1.0
        )
        wander[N // 2 :, 1] = wander[N // 2, 1]
        wander[chance.random((N, 4)) < 0.2] = np.nan
        columns[name] = wander
    return series(HOURS, columns, NAMES)


def told(batch: Batch, name: str) -> list[bytes]:
    return [msgspec.json.encode(one) for one in findings_of([batch], [DETECTORS[name]()], FLEET, 21_600_000)]


every = pytest.mark.parametrize("name", DETECTORS)


@every
def test_it_is_silent_on_healthy_weeks(name: str) -> None:
    assert told(fleet(), name) == []


@every
def test_the_same_stream_gives_the_same_findings_wherever_it_is_saved_and_restored(name: str) -> None:
    batch = troubled()
    whole = told(batch, name)
    assert told(batch, name) == whole
    engine, got = Engine(beat_ms=21_600_000, detectors=[DETECTORS[name]()]), []
    engine.register(FLEET)
    for part in cut(batch, [137, 700, 1300, 2000]):
        got += engine.take(part)
        saved, engine = engine.dump({}), Engine(beat_ms=21_600_000, detectors=[DETECTORS[name]()])
        engine.load(saved)
    got += engine.finish()
    assert [msgspec.json.encode(one) for one in got] == whole


def check_order(found: list[Finding]) -> None:
    open_now: set[str] = set()
    ever: set[str] = set()
    for one in found:
        if one.state == "raised":
            assert one.id not in ever
            open_now.add(one.id)
            ever.add(one.id)
        else:
            assert one.id in open_now
            open_now -= {one.id} if one.state == "cleared" else set()


@every
def test_an_episode_is_raised_once_and_cleared_once_in_order(name: str) -> None:
    check_order(findings_of([troubled()], [DETECTORS[name]()], FLEET, 21_600_000))


@every
@pytest.mark.parametrize("fill", ["constant", "zero", "nan", "one"])
def test_bad_input_leads_to_no_warning_no_exception_and_no_gradual_finding(name: str, fill: str) -> None:
    hours = HOURS[:1] if fill == "one" else HOURS
    value = {"constant": 40.0, "zero": 0.0, "nan": np.nan, "one": 1.0}[fill]
    columns = {one: np.full(len(hours), np.clip(value, BY_NAME[one].low, BY_NAME[one].high)) for one in SIGNAL_NAMES}
    columns["water_pressure_bar"] = np.full(len(hours), np.nan if fill in ("zero", "nan") else 1.5)
    columns["outdoor_temp_c"] = np.full(len(hours), np.nan if fill == "nan" else 10.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert told(series(hours, columns, NAMES), name) == []


@every
def test_a_boiler_whose_clock_jumps_back_and_ahead_raises_nothing(name: str) -> None:
    batch = fleet()
    chance = np.random.default_rng(4)
    jumps = chance.choice([0, -86_400_000 * 3, 86_400_000 * 3], len(batch), p=[0.96, 0.02, 0.02])
    batch.ts_ms = batch.ts_ms + jumps
    assert told(batch, name) == []


@every
def test_its_document_says_what_it_sees_and_needs_and_does_without_when_in_which_units_its_sources_and_limits(
    name: str,
) -> None:
    text = inspect.getdoc(inspect.getmodule(type(DETECTORS[name]()))) or ""
    for word in ("Sees:", "Need", "without|before", "Cadence:", "Units?:", "Sources?:", "Limits:"):
        assert re.search(word, text), f"{name} does not say: {word}"
    assert len(text) > 200


def test_every_kind_is_somebodys() -> None:
    sources = " ".join(inspect.getsource(inspect.getmodule(type(make()))) for make in DETECTORS.values())  # type: ignore[arg-type]
    assert [kind.name for kind in KINDS if f'"{kind.name}"' not in sources] == []


def test_a_reference_that_is_a_year_old_is_still_followed() -> None:
    days = np.arange(0, 300 * 24, 6.0)
    columns = {
        "flow_temp_c": 50 + np.sin(days), "return_temp_c": 40 + np.sin(days), "modulation_pct": np.full(len(days), 50.0),
        "flame_on": np.ones(len(days)),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert told(series(days, columns, NAMES[:1]), "flow") == []
