"""Writes the store: a consumer of `readings`, `findings` and `service` that catches up after any outage.

The same rows may be written twice (a crash between the write and the position), which changes nothing: points with the
same key are replaced by themselves. The ledger counts with its own position, in its own transaction, exactly once.
Roll-ups have a position of their own too: that of the snapshot. After a restart, rows between it and what is written are
taken once more, for the roll-ups alone; so these go on as if nothing had happened.
"""

import random
import threading

import numpy as np
import structlog

from boilerwatch import findings, service
from boilerwatch.aside import Turn
from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.columns import decode
from boilerwatch.errors import JournalError, StoreError
from boilerwatch.journal import FINDINGS, READINGS, ROLLUPS, SERVICE, Reader, Row, open_reader
from boilerwatch.ledger import Ledger, open_ledger
from boilerwatch.model import Batch
from boilerwatch.settings import Settings
from boilerwatch.store.opening import open_store
from boilerwatch.store.protocol import Point, Refused, Store
from collector.storing import snapshot
from collector.storing.boilers import Boilers, combined
from collector.storing.forecast import line_of
from collector.storing.points import point_of
from collector.storing.rollups import Rollups
from collector.storing.telling import Links, Way, room_point, totals

CONSUMER = "storing"
#: What is read at once: rows of the journal, and how many things they hold together.
_ROWS_A_TURN, _ITEMS_A_TURN = 256, 262_144
_PIPELINE_S, _LINKS_S, _FORGET_S = 10.0, 60.0, 3_600.0
_IDLE_S = 0.05
#: After so few readings it waits for more: a request costs as much as hundreds of rows.
_FEW_ITEMS, _GATHER_S = 20_000, 0.5
_LONGEST_DELAY_S = 15.0
_SNAPSHOT_S = 60.0
#: How often the ledger is written at most, and what share of the time it, or a snapshot, may take.
_LEDGER_S, _SHARE = 1.0, 0.05

log = structlog.get_logger()


