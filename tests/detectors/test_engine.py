"""Frames close in each boiler's own time, and nothing depends on how rows are cut or where it restarts."""

from typing import Any, ClassVar, Literal

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from boilerwatch.fold import Frames, ranks
from boilerwatch.model import Batch, Event
from boilerwatch.register import Boiler
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Banded, Days, Detector, World
from detectors.catalogue.registry import DETECTORS
from detectors.engine import Engine
from detectors.episodes import Episodes
from tests.detectors.series import T0_MS, batch_of, cut, findings_of, series


class Recorded:
    """Keeps no state of its own."""

    version = "1"

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None: ...

    def dump(self) -> dict[str, NDArray[Any]]:
        return {}

    def load(self, data: dict[str, NDArray[Any]]) -> None: ...


class Loud(Recorded):
    """Tells each frame with its sums, so that a changed bit shows in a finding."""

    def __init__(self, cadence: Literal["minute", "quarter"]) -> None:
        self.cadence: Literal["minute", "quarter"] = cadence
        self.name = f"loud_{cadence}"

    def step(self, frames: Frames, world: World) -> None:
        for i in range(len(frames)):
            boiler = world.slots.boilers[int(frames.slot[i])]
            key = f"unusual:{self.cadence}"
            values: dict[str, Any] = {
                "start_ms": int(frames.start_ms[i]), "gap_s": repr(float(frames.gap_s[i])), "starts": repr(float(frames.starts[i])),
                "flame_on_s": repr(float(frames.flame_on_s[i])), "count": int(frames.count("flow_temp_c")[i]),
                **{f"{name}_c": repr(float(getattr(frames, name)("flow_temp_c")[i])) for name in ("mean", "low", "high", "last")},
            }  # fmt: skip
            world.episodes.say(boiler, key, kind="unusual", severity="advisory", at_ms=int(frames.newest_ms[i]),
                               received_at_ms=int(frames.received_at_ms[i]), detector=self.name, values=values)  # fmt: skip
            world.episodes.clear(boiler, key, int(frames.newest_ms[i]), int(frames.received_at_ms[i]))


class LoudDays(Recorded):
    """Tells each day of one feature."""

    name = "loud_days"
    features: ClassVar = {"spread_k": 1}

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        return {"spread_k": Banded(frames.mean("flow_temp_c") - frames.mean("return_temp_c"))}

    def judge(self, days: Days, world: World) -> None:
        for rows in ranks(days.slot):
            for i in rows.tolist():
                boiler = world.slots.boilers[int(days.slot[i])]
                values: dict[str, Any] = {
                    "day_ms": int(days.day_start_ms[i]), "gap": repr(float(days.gap_days[i])),
                    "mean_k": repr(float(days.only("spread_k")[i])), "count": int(days.count["spread_k"][i, 0]),
                    "flame_on_s": repr(float(days.flame_on_s[i])),
                }  # fmt: skip
                world.episodes.say(boiler, "unusual:day", kind="unusual", severity="advisory", at_ms=int(days.newest_ms[i]),
                                   received_at_ms=int(days.received_at_ms[i]), detector=self.name, values=values)  # fmt: skip
                world.episodes.clear(boiler, "unusual:day", int(days.newest_ms[i]), int(days.received_at_ms[i]))


def loud() -> list[Detector]:
    return [Loud("minute"), Loud("quarter"), LoudDays()]


def frames_of(batches: list[Batch], cadence: str, register: list[Boiler] | None = None) -> list[dict[str, Any]]:
    found = findings_of(batches, loud(), register or [])
    return [one.values for one in found if one.state == "raised" and one.detector == f"loud_{cadence}"]


def test_a_minute_holds_mean_low_high_last_and_the_seconds_of_flame() -> None:
    hours = np.arange(5) * 20 / 3600
    flow = np.array([40.0, 43.0, 41.0, 50.0, 50.0])
    batch = series(hours, {"flow_temp_c": flow, "flame_on": np.array([0.0, 1.0, 1.0, 1.0, 0.0])})
    later = series(np.array([1.0]), {"flow_temp_c": np.array([30.0])})
    first, second = frames_of([batch, later], "minute")
    assert (first["start_ms"], first["count"], second["start_ms"]) == (T0_MS, 3, T0_MS + 60_000)
    assert (first["mean_c"], first["low_c"], first["high_c"], first["last_c"]) == (
        repr(124 / 3),
        "40.0",
        "43.0",
        "41.0",
    )
    assert (first["flame_on_s"], first["starts"], second["flame_on_s"]) == ("20.0", "1.0", "40.0")
    assert (first["gap_s"], second["gap_s"]) == ("nan", "60.0")


def test_fields_of_one_moment_are_one_reading_and_the_last_to_arrive_wins() -> None:
    nothing = np.nan
    ts = np.array([T0_MS, T0_MS, T0_MS, T0_MS + 7_200_000])
    arrival = ts[-1] + np.array([0, 0, 0, 120_000])
    columns = {
        "flow_temp_c": np.array([40.0, nothing, 44.0, 30.0]),
        "flame_on": np.array([nothing, 1.0, nothing, nothing]),
    }
    (only,) = frames_of([batch_of(["b-1"], np.zeros(4), ts, arrival, columns)], "minute")[:1]
    assert (only["count"], only["mean_c"]) == (1, "44.0")


