"""The detectors' room: `readings` and `service` in, `findings` out, one row for one row.

A row of `findings` says how far both inputs were read, so after a crash the room goes on where the journal says: the
snapshot gives the state at some earlier row, rows since then are taken again with their findings thrown away, because
they are in the journal already.
"""

import os
import threading
import traceback

import structlog

from boilerwatch import columns, findings, service
from boilerwatch.aside import Turn
from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.findings import FindingsRow
from boilerwatch.journal import FINDINGS, READINGS, SERVICE, NewRow, Reader, Row, open_reader, open_writer
from boilerwatch.model import Batch, Figures, Finding
from boilerwatch.service import ServiceRow
from boilerwatch.settings import Settings
from detectors.catalogue.contract import Detector
from detectors.catalogue.registry import DETECTORS
from detectors.days import Closed
from detectors.engine import Engine
from detectors.history import History
from detectors.listening import Listening
from detectors.tuning import Tuning

CONSUMER = "detectors"
_ROWS_A_TURN = 64
_TELL_S = 10.0
_BUSY_S, _IDLE_S = 0.01, 0.05

log = structlog.get_logger()


class Detecting:
    """One engine between its journals.

    Parameters
    ----------
    settings
        All of them.
    clock
        For telling every ten seconds how the room does; without one it does not.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._clock = clock
        self._told_s = 0.0
        self._readings = open_reader(settings, READINGS)
        self._service = open_reader(settings, SERVICE)
        self._findings = open_writer(settings, FINDINGS)
        self._snapshot = settings.data.dir / "detectors.snapshot"
        self._turn = Turn(settings.data.dir, CONSUMER)
        self._disabled = [*settings.detectors.disabled, *_set_aside(self._turn)]
        own = settings.detectors
        self._tuning = Tuning(own.limits, own.models, own.boilers)
        self._history = History(settings.data.dir / "detectors.days", own.history_days)
        self._history.begin({READINGS: self._readings.last(), SERVICE: self._service.last()})
        self._taking = (READINGS, 0)
        self.positions = {READINGS: 0, SERVICE: 0}
        self.engine = self._anew()
        self._recover()
        self._listening = self._before()

    def _anew(self) -> Engine:
        engine = Engine(self._disabled, tuning=self._tuning)
        engine.tell_days(self._note)
        return engine

    def _note(self, seen: Closed | ServiceRow | list[Finding]) -> None:
        """Keep what the row being taken showed, for detectors to come."""
        self._history.note(*self._taking, self.positions, seen, self.engine.slots)

    def step(self) -> int:
        """Take what the journals have next; return how many rows that were."""
        return self._take(SERVICE, self._service) + self._take(READINGS, self._readings)

    def _take(self, stream: str, reader: Reader) -> int:
        position = self.positions[stream]
        taken = reader.read(position, self._turn.rows(stream, position, _ROWS_A_TURN))
        if not taken:
            return 0
        self._turn.begin(stream, taken[0].offset, taken[-1].offset)
        self._findings.append([self._row(stream, row) for row in taken])
        self._turn.end()
        return len(taken)

    def save(self) -> None:
        """Write what days came to and the snapshot, atomically each, and say how far both inputs are done with."""
        self._history.save(self.positions)
        fresh = self._snapshot.with_suffix(f".{os.getpid()}")
        with fresh.open("wb") as file:
            file.write(self.engine.dump(self.positions))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._snapshot)
        self._readings.publish_position(CONSUMER, self.positions[READINGS])
        self._service.publish_position(CONSUMER, self.positions[SERVICE])

    def trim(self, now_ms: int) -> None:
        """Drop findings that everyone has read."""
        self._findings.trim(now_ms)

    def close(self) -> None:
        """Release the journals."""
        for journal in (self._readings, self._service, self._findings):
            journal.close()

    def _row(self, stream: str, row: Row) -> NewRow:
        at_ms, found, batch = self._apply(stream, row)
        self._note(found)
        self.positions[stream] = row.offset
        absence = None if batch is None else self._listening.see(batch)
        told = FindingsRow(
            positions=dict(self.positions),
            versions=self.engine.versions,
            findings=found,
            absence=absence,
            figures=self._figures(at_ms),
        )
        return NewRow(at_ms, findings.encode(told), max(len(found), 1))

    def _figures(self, at_ms: int) -> Figures:
        """Return how the room does, every ten seconds; in between nothing."""
        if self._clock is None or self._clock.monotonic_s() - self._told_s < _TELL_S:
            return {}
        self._told_s = self._clock.monotonic_s()
        now_ms = self._clock.now_ms()
        return {
            "told_at_ms": now_ms, "rows_behind": max(self._readings.last() - self.positions[READINGS], 0),
            "lag_s": max(now_ms - at_ms, 0) / 1000, "late": self.engine.minutes.late, "boilers": len(self.engine.slots),
            "raised": len(self.engine.episodes.raised), "set_aside": len(self._turn),
        }  # fmt: skip

    def _apply(self, stream: str, row: Row) -> tuple[int, list[Finding], Batch | None]:
        """Return when a row came, what it leads to, and its readings; one that is set aside leads to nothing."""
        self._taking = (stream, row.offset)
        if self._turn.passes(stream, row.offset):
            return row.at_ms, [], None
        try:
            if stream == SERVICE:
                served = service.decode(row.body)
                self._note(served)
                return row.at_ms, self.engine.serve(served), None
            batch = columns.decode(row.body)
            return batch.newest_arrival_ms() or row.at_ms, self.engine.take(batch), batch
        except Exception as exc:
            if (culprit := self._culprit(exc)) is not None:
                self._turn.blame(f"{culprit.name}@{culprit.version}")
            raise

    def _culprit(self, exc: Exception) -> Detector | None:
        """Return the detector in whose code it was raised."""
        mine = {id(detector): detector for detector in self.engine.detectors}
        frames = [frame for frame, _ in traceback.walk_tb(exc.__traceback__)]
        owners = (mine.get(id(frame.f_locals.get("self"))) for frame in frames)
        return next((owner for owner in owners if owner is not None), None)

    def _recover(self) -> None:
        """Load the snapshot, then take again what the findings journal has beyond it, in the order it was taken."""
        if not self._load():
            self._begin_anew()
        if self.engine.stale:
            self.engine.rebuild(self._history.entries(self.positions, self.engine.slots))
        for row in _after(self._findings, self.positions):
            for stream in (SERVICE, READINGS):
                if row.positions[stream] > self.positions[stream]:
                    self._again(stream, row.positions[stream])
            self.engine.learn(row.findings)
            self._note(row.findings)

    def _load(self) -> bool:
        """Load the snapshot; return whether there is one that can be read."""
        if not self._snapshot.exists():
            return False
        try:
            self.positions |= self.engine.load(self._snapshot.read_bytes())
        except (ValueError, KeyError, OSError, EOFError) as exc:
            log.warning("snapshot_unreadable", file=str(self._snapshot), error=str(exc))
            self.engine = self._anew()
            return False
        return True

    def _begin_anew(self) -> None:
        """Begin with the first rows that the journals keep, and with what is known of the days before."""
        kept = self._readings.first() - 1
        self.positions = {READINGS: kept, SERVICE: max(self._history.service_at(kept), self._service.first() - 1)}
        before = [one for one in self._history.entries(self.positions, self.engine.slots) if isinstance(one, list)]
        for said in before:
            self.engine.learn(said)
        self.engine.expect_nothing()

    def _before(self) -> Listening:
        """Return what the journals know of our absences: the last row's arrival, and the absence it came in."""
        last = self._findings.read(max(self._findings.last() - 1, 0), 1)
        absence = findings.decode(last[0].body).absence if last else None
        heard = self._readings.read(max(self.positions[READINGS] - 1, 0), 1) if self.positions[READINGS] else []
        return Listening(heard[0].at_ms if heard else 0, absence)

    def _again(self, stream: str, upto: int) -> None:
        reader = self._service if stream == SERVICE else self._readings
        for row in reader.read(self.positions[stream], upto - self.positions[stream]):
            self._turn.begin(stream, row.offset, row.offset)
            self._apply(stream, row)
        self._turn.end()
        self.positions[stream] = upto


