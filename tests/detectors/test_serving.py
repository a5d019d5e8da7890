"""Service rows in a replay: taken after what had arrived by their time, however readings are cut, and what they do."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boilerwatch.errors import InputError
from boilerwatch.model import Batch, Event, Finding, Source
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler
from boilerwatch.service import ServiceRow, encode, read_rows
from detectors.replay import replay_batches
from detectors.serving import cut, with_service

T0 = 1_767_571_200_000
HOUR_MS = 3_600_000


def batch_of(arrivals: list[int], events: list[tuple[int, int]]) -> Batch:
    """A batch whose rows arrive at these times, with events of (rows before it, arrival)."""
    count = len(arrivals)
    at = np.array(arrivals, np.int64)
    return Batch(
        sources=[Source("b-1", "s", "b-1")], source=np.zeros(count, np.int64), ts_ms=at, received_at_ms=at,
        stamped=np.zeros(count, np.bool_), columns={"flow_temp_c": at.astype(float)}, hash=np.zeros(count, np.uint64),
        boot=np.zeros(count, np.uint64), seq=np.full(count, -1),
        events=[Event(0, when, when, "E1", True, before) for before, when in events],
    )  # fmt: skip


def order_of(parts: list[Batch | ServiceRow]) -> list[tuple[str, int]]:
    """What is taken one after the other: readings, events and service rows with their times."""
    found: list[tuple[str, int]] = []
    for part in parts:
        if isinstance(part, ServiceRow):
            found.append(("service", part.at_ms))
            continue
        for place in range(len(part) + 1):
            found += [("event", one.received_at_ms) for one in part.events if one.before == place]
            if place < len(part):
                found.append(("reading", int(part.columns["flow_temp_c"][place])))
    return found


@given(
    gaps=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    marks=st.lists(st.integers(0, 60), max_size=4),
    rows=st.lists(st.integers(-2, 70), max_size=5),
    sizes=st.lists(st.integers(1, 5), min_size=12, max_size=12),
)
def test_nothing_is_lost_and_a_row_comes_after_what_had_arrived_by_then(
    gaps: list[int], marks: list[int], rows: list[int], sizes: list[int]
) -> None:
    arrivals = np.cumsum(gaps).tolist()
    events = sorted((sum(one <= when for one in arrivals), when) for when in marks)
    whole = batch_of(arrivals, events)
    batches, rest = [], whole
    for size in sizes:
        if len(rest) <= size:
            break
        first, rest = cut(rest, int(rest.received_at_ms[size - 1]))
        batches.append(first)
    service = [ServiceRow(boiler="b-1", what="repaired", at_ms=at) for at in sorted(rows)]
    found = order_of(list(with_service([*batches, rest], service)))
    assert [one for one in found if one[0] != "service"] == order_of([whole])
    assert [at for what, at in found if what == "service"] == sorted(rows)
    for place, (what, at) in enumerate(found):
        if what == "service":
            assert all(when > at for kind, when in found[place:] if kind == "reading")
            assert all(when <= at for kind, when in found[:place] if kind == "reading")


def leaking(days: float, repaired_day: float) -> list[dict[str, Any]]:
    """Pressure at rest that falls by 0.05 bar a day, and is right again at a repair."""
    rows = []
    for hour in range(round(days * 24)):
        day = hour / 24
        bar = 1.6 - 0.05 * (day if day < repaired_day else 0.0)
        warm = 40 + 10 * np.sin(hour / 24 * 2 * np.pi)
        rows.append({"site": "s", "boiler": "b-1", "ts": T0 + hour * HOUR_MS, "water_pressure_bar": round(bar + 0.01 * (warm - 40), 2),
                     "flow_temp_c": round(warm + 4, 1), "return_temp_c": round(warm - 4, 1)})  # fmt: skip
    return rows


def found_in(path: Path, service: list[ServiceRow], rows: int) -> list[Finding]:
    return list(replay_batches(read_batches(path, Counter(), rows), [Boiler("b-1", "s")], service=service))


def test_a_repair_ends_what_it_names_at_its_time_however_readings_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "readings.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in leaking(14, 10)))
    at_ms = T0 + 10 * 24 * HOUR_MS
    done = [ServiceRow(boiler="b-1", what="repaired", at_ms=at_ms, problems=("low_water_pressure",))]
    told = found_in(path, done, 20_000)
    leaks = [(one.state, one.cleared_at_ms) for one in told if one.kind == "slow_leak" and one.state != "updated"]
    assert leaks == [("raised", None), ("cleared", at_ms)]
    assert found_in(path, done, 7) == told
    without = [one.cleared_at_ms for one in found_in(path, [], 20_000) if one.kind == "slow_leak"]
    assert at_ms not in without


def test_a_file_of_service_rows_is_read_in_order_of_time_or_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "service.jsonl"
    rows = [ServiceRow(boiler="b-1", what="repaired", at_ms=at) for at in (T0 + 5, T0)]
    path.write_bytes(b"\n".join(map(encode, rows)) + b"\n\n")
    assert [row.at_ms for row in read_rows(path)] == [T0, T0 + 5]
    path.write_bytes(encode(rows[0]) + b'\n{"boiler": "b-1", "what": "painted", "at_ms": 1}\n')
    with pytest.raises(InputError, match=r"line 2 is no row .*painted"):
        read_rows(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_rows(tmp_path / "none.jsonl")
