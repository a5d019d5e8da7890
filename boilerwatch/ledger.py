"""The ledger: what came, what became of it, what never came; per boiler and in total.

In deliveries: received = accepted + quarantined + repeated + retained + status. In publications (gateways that number
them): sent = received + lost. Counts come from the journal's own rows; storing adds them up in `ledger.sqlite`, with
the offset it has reached in the same transaction, so that no crash counts twice.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boilerwatch.model import Batch, Ints
from boilerwatch.settings import Settings

OUTCOMES = ("accepted", "quarantined", "repeated", "retained", "status")
COUNTS = ("received", *OUTCOMES, "numbered", "lost", "readings")
_WRAP = 2**32
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS boiler (
  boiler TEXT PRIMARY KEY, site TEXT NOT NULL, last_received_at_ms INTEGER NOT NULL DEFAULT 0,
  skew_ms INTEGER NOT NULL DEFAULT 0, online INTEGER,
  boot INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT -1,
  {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in COUNTS)}) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (stream TEXT PRIMARY KEY, offset INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Account:
    """One boiler's account, or the total's.

    Attributes
    ----------
    numbered
        Publications received that bore a number.
    lost
        Numbers that were skipped within a boot.
    skew_ms
        Running median of arrival less the boiler's time. [ms]
    """

    boiler: str
    site: str
    last_received_at_ms: int
    skew_ms: int
    online: bool | None
    counts: dict[str, int]

    @property
    def balanced(self) -> bool:
        """Whether every delivery has exactly one outcome."""
        return self.counts["received"] == sum(self.counts[name] for name in OUTCOMES)

    @property
    def accountable(self) -> bool:
        """Whether the gateway numbers its publications, so that loss would show."""
        return self.counts["numbered"] > 0


class Ledger:
    """The accounts in their file; one writer, any number of readers.

    Parameters
    ----------
    path
        SQLite file, made when missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sql = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.executescript(_SCHEMA)

    def position(self) -> int:
        """Return the offset in `readings` that is counted."""
        row = self._sql.execute("SELECT offset FROM position WHERE stream = 'readings'").fetchone()
        return int(row[0]) if row else 0

    def apply(self, offset: int, batches: list[Batch]) -> None:
        """Count these batches, the last of which stands at `offset`; all or nothing."""
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            for batch in batches:
                self._count(batch)
            self._sql.execute("INSERT OR REPLACE INTO position VALUES ('readings', ?)", (offset,))
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")

    def accounts(self, limit: int = 100, offset: int = 0) -> list[Account]:
        """Return accounts, those with losses and refusals first."""
        query = f"{_SELECT} ORDER BY lost + quarantined DESC, boiler LIMIT ? OFFSET ?"
        return [_account(row) for row in self._sql.execute(query, (limit, offset))]

    def of(self, boiler: str) -> Account | None:
        """Return one boiler's account."""
        row = self._sql.execute(f"{_SELECT} WHERE boiler = ?", (boiler,)).fetchone()
        return _account(row) if row else None

    def total(self) -> Account:
        """Return the sum of all accounts."""
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in COUNTS)
        row = self._sql.execute(f"SELECT '', '', coalesce(max(last_received_at_ms), 0), 0, NULL, {sums} FROM boiler")
        return _account(row.fetchone())

    def size(self) -> int:
        """Return how many boilers were ever heard."""
        return int(self._sql.execute("SELECT count(*) FROM boiler").fetchone()[0])

    def heard(self) -> list[tuple[str, str]]:
        """Return (boiler, site) of everyone that was ever heard."""
        return self._sql.execute("SELECT boiler, site FROM boiler").fetchall()

    def close(self) -> None:
        """Close the file."""
        self._sql.close()

    def _count(self, batch: Batch) -> None:
        received = _per_source(batch)
        for number, source in enumerate(batch.sources):
            known = self._sql.execute(
                "SELECT boot, seq, skew_ms, last_received_at_ms FROM boiler WHERE boiler = ?", (source.boiler,)
            ).fetchone()
            if known is None:
                self._sql.execute("INSERT INTO boiler (boiler, site) VALUES (?, ?)", (source.boiler, source.site))
                known = (0, -1, 0, 0)
            self._add(batch, number, source.boiler, known, received)
        for status in batch.statuses:
            boiler = batch.sources[status.source].boiler
            self._sql.execute("UPDATE boiler SET online = ? WHERE boiler = ?", (status.online, boiler))

    def _add(self, batch: Batch, number: int, boiler: str, known: tuple[int, int, int, int], rows: list[Ints]) -> None:
        mine = rows[number]
        counts = {name: int(values[number]) for name, values in batch.ledger.items()}
        counts["readings"] = len(mine)
        boot, seq, skew_ms, last_ms = known
        counts["numbered"], counts["lost"], boot, seq = _numbers(batch, mine, boot, seq)
        if len(mine):
            last_ms = max(last_ms, int(batch.received_at_ms[mine[-1]]))
            seen = int(batch.received_at_ms[mine[-1]] - batch.ts_ms[mine[-1]])
            step = max(abs(seen - skew_ms) // 8, 1)
            skew_ms = seen if counts["readings"] and known[3] == 0 else skew_ms + int(np.sign(seen - skew_ms)) * step
        changes = ", ".join(f"{name} = {name} + ?" for name in counts)
        self._sql.execute(
            f"UPDATE boiler SET {changes}, boot = ?, seq = ?, skew_ms = ?, last_received_at_ms = ? WHERE boiler = ?",
            (*counts.values(), boot, seq, skew_ms, last_ms, boiler),
        )


_SELECT = f"SELECT boiler, site, last_received_at_ms, skew_ms, online, {', '.join(COUNTS)} FROM boiler"


def open_ledger(settings: Settings) -> Ledger:
    """Return the ledger of this installation."""
    return Ledger(settings.data.dir / "ledger.sqlite")


def _account(row: tuple[str, str, int, int, int | None, *tuple[int, ...]]) -> Account:
    boiler, site, last_ms, skew_ms, online, *counts = row
    known = None if online is None else bool(online)
    return Account(boiler, site, last_ms, skew_ms, known, dict(zip(COUNTS, counts, strict=True)))


def _per_source(batch: Batch) -> list[Ints]:
    """Return the row numbers of each source, in order."""
    order = np.argsort(batch.source, kind="stable")
    edges = np.searchsorted(batch.source[order], np.arange(len(batch.sources) + 1))
    return [order[edges[i] : edges[i + 1]] for i in range(len(batch.sources))]


def _numbers(batch: Batch, rows: Ints, boot: int, seq: int) -> tuple[int, int, int, int]:
    """Return (publications with a number, lost, boot, highest number) after these rows.

    A number above the highest leaves those between as lost until they come; one below it was counted as lost and is
    taken back. The first number of a boot is where its counting starts; 32 bits wrap.
    """
    numbered = lost = 0
    previous = None
    for row in rows:
        number = int(batch.seq[row])
        if number < 0 or (previous is not None and previous == int(batch.hash[row])):
            continue
        previous = int(batch.hash[row])
        numbered += 1
        this_boot = int(batch.boot[row].astype(np.int64))
        if this_boot != boot or seq < 0:
            boot, seq = this_boot, number
            continue
        ahead = (number - seq) % _WRAP
        if 0 < ahead < _WRAP // 2:
            lost += ahead - 1
            seq = number
        elif ahead:
            lost -= 1
    return numbered, lost, boot, seq
