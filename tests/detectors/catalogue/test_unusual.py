"""Unusual: hand-written days of a boiler that does not go on like its own past, and of those that only seem so."""

from typing import Any

import msgspec
import numpy as np
import pytest

from boilerwatch.model import Batch, Finding, Floats
from boilerwatch.register import Boiler
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Detector
from detectors.catalogue.registry import DETECTORS
from detectors.catalogue.unusual import Unusual
from detectors.engine import Engine
from tests.detectors.series import T0_MS, cut, findings_of, series

pytestmark = pytest.mark.slow

DAYS = 110
HOURS = np.arange(0, DAYS * 24, 1.0)
DAY = HOURS / 24
BEAT_MS = 21_600_000


def home(
    seed: int, flue_k: Floats | float = 0.0, pressure_bar: Floats | float = 0.0, colder_k: Floats | float = 0.0
) -> dict[str, Floats]:
    """Readings by the hour: warmer weather means less load, and load moves all else."""
    chance = np.random.default_rng(seed)
    outdoor = (
        2 + 6 * np.sin(DAY / 9) + np.repeat(chance.normal(0, 2, DAYS), 24) + 3 * np.sin(HOURS * np.pi / 12) - colder_k
    )
    load = np.clip(55 - 2.0 * outdoor + chance.normal(0, 6, len(HOURS)), 15, 100)
    on = chance.random(len(HOURS)) < 0.7
    back = 38 - 0.4 * outdoor + chance.normal(0, 1, len(HOURS))
    flow = back + np.where(on, 4 + 0.15 * load, 0)
    return {
        "flow_temp_c": flow.round(1), "return_temp_c": back.round(1), "outdoor_temp_c": outdoor.round(1),
        "modulation_pct": np.where(on, load, 0).round(), "flame_on": on * 1.0,
        "water_pressure_bar": (1.5 + 0.004 * (flow - 45) + chance.normal(0, 0.01, len(HOURS)) + pressure_bar).round(2),
        "flame_current_ua": np.where(on, 15 + 0.25 * load + chance.normal(0, 0.5, len(HOURS)), 0).round(1),
        "fan_speed_rpm": np.where(on, 900 + 48 * load + chance.normal(0, 30, len(HOURS)), 0).round(),
        "flue_temp_c": (back + np.where(on, 3 + 0.1 * load + flue_k, -3) + chance.normal(0, 1, len(HOURS))).round(1),
    }  # fmt: skip


def homes(*several: dict[str, Floats]) -> Batch:
    names = [f"b-{i}" for i in range(len(several))]
    return series(HOURS, {one: np.column_stack([home[one] for home in several]) for one in several[0]}, names)


def told(batch: Batch, *others: Detector, sites: str = "") -> list[Finding]:
    fleet = [Boiler(f"b-{i}", sites or f"s-{i}") for i in range(len(batch.sources))]
    if sites:
        batch.sources = [one._replace(site=sites) for one in batch.sources]
    found = findings_of([batch], [*others, Unusual()], fleet, BEAT_MS)
    return [one for one in found if one.kind == "unusual"]


def creeping(begin: float, rate: float, most: float) -> Floats:
    return np.clip((DAY - begin) * rate, 0, most)


def test_a_flue_that_slowly_runs_hotter_than_the_load_explains_is_unusual() -> None:
    found = told(homes(home(0, flue_k=creeping(60, 0.8, 14))))
    assert [one.state for one in found] == ["raised"]
    (one,) = found
    assert (one.severity, one.problem, one.values["signal"]) == ("advisory", "unknown", "flue_over_return_k")
    assert 60 < (one.raised_at_ms - T0_MS) / 86_400_000 < 90
    assert one.values["apart_k"] > 3
    assert one.values["learned_days"] >= 42


def test_weather_alone_is_not_though_every_signal_follows_it() -> None:
    assert told(homes(*(home(seed) for seed in range(1, 9)))) == []


def test_nor_is_a_cold_month_that_load_and_temperatures_follow() -> None:
    cold = creeping(62, 0.5, 8)
    assert told(homes(*(home(seed, colder_k=cold) for seed in range(8)))) == []