def test_a_backlog_sent_newest_first_is_seen_in_order() -> None:
    live = T0_MS + np.arange(10) * 60_000
    missed = (T0_MS + 7_200_000 - np.arange(60) * 60_000)[:60]
    ts = np.concatenate([live, missed, [T0_MS + 7_260_000, T0_MS + 8_000_000]])
    arrival = np.concatenate([live, np.full(60, T0_MS + 7_200_000), [T0_MS + 7_260_000, T0_MS + 8_000_000]])
    batch = batch_of(["b-1"], np.zeros(len(ts)), ts, arrival, {"flow_temp_c": np.arange(len(ts)) * 1.0})
    engine = Engine(detectors=loud())
    found = [one.values for one in engine.take(batch) if one.state == "raised" and one.detector == "loud_minute"]
    found += [one.values for one in engine.finish() if one.state == "raised" and one.detector == "loud_minute"]
    starts = [one["start_ms"] for one in found]
    assert starts == sorted({*(live.tolist()), *(missed.tolist()), T0_MS + 7_260_000})[: len(starts)]
    assert len(starts) == 71
    assert engine.minutes.late == 0


def test_a_row_for_a_closed_minute_is_counted_as_late_and_one_from_the_future_as_ahead() -> None:
    ts = T0_MS + np.array([0, 60_000, 120_000, 240_000, 1_000, 20_000_000])
    arrival = T0_MS + np.array([0, 60_000, 120_000, 240_000, 250_000, 260_000])
    engine = Engine(detectors=loud())
    engine.take(batch_of(["b-1"], np.zeros(6), ts, arrival, {"flow_temp_c": np.ones(6)}))
    engine.finish()
    assert (engine.minutes.late, engine.minutes.ahead) == (1, 1)


@pytest.mark.parametrize(
    ("zone", "hours"), [("Europe/Berlin", [24.0, 23.0, 24.0, 24.0]), ("Asia/Shanghai", [24.0, 24.0, 24.0, 24.0])]
)
def test_a_day_is_the_boilers_own_and_may_have_23_hours(zone: str, hours: list[float]) -> None:
    start_ms = 1_774_652_400_000 if zone == "Europe/Berlin" else 1_774_627_200_000
    times = np.arange(0, 24 * 4, 0.25) + 0.01
    batch = series(times, {"flow_temp_c": 50 + times, "return_temp_c": 40 + times}, start_ms=start_ms)
    days = frames_of([batch], "days", [Boiler("b-1", "s", time_zone=zone)])
    begins = [day["day_ms"] for day in days]
    assert begins[0] == start_ms
    assert (np.diff(begins) / 3_600_000).tolist() == hours[: len(begins) - 1]
    assert [day["count"] for day in days] == [round(hour * 4) for hour in hours[: len(days)]]
    assert {day["mean_k"] for day in days} == {"10.0"}


def tangled(seed: int, rows: int) -> Batch:
    """Five boilers over a change of the clocks: out of order, twice, newest first, with gaps and codes."""
    chance = np.random.default_rng(seed)
    start_ms = 1_774_735_200_000
    arrival = start_ms + np.cumsum(
        chance.choice([0, 1_000, 20_000, 61_000, 900_000], rows, p=[0.3, 0.3, 0.3, 0.09, 0.01])
    )
    behind = chance.choice([0, 3_000, 50_000, 400_000, 5_000_000], rows, p=[0.6, 0.2, 0.1, 0.06, 0.04])
    ts = arrival - behind
    again = chance.random(rows) < 0.05
    ts[1:][again[1:]] = ts[:-1][again[1:]]
    columns = {
        name: np.where(chance.random(rows) < 0.8, chance.normal(mean, 3, rows), np.nan)
        for name, mean in (("flow_temp_c", 50.0), ("return_temp_c", 40.0), ("water_pressure_bar", 3.0))
    }
    columns["flame_on"] = np.where(chance.random(rows) < 0.7, chance.integers(0, 2, rows) * 1.0, np.nan)
    events = [
        Event(int(chance.integers(5)), int(ts[k]), int(arrival[k]), "2E/207", bool(chance.integers(2)), k)
        for k in sorted(chance.integers(0, rows, 6).tolist())
    ]
    return batch_of([f"b-{i}" for i in range(5)], chance.integers(0, 5, rows), ts, arrival, columns, events)


FLEET = [Boiler(f"b-{i}", "s", family="bosch_ems", time_zone="Europe/Berlin") for i in range(5)]


def everything() -> list[Detector]:
    return [*loud(), *(make() for make in DETECTORS.values())]


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 10_000), places=st.lists(st.integers(1, 399), max_size=30), kill=st.integers(0, 30),
    beat_ms=st.sampled_from([5_000, 300_000, 21_600_000]),
)  # fmt: skip
def test_findings_are_the_same_bit_for_bit_however_cut_and_wherever_killed(
    seed: int, places: list[int], kill: int, beat_ms: int
) -> None:
    whole = tangled(seed, 400)
    expected = [msgspec.json.encode(one) for one in findings_of([whole], everything(), FLEET, beat_ms)]
    engine, got = Engine(beat_ms=beat_ms, detectors=everything()), []
    engine.register(FLEET)
    for number, part in enumerate(cut(whole, places)):
        got += engine.take(part)
        if number == kill:
            saved = engine.dump({"readings": number})
            engine = Engine(beat_ms=beat_ms, detectors=everything())
            assert engine.load(saved) == {"readings": number}
    got += engine.finish()
    assert [msgspec.json.encode(one) for one in got] == expected
    assert len(expected) > 20
