"""The embedded journal: a folder of SQLite segments, one row a batch.

WAL with `synchronous=FULL`: `append` returns after an fsync. Readers copy rows out in one short transaction, because
one open cursor lets the WAL grow without bound. Whole segments are dropped, so nothing is ever vacuumed. The writer
holds an exclusive lock on `writer.lock`; a second one is refused at once.
"""

import fcntl
import itertools
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from boilerwatch.errors import JournalError, JournalFull
from boilerwatch.journal.protocol import NewRow, Row

SEGMENT_BYTES = 256 * 2**20
#: A small cap has smaller segments, but not below 1 MiB: only whole ones are dropped, never the one that is written.
_LEAST_SEGMENTS, _SMALLEST_BYTES = 8, 2**20
_SCHEMA = """CREATE TABLE IF NOT EXISTS row (
  offset INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, items INTEGER NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL)"""
_KEY_INDEX = "CREATE INDEX IF NOT EXISTS row_key ON row (offset) WHERE key <> ''"


class SqliteReader:
    """Reads one stream from any process.

    Parameters
    ----------
    folder
        The stream's folder; it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[int, sqlite3.Connection] = {}

    def read(self, after: int, limit: int) -> list[Row]:
        """Return up to `limit` rows above `after`, in order."""
        starts = self._segments()
        if starts and after + 1 < starts[0]:
            raise JournalError(
                f"journal {self.folder}: rows {after + 1} to {starts[0] - 1} were dropped before they were read; "
                "start this consumer from the store, or raise [journal] keep_h"
            )
        rows: list[Row] = []
        for index, start in enumerate(starts):
            following = starts[index + 1] if index + 1 < len(starts) else None
            if following is not None and following <= after + 1:
                continue
            rows += self._copy(start, after, limit - len(rows))
            if len(rows) >= limit:
                break
        return rows

    def first(self) -> int:
        """Return the lowest kept offset."""
        starts = self._segments()
        return starts[0] if starts else 1

    def last(self) -> int:
        """Return the highest offset."""
        for start in reversed(self._segments()):
            newest = self._one(start, "SELECT max(offset) FROM row")
            if newest is not None:
                return int(newest)
            if start > 1:
                return start - 1
        return 0

    def publish_position(self, consumer: str, offset: int) -> None:
        """Write the consumer's position file, atomically."""
        folder = self.folder / "positions"
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{consumer}.{os.getpid()}"
        fresh.write_text(f"{offset}\n", encoding="ascii")
        fresh.replace(folder / consumer)

    def positions(self) -> dict[str, int]:
        """Return the published positions."""
        folder = self.folder / "positions"
        if not folder.is_dir():
            return {}
        named = {path.name: path for path in folder.iterdir() if not path.name.startswith(".")}
        return {name: int(path.read_text(encoding="ascii") or 0) for name, path in named.items()}

    def size_bytes(self) -> int:
        """Return what the stream takes on disk. [bytes]"""
        return sum(path.stat().st_size for path in self.folder.glob("*.sqlite*") if path.exists())

    def close(self) -> None:
        """Close every segment."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _segments(self) -> list[int]:
        starts = sorted(int(path.stem) for path in self.folder.glob("*.sqlite"))
        for gone in self._open.keys() - set(starts):
            self._open.pop(gone).close()
        return starts

    def _path(self, start: int) -> Path:
        return self.folder / f"{start:020d}.sqlite"

    def _connection(self, start: int) -> sqlite3.Connection:
        if start not in self._open:
            connection = sqlite3.connect(self._path(start), timeout=10, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA busy_timeout=10000")
            self._open[start] = connection
        return self._open[start]

    def _one(self, start: int, query: str) -> str | int | None:
        try:
            row = self._connection(start).execute(query).fetchone()
        except sqlite3.OperationalError:  # a segment whose table is being made by the writer just now
            return None
        value: str | int | None = row[0] if row else None
        return value

    def _copy(self, start: int, after: int, limit: int) -> list[Row]:
        query = "SELECT offset, at_ms, items, key, body FROM row WHERE offset > ? ORDER BY offset LIMIT ?"
        try:
            found = self._connection(start).execute(query, (after, limit)).fetchall()
        except sqlite3.OperationalError as exc:
            if "no such table" in str(exc):
                return []
            raise JournalError(f"journal {self.folder}: {exc}", retryable=True) from exc
        return [Row(*row) for row in found]


class SqliteJournal(SqliteReader):
    """Writes one stream; also reads it.

    Parameters
    ----------
    folder
        The stream's folder, made when missing.
    cap_bytes
        Size at which `append` refuses. [bytes]
    keep_h
        How long rows stay after everyone has read them. [h]
    consumers
        Names whose positions must have passed a segment before it goes.
    segment_bytes
        Size at which a new segment is begun. [bytes]

    Raises
    ------
    JournalError
        If another process writes this stream, or the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cap_bytes: int = 20 * 2**30,
        keep_h: float = 24,
        consumers: Sequence[str] = (),
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        super().__init__(folder)
        self._cap_bytes = cap_bytes
        self._keep_ms = round(keep_h * 3_600_000)
        self._consumers = tuple(consumers)
        self._segment_bytes = min(segment_bytes, max(cap_bytes // _LEAST_SEGMENTS, _SMALLEST_BYTES))
        self._lock = _lock(folder)
        self._last = super().last()
        self._writing = self._begin()
        self._weigh()

    def last(self) -> int:
        """Return the highest durable offset."""
        return self._last

    def append(self, rows: Sequence[NewRow]) -> int:
        """Make the rows durable, all or none."""
        if not rows:
            return self._last
        written = self._writing_bytes()
        if written >= self._segment_bytes:
            self._writing = self._begin(fresh=True)
            self._weigh()
            written = self._writing_bytes()
        if self._older_bytes + written >= self._cap_bytes:
            self._drop_passed(None)
            self._weigh()
        if self._older_bytes + written >= self._cap_bytes:
            raise JournalFull(
                f"journal {self.folder} has reached its cap of {self._cap_bytes / 2**30:.1f} GiB; "
                "see which consumer is behind with `boilerwatch check`, or raise [journal] cap_gib",
                retryable=True,
            )
        numbered = [(self._last + 1 + i, row.at_ms, row.items, row.key, row.body) for i, row in enumerate(rows)]
        connection = self._connection(self._writing)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO row VALUES (?,?,?,?,?)", numbered)
            connection.execute("COMMIT")
        except sqlite3.Error as exc:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise JournalError(f"journal {self.folder} cannot be written: {exc}", retryable=True) from exc
        self._last += len(rows)
        return self._last

    def last_key(self) -> str:
        """Return the newest row's key, of those that have one."""
        for start in reversed(self._segments()):
            key = self._one(start, "SELECT key FROM row WHERE key <> '' ORDER BY offset DESC LIMIT 1")
            if key is not None:
                return str(key)
        return ""

    def trim(self, now_ms: int) -> int:
        """Drop whole segments that everyone has passed and that are older than `keep`."""
        dropped = self._drop_passed(now_ms - self._keep_ms)
        self._weigh()
        return dropped

    def _weigh(self) -> None:
        """Look how much lies in the other segments; a WAL shrinks when it is written back, so sums would drift."""
        self._older_bytes = self.size_bytes() - self._writing_bytes()

    def _drop_passed(self, before_ms: int | None) -> int:
        """Drop whole segments that everyone has passed, up to an age, or at the cap of any age."""
        positions = self.positions()
        passed = min((positions.get(name, 0) for name in self._consumers), default=self._last)
        starts = self._segments()
        dropped = 0
        for start, following in itertools.pairwise(starts):
            if following - 1 > passed:
                break
            newest_ms = self._one(start, "SELECT at_ms FROM row ORDER BY offset DESC LIMIT 1")
            if before_ms is not None and int(newest_ms or 0) > before_ms:
                break
            self._drop(start)
            dropped += 1
        return dropped

    def close(self) -> None:
        """Close the segments and give the stream free for another writer."""
        super().close()
        self._lock.close()

    def _writing_bytes(self) -> int:
        path = self._path(self._writing)
        wal = path.with_name(path.name + "-wal")
        shared = path.with_name(path.name + "-shm")
        return sum(one.stat().st_size for one in (path, wal, shared) if one.exists())

    def _begin(self, *, fresh: bool = False) -> int:
        starts = self._segments()
        start = self._last + 1 if fresh or not starts else starts[-1]
        connection = self._connection(start)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=2000"):
                connection.execute(f"PRAGMA {pragma}").fetchone()
            connection.execute(_SCHEMA)
            connection.execute(_KEY_INDEX)
        except sqlite3.Error as exc:
            raise JournalError(f"journal {self.folder} cannot be opened for writing: {exc}") from exc
        return start

    def _drop(self, start: int) -> None:
        path = self._path(start)
        if start in self._open:
            self._open.pop(start).close()
        for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            name.unlink(missing_ok=True)


def _lock(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "writer.lock").open("w", encoding="ascii")
    except OSError as exc:
        raise JournalError(f"journal {folder} cannot be used: {exc.strerror}; check [data] dir") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        lock.close()
        raise JournalError(f"journal {folder} is being written by another process; stop that one first") from exc
    return lock
