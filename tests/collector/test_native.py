"""Native payloads, good and bad: a clear word, a count, and the rest goes on."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.model import Batch
from collector.codecs import Draft, Message, Native

NOW_MS = 1_800_000_000_000
TOPIC = b"boilers/s1/b-1/telemetry"


def read(*payloads: bytes, topic: bytes = TOPIC, retained: bool = False) -> tuple[Batch, Draft]:
    draft = Draft(NOW_MS, oldest_ms=NOW_MS - 400 * 86_400_000)
    Native().read([Message(topic, payload, retained) for payload in payloads], draft)
    return draft.close(), draft


def body(**values: Any) -> bytes:
    return json.dumps({"ts": NOW_MS - 1_000, **values}).encode()


def assert_balanced(batch: Batch) -> None:
    outcomes = sum(counts.sum() for name, counts in batch.ledger.items() if name != "received")
    assert batch.ledger["received"].sum() == outcomes


def test_good_readings_become_columns() -> None:
    batch, _ = read(body(water_pressure_bar=1.4, flame_on=True, boot="a", seq=7), body(flow_temp_c=60))
    assert batch.ts_ms.tolist() == [NOW_MS - 1_000] * 2
    assert batch.seq.tolist() == [7, -1]
    np.testing.assert_array_equal(batch.columns["water_pressure_bar"], [1.4, np.nan])
    np.testing.assert_array_equal(batch.columns["flame_on"], [1, np.nan])
    assert batch.boot[0] != 0
    assert_balanced(batch)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{bad", "not JSON"), (b"", "not JSON"), (b'"text"', "wrong shape"), (b"7", "wrong shape"), (b"null", "wrong shape"),
        (b"\xff\xfe{}", "not"), (b"[" * 5_000 + b"]" * 5_000, "nested too deep"), (b'{"ts": 1800000000}', "bad time"),
        (b'{"ts": 0}', "bad time"), (b'{"ts": "2026-01-05T00:00:00"}', "bad time"), (b'{"ts": true}', "bad time"),
        (json.dumps({"ts": NOW_MS + 31_536_000_000}).encode(), "in the future"),
        (json.dumps({"ts": NOW_MS - 800 * 86_400_000}).encode(), "too old"), (b'{}{"ts":1}', "not JSON"), (b"{},{}", "not JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_goes_to_quarantine_with_its_reason(payload: bytes, reason: str) -> None:
    batch, draft = read(body(water_pressure_bar=1.4), payload, body(water_pressure_bar=1.5))
    assert [refusal.reason.startswith(reason) for refusal in draft.refusals] == [True]
    assert draft.refusals[0].topic == TOPIC
    assert batch.columns["water_pressure_bar"].tolist() == [1.4, 1.5]
    assert batch.ledger["quarantined"].sum() == 1
    assert_balanced(batch)


@pytest.mark.parametrize(
    ("value", "reason"),
    [("1.4", "wrong_type"), (True, "wrong_type"), ([1], "wrong_type"), ({}, "wrong_type"), (99, "out_of_range"),
     (-1, "out_of_range"), (float("nan"), "not_finite"), (float("inf"), "not_finite"), (1e308, "out_of_range")],
)  # fmt: skip
def test_an_impossible_value_is_dropped_and_counted_and_the_rest_kept(value: object, reason: str) -> None:
    batch, draft = read(body(water_pressure_bar=value, flow_temp_c=50.0))
    assert "water_pressure_bar" not in batch.columns
    assert batch.columns["flow_temp_c"].tolist() == [50.0]
    assert draft.dropped["water_pressure_bar", reason] == 1
    assert not draft.refusals


def test_one_bad_element_of_a_backlog_takes_only_itself() -> None:
    elements: list[Any] = [{"ts": NOW_MS - i, "flow_temp_c": 40} for i in range(500)]
    elements[250] = "not an object"
    batch, draft = read(json.dumps(elements).encode())
    assert len(batch) == 499
    assert len(draft.refusals) == 1
    assert batch.ledger["accepted"].sum() == 1


def test_a_missing_time_is_the_arrival_and_said_to_be() -> None:
    batch, _ = read(b'{"flow_temp_c": 40}', b'{"flow_temp_c": 41}')
    assert batch.ts_ms.tolist() == [NOW_MS, NOW_MS]
    assert batch.stamped.all()


def test_unknown_keys_are_counted_not_stored() -> None:
    batch, draft = read(body(colour="red", flow_temp_c=40))
    assert draft.unknown["colour"] == 1
    assert batch.columns.keys() == {"flow_temp_c"}


@pytest.mark.parametrize(
    "topic", [b"boilers/s/b 1/telemetry", b"boilers/s/b/telemetry/x", b"boilers/s/\xff/telemetry", b"boilers/s/b"]
)
def test_a_bad_topic_is_refused(topic: bytes) -> None:
    batch, draft = read(body(flow_temp_c=40), topic=topic)
    assert draft.refusals[0].reason.startswith("bad topic")
    assert len(batch) == 0
    assert_balanced(batch)


def test_retained_telemetry_is_no_reading() -> None:
    batch, _ = read(body(flow_temp_c=40), retained=True)
    assert len(batch) == 0
    assert batch.ledger["retained"].sum() == 1


def test_events_and_statuses_keep_their_place() -> None:
    draft = Draft(NOW_MS)
    Native().read(
        [Message(TOPIC, body(flow_temp_c=40), False),
         Message(b"boilers/s1/b-1/event", b'{"code": "E1", "active": true}', False),
         Message(b"boilers/s1/b-1/status", b"offline", True),
         Message(b"boilers/s1/b-1/event", b'{"active": true}', False)],
        draft,
    )  # fmt: skip
    batch = draft.close()
    assert [(e.code, e.active, e.before, e.stamped) for e in batch.events] == [("E1", True, 1, True)]
    assert [(s.online, s.retained) for s in batch.statuses] == [(False, True)]
    assert len(draft.refusals) == 1
    assert_balanced(batch)


@settings(max_examples=80, deadline=None)
@given(payloads=st.lists(st.one_of(st.binary(max_size=40), st.just(body(flow_temp_c=44.0)),
       st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=3)),
                    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["ts", "flow_temp_c", "x", "seq"]), inner)))
       .map(lambda plain: json.dumps(plain).encode())), max_size=8))  # fmt: skip
def test_whatever_comes_the_ledger_balances(payloads: list[bytes]) -> None:
    batch, _ = read(*payloads)
    if payloads:
        assert batch.ledger["received"].sum() == len(payloads)
        assert_balanced(batch)
