"""Two of everything at once: one ticket, one transition, nothing missed."""

import threading
from collections import Counter
from collections.abc import Callable

from sqlalchemy import Engine, select

from alerting.database import open_database, read_tickets
from alerting.policy import HOUR_MS
from alerting.sweep import sweep
from alerting.tables import TICKET, TRANSITION
from alerting.worker import read_position, take_rows
from boilerwatch.settings import Settings
from tests.alerting.fleet import POLICY, T0, lockout, row_of

BOILERS = 20


def at_once(installation: Settings, work: Callable[[Engine], object], workers: int = 2) -> None:
    """Run the same work in several processes' stead: each with connections of its own, started together."""
    gate = threading.Barrier(workers)
    faults: list[BaseException] = []

    def run() -> None:
        engine = open_database(installation)
        gate.wait()
        try:
            work(engine)
        except BaseException as exc:
            faults.append(exc)
        engine.dispose()

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_two_workers_make_one_ticket_of_each_row(installation: Settings, engine: Engine) -> None:
    rows = [row_of(n + 1, lockout(f"b-{n}", T0 + n)) for n in range(BOILERS)]

    def work(mine: Engine) -> None:
        read_position(mine)
        for one in rows:
            take_rows(mine, POLICY, [one], T0 + HOUR_MS)

    at_once(installation, work)
    with engine.connect() as connection:
        tickets = read_tickets(connection, TICKET.c.id > 0)
    assert sorted(one.boiler for one in tickets) == sorted(f"b-{n}" for n in range(BOILERS))
    assert {len(one.history) for one in tickets} == {2}
    assert read_position(engine) == BOILERS


def test_two_sweepers_stamp_each_deadline_once(installation: Settings, engine: Engine) -> None:
    read_position(engine)
    take_rows(engine, POLICY, [row_of(1, *(lockout(f"b-{n}") for n in range(BOILERS)))], T0)
    at_once(installation, lambda mine: sweep(mine, T0 + 2 * HOUR_MS + 1), workers=3)
    with engine.connect() as connection:
        rows = connection.execute(select(TRANSITION).where(TRANSITION.c.action.in_(("warning", "breach")))).all()
    stamped = Counter((row.ticket_id, row.action, row.facts["obligation"]) for row in rows)
    assert len(stamped) == 4 * BOILERS
    assert set(stamped.values()) == {1}
