"""Whatever comes, from a broker to the journal: a clear word, a count, an acknowledgement, and the rest goes on.

What concerns a connection is in test_session.py, stores in tests/real/test_store_trouble.py, a full disk and a journal at
its cap in tests/real/test_no_room.py, settings in tests/boilerwatch/test_settings.py.
"""

import json
from pathlib import Path

import pytest

from boilerwatch.clock import ManualClock
from boilerwatch.settings import StoreSettings
from boilerwatch.store.sqlite import SqliteStore
from tests.collector.offline import Collector

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
TELEMETRY = b"boilers/s/b-1/telemetry"
GOOD = (b"boilers/s/b-2/telemetry", b'{"ts": %d, "flow_temp_c": 41.5}' % NOW_MS)


def at(ts: object, **values: object) -> bytes:
    return json.dumps({"ts": ts, "flow_temp_c": 40, **values}).encode()


REFUSED = {
    "bad id in the topic": (b"boilers/s/b 1/telemetry", at(NOW_MS), "bad topic"),
    "an id of 65 letters": (b"boilers/s/" + b"b" * 65 + b"/telemetry", at(NOW_MS), "bad topic"),
    "too many topic levels": (b"boilers/s/b-1/telemetry/more", at(NOW_MS), "bad topic"),
    "a topic of nobody": (b"else/where", at(NOW_MS), "bad topic"),
    "a topic that is no UTF-8": (b"boilers/s/\xff\xfe/telemetry", at(NOW_MS), "bad topic"),
    "unreadable JSON": (TELEMETRY, b"{bad", "not JSON"),
    "nothing": (TELEMETRY, b"", "not JSON"),
    "two objects": (TELEMETRY, at(NOW_MS) + at(NOW_MS), "not JSON"),
    "a number": (TELEMETRY, b"7", "wrong shape"),
    "a text": (TELEMETRY, b'"text"', "wrong shape"),
    "a payload that is no UTF-8": (TELEMETRY, b'{"a": "\xff"}', "not UTF-8"),
    "deep nesting": (TELEMETRY, b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
    "deep nesting in an object": (TELEMETRY, b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "nested too deep"),
    "seconds": (TELEMETRY, at(NOW_MS // 1_000), "bad time"),
    "1970": (TELEMETRY, at("1970-01-01T00:00:10Z"), "bad time"),
    "next year": (TELEMETRY, at(NOW_MS + 366 * DAY_MS), "in the future"),
    "no zone": (TELEMETRY, at("2027-01-15T08:00:00"), "bad time"),
    "a time that is none": (TELEMETRY, at([1]), "bad time"),
    "a time with a fraction": (TELEMETRY, at(NOW_MS + 0.5), "bad time"),
    "a time beyond all": (TELEMETRY, b'{"ts": 1e400}', "bad time"),
    "older than is kept": (TELEMETRY, at(NOW_MS - 401 * DAY_MS), "too old"),
    "oversized, as the session hands it over": (b"", b"", "oversized packet"),
    "an event without a code": (b"boilers/s/b-1/event", b'{"active": true}', "wrong shape"),
    "an event that is half true": (b"boilers/s/b-1/event", b'{"code": "E1", "active": 1}', "wrong shape"),
    "a status that is neither": (b"boilers/s/b-1/status", b"perhaps", "wrong shape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_kept_with_its_reason_and_the_rest_goes_on(tmp_path: Path, name: str) -> None:
    topic, payload, reason = REFUSED[name]
    collector = Collector(tmp_path, ManualClock(NOW_MS))
    collector.take(GOOD, (topic, payload), (GOOD[0], GOOD[1].replace(b"41.5", b"42.5")))
    assert list(collector.reasons()) == [reason]
    assert collector.acknowledged == 3
    (batch,) = collector.batches()
    assert batch.columns["flow_temp_c"].tolist() == [41.5, 42.5]
    assert sum(int(counts.sum()) for counts in (batch.ledger["quarantined"], batch.ledger["accepted"])) == 3
    collector.accounts()
    collector.close()


DROPPED = {
    "NaN": (b'{"ts": %d, "flow_temp_c": NaN, "return_temp_c": 40}', "not_finite"),
    "Infinity": (b'{"ts": %d, "flow_temp_c": Infinity, "return_temp_c": 40}', "not_finite"),
    "minus Infinity": (b'{"ts": %d, "flow_temp_c": -Infinity, "return_temp_c": 40}', "not_finite"),
    "beyond all numbers": (b'{"ts": %d, "flow_temp_c": 1e999, "return_temp_c": 40}', "not_finite"),
    "a number as text": (b'{"ts": %d, "flow_temp_c": "41.5", "return_temp_c": 40}', "wrong_type"),
    "a flag for a number": (b'{"ts": %d, "flow_temp_c": true, "return_temp_c": 40}', "wrong_type"),
    "a list": (b'{"ts": %d, "flow_temp_c": [41.5], "return_temp_c": 40}', "wrong_type"),
    "out of range": (b'{"ts": %d, "flow_temp_c": 415, "return_temp_c": 40}', "out_of_range"),
    "two for a flag": (b'{"ts": %d, "flame_on": 2, "return_temp_c": 40}', "out_of_range"),
}


@pytest.mark.parametrize("name", DROPPED)
@pytest.mark.parametrize("alone", [True, False])
def test_a_value_that_cannot_be_is_dropped_and_counted_and_the_rest_of_its_reading_kept(
    tmp_path: Path, name: str, alone: bool
) -> None:
    form, reason = DROPPED[name]
    collector = Collector(tmp_path, ManualClock(NOW_MS))
    collector.take(*([] if alone else [GOOD] * 2), (TELEMETRY, form % NOW_MS), *([] if alone else [GOOD]))
    (batch,) = collector.batches()
    mine = batch.source == [source.boiler for source in batch.sources].index("b-1")
    assert {name: values[mine].tolist() for name, values in batch.columns.items()}.get("return_temp_c") == [40.0]
    counted = {signal: count for (signal, why), count in collector.receiving.dropped.items() if why == reason}
    assert counted == {"flame_on" if "flag" in name and "two" in name else "flow_temp_c": 1}
    assert collector.reasons() == {}
    collector.close()


def test_one_bad_element_of_a_backlog_of_500_takes_only_itself(tmp_path: Path) -> None:
    backlog = [{"ts": NOW_MS - 1_000 * i, "flow_temp_c": 40 + i % 9} for i in range(500)]
    backlog[123] = {"ts": "yesterday"}
    collector = Collector(tmp_path, ManualClock(NOW_MS))
    collector.take(GOOD, (TELEMETRY, json.dumps(backlog).encode()), GOOD)
    (batch,) = collector.batches()
    assert len(batch) == 500  # one of GOOD is a repeat
    assert collector.reasons() == {"bad time": 1}
    assert collector.accounts()["b-1"].counts["accepted"] == 1
    collector.close()


def test_a_retained_backlog_at_connect_is_counted_and_no_reading(tmp_path: Path) -> None:
    collector = Collector(tmp_path, ManualClock(NOW_MS))
    collector.take(*[(b"boilers/s/b-%d/telemetry" % i, at(NOW_MS), True) for i in range(50)], GOOD)
    collector.take(*[(b"boilers/s/b-%d/event" % i, b'{"code": "E1"}', True) for i in range(50)])
    assert [len(batch) for batch in collector.batches()] == [1, 0]
    assert not any(batch.events for batch in collector.batches())
    accounts = collector.accounts()
    assert sum(one.counts["retained"] for one in accounts.values()) == 100
    assert sum(one.counts["readings"] for one in accounts.values()) == 1
    collector.close()


def test_duplicate_and_out_of_order_sequences_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    def numbered(seq: int) -> tuple[bytes, bytes]:
        return TELEMETRY, at(NOW_MS - 100_000 + seq * 1_000, boot="a", seq=seq)

    collector = Collector(tmp_path, ManualClock(NOW_MS))
    for wave in ([0, 1, 2, 2, 4], [3, 4, 5, 1], [9, 7, 8, 6, 9, 9], [12]):
        collector.take(*map(numbered, wave))
    counts = collector.accounts()["b-1"].counts
    assert {name: counts[name] for name in ("received", "accepted", "repeated", "numbered", "lost", "readings")} == {
        "received": 16, "accepted": 11, "repeated": 5, "numbered": 11, "lost": 2, "readings": 11,
    }  # fmt: skip
    collector.close()


def test_two_single_value_topics_in_one_millisecond_become_one_reading_in_the_store(tmp_path: Path) -> None:
    collector = Collector(tmp_path, ManualClock(NOW_MS), dialects={"ems_esp": ["ems-esp/{boiler}"]})
    collector.take((b"ems-esp/gw-1/boiler_data/syspress", b"1.4"), (b"ems-esp/gw-1/boiler_data/curflowtemp", b"55.5"))
    store = SqliteStore(tmp_path / "store.sqlite", StoreSettings(retention_days=36_500))
    for batch in collector.batches():
        assert store.write(batch) == []
    series = store.history(["gw-1"], ["water_pressure_bar", "flow_temp_c"], 0, 2**42)["gw-1"]
    assert series.ts_ms.tolist() == [NOW_MS]
    assert {name: values.tolist() for name, values in series.columns.items()} == {
        "water_pressure_bar": [1.4], "flow_temp_c": [55.5],
    }  # fmt: skip
    store.close()
    collector.close()


def test_unknown_keys_are_counted_and_not_kept(tmp_path: Path) -> None:
    collector = Collector(tmp_path, ManualClock(NOW_MS))
    collector.take(GOOD, (TELEMETRY, at(NOW_MS, colour="red")), GOOD)
    assert dict(collector.receiving.unknown) == {"colour": 1}
    assert all(batch.columns.keys() == {"flow_temp_c"} for batch in collector.batches())
    collector.close()


def test_a_batch_of_nothing_but_rubbish_is_acknowledged_and_takes_no_time_to_speak_of(tmp_path: Path) -> None:
    """Halving a batch of 4,000 bad messages is 8,000 decodes, not 4,000 times 4,000."""
    collector = Collector(tmp_path, ManualClock(NOW_MS))
    collector.take(*[(b"boilers/s/b-%d/telemetry" % i, b"{bad") for i in range(4_000)])
    assert collector.acknowledged == 4_000
    assert collector.reasons() == {"not JSON": 4_000}
    collector.close()
