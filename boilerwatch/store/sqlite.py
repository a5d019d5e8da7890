"""The embedded store: one SQLite file (WAL), one column a signal, fields of one (boiler, ts) merged."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from boilerwatch.errors import StoreError
from boilerwatch.model import Batch, Source
from boilerwatch.settings import StoreSettings
from boilerwatch.signals import SIGNAL_NAMES, SIGNALS
from boilerwatch.store.lines import merged
from boilerwatch.store.measurements import POLICIES, Policy
from boilerwatch.store.protocol import ROLLUP_FIELDS, Latest, Point, Refused, Resolution, Rollup, Series, StoredEvent

_CHARTED = [f"{s.name}_{part}" for s in SIGNALS if s.charted for part in ("mean", "min", "max")]
_FOLDED = [*_CHARTED, *ROLLUP_FIELDS]
_TABLES: dict[str, list[str]] = {"raw": list(SIGNAL_NAMES), "15m": _FOLDED, "1d": _FOLDED}
_NAMES: dict[str, str] = {"raw": "boiler", "15m": "boiler_15m", "1d": "boiler_1d"}
_PAGE = 500
#: Names the first column of the key, so that old rows are found by it and nothing else is read.
_MEASUREMENTS = """measurement IN (WITH RECURSIVE known (name) AS (
  SELECT min(measurement) FROM point
  UNION ALL SELECT (SELECT min(measurement) FROM point WHERE measurement > name) FROM known WHERE name IS NOT NULL)
  SELECT name FROM known)"""
#: Points that are not kept as long as readings.
_OWN = tuple(name for name in POLICIES if name not in _NAMES.values())
_USUAL = f"{_MEASUREMENTS} AND measurement NOT IN ({', '.join(repr(name) for name in _OWN)})"


class SqliteStore:
    """A store in one file.

    Parameters
    ----------
    path
        The file, made when missing.
    settings
        For the retention.
    """

    def __init__(self, path: Path, settings: StoreSettings) -> None:
        self._path = path
        kept = {"boiler_15m": settings.quarter_days, "boiler_1d": settings.day_days}
        self._kept_ms = {
            table: round(kept.get(table, settings.retention_days) * 86_400_000)
            for table in (*_NAMES.values(), "event", "point")
        }
        days: dict[Policy, float] = {
            "quarters": settings.quarter_days, "days": settings.day_days, "snapshots": settings.snapshot_days,
        }  # fmt: skip
        self._own_ms = {name: round(days[POLICIES[name]] * 86_400_000) for name in _OWN}
        self._sources: Sequence[Source] = ()
        self._source_numbers: list[int] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sql = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._sql.execute("PRAGMA journal_mode=WAL")
            self._sql.execute("PRAGMA synchronous=NORMAL")
            self.setup()
        except (OSError, sqlite3.Error) as exc:
            raise StoreError(f"store {path} cannot be opened: {exc}; check [data] dir") from exc

    def setup(self) -> list[str]:
        """Make the tables that are missing; return what was done."""
        before = {row[0] for row in self._sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self._sql.execute("CREATE TABLE IF NOT EXISTS name (number INTEGER PRIMARY KEY, boiler TEXT UNIQUE, site TEXT)")
        for resolution, columns in _TABLES.items():
            fields = ", ".join(f"{column} REAL" for column in columns)
            self._sql.execute(
                f"CREATE TABLE IF NOT EXISTS {_NAMES[resolution]} (number INTEGER, ts_ms INTEGER, {fields}, "
                "PRIMARY KEY (number, ts_ms)) WITHOUT ROWID"
            )
            there = {row[1] for row in self._sql.execute(f"PRAGMA table_info({_NAMES[resolution]})")}
            for column in columns:
                if column not in there:  # a file made by an earlier version
                    self._sql.execute(f"ALTER TABLE {_NAMES[resolution]} ADD COLUMN {column} REAL")
        self._sql.execute(
            "CREATE TABLE IF NOT EXISTS event (number INTEGER, ts_ms INTEGER, code TEXT, active INTEGER, "
            "PRIMARY KEY (number, ts_ms, code)) WITHOUT ROWID"
        )
        self._sql.execute(
            "CREATE TABLE IF NOT EXISTS point (measurement TEXT, tags TEXT, ts_ms INTEGER, fields TEXT, "
            "PRIMARY KEY (measurement, ts_ms, tags)) WITHOUT ROWID"
        )
        after = {row[0] for row in self._sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return [f"made table {name} in {self._path}" for name in sorted(after - before)]

    def lacking(self) -> list[str]:
        """Return nothing: the file is made with all it needs."""
        return []

    def write(self, batch: Batch) -> list[Refused]:
        """Store readings and events; nothing is refused here, for validation came before."""
        try:
            numbers = self._numbers_of(batch.sources)
            source, ts_ms, columns = merged(batch.source, batch.ts_ms, batch.columns)
            rows = [numbers[i] for i in source.tolist()]
            events = [(numbers[e.source], e.ts_ms, e.code, int(e.active)) for e in batch.events]
            self._sql.execute("BEGIN IMMEDIATE")
            if columns:
                self._upsert("raw", rows, ts_ms.tolist(), columns)
            self._sql.executemany("INSERT OR REPLACE INTO event VALUES (?,?,?,?)", events)
            self._sql.execute("COMMIT")
        except sqlite3.Error as exc:
            raise self._trouble(exc) from exc
        return []

    def write_rollup(self, resolution: Literal["15m", "1d"], rollup: Rollup) -> list[Refused]:
        """Store folded periods; the same period again replaces it."""
        known = {name: values for name, values in rollup.columns.items() if name in _FOLDED}
        try:
            numbers = self._numbers(list(zip(rollup.boiler, rollup.site, strict=True)))
            self._sql.execute("BEGIN IMMEDIATE")
            self._upsert(resolution, numbers, rollup.ts_ms.tolist(), known)
            self._sql.execute("COMMIT")
        except sqlite3.Error as exc:
            raise self._trouble(exc) from exc
        return []

    def write_points(self, points: Sequence[Point]) -> list[Refused]:
        """Store rows of the small measurements."""
        rows = [
            (p.measurement, json.dumps(dict(sorted(p.tags.items()))), p.ts_ms, json.dumps(dict(p.fields)))
            for p in points
        ]
        try:
            self._sql.execute("BEGIN IMMEDIATE")
            self._sql.executemany("INSERT OR REPLACE INTO point VALUES (?,?,?,?)", rows)
            self._sql.execute("COMMIT")
        except sqlite3.Error as exc:
            raise self._trouble(exc) from exc
        return []

    def latest(self, boilers: Sequence[str], signals: Sequence[str]) -> Latest:
        """Return the newest value of each signal of each boiler."""
        found = Latest({}, {})
        known = self._known(boilers)
        for signal in signals:
            values, times = np.full(len(boilers), np.nan), np.zeros(len(boilers), np.int64)
            query = f"SELECT {signal}, ts_ms FROM boiler WHERE number = ? AND {signal} IS NOT NULL ORDER BY ts_ms DESC LIMIT 1"
            for place, boiler in enumerate(boilers):
                row = self._sql.execute(query, (known[boiler],)).fetchone() if boiler in known else None
                if row is not None:
                    values[place], times[place] = row
            found.values[signal], found.ts_ms[signal] = values, times
        return found

    def history(
        self, boilers: Sequence[str], signals: Sequence[str], start_ms: int, end_ms: int, resolution: Resolution = "raw"
    ) -> dict[str, Series]:
        """Return readings with start <= ts < end by boiler."""
        parts = [""] if resolution == "raw" else ["_mean", "_min", "_max"]
        columns = [
            f"{signal}{part}" for signal in signals for part in parts if f"{signal}{part}" in _TABLES[resolution]
        ]
        if resolution != "raw":
            columns += [name for name in signals if name in ROLLUP_FIELDS]
        found: dict[str, Series] = {}
        if not columns:
            return found
        query = (
            f"SELECT ts_ms, {', '.join(columns)} FROM {_NAMES[resolution]} "
            "WHERE number = ? AND ts_ms >= ? AND ts_ms < ? ORDER BY ts_ms"
        )
        for boiler, number in self._known(boilers).items():
            rows = self._sql.execute(query, (number, start_ms, end_ms)).fetchall()
            if rows:
                times, *values = zip(*rows, strict=True)
                arrays = [np.array(column, np.float64) for column in values]
                found[boiler] = Series(np.array(times, np.int64), dict(zip(columns, arrays, strict=True)))
        return found

    def events(self, boilers: Sequence[str], start_ms: int, end_ms: int) -> list[StoredEvent]:
        """Return the codes of these boilers with start <= ts < end, in order of time."""
        query = "SELECT ts_ms, code, active FROM event WHERE number = ? AND ts_ms >= ? AND ts_ms < ?"
        found = [
            StoredEvent(boiler, ts_ms, code, bool(active))
            for boiler, number in self._known(boilers).items()
            for ts_ms, code, active in self._sql.execute(query, (number, start_ms, end_ms))
        ]
        return sorted(found, key=lambda event: (event.ts_ms, event.boiler))

    def forget(self, now_ms: int) -> None:
        """Drop what is older than its retention."""
        try:
            for table, kept_ms in self._kept_ms.items():
                first = _USUAL if table == "point" else "number IN (SELECT number FROM name)"
                if kept_ms:
                    self._sql.execute(f"DELETE FROM {table} WHERE {first} AND ts_ms < ?", (now_ms - kept_ms,))
            for name, kept_ms in self._own_ms.items():
                if kept_ms:
                    self._sql.execute("DELETE FROM point WHERE measurement = ? AND ts_ms < ?", (name, now_ms - kept_ms))
        except sqlite3.Error as exc:
            raise self._trouble(exc) from exc

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    def _upsert(self, resolution: str, numbers: list[int], ts_ms: list[int], columns: dict[str, Any]) -> None:
        names = list(columns)
        merged = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in names)
        query = (
            f"INSERT INTO {_NAMES[resolution]} (number, ts_ms, {', '.join(names)}) "
            f"VALUES ({', '.join('?' * (len(names) + 2))}) ON CONFLICT DO UPDATE SET {merged}"
        )
        # SQLite stores NaN as NULL, which is what it means here.
        self._sql.executemany(query, zip(numbers, ts_ms, *[columns[name].tolist() for name in names], strict=True))

    def _trouble(self, exc: sqlite3.Error) -> StoreError:
        if self._sql.in_transaction:
            self._sql.execute("ROLLBACK")
        return StoreError(f"store {self._path} cannot be written: {exc}", retryable=True)

    def _numbers_of(self, sources: Sequence[Source]) -> list[int]:
        """Return the numbers of a list that may be the same as last time, grown."""
        if sources is not self._sources:
            self._sources, self._source_numbers = sources, []
        fresh = sources[len(self._source_numbers) :]
        if fresh:
            self._source_numbers += self._numbers([(source.boiler, source.site) for source in fresh])
        return self._source_numbers

    def _numbers(self, sources: list[tuple[str, str]]) -> list[int]:
        self._sql.executemany("INSERT OR IGNORE INTO name (boiler, site) VALUES (?, ?)", sources)
        known = self._known([boiler for boiler, _ in sources])
        return [known[boiler] for boiler, _ in sources]

    def _known(self, boilers: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for at in range(0, len(boilers), _PAGE):
            page = boilers[at : at + _PAGE]
            query = f"SELECT boiler, number FROM name WHERE boiler IN ({', '.join('?' * len(page))})"
            found.update(self._sql.execute(query, tuple(page)).fetchall())
        return found
