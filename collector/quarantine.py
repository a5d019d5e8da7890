"""What could not be read: kept with its reason, so that it can be read again after a fix.

A bounded SQLite table; a row is durable before its message is acknowledged. Only the collector writes the journal, so
`quarantine replay` marks rows and the collector takes them up (`again.py`), each at its first arrival time.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from boilerwatch.errors import InputError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS refused (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_ms INTEGER NOT NULL, topic BLOB NOT NULL, payload BLOB NOT NULL,
  reason TEXT NOT NULL, again INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS refused_again ON refused (again) WHERE again = 1;
"""
#: Columns that files of earlier versions lack.
_LATER = {
    "boiler": "TEXT NOT NULL DEFAULT ''", "site": "TEXT NOT NULL DEFAULT ''", "whole": "INTEGER NOT NULL DEFAULT 1",
    "size_bytes": "INTEGER NOT NULL DEFAULT 0", "token": "TEXT NOT NULL DEFAULT ''",
}  # fmt: skip
_COLUMNS = "received_at_ms, topic, payload, reason, boiler, site, whole, size_bytes"
_GROUP = "CASE instr(reason, ':') WHEN 0 THEN reason ELSE substr(reason, 1, instr(reason, ':') - 1) END"
KEPT_PAYLOAD_BYTES = 65_536


class Refusal(NamedTuple):
    """One delivery, or one element of an array, that was refused.

    Attributes
    ----------
    boiler, site
        In whose account it stands; empty where the topic does not tell.
    whole
        False for an element of an array, which is no delivery of its own.
    size_bytes
        Size of the payload as it came; what is beyond 64 KiB is not kept. [bytes]
    """

    received_at_ms: int
    topic: bytes
    payload: bytes
    reason: str
    boiler: str = ""
    site: str = ""
    whole: bool = True
    size_bytes: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether some of the payload was not kept."""
        return self.size_bytes > len(self.payload)


class Group(NamedTuple):
    """What was refused for one reason (the part before a colon)."""

    reason: str
    payloads: int
    newest_ms: int
    newest_id: int


class Quarantine:
    """The table, for its writer (the collector) and for people.

    Parameters
    ----------
    path
        SQLite file, made when missing.
    limit
        Rows kept; the oldest go first.
    """

    def __init__(self, path: Path, limit: int = 100_000) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._limit = limit
        self._sql = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.execute("PRAGMA synchronous=FULL")
        self._sql.executescript(_SCHEMA)
        there = {row[1] for row in self._sql.execute("PRAGMA table_info(refused)")}
        for name in _LATER.keys() - there:
            self._sql.execute(f"ALTER TABLE refused ADD COLUMN {name} {_LATER[name]}")

    def add(self, refusals: Sequence[Refusal]) -> None:
        """Keep the refusals, durably; a payload is cut at 64 KiB."""
        if refusals:
            with _transaction(self._sql):
                self._insert(refusals)

    def listing(self, limit: int = 50, reason: str = "") -> list[tuple[int, Refusal]]:
        """Return the newest refusals with their numbers, of one reason where it is given."""
        query = f"SELECT id, {_COLUMNS} FROM refused WHERE ? IN ('', {_GROUP}) ORDER BY id DESC LIMIT ?"
        return [(row[0], _refusal(row[1:])) for row in self._sql.execute(query, (reason, limit))]

    def show(self, number: int) -> Refusal:
        """Return one refusal.

        Raises
        ------
        InputError
            If there is no such number.
        """
        row = self._sql.execute(f"SELECT {_COLUMNS} FROM refused WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise InputError(f"quarantine holds no number {number}; see `boilerwatch quarantine list`")
        return _refusal(row)

    def groups(self) -> list[Group]:
        """Return what is kept by reason, the most frequent first."""
        query = f"SELECT {_GROUP}, count(*), max(received_at_ms), max(id) FROM refused GROUP BY 1 ORDER BY 2 DESC, 1"
        return [Group(*row) for row in self._sql.execute(query)]

    def mark_again(self, numbers: Sequence[int] | None = None, reason: str = "") -> list[int]:
        """Ask the collector to read these again, or all, or all of one reason; return which, without those cut short."""
        with _transaction(self._sql):
            if numbers is None:
                query = f"SELECT id FROM refused WHERE ? IN ('', {_GROUP}) AND size_bytes <= {KEPT_PAYLOAD_BYTES}"
                numbers = [row[0] for row in self._sql.execute(query, (reason,))]
            self._sql.executemany("UPDATE refused SET again = 1 WHERE id = ?", [(number,) for number in numbers])
        return list(numbers)

    def waiting(self) -> list[int]:
        """Return the numbers that wait to be read again."""
        return [row[0] for row in self._sql.execute("SELECT id FROM refused WHERE again = 1 ORDER BY id")]

    def marked(self, limit: int, done: str) -> list[tuple[int, Refusal]]:
        """Return refusals that wait to be read again.

        Parameters
        ----------
        done
            Token of the newest reading again that is in the journal: what was to go with it goes now.
        """
        query = f"SELECT id, token, {_COLUMNS} FROM refused WHERE again = 1 ORDER BY id LIMIT ?"
        rows = self._sql.execute(query, (limit,)).fetchall()
        self.forget(row[0] for row in rows if row[1] and row[1] == done)
        return [(row[0], _refusal(row[2:])) for row in rows if not row[1] or row[1] != done]

    def settle(self, refused: Mapping[int, str], parts: Sequence[Refusal], read: Iterable[int], token: str) -> None:
        """Write down what came of reading again, before the journal has it.

        Parameters
        ----------
        refused
            Number -> reason of what is refused still; it waits no longer.
        parts
            Elements of what could be read for the rest.
        read
            Numbers that the journal row with this token will hold.
        """
        with _transaction(self._sql):
            for number, reason in refused.items():
                self._sql.execute("UPDATE refused SET again = 0, reason = ? WHERE id = ?", (reason, number))
            for number in read:
                self._sql.execute("UPDATE refused SET token = ? WHERE id = ?", (token, number))
            self._insert(parts)

    def forget(self, numbers: Iterable[int]) -> None:
        """Drop refusals that were read again."""
        with _transaction(self._sql):
            self._sql.executemany("DELETE FROM refused WHERE id = ?", [(number,) for number in numbers])

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    def _insert(self, refusals: Sequence[Refusal]) -> None:
        rows = [
            (*one[:2], one.payload[:KEPT_PAYLOAD_BYTES], *one[3:7], one.size_bytes or len(one.payload)) for one in refusals
        ]  # fmt: skip
        self._sql.executemany(f"INSERT INTO refused ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)", rows)
        self._sql.execute("DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (self._limit,))


def _refusal(row: tuple[int, bytes, bytes, str, str, str, int, int]) -> Refusal:
    return Refusal(*row[:6], whole=bool(row[6]), size_bytes=row[7])


class _transaction:  # noqa: N801 -- reads as the statement it is
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    def __enter__(self) -> None:
        self._sql.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._sql.execute("ROLLBACK" if kind else "COMMIT")
