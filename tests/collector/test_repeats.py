"""A repeat changes nothing, however deliveries are cut into batches and whenever the collector restarts."""

import json
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.clock import ManualClock
from tests.collector.offline import Collector

NOW_MS = 1_800_000_000_000


def message(boiler: int, number: int, kind: str) -> tuple[bytes, bytes]:
    """One of a boiler's publications: with a time, with a number, a backlog."""
    own = {"time": {"ts": NOW_MS + number}, "number": {"boot": 1, "seq": number}}
    body: object = {**own.get(kind, {}), "flow_temp_c": 40 + number}
    if kind == "backlog":
        body = [{"ts": NOW_MS - 1_000 * number - i, "flow_temp_c": 40 + i} for i in range(3)]
    return b"boilers/s/b-%d/telemetry" % boiler, json.dumps(body).encode()


deliveries = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.sampled_from(["time", "number", "backlog"])),
    min_size=1,
    max_size=30,
)


@settings(max_examples=25, deadline=None)
@given(
    sent=deliveries, cuts=st.sets(st.integers(0, 29), max_size=5), restart=st.integers(0, 30), seed=st.integers(0, 9)
)
def test_every_delivery_counts_once(sent: list[tuple[int, int, str]], cuts: set[int], restart: int, seed: int) -> None:
    sent = [*sent, *random.Random(seed).sample(sent, len(sent))]
    with tempfile.TemporaryDirectory() as name:
        clock = ManualClock(NOW_MS)
        collector = Collector(Path(name), clock)
        begin = 0
        for end in sorted({*cuts, restart, len(sent)}):
            if end > len(sent):
                continue
            clock.advance(1)
            collector.take(*[message(*one) for one in sent[begin:end]])
            begin = end
            if end == restart:
                collector.close()
                collector = Collector(Path(name), clock)
        accounts = collector.accounts()
        rows = sum(len(batch) for batch in collector.batches())
        collector.close()
    distinct = set(sent)
    assert sum(one.counts["accepted"] for one in accounts.values()) == len(distinct)
    assert sum(one.counts["repeated"] for one in accounts.values()) == len(sent) - len(distinct)
    assert rows == sum(3 if kind == "backlog" else 1 for *_, kind in distinct)


def test_what_is_as_old_as_the_window_is_no_repeat_any_more(tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS)
    collector = Collector(tmp_path, clock)
    one = message(1, 1, "time")
    for wait_s, rows in ((0, 1), (3_590, 0), (400, 1)):
        clock.advance(wait_s)
        collector.take(one)
        assert len(collector.batches()[-1]) == rows
    collector.close()


def test_the_same_bytes_without_time_or_number_are_two_readings(tmp_path: Path) -> None:
    collector = Collector(tmp_path, ManualClock(NOW_MS))
    topic, payload = b"boilers/s/b-1/telemetry", b'{"flow_temp_c": 40}'
    collector.take((topic, payload), (topic, payload))
    collector.take((topic, payload))
    assert [len(batch) for batch in collector.batches()] == [2, 1]
    collector.close()


def test_many_boilers_are_known_as_well_as_few(tmp_path: Path) -> None:
    clock = ManualClock(NOW_MS)
    collector = Collector(tmp_path, clock)
    for rows in (3_000, 0):
        clock.advance(1)
        collector.take(*[message(boiler, 1, "time") for boiler in range(3_000)])
        assert len(collector.batches()[-1]) == rows
    collector.close()
