"""What the daily detectors were shown, kept in a file of the room's own: what a new version of one learns from.

An entry is a group of civil days that closed together, a service row, or what a row of the findings journal said, in the
order in which the detectors saw them, with the offsets of both inputs. Entries are written just before the snapshot that
contains them; after a crash in between the same rows come again and are known by their offsets.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import structlog
from numpy.typing import NDArray

from boilerwatch.fold import DAY_MS
from boilerwatch.journal import READINGS, SERVICE
from boilerwatch.model import Finding, Source
from boilerwatch.service import ServiceRow
from detectors.days import Closed
from detectors.slots import Slots

log = structlog.get_logger()

_CODEC = pa.Codec("zstd", compression_level=1)
_TABLES = """
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY, readings INTEGER NOT NULL, service INTEGER NOT NULL, newest_ms INTEGER NOT NULL,
    kind TEXT NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS reached (stream TEXT PRIMARY KEY, offset INTEGER NOT NULL);
"""

Seen = Closed | ServiceRow | list[Finding]


class _Days(msgspec.Struct, frozen=True):
    """A group of days as bytes; features that nobody measured are left out."""

    boilers: list[str]
    sites: list[str]
    times: dict[str, bytes]
    totals: dict[str, bytes]
    counts: dict[str, bytes]


class _Entry(NamedTuple):
    readings: int
    service: int
    newest_ms: int
    kind: str
    size: int
    body: bytes


_PACK, _UNPACK_DAYS = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(_Days)
_UNPACK_SERVICE, _UNPACK_FINDINGS = msgspec.msgpack.Decoder(ServiceRow), msgspec.msgpack.Decoder(list[Finding])


class History:
    """Entries of the last days.

    Parameters
    ----------
    path
        The file; made when the first entry is written.
    keep_days
        How long entries are kept, 0 to keep none at all. [days]
    """

    def __init__(self, path: Path, keep_days: int) -> None:
        self._path, self._keep_days = path, keep_days
        self._fresh: list[_Entry] = []
        self._reached = {READINGS: 0, SERVICE: 0}
        self._newest_ms = 0
        if path.exists():
            self._begin()

    def _begin(self) -> None:
        try:
            file = self._open()
            self._reached |= dict(file.execute("SELECT stream, offset FROM reached"))
            (self._newest_ms,) = file.execute("SELECT coalesce(max(newest_ms), 0) FROM entry").fetchone()
            file.close()
        except sqlite3.DatabaseError as exc:
            aside = self._path.with_suffix(".unreadable")
            log.warning("history_unreadable", file=str(self._path), kept_as=str(aside), error=str(exc))
            self._path.replace(aside)

    def begin(self, last: Mapping[str, int]) -> None:
        """Take what was seen of journals that were longer than these as seen before these began."""
        if all(self._reached[stream] <= offset for stream, offset in last.items()):
            return
        self._reached = dict.fromkeys(self._reached, 0)
        with self._open() as file:
            file.execute("UPDATE entry SET readings = 0, service = 0")
            file.execute("DELETE FROM reached")
        file.close()

    def note(self, stream: str, offset: int, positions: Mapping[str, int], seen: Seen, slots: Slots) -> None:
        """Add what a row of a stream showed, unless it is here already.

        Parameters
        ----------
        positions
            Offsets reached in both inputs before that row.
        """
        if not self._keep_days or offset <= self._reached[stream] or not seen:
            return
        if isinstance(seen, Closed):
            self._newest_ms = max(self._newest_ms, int(seen.times["newest"].max()))
            kind, plain = "days", _PACK.encode(_packed(seen, slots))
        else:
            kind, plain = "service" if isinstance(seen, ServiceRow) else "findings", _PACK.encode(seen)
        at = {**positions, stream: offset}
        body = _CODEC.compress(plain, asbytes=True)
        self._fresh.append(_Entry(at[READINGS], at[SERVICE], self._newest_ms, kind, len(plain), body))

    def save(self, positions: Mapping[str, int]) -> None:
        """Write what was added, durably, and forget what is older than is kept."""
        if not self._keep_days or (not self._fresh and not self._path.exists()):
            return
        with self._open() as file:
            file.executemany(
                "INSERT INTO entry (readings, service, newest_ms, kind, size, body) VALUES (?, ?, ?, ?, ?, ?)",
                self._fresh,
            )
            if any(one.kind == "days" for one in self._fresh):
                oldest_ms = self._newest_ms - self._keep_days * DAY_MS
                file.execute("DELETE FROM entry WHERE newest_ms BETWEEN 1 AND ?", (oldest_ms,))
            file.executemany("INSERT OR REPLACE INTO reached VALUES (?, ?)", list(positions.items()))
        file.close()
        self._fresh, self._reached = [], {**self._reached, **positions}

    def service_at(self, readings: int) -> int:
        """Return how far service rows had been read when readings had been read so far, 0 where nothing is kept."""
        if not self._path.exists():
            return 0
        file = self._open()
        (offset,) = file.execute(
            "SELECT coalesce(max(service), 0) FROM entry WHERE readings <= ?", (readings,)
        ).fetchone()
        file.close()
        return int(offset)

    def entries(self, upto: Mapping[str, int], slots: Slots) -> Iterator[Seen]:
        """Return what was seen up to these offsets, in order; boilers that have no slot get one."""
        if not self._path.exists():
            return
        file = self._open()
        try:
            rows = file.execute(
                "SELECT kind, size, body FROM entry WHERE readings <= ? AND service <= ? ORDER BY number",
                (upto[READINGS], upto[SERVICE]),
            )
            for kind, size, body in rows:
                plain = _CODEC.decompress(body, size, asbytes=True)
                if kind == "days":
                    yield _unpacked(_UNPACK_DAYS.decode(plain), slots)
                else:
                    yield _UNPACK_SERVICE.decode(plain) if kind == "service" else _UNPACK_FINDINGS.decode(plain)
        finally:
            file.close()

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self._path)
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        file.executescript(_TABLES)
        return file


def _packed(closed: Closed, slots: Slots) -> _Days:
    slot = closed.times["slot"].tolist()
    measured = [name for name, counts in closed.counts.items() if counts.any()]
    return _Days(
        [slots.boilers[one] for one in slot], [slots.sites[one] for one in slot],
        {name: _bytes(values) for name, values in closed.times.items() if name != "slot"},
        {name: _bytes(closed.totals[name]) for name in measured}, {name: _bytes(closed.counts[name]) for name in measured},
    )  # fmt: skip


def _bytes(values: NDArray[Any]) -> bytes:
    """Return an array, values of one band side by side, so that they compress."""
    return np.ascontiguousarray(values.T).tobytes()


def _unpacked(days: _Days, slots: Slots) -> Closed:
    sources: Sequence[Source] = [
        Source(boiler, site, "") for boiler, site in zip(days.boilers, days.sites, strict=True)
    ]
    slot = slots.of_all(list(sources))
    n = len(slot)
    times = {name: np.frombuffer(raw, np.int64) for name, raw in days.times.items()}
    order = np.lexsort((times["start"], slot))
    return Closed(
        {"slot": slot[order], **{name: values[order] for name, values in times.items()}},
        {name: np.frombuffer(raw, np.float64).reshape(-1, n).T[order] for name, raw in days.totals.items()},
        {name: np.frombuffer(raw, np.int16).reshape(-1, n).T[order] for name, raw in days.counts.items()},
    )
