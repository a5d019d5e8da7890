"""Batches survive the way through a journal row."""

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch import columns
from boilerwatch.errors import JournalError
from boilerwatch.model import Batch, Event, Source, Status
from boilerwatch.signals import SIGNAL_NAMES


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    n = draw(st.integers(0, 8))
    names = draw(st.lists(st.sampled_from(SIGNAL_NAMES), unique=True, max_size=4))
    value = st.one_of(st.just(float("nan")), st.floats(-100, 1e6))
    whole = st.integers(0, 2**53)
    return Batch(
        sources=[Source("b", "s", "g")],
        source=np.zeros(n, np.int64),
        ts_ms=np.array(draw(st.lists(whole, min_size=n, max_size=n)), np.int64),
        received_at_ms=np.array(draw(st.lists(whole, min_size=n, max_size=n)), np.int64),
        stamped=np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_),
        columns={name: np.array(draw(st.lists(value, min_size=n, max_size=n)), np.float64) for name in names},
        hash=np.array(draw(st.lists(st.integers(0, 2**64 - 1), min_size=n, max_size=n)), np.uint64),
        boot=np.zeros(n, np.uint64),
        seq=np.full(n, -1, np.int64),
        events=[Event(0, 5, 6, draw(st.text(max_size=5)), draw(st.booleans()), 0)],
        statuses=[Status(0, 7, draw(st.booleans()), False, n)],
        ledger={"received": np.array([draw(st.integers(0, 99))], np.int64)},
        connected=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(batch=batches())
def test_decoding_gives_back_what_was_encoded(batch: Batch) -> None:
    back = columns.decode(columns.encode(batch))
    assert (back.sources, back.events, back.statuses) == (batch.sources, batch.events, batch.statuses)
    assert (back.tick_ms, back.connected) == (batch.tick_ms, batch.connected)
    for name in ("source", "ts_ms", "received_at_ms", "stamped", "hash", "boot", "seq"):
        np.testing.assert_array_equal(getattr(back, name), getattr(batch, name))
    assert back.ledger.keys() == batch.ledger.keys()
    if len(batch):
        assert back.columns.keys() == batch.columns.keys()
    for name, values in back.columns.items():
        np.testing.assert_array_equal(values, batch.columns[name])


def test_a_column_of_a_later_version_is_ignored() -> None:
    batch = Batch(
        sources=[Source("b", "s", "g")],
        source=np.zeros(1, np.int64),
        ts_ms=np.ones(1, np.int64),
        received_at_ms=np.ones(1, np.int64),
        stamped=np.zeros(1, np.bool_),
        hash=np.zeros(1, np.uint64),
        boot=np.zeros(1, np.uint64),
        seq=np.zeros(1, np.int64),
        columns={"no_such_signal": np.ones(1)},
    )
    assert columns.decode(columns.encode(batch)).columns == {}


@pytest.mark.parametrize("body", [b"", b"garbage", msgspec.msgpack.encode({"rows": b"not arrow"})])
def test_bytes_that_are_no_batch_are_a_sentence(body: bytes) -> None:
    with pytest.raises(JournalError, match="does not hold a batch"):
        columns.decode(body)


def test_a_tick_knows_its_time() -> None:
    tick = columns.decode(columns.encode(Batch.tick(123, connected=False)))
    assert (tick.newest_arrival_ms(), tick.connected, len(tick)) == (123, False, 0)
    assert issubclass(pa.ArrowInvalid, pa.ArrowException)


@pytest.mark.parametrize("odd", ["a\x1fb", "a\x1eb", "", "Zürich\n"])
def test_names_come_back_whatever_stands_in_them(odd: str) -> None:
    sources = [Source("b-1", odd, "g"), Source("b-2", "s", odd), Source("b-1", odd, "g")]
    assert columns.decode(columns.encode(Batch(sources=sources))).sources == sources
