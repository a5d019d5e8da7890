"""Writes the store: a consumer of `readings` and `findings` that catches up after any outage.

The same rows may be written twice (a crash between the write and the position), which changes nothing: points with the
same key are replaced by themselves. The ledger counts with its own position, in its own transaction, exactly once.
"""

import random
import threading

import msgspec
import structlog

from boilerwatch import findings
from boilerwatch.aside import Turn
from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.columns import decode
from boilerwatch.errors import StoreError
from boilerwatch.journal import FINDINGS, READINGS, Reader, Row, open_reader
from boilerwatch.ledger import Ledger, open_ledger
from boilerwatch.model import Batch, Finding
from boilerwatch.settings import Settings
from boilerwatch.store.opening import open_store
from boilerwatch.store.protocol import Point, Store

CONSUMER = "storing"
_ROWS_A_TURN = 64
_PIPELINE_S = 10.0
_IDLE_S = 0.05
_LONGEST_DELAY_S = 15.0

log = structlog.get_logger()


class Storing:
    """The consumer.

    Parameters
    ----------
    settings
        All of them.
    """

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self._turn = Turn(settings.data.dir, CONSUMER)
        self._reader: Reader = open_reader(settings, READINGS)
        self._findings: Reader = open_reader(settings, FINDINGS)
        self._store = store or open_store(settings)
        self._ledger: Ledger = open_ledger(settings)
        self.position = self._reader.positions().get(CONSUMER, 0)
        self.findings_position = self._findings.positions().get(CONSUMER, 0)
        self.refused = 0

    def step(self) -> int:
        """Store what the journal has next, a bounded amount; return how many rows that were.

        Raises
        ------
        StoreError
            If the store does not take it; nothing is forgotten.
        """
        return self._store_readings() + self._store_findings()

    def _store_readings(self) -> int:
        rows = self._reader.read(self.position, self._turn.rows(READINGS, self.position, _ROWS_A_TURN))
        if not rows:
            return 0
        self._turn.begin(READINGS, rows[0].offset, rows[-1].offset)
        batches = self._batches(rows)
        for batch in batches:
            if batch.sources:
                refused = self._store.write(batch)
                self.refused += len(refused)
                for sentence in refused[:10]:
                    log.warning("row_refused", reason=sentence)
        self._count(rows)
        self._turn.end()
        self.position = rows[-1].offset
        self._reader.publish_position(CONSUMER, self.position)
        return len(rows)

    def _store_findings(self) -> int:
        """Store what the findings journal has next; the same rows written twice are the same points."""
        rows = self._findings.read(
            self.findings_position, self._turn.rows(FINDINGS, self.findings_position, _ROWS_A_TURN)
        )
        if not rows:
            return 0
        self._turn.begin(FINDINGS, rows[0].offset, rows[-1].offset)
        known = [row for row in rows if not self._turn.passes(FINDINGS, row.offset)]
        points = [point_of(finding) for row in known for finding in findings.decode(row.body).findings]
        if points:
            self._store.write_points(points)
        self._turn.end()
        self.findings_position = rows[-1].offset
        self._findings.publish_position(CONSUMER, self.findings_position)
        return len(rows)

    def tell_pipeline(self, now_ms: int) -> None:
        """Store the ledger's totals and how far behind the store is."""
        total = self._ledger.total()
        behind = self._reader.last() - self.position
        fields: dict[str, float | int | str | bool] = {
            **total.counts,
            "balanced": total.balanced,
            "rows_behind": behind,
        }
        if total.last_received_at_ms:
            fields["last_arrival_age_s"] = (now_ms - total.last_received_at_ms) / 1000
        self._store.write_points([Point("pipeline", {"room": CONSUMER}, fields, now_ms)])

    def close(self) -> None:
        """Release the store, the ledger and the journal."""
        self._store.close()
        self._ledger.close()
        self._reader.close()
        self._findings.close()

    def _count(self, rows: list[Row]) -> None:
        counted = self._ledger.position()
        fresh = [row for row in rows if row.offset > counted]
        if fresh:
            self._ledger.apply(fresh[-1].offset, self._batches(fresh))

    def _batches(self, rows: list[Row]) -> list[Batch]:
        """Return what the rows hold; one that is set aside holds nothing."""
        return [decode(row.body) for row in rows if not self._turn.passes(READINGS, row.offset)]


def point_of(finding: Finding) -> Point:
    """Return a finding as a row of the measurement `finding`, at the time of its evidence.

    What may stand twice at one time for one boiler (raised and cleared, two codes) is told apart by tags.
    """
    tags = {
        "boiler": finding.boiler, "district": finding.district, "site": finding.site, "kind": finding.kind,
        "state": finding.state, "code": str(finding.values.get("code", "")),
    }  # fmt: skip
    fields: dict[str, float | int | str | bool] = {
        "id": finding.id, "severity": finding.severity, "problem": finding.problem, "chain": finding.chain,
        "confidence": float(finding.confidence), "detector": finding.detector, "raised_at_ms": finding.raised_at_ms,
        "values": msgspec.json.encode(finding.values).decode(),
    }  # fmt: skip
    if finding.failure_expected_at_ms is not None:
        fields["failure_expected_at_ms"] = finding.failure_expected_at_ms
    return Point("finding", {name: value for name, value in tags.items() if value}, fields, finding.evidence_at_ms)


def drain(settings: Settings) -> None:
    """Store all that the journal has, and return."""
    storing = Storing(settings)
    while storing.step():
        pass
    storing.close()


def main(settings: Settings, stop: threading.Event, clock: Clock = SYSTEM) -> None:
    """Store until `stop` is set; then finish what is being written."""
    storing = Storing(settings)
    delay_s, told_s = 0.5, clock.monotonic_s()
    while not stop.is_set():
        try:
            busy = storing.step()
            if clock.monotonic_s() - told_s > _PIPELINE_S:
                told_s = clock.monotonic_s()
                storing.tell_pipeline(clock.now_ms())
            delay_s = 0.5
            if not busy:
                stop.wait(_IDLE_S)
        except StoreError as exc:
            log.warning("store_away", error=str(exc), rows_behind=storing.position)
            stop.wait(random.uniform(0, delay_s))
            delay_s = min(delay_s * 2, _LONGEST_DELAY_S)
    storing.close()