def test_a_jump_that_stays_is_somebodys_setting() -> None:
    assert (
        told(homes(home(0, flue_k=np.where(DAY > 65, 10.0, 0.0)), home(1, pressure_bar=np.where(DAY > 65, 0.4, 0.0))))
        == []
    )


def test_it_ends_when_the_days_are_as_they_were() -> None:
    back = creeping(60, 0.8, 14) * (DAY < 92)
    found = told(homes(home(0, flue_k=back)))
    assert [one.state for one in found] == ["raised", "cleared"]


class Named:
    """Says from the start that it knows what is wrong."""

    name, version, features = "named", "1", {"flow_c": 1}

    def measure(self, frames: Any, world: Any) -> dict[str, Any]:
        return {}

    def judge(self, days: Any, world: Any) -> None:
        world.episodes.say("b-0", "flue_restricted", severity="warning", at_ms=1, received_at_ms=1, detector="named@1")

    def serviced(self, row: Any, slot: int, episodes: Any) -> None: ...

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, data: dict[str, Any]) -> None: ...


def test_it_adds_nothing_where_a_kind_with_a_name_is_told() -> None:
    batch = homes(home(0, flue_k=creeping(60, 0.8, 14)))
    assert told(batch, Named()) == []


def test_what_half_of_a_site_shows_is_not_the_boilers() -> None:
    slow = creeping(60, 0.8, 14)
    assert told(homes(*(home(seed, flue_k=slow) for seed in range(8))), sites="s-1") == []
    assert told(homes(home(0, flue_k=slow), *(home(seed) for seed in range(1, 8))), sites="s-1") != []


def test_a_repair_starts_learning_anew() -> None:
    batch = homes(home(0, flue_k=creeping(60, 0.8, 14)))
    engine = Engine(beat_ms=BEAT_MS, detectors=[Unusual()])
    engine.register([Boiler("b-0", "s-0")])
    early, late = cut(batch, [62 * 24])
    found = engine.take(early)
    found += engine.serve(ServiceRow(boiler="b-0", what="repaired", at_ms=T0_MS + 62 * 86_400_000))
    found += engine.take(late)
    assert found + engine.finish() == []


def test_a_boiler_unlike_its_model_in_most_ways_retires_it_and_says_why_the_next_time() -> None:
    slow = creeping(44, 0.5, 14)
    plain = home(0, flue_k=slow, pressure_bar=slow / 18)
    plain["flame_current_ua"] = (plain["flame_current_ua"] * np.exp(-slow / 20)).round(1)
    detector = Unusual()
    engine = Engine(beat_ms=BEAT_MS, detectors=[detector])
    found = engine.take(homes(plain)) + engine.finish()
    assert [one.state for one in found] == ["raised", "cleared"]
    assert detector.dump()["state.reason"][0] == 2


def test_snapshots_change_nothing() -> None:
    batch = homes(*(home(seed, flue_k=creeping(55 + seed, 0.8, 14)) for seed in range(3)))
    whole = [msgspec.json.encode(one) for one in findings_of([batch], [Unusual()], (), BEAT_MS)]
    assert len(whole) >= 3
    engine, got = Engine(beat_ms=BEAT_MS, detectors=[Unusual()]), []
    for part in cut(batch, [1000, 3300, 4501, 5000, 7003]):
        got += engine.take(part)
        saved, engine = engine.dump({}), Engine(beat_ms=BEAT_MS, detectors=[Unusual()])
        engine.load(saved)
    assert [msgspec.json.encode(one) for one in got + engine.finish()] == whole


def test_a_boiler_that_says_little_costs_little() -> None:
    detector = Unusual()
    engine = Engine(beat_ms=BEAT_MS, detectors=[detector])
    few = series(HOURS[:48], {"flow_temp_c": HOURS[:48]}, [f"b-{i}" for i in range(1000)])
    engine.take(few)
    engine.finish()
    assert sum(values.nbytes for values in detector.dump().values()) / 1000 < 40


def test_the_registry_has_it_last() -> None:
    assert list(DETECTORS)[-1] == "unusual"
