"""What was refused is read again after a fix: at its first arrival, once, whatever is killed between."""

import sqlite3
from pathlib import Path

import pytest

from boilerwatch.clock import ManualClock
from boilerwatch.errors import JournalError
from collector.quarantine import Quarantine, Refusal
from tests.collector.offline import Collector

T0_MS = 1_800_000_000_000
LATER_MS = T0_MS + 7_200_000
BAD = b"box/b-1/up"
MAPPING = '[[message]]\ntopic = "box/{boiler}/up"\n[message.signals]\nflow_temp_c = { path = "t" }\n'


def collector_of(folder: Path, clock: ManualClock, mapped: bool = False) -> Collector:
    (folder / "box.toml").write_text(MAPPING)
    return Collector(folder, clock, dialects={"mappings": [folder / "box.toml"] if mapped else [], "site": "home"})


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    """An installation that refused three payloads of a box it did not know, one of which is no JSON."""
    collector = collector_of(tmp_path, ManualClock(T0_MS))
    collector.take((BAD, b'{"t": 41.5}'), (BAD, b"{bad"), (BAD, b'{"t": 42.5}'))
    collector.close()
    return tmp_path


def kept(folder: Path) -> Quarantine:
    return Quarantine(folder / "quarantine.sqlite")


def test_after_a_fix_it_is_read_at_its_first_arrival_and_moves_in_the_ledger(refused: Path) -> None:
    assert kept(refused).mark_again() == [1, 2, 3]
    collector = collector_of(refused, ManualClock(LATER_MS), mapped=True)
    collector.take()
    collector.take()
    rows = [(batch.received_at_ms.tolist(), batch.columns["flow_temp_c"].tolist()) for batch in collector.batches()[1:]]
    assert rows == [([T0_MS], [41.5]), ([T0_MS], [42.5])]
    left = kept(refused).listing()
    assert [(number, one.reason.partition(":")[0]) for number, one in left] == [(2, "not JSON")]
    assert kept(refused).waiting() == []
    counts = collector.accounts()
    assert {name: counts["b-1"].counts[name] for name in ("received", "accepted", "readings")} == dict.fromkeys(
        ("received", "accepted", "readings"), 2
    )
    assert (counts[""].counts["received"], counts[""].counts["quarantined"]) == (1, 1)
    collector.close()


def test_one_bad_element_goes_alone_and_its_delivery_is_not_counted_again(tmp_path: Path) -> None:
    collector = collector_of(tmp_path, ManualClock(T0_MS))
    elements = f'[{{"ts": {T0_MS}, "flow_temp_c": 40}}, {{"ts": {T0_MS + 700_000}, "flow_temp_c": 41}}]'
    collector.take((b"boilers/s/b-1/telemetry", elements.encode()))
    assert kept(tmp_path).show(1).whole is False
    collector.close()
    kept(tmp_path).mark_again()
    fixed = collector_of(tmp_path, ManualClock(LATER_MS))
    fixed.receiving._settings = fixed.settings.model_copy(
        update={"collector": fixed.settings.collector.model_copy(update={"future_s": 3_600})}
    )
    fixed.take()
    assert fixed.batches()[-1].ts_ms.tolist() == [T0_MS + 700_000]
    counts = fixed.accounts()["b-1"].counts
    assert (counts["received"], counts["accepted"], counts["readings"]) == (1, 1, 2)
    fixed.close()


def test_what_came_again_by_itself_meanwhile_is_a_repeat(tmp_path: Path) -> None:
    message = (BAD, b'{"t": 41.5}')
    topic = b"boilers/s/b-1/telemetry"
    body = f'{{"ts": {T0_MS + 700_000}, "flow_temp_c": 40}}'.encode()
    clock = ManualClock(T0_MS)
    collector = collector_of(tmp_path, clock)
    collector.take((topic, body), message)
    clock.advance(200)
    collector.take((topic, body))
    assert len(collector.batches()[-1]) == 1
    kept(tmp_path).mark_again()
    collector.receiving._settings = collector.settings.model_copy(
        update={"collector": collector.settings.collector.model_copy(update={"future_s": 3_600})}
    )
    collector.take()
    counts = collector.accounts()["b-1"].counts
    assert (counts["received"], counts["accepted"], counts["repeated"], counts["readings"]) == (2, 1, 1, 1)
    collector.close()


@pytest.mark.parametrize("lost", ["forget", "append"])
def test_a_death_between_journal_and_quarantine_reads_nothing_twice_and_forgets_nothing(
    refused: Path, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(refused).mark_again()
    collector = collector_of(refused, ManualClock(LATER_MS), mapped=True)
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise (sqlite3.OperationalError if lost == "forget" else JournalError)("killed here")

        target = collector.receiving._quarantine if lost == "forget" else collector.receiving._again._journal
        original = collector.receiving._journal.append
        if lost == "append":  # the turn's own tick goes, the replay does not
            patch.setattr(target, "append", lambda rows: original(rows) if not rows[-1].key else die())
        else:
            patch.setattr(target, "forget", lambda numbers: die() if list(numbers) else None)
        collector.take()
    collector.close()
    again = collector_of(refused, ManualClock(LATER_MS + 1_000), mapped=True)
    again.take()
    again.take()
    found = [batch.columns["flow_temp_c"].tolist() for batch in again.batches()[1:]]
    assert found == [[41.5], [42.5]]
    assert [number for number, _ in kept(refused).listing()] == [2]
    again.close()


def test_a_file_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    sql = sqlite3.connect(tmp_path / "quarantine.sqlite")
    sql.executescript(
        "CREATE TABLE refused (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_ms INTEGER NOT NULL, topic BLOB NOT NULL,"
        " payload BLOB NOT NULL, reason TEXT NOT NULL, again INTEGER NOT NULL DEFAULT 0);"
        "INSERT INTO refused VALUES (4, 7, x'74', x'70', 'not JSON: x', 0);"
    )
    sql.close()
    old = kept(tmp_path)
    assert old.show(4) == Refusal(7, b"t", b"p", "not JSON: x")
    assert [(one.reason, one.payloads, one.newest_ms, one.newest_id) for one in old.groups()] == [("not JSON", 1, 7, 4)]


def test_a_payload_cut_short_is_said_to_be_and_not_marked(tmp_path: Path) -> None:
    table = kept(tmp_path)
    table.add([Refusal(1, b"t", b"x" * 70_000, "not JSON"), Refusal(1, b"t", b"{", "not JSON")])
    one = table.show(1)
    assert (one.is_cut, one.size_bytes, len(one.payload)) == (True, 70_000, 65_536)
    assert table.mark_again(reason="not JSON") == [2]
