"""The alerting room: findings in, tickets and notices out, service rows back; and the desk.

A row of findings, its verdicts, tickets, transitions and the position are one SQL transaction, so a crash anywhere is a
restart from a known place. A finding that cannot be taken is set aside with its reason, and the row goes on.
"""

import threading
from itertools import takewhile

import msgspec
from sqlalchemy import delete, select

from alerting.adopt import adopt
from alerting.database import open_database
from alerting.export import exporter
from alerting.notices import Notices
from alerting.policy import load_policy
from alerting.release import release
from alerting.sweep import sweep
from alerting.tables import SERVICE_OUTBOX
from alerting.worker import Help, read_position, take_rows
from boilerwatch import service
from boilerwatch.aside import Turn
from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.journal import FINDINGS, SERVICE, NewRow, open_reader, open_writer
from boilerwatch.ledger import open_ledger
from boilerwatch.service import ServiceRow
from boilerwatch.settings import Settings

CONSUMER = "alerting"
_ROWS_A_TURN = 64
_BUSY_S, _IDLE_S, _SWEEP_S = 0.01, 0.03, 1.0


class Alerting:
    """The room without its loop: what demo and tests step through.

    Parameters
    ----------
    settings
        All of them.
    """

    def __init__(self, settings: Settings) -> None:
        self.policy = load_policy(settings.alerting.policy)
        self.engine = open_database(settings)
        self._findings = open_reader(settings, FINDINGS)
        self._service = open_writer(settings, SERVICE)
        self._notices = Notices(self.engine, settings.notices, settings.desk.public_url)
        self._turn = Turn(settings.data.dir, CONSUMER)
        self._ledger = open_ledger(settings)
        self._help = Help(lambda offset: self._turn.passes(FINDINGS, offset), self._skew_of)
        self.position = read_position(self.engine)
        self.waiting = (0, 0.0)

    def step(self, now_ms: int) -> bool:
        """Take findings that were made until `now_ms`; return whether there were any rows."""
        limit = self._turn.rows(FINDINGS, self.position, _ROWS_A_TURN)
        rows = list(takewhile(lambda row: row.at_ms <= now_ms, self._findings.read(self.position, limit)))
        if not rows:
            return False
        self._turn.begin(FINDINGS, rows[0].offset, rows[-1].offset)
        self.position = take_rows(self.engine, self.policy, rows, now_ms, self._help)
        self._turn.end()
        self._findings.publish_position(CONSUMER, self.position)
        return True

    def next_row_at_ms(self) -> int | None:
        """Return when the next row of findings was made, None without one. [ms since 1970]"""
        rows = self._findings.read(self.position, 1)
        return rows[0].at_ms if rows else None

    def look_behind(self, now_ms: int) -> None:
        """Note how many rows of findings wait, and for how long the first of them has."""
        rows = self._findings.last() - self.position
        since_ms = self.next_row_at_ms() if rows > 0 else None
        self.waiting = (max(rows, 0), max(now_ms - since_ms, 0) / 1000 if since_ms is not None else 0.0)

    def sweep(self, now_ms: int) -> int:
        """Stamp deadlines that passed until `now_ms`, and go on with what a window held back that is over."""
        release(self.engine, self.policy, now_ms)
        return sweep(self.engine, now_ms)

    def send_notices(self, now_ms: int) -> int:
        """Send what the outbox holds."""
        return self._notices.send_due(now_ms)

    def tell_detectors(self, now_ms: int) -> None:
        """Move the service outbox to the journal; after a crash go on behind the journal's last key."""
        last = int(self._service.last_key() or 0)
        with self.engine.begin() as connection:
            connection.execute(
                delete(SERVICE_OUTBOX).where(SERVICE_OUTBOX.c.id <= last - 1_000, ~SERVICE_OUTBOX.c.export_due)
            )
            query = select(SERVICE_OUTBOX).where(SERVICE_OUTBOX.c.id > last).order_by(SERVICE_OUTBOX.c.id)
            waiting = connection.execute(query).all()
        rows = [NewRow(now_ms, service.encode(_service_row(row.body)), key=str(row.id)) for row in waiting]
        self._service.append(rows)

    def _skew_of(self, boiler: str) -> int:
        account = self._ledger.of(boiler)
        return account.skew_ms if account else 0

    def close(self) -> None:
        """Release the journals and the database."""
        self._ledger.close()
        self._findings.close()
        self._service.close()
        self.engine.dispose()


def _service_row(body: dict[str, object]) -> ServiceRow:
    return msgspec.convert(body, ServiceRow)


def main(settings: Settings, stop: threading.Event, clock: Clock = SYSTEM) -> None:
    """Take findings until `stop` is set, with the desk beside."""
    from alerting.desk.app import serve  # noqa: PLC0415 -- the desk imports much

    alerting = Alerting(settings)
    adopt(alerting.engine, alerting.policy, clock.now_ms())
    desk = threading.Thread(target=serve, args=(settings, stop, clock), name="desk")
    desk.start()
    told = (settings, alerting.engine, alerting.policy, lambda: alerting.waiting, stop, clock)
    telling = threading.Thread(target=exporter.main, args=told, name="exporter")
    telling.start()
    swept_s = 0.0
    while not stop.is_set():
        now_ms = clock.now_ms()
        busy = alerting.step(now_ms + 60_000)
        if clock.monotonic_s() - swept_s > _SWEEP_S or busy:
            swept_s = clock.monotonic_s()
            alerting.sweep(now_ms)
            alerting.send_notices(now_ms)
            alerting.tell_detectors(now_ms)
            alerting.look_behind(now_ms)
        stop.wait(_BUSY_S if busy else _IDLE_S)
    desk.join(10)
    telling.join(10)
    alerting.close()