def _set_aside(turn: Turn) -> list[str]:
    """Return the names of detectors that are set aside in the version that is here."""
    return [name for name, make in DETECTORS.items() if f"{name}@{make().version}" in turn.detectors]


def _after(reader: Reader, positions: dict[str, int]) -> list[FindingsRow]:
    """Return the findings rows beyond these positions: one row stands for one input row, so few are looked at."""
    start = reader.last()
    found: list[FindingsRow] = []
    while start >= reader.first():
        (row,) = reader.read(start - 1, 1)
        plain = findings.decode(row.body)
        if all(plain.positions[stream] <= positions[stream] for stream in positions):
            break
        found.append(plain)
        start -= 1
    return found[::-1]


def drain(settings: Settings) -> None:
    """Take all that the journals have, save, and return."""
    detecting = Detecting(settings)
    while detecting.step():
        pass
    detecting.save()
    detecting.close()


def main(settings: Settings, stop: threading.Event, clock: Clock = SYSTEM) -> None:
    """Detect until `stop` is set; then save."""
    detecting = Detecting(settings, clock)
    saved_s = clock.monotonic_s()
    while not stop.is_set():
        busy = detecting.step()
        if clock.monotonic_s() - saved_s > settings.detectors.snapshot_s:
            saved_s = clock.monotonic_s()
            detecting.save()
            detecting.trim(clock.now_ms())
        stop.wait(_BUSY_S if busy else _IDLE_S)
    detecting.save()
    detecting.close()
