"""Drives what alerting tells the store, each at its pace, from positions of its own.

A turn writes what is due and only then moves on, so that after a crash, or when the store was away, the same rows are
written again with the same keys. It never holds a transaction while it writes to the store.
"""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Engine, func, insert, select, update

from alerting.database import reading
from alerting.export.counts import BUCKET_MS, load, nearest, pipeline, quality
from alerting.export.days import day_points, zones
from alerting.export.fleet import Fleet
from alerting.export.outboxes import (
    due_again,
    tell_facts,
    tell_service_events,
    tell_sites,
    tell_states,
    tell_transitions,
)
from alerting.policy import Policy
from alerting.tables import POSITION, TRANSITION
from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.errors import StoreError
from boilerwatch.ledger import Ledger, open_ledger
from boilerwatch.settings import Settings
from boilerwatch.store.opening import open_store
from boilerwatch.store.protocol import Point, Store

_TEN_S_MS, _MINUTE_MS, _HOUR_MS, _DAY_MS = 10_000, 60_000, 3_600_000, 86_400_000
_BUCKETS_A_TURN = 1_000
_TURN_S, _LONGEST_S = 1.0, 60.0

log = structlog.get_logger()

#: How far the room is behind: (rows, seconds).
Behind = Callable[[], tuple[int, float]]


class Exporter:
    """What alerting tells the store.

    Parameters
    ----------
    behind
        Asked for the room's own row of `pipeline`; from this thread.
    """

    def __init__(self, engine: Engine, policy: Policy, store: Store, ledger: Ledger, behind: Behind) -> None:
        self._engine = engine
        self._policy = policy
        self._store = store
        self._behind = behind
        self.fleet = Fleet(engine, ledger)
        self._done: dict[str, int] = {}

    def turn(self, now_ms: int) -> None:
        """Write what is due.

        Raises
        ------
        StoreError
            If the store does not take it; what was not written is due still.
        """
        if self._is_due("states", now_ms, _TEN_S_MS):
            self.fleet.look(now_ms)
            self._write_snapshots(now_ms)
            self._done["states"] = now_ms
        self._empty_outboxes(now_ms)
        if self._is_due("minute", now_ms, _MINUTE_MS):
            self._store.write_points(self.fleet.minute(now_ms))
            self._write_days([], now_ms)
            self._write_load(now_ms)
            self._done["minute"] = now_ms
        if self._is_due("quality", now_ms, _HOUR_MS):
            with reading(self._engine) as connection:
                points = quality(connection, now_ms - now_ms % _HOUR_MS)
            self._write(points)
            self._done["quality"] = now_ms

    def _is_due(self, name: str, now_ms: int, every_ms: int) -> bool:
        return now_ms // every_ms > self._done.get(name, -every_ms) // every_ms

    def _write(self, points: list[Point]) -> None:
        if points:
            self._store.write_points(points)

    def _write_snapshots(self, now_ms: int) -> None:
        rows, lag_s = self._behind()
        with reading(self._engine) as connection:
            points = nearest(connection, now_ms) + pipeline(connection, rows, lag_s, now_ms)
        self._write(points)

    def _empty_outboxes(self, now_ms: int) -> None:
        while tell_transitions(self._engine, self._store, lambda moments: self._write_days(moments, now_ms)):
            pass
        is_register_new = self._is_due("sites", now_ms, _HOUR_MS)
        if self._is_due("facts", now_ms, _DAY_MS):
            due_again(self._engine)
            self._done["facts"] = now_ms
        for tell in (tell_service_events, tell_facts, tell_states):
            while tell(self._engine, self._store, now_ms):
                is_register_new = is_register_new or tell is tell_facts
        if is_register_new:
            tell_sites(self._engine, self._store, now_ms)
            self._done["sites"] = now_ms

    def _write_days(self, touched: list[int], now_ms: int) -> None:
        """Write the days that transitions touched; without any, all from the last one written to this one."""
        with reading(self._engine) as connection:
            since = self._position("promise_day") or _first_ms(connection, now_ms)
            moments = touched or [*range(min(since, now_ms), now_ms, _DAY_MS), now_ms]
            points = day_points(connection, self.fleet.sizes(), zones(connection), moments, now_ms)
        for at in range(0, len(points), 5_000):
            self._write(points[at : at + 5_000])
        if not touched:
            self._move("promise_day", now_ms)

    def _write_load(self, now_ms: int) -> None:
        """Write every ten minutes from the last that was written to the present one."""
        now_bucket = now_ms - now_ms % BUCKET_MS
        with reading(self._engine) as connection:
            since = self._position("alarm_load") or _first_ms(connection, now_ms)
            since -= since % BUCKET_MS
            until = min(now_bucket, since + _BUCKETS_A_TURN * BUCKET_MS)
            buckets = range(since, until + 1, BUCKET_MS)
            operators = self._policy.desk.operators
            points = [point for start in buckets for point in load(connection, start, operators)]
        self._write(points)
        self._move("alarm_load", until)

    def _position(self, name: str) -> int:
        with reading(self._engine) as connection:
            return int(connection.execute(select(POSITION.c.offset).where(POSITION.c.stream == name)).scalar() or 0)

    def _move(self, name: str, offset: int) -> None:
        with self._engine.begin() as connection:
            moved = connection.execute(update(POSITION).where(POSITION.c.stream == name).values(offset=offset))
            if moved.rowcount == 0:
                connection.execute(insert(POSITION).values(stream=name, offset=offset))


def _first_ms(connection: Connection, now_ms: int) -> int:
    """Return when the first transition was; now without any. [ms since 1970]"""
    return int(connection.execute(select(func.min(TRANSITION.c.at_ms))).scalar() or now_ms)


def main(
    settings: Settings, engine: Engine, policy: Policy, behind: Behind, stop: threading.Event, clock: Clock = SYSTEM
) -> None:  # fmt: skip
    """Tell the store until `stop` is set; where it is away, try again ever more rarely."""
    store, ledger = open_store(settings), open_ledger(settings)
    exporter = Exporter(engine, policy, store, ledger, behind)
    wait_s = _TURN_S
    while not stop.is_set():
        try:
            exporter.turn(clock.now_ms())
            wait_s = _TURN_S
        except StoreError as exc:
            wait_s = min(wait_s * 2, _LONGEST_S)
            log.warning("store_away", error=str(exc), again_in_s=wait_s)
        except Exception:
            wait_s = min(wait_s * 2, _LONGEST_S)
            log.exception("export_failed", again_in_s=wait_s)
        stop.wait(wait_s)
    store.close()
    ledger.close()
