"""The ledger: what came, what became of it, what never came; per boiler and in total.

In deliveries: received = accepted + quarantined + repeated + retained + status. In publications (gateways that number
them): sent = received + lost. Counts come from the journal's own rows; storing adds them up in `ledger.sqlite`, with
the offset it has reached in the same transaction, so that no crash counts twice.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from boilerwatch.accounts import COUNTS, OUTCOMES, PLAIN, Accounts, Fresh
from boilerwatch.model import Batch
from boilerwatch.settings import Settings

__all__ = ["COUNTS", "OUTCOMES", "Account", "Ledger", "open_ledger"]

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS boiler (
  boiler TEXT PRIMARY KEY, site TEXT NOT NULL, last_received_at_ms INTEGER NOT NULL DEFAULT 0,
  skew_ms INTEGER NOT NULL DEFAULT 0, online INTEGER,
  boot INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT -1,
  {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in COUNTS)}) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (stream TEXT PRIMARY KEY, offset INTEGER NOT NULL);
"""
_ALL = ", ".join(("boiler", "site", *PLAIN, *COUNTS))


@dataclass(frozen=True, slots=True)
class Account:
    """One boiler's account, or the total's.

    Attributes
    ----------
    numbered
        Publications received that bore a number.
    lost
        Numbers that were skipped within a boot, and have not come since.
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
        self._accounts: Accounts | None = None

    def position(self) -> int:
        """Return the offset in `readings` that is counted."""
        row = self._sql.execute("SELECT offset FROM position WHERE stream = 'readings'").fetchone()
        return int(row[0]) if row else 0

    @property
    def open_accounts(self) -> Accounts:
        """The writer's accounts, with what is not written yet."""
        if self._accounts is None:
            self._accounts = Accounts()
            self._accounts.load(self._sql.execute(f"SELECT {_ALL} FROM boiler"))
            gaps = self._sql.execute("SELECT offset FROM position WHERE stream = 'gaps'").fetchone()
            self._accounts.gaps = int(gaps[0]) if gaps else 0
        return self._accounts

    def count(self, batches: list[Batch]) -> Fresh:
        """Count these batches in memory; `write` makes them durable. Return what they tell of lags."""
        return self.open_accounts.count(batches)

    def write(self, offset: int) -> None:
        """Write what was counted, the last of which stands at `offset`; all or nothing."""
        accounts = self.open_accounts
        rows = accounts.rows(accounts.touched())
        holders = ", ".join("?" * (2 + len(PLAIN) + len(COUNTS)))
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            self._sql.executemany(f"INSERT OR REPLACE INTO boiler ({_ALL}) VALUES ({holders})", rows)
            positions = [("readings", offset), ("gaps", accounts.gaps)]
            self._sql.executemany("INSERT OR REPLACE INTO position VALUES (?, ?)", positions)
        except BaseException:
            self._sql.execute("ROLLBACK")
            self._accounts = None  # what was counted in memory is counted again from the journal
            raise
        self._sql.execute("COMMIT")

    def apply(self, offset: int, batches: list[Batch]) -> None:
        """Count these batches, the last of which stands at `offset`, and write that; all or nothing."""
        self.count(batches)
        self.write(offset)

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


_SELECT = f"SELECT boiler, site, last_received_at_ms, skew_ms, online, {', '.join(COUNTS)} FROM boiler"


def open_ledger(settings: Settings) -> Ledger:
    """Return the ledger of this installation."""
    return Ledger(settings.data.dir / "ledger.sqlite")


def _account(row: tuple[str, str, int, int, int | None, *tuple[int, ...]]) -> Account:
    boiler, site, last_ms, skew_ms, online, *counts = row
    known = None if online is None else bool(online)
    return Account(boiler, site, last_ms, skew_ms, known, dict(zip(COUNTS, counts, strict=True)))