class Storing:
    """The consumer.

    Parameters
    ----------
    settings
        All of them.
    clock
        For lags, and for how often to write what is counted.
    """

    def __init__(self, settings: Settings, store: Store | None = None, clock: Clock = SYSTEM) -> None:
        self._clock = clock
        self._turn = Turn(settings.data.dir, CONSUMER)
        self._reader: Reader = open_reader(settings, READINGS)
        self._findings: Reader = open_reader(settings, FINDINGS)
        self._service: Reader = open_reader(settings, SERVICE)
        self._store = store or open_store(settings)
        self._ledger: Ledger = open_ledger(settings)
        self._boilers = Boilers()
        self._rollups = Rollups(self._store, self._boilers, settings.store.retention_days)
        self._makes_rollups = settings.store.rollups
        self._snapshot = settings.data.dir / "storing.snapshot"
        self._way, self._links = Way(), Links()
        self._counted = self._ledger.position()
        self._written_s, self._write_every_s = -np.inf, _LEDGER_S
        self.position = max(min(self._reader.positions().get(CONSUMER, 0), self._counted), self._reader.first() - 1)
        self._published = self.position
        self.findings_position = self._findings.positions().get(CONSUMER, 0)
        self.service_position = 0
        self.folded_position = 0
        self.refused = 0
        self._took = 0
        self._resume()

    def step(self) -> int:
        """Store what the journals have next, a bounded amount; return how many rows that were.

        Raises
        ------
        StoreError
            If the store does not take it; nothing is forgotten.
        """
        done = self._learn_service()
        if self._makes_rollups and self.folded_position < self.position:
            return done + self._fold_again()
        stored = self._store_readings()
        self._write_ledger(idle=not stored)
        done += stored + self._store_findings()
        if self._makes_rollups:
            done += self._rollups.correct()
            self._tell(self._rollups.send_page())
        return done + len(self._rollups)

    def _learn_service(self) -> int:
        """Take what the register says of boilers."""
        rows = self._service.read(self.service_position, self._turn.rows(SERVICE, self.service_position, _ROWS_A_TURN))
        if rows:
            self._turn.begin(SERVICE, rows[0].offset, rows[-1].offset)
            for row in rows:
                if not self._turn.passes(SERVICE, row.offset):
                    moved = self._boilers.learn(service.decode(row.body))
                    if moved is not None and self._makes_rollups:
                        self._rollups.days_change(moved)
            self._turn.end()
            self.service_position = rows[-1].offset
        return len(rows)

    def _fold_again(self) -> int:
        """Take rows that are stored already for the roll-ups alone."""
        limit = min(self._turn.rows(READINGS, self.folded_position, _ROWS_A_TURN), self.position - self.folded_position)
        try:
            rows = _some(self._reader.read(self.folded_position, limit))
        except JournalError as exc:
            if exc.retryable:
                raise
            rows = []
        if not rows:
            log.warning("rollups_begin_late", reason="the journal dropped rows that only the store has now")
            self._begin_late()
            return 1
        self._turn.begin(READINGS, rows[0].offset, rows[-1].offset)
        self._take_rollups(rows, combined(self._batches(rows), self._boilers))
        self._turn.end()
        return len(rows)

    def _store_readings(self) -> int:
        rows = _some(self._reader.read(self.position, self._turn.rows(READINGS, self.position, _ROWS_A_TURN)))
        self._took = sum(row.items for row in rows)
        if not rows:
            return 0
        self._turn.begin(READINGS, rows[0].offset, rows[-1].offset)
        batches = self._batches(rows)
        batch = combined(batches, self._boilers)
        if len(batch) or batch.events:
            self._tell(self._store.write(batch))
        figures = [room_point("collector", batch.figures, row.at_ms) for row, batch in self._told(rows, batches)]
        if figures:
            self._tell(self._store.write_points(figures))
        self._count(rows, batches)
        self.position = rows[-1].offset
        if self._makes_rollups and self.folded_position < self.position:
            self._take_rollups(rows, batch)
        self._turn.end()
        return len(rows)

    def _told(self, rows: list[Row], batches: list[Batch]) -> list[tuple[Row, Batch]]:
        """Return the batches in which the collector told of itself, with their rows."""
        known = [row for row in rows if not self._turn.passes(READINGS, row.offset)]
        return [(row, batch) for row, batch in zip(known, batches, strict=True) if batch.figures]

    def _take_rollups(self, rows: list[Row], batch: Batch) -> None:
        """Give stored rows to the roll-ups; one by one where the last process died, so that the turn names its row."""
        self._rollups.take(batch, max(row.at_ms for row in rows))
        self.folded_position = rows[-1].offset
        self._tell(self._rollups.turn(eager=len(rows) == 1))

    def _store_findings(self) -> int:
        """Store what the findings journal has next; the same rows written twice are the same points."""
        rows = self._findings.read(
            self.findings_position, self._turn.rows(FINDINGS, self.findings_position, _ROWS_A_TURN)
        )
        if not rows:
            return 0
        self._turn.begin(FINDINGS, rows[0].offset, rows[-1].offset)
        known = [row for row in rows if not self._turn.passes(FINDINGS, row.offset)]
        points: list[Point] = []
        for row in known:
            plain = findings.decode(row.body)
            points += [point for finding in plain.findings for point in (point_of(finding), *line_of(finding))]
            points += [room_point("detectors", plain.figures, row.at_ms)] if plain.figures else []
            self._links.learn(plain.findings)
        if points:
            self._tell(self._store.write_points(points))
        self._turn.end()
        self.findings_position = rows[-1].offset
        self._findings.publish_position(CONSUMER, self.findings_position)
        return len(rows)

    def tell_pipeline(self, now_ms: int) -> None:
        """Store the ledger's totals, lags since the last time, and how far behind the store is."""
        fields = totals(self._ledger.open_accounts) | self._way.take()
        fields |= {"rows_behind": self.behind(), "late": self._rollups.late, "refused": self.refused}
        self._store.write_points([Point("pipeline", {"room": CONSUMER}, fields, now_ms)])

    def tell_links(self, now_ms: int) -> None:
        """Store how each site's links do."""
        points = self._links.points(self._ledger.open_accounts, self._boilers, now_ms)
        if points:
            self._store.write_points(points)

    def forget(self, now_ms: int) -> None:
        """Let the store drop what is older than its retention."""
        self._store.forget(now_ms)

    @property
    def late(self) -> int:
        """Readings that came after a later one of their boiler."""
        return self._rollups.late

    @property
    def wait_s(self) -> float:
        """How long the next step may wait for more to come, after one that did something. [s]"""
        return _GATHER_S if 0 < self._took < _FEW_ITEMS and not len(self._rollups) else 0.0

    def behind(self) -> int:
        """Return how many rows of readings wait to be stored."""
        return self._reader.last() - self.position

    def save(self) -> None:
        """Write the snapshot, atomically, and say how far what it holds is done with."""
        self._tell(self._rollups.turn(eager=True))
        self._write_ledger(idle=True)
        rollups, arrays = self._rollups.dump() if self._makes_rollups else ({}, {})
        plain = {
            "service": self.service_position, "folded": self.folded_position, "findings": self.findings_position,
            "boilers": self._boilers.plain(), "links": self._links.plain(), "rollups": rollups, "refused": self.refused,
        }  # fmt: skip
        arrays = {f"rollups/{name}": array for name, array in arrays.items()}
        snapshot.write(self._snapshot, plain, arrays | {f"boilers/{n}": v for n, v in self._boilers.dump().items()})
        self._service.publish_position(CONSUMER, self.service_position)
        if self._makes_rollups:
            self._reader.publish_position(ROLLUPS, self.folded_position)

    def finish(self) -> None:
        """Tell the roll-ups of what is still open, for nothing more is coming, and save."""
        if self._makes_rollups:
            self._tell(self._rollups.finish())
        self.save()

    def close(self) -> None:
        """Release the store, the ledger and the journals."""
        self._store.close()
        self._ledger.close()
        for reader in (self._reader, self._findings, self._service):
            reader.close()

    def _resume(self) -> None:
        """Go on from the snapshot; make the first one at once, so that a death before the second loses nothing."""
        found = snapshot.read(self._snapshot)
        if found is None:
            self.service_position = self._service.first() - 1
            if self.position:
                self._begin_late()
            self.save()
            return
        plain, arrays = found
        self.service_position = min(plain["service"], self._service.last())
        self.refused = plain["refused"]
        self._links.load(plain["links"])
        if self._findings.first() - 1 <= plain["findings"] < self.findings_position:
            self.findings_position = plain["findings"]  # what was said of silence since then is heard once more
        self._boilers.load(plain["boilers"], snapshot.under(arrays, "boilers/"))
        if self._makes_rollups and plain["rollups"] and plain["folded"] <= self._reader.last():
            self._rollups.load(plain["rollups"], snapshot.under(arrays, "rollups/"))
            self.folded_position = plain["folded"]
        elif self.position:
            self._begin_late()

    def _begin_late(self) -> None:
        self.folded_position = self.position
        self._rollups.begin_late()

    def _tell(self, refused: list[Refused]) -> None:
        self.refused += len(refused)
        for sentence in refused[:10]:
            log.warning("row_refused", reason=str(sentence))

    def _count(self, rows: list[Row], batches: list[Batch]) -> None:
        """Count in memory what is not counted yet, and how long it took."""
        if rows[-1].offset <= self._counted:
            return
        fresh = batches
        if rows[0].offset <= self._counted:
            fresh = self._batches([row for row in rows if row.offset > self._counted])
        told = self._ledger.count(fresh)
        self._way.add(told, self._ledger.open_accounts, self._clock.now_ms())
        self._counted = rows[-1].offset

    def _write_ledger(self, *, idle: bool) -> None:
        """Write what was counted, at most so often that it takes little of the time; then the position, never before."""
        began_s = self._clock.monotonic_s()
        due = idle or began_s - self._written_s >= self._write_every_s
        if not due or self._published == self.position:
            return
        if self._ledger.position() < self._counted:
            self._ledger.write(self._counted)
        self._reader.publish_position(CONSUMER, self.position)
        self._published = self.position
        self._written_s = self._clock.monotonic_s()
        self._write_every_s = max(_LEDGER_S, (self._written_s - began_s) / _SHARE)

    def _batches(self, rows: list[Row]) -> list[Batch]:
        """Return what the rows hold; one that is set aside holds nothing."""
        return [decode(row.body) for row in rows if not self._turn.passes(READINGS, row.offset)]


