"""The embedded journal: order, durability, segments, retention, one writer."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.errors import JournalError, JournalFull
from boilerwatch.journal.protocol import NewRow
from boilerwatch.journal.sqlite import SqliteJournal, SqliteReader


@pytest.fixture
def journals() -> Iterator[Callable[..., SqliteJournal]]:
    """Open journals and close them at the end."""
    with contextlib.ExitStack() as stack:

        def open_one(folder: Path, **options: Any) -> SqliteJournal:
            journal = SqliteJournal(folder, **options)
            stack.callback(journal.close)
            return journal

        yield open_one


Journals = Callable[..., SqliteJournal]


def rows(count: int, size: int = 10, at_ms: int = 0) -> list[NewRow]:
    return [NewRow(at_ms + i, bytes([i % 256]) * size) for i in range(count)]


def test_rows_come_back_in_order_with_offsets_from_one(tmp_path: Path, journals: Journals) -> None:
    journal = journals(tmp_path)
    assert journal.append(rows(3)) == 3
    assert journal.append([NewRow(9, b"last", items=7, key="k")]) == 4
    found = journal.read(0, 10)
    assert [row.offset for row in found] == [1, 2, 3, 4]
    assert found[3] == (4, 9, 7, "k", b"last")


def test_reader_of_a_stream_that_does_not_exist_yet_finds_nothing(tmp_path: Path) -> None:
    reader = SqliteReader(tmp_path / "later")
    assert (reader.read(0, 5), reader.first(), reader.last(), reader.positions()) == ([], 1, 0, {})


def test_second_writer_is_refused_with_a_sentence(tmp_path: Path, journals: Journals) -> None:
    journal = journals(tmp_path)
    with pytest.raises(JournalError, match="written by another process"):
        journals(tmp_path)
    journal.close()
    journals(tmp_path)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 9), min_size=1, max_size=12), limit=st.integers(1, 50))
def test_reading_gives_every_row_once_across_segments(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], limit: int
) -> None:
    journal = SqliteJournal(tmp_path_factory.mktemp("j"), segment_bytes=20_000)
    for cut in cuts:
        journal.append(rows(cut, size=3_000))
    found: list[int] = []
    while page := journal.read(found[-1] if found else 0, limit):
        found += [row.offset for row in page]
    assert found == list(range(1, sum(cuts) + 1))
    journal.close()


def test_a_new_writer_goes_on_after_the_last_row_and_key(tmp_path: Path, journals: Journals) -> None:
    journal = journals(tmp_path, segment_bytes=10_000)
    journal.append([NewRow(0, b"a" * 20_000, key="t-1"), NewRow(1, b"b")])
    journal.append([NewRow(2, b"c")])
    journal.close()
    again = journals(tmp_path, segment_bytes=10_000)
    assert again.last_key() == "t-1"
    assert again.append(rows(1)) == 4


def test_cap_refuses_and_keeps_what_is_there(tmp_path: Path, journals: Journals) -> None:
    journal = journals(tmp_path, cap_bytes=60_000)
    more = iter(lambda: journal.append(rows(1, size=9_000)), None)
    with pytest.raises(JournalFull, match="cap"):
        all(more)
    kept = journal.last()
    assert kept > 0
    assert [row.offset for row in journal.read(0, 1000)] == list(range(1, kept + 1))


def test_at_the_cap_what_everyone_has_read_goes_however_young(tmp_path: Path, journals: Journals) -> None:
    journal = journals(tmp_path, cap_bytes=300_000, keep_h=24, consumers=("a", "b"), segment_bytes=50_000)
    with contextlib.suppress(JournalFull):
        for _ in range(200):
            journal.append([NewRow(0, os.urandom(10_000))])
    full_at = journal.last()
    journal.publish_position("a", full_at)
    with pytest.raises(JournalFull):
        journal.append([NewRow(0, b"x")])
    journal.publish_position("b", full_at // 2)
    assert journal.append([NewRow(0, b"x")]) == full_at + 1
    assert 1 < journal.first() <= full_at // 2 + 1
    assert [row.offset for row in journal.read(full_at // 2, 1_000)] == list(range(full_at // 2 + 1, full_at + 2))


def test_trim_waits_for_the_slowest_consumer_and_for_keep(tmp_path: Path, journals: Journals) -> None:
    journal = journals(tmp_path, segment_bytes=8_000, keep_h=1, consumers=("fast", "slow"))
    for i in range(6):
        journal.append(rows(1, size=20_000, at_ms=i))
    journal.publish_position("fast", 6)
    assert journal.trim(10**9) == 0
    journal.publish_position("slow", 3)
    assert journal.trim(3_599_999) == 0
    assert journal.trim(10**9) == 3
    assert journal.first() == 4
    with pytest.raises(JournalError, match="were dropped before they were read"):
        journal.read(1, 5)
    assert [row.offset for row in journal.read(3, 5)] == [4, 5, 6]


def test_reader_in_another_process_sees_rows_while_they_are_written(tmp_path: Path, journals: Journals) -> None:
    journal = journals(tmp_path)
    journal.append(rows(5))
    code = (
        "import sys, pathlib; from boilerwatch.journal.sqlite import SqliteReader;"
        "print(SqliteReader(pathlib.Path(sys.argv[1])).last())"
    )
    seen = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "5"


_WRITER = """
import pathlib, sys
from boilerwatch.journal.protocol import NewRow
from boilerwatch.journal.sqlite import SqliteJournal
journal = SqliteJournal(pathlib.Path(sys.argv[1]), segment_bytes=50_000)
while True:
    print(journal.append([NewRow(0, b"x" * 2_000)] * 3), flush=True)
"""


def test_what_append_returned_survives_sigkill(tmp_path: Path) -> None:
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(40)][-1]
            os.kill(writer.pid, signal.SIGKILL)
        reader = SqliteReader(tmp_path)
        last = reader.last()
        assert last >= told
        assert last % 3 == 0, "a batch of three is durable whole or not at all"
        reader.close()


def test_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be used"):
        SqliteJournal(tmp_path / "file" / "stream")
