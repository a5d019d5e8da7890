"""What could not be read: kept with its reason, so that it can be read after a fix.

A bounded SQLite table; a row is durable before its message is acknowledged. `replay` marks rows, and the collector
takes marked ones up again as if they had just come, at their first arrival time, because only the collector may write
the journal.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from boilerwatch.errors import InputError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS refused (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_ms INTEGER NOT NULL, topic BLOB NOT NULL, payload BLOB NOT NULL,
  reason TEXT NOT NULL, again INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS refused_again ON refused (again) WHERE again = 1;
"""
KEPT_PAYLOAD_BYTES = 65_536


class Refusal(NamedTuple):
    """One delivery, or one element of an array, that was refused."""

    received_at_ms: int
    topic: bytes
    payload: bytes
    reason: str


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

    def add(self, refusals: Iterable[Refusal]) -> None:
        """Keep the refusals, durably; a payload is cut at 64 KiB."""
        rows = [(r.received_at_ms, r.topic, r.payload[:KEPT_PAYLOAD_BYTES], r.reason) for r in refusals]
        if not rows:
            return
        with _transaction(self._sql):
            self._sql.executemany("INSERT INTO refused (received_at_ms, topic, payload, reason) VALUES (?,?,?,?)", rows)
            self._sql.execute("DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (self._limit,))

    def listing(self, limit: int = 50) -> list[tuple[int, Refusal]]:
        """Return the newest refusals with their numbers."""
        query = "SELECT id, received_at_ms, topic, payload, reason FROM refused ORDER BY id DESC LIMIT ?"
        return [(row[0], Refusal(*row[1:])) for row in self._sql.execute(query, (limit,))]

    def show(self, number: int) -> Refusal:
        """Return one refusal.

        Raises
        ------
        InputError
            If there is no such number.
        """
        query = "SELECT received_at_ms, topic, payload, reason FROM refused WHERE id = ?"
        row = self._sql.execute(query, (number,)).fetchone()
        if row is None:
            raise InputError(f"quarantine holds no number {number}; see `boilerwatch quarantine list`")
        return Refusal(*row)

    def by_reason(self) -> dict[str, int]:
        """Return how many are kept, by reason (the part before a colon)."""
        query = "SELECT CASE instr(reason, ':') WHEN 0 THEN reason ELSE substr(reason, 1, instr(reason, ':') - 1) END, count(*) FROM refused GROUP BY 1"
        return dict(self._sql.execute(query).fetchall())

    def mark_again(self, numbers: list[int] | None) -> int:
        """Ask the collector to read these again, or all without numbers; return how many."""
        with _transaction(self._sql):
            if numbers is None:
                return self._sql.execute("UPDATE refused SET again = 1").rowcount
            return sum(self._sql.execute("UPDATE refused SET again = 1 WHERE id = ?", (n,)).rowcount for n in numbers)

    def marked(self, limit: int) -> list[tuple[int, Refusal]]:
        """Return refusals that wait to be read again."""
        query = "SELECT id, received_at_ms, topic, payload, reason FROM refused WHERE again = 1 ORDER BY id LIMIT ?"
        return [(row[0], Refusal(*row[1:])) for row in self._sql.execute(query, (limit,))]

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget refusals that were read again."""
        with _transaction(self._sql):
            self._sql.executemany("DELETE FROM refused WHERE id = ?", [(number,) for number in numbers])

    def close(self) -> None:
        """Close the file."""
        self._sql.close()


class _transaction:  # noqa: N801 -- reads as the statement it is
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    def __enter__(self) -> None:
        self._sql.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._sql.execute("ROLLBACK" if kind else "COMMIT")