def _some(rows: list[Row]) -> list[Row]:
    """Return the first rows, so many that memory stays bounded."""
    reached = np.cumsum([row.items for row in rows])
    return rows[: max(int(np.searchsorted(reached, _ITEMS_A_TURN)), 1)]


def drain(settings: Settings) -> None:
    """Store all that the journal has, and return."""
    storing = Storing(settings)
    while storing.step():
        pass
    storing.finish()
    storing.close()


class _Often:
    """Says when something is due again."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock, self._every_s, self._done_s = clock, every_s, clock.monotonic_s()

    def due(self) -> bool:
        """Return whether it is, and take it as done then."""
        now_s = self._clock.monotonic_s()
        if now_s - self._done_s < self._every_s:
            return False
        self._done_s = now_s
        return True

    def took_since(self) -> None:
        """Do it less often where it takes long."""
        now_s = self._clock.monotonic_s()
        self._every_s = max(self._every_s, (now_s - self._done_s) / _SHARE)
        self._done_s = now_s


def main(settings: Settings, stop: threading.Event, clock: Clock = SYSTEM) -> None:
    """Store until `stop` is set; then finish what is being written."""
    storing = Storing(settings, clock=clock)
    delay_s, snapshots, forgetting = 0.5, _Often(clock, _SNAPSHOT_S), _Often(clock, _FORGET_S)
    tellings = ((_Often(clock, _PIPELINE_S), storing.tell_pipeline), (_Often(clock, _LINKS_S), storing.tell_links))
    while not stop.is_set():
        try:
            busy = storing.step()
            for often, tell in (*tellings, (forgetting, storing.forget)):
                if often.due():
                    tell(clock.now_ms())
            if snapshots.due():
                storing.save()
                snapshots.took_since()
            delay_s = 0.5
            stop.wait(storing.wait_s if busy else _IDLE_S)
        except StoreError as exc:
            log.warning("store_away", error=str(exc), rows_behind=storing.behind())
            stop.wait(random.uniform(0, delay_s))
            delay_s = min(delay_s * 2, _LONGEST_DELAY_S)
    try:
        storing.save()
    except StoreError as exc:
        log.warning("store_away", error=str(exc), note="the snapshot of a minute ago stands")
    storing.close()
