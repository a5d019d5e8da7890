"""Opens the tickets' database and reads and writes tickets whole."""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from alerting.clocks import Transition, ended, next_due_ms, passed
from alerting.schema import upgrade
from alerting.tables import TICKET, TRANSITION
from alerting.ticket import SYSTEM, Ticket, ticket_of
from boilerwatch.errors import BoilerwatchError, SettingsError
from boilerwatch.settings import Settings

NOTICED = frozenset({"open", "warning", "breach"})
_KEPT = {"met": "kept", "missed": "not kept"}
_PAGE = 500
_TRIES, _TRY_AGAIN_S = 200, 0.05


def open_database(settings: Settings) -> Engine:
    """Return the engine, its tables brought to this version.

    Raises
    ------
    BoilerwatchError
        If the database does not answer, or is not ours.
    """
    engine = connect(settings)
    try:
        upgrade(engine)
    except BoilerwatchError:
        engine.dispose()
        raise
    except SQLAlchemyError as exc:
        engine.dispose()
        raise BoilerwatchError(
            f"the tickets' database does not answer: {str(exc.__cause__ or exc)[:200]}; see [alerting] database_url"
        ) from exc
    return engine


def connect(settings: Settings) -> Engine:
    """Return the engine of the settings, its tables as they are.

    Raises
    ------
    SettingsError
        If the address names no database that we can speak to.
    """
    url = settings.alerting.database_url.get_secret_value()
    if not url:
        settings.data.dir.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{settings.data.dir / 'tickets.sqlite'}"
    try:
        engine = create_engine(url, pool_pre_ping=True)
    except (SQLAlchemyError, ModuleNotFoundError) as exc:
        raise SettingsError(
            f"[alerting] database_url names no database we can speak to: {type(exc).__name__}; it looks like "
            "postgresql+psycopg://user@host/database"
        ) from exc
    if engine.dialect.name == "sqlite":
        _teach_sqlite(engine)
    return engine


def _teach_sqlite(engine: Engine) -> None:
    """BEGIN IMMEDIATE, WAL and full sync: what a transition needs to be durable and alone."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        _to_wal(connection)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def reading(engine: Engine) -> Connection:
    """Return a connection that only reads, and so waits for no writer and makes none wait."""
    return engine.execution_options(reads=True).connect()


def _to_wal(connection: sqlite3.Connection) -> None:
    """Turn a new file to WAL; several that do it at once are refused without waiting, whatever the timeout says."""
    for _ in range(_TRIES):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            threading.Event().wait(_TRY_AGAIN_S)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def read_tickets(connection: Connection, where: Any, limit: int = 500) -> list[Ticket]:
    """Return the tickets a condition names, each with its whole history."""
    rows = connection.execute(
        select(TICKET)
        .where(where)
        .order_by(TICKET.c.due_at_ms.is_(None), TICKET.c.due_at_ms, TICKET.c.id.desc())
        .limit(limit)
    ).all()
    histories: dict[int, list[Transition]] = {row.id: [] for row in rows}
    numbers = list(histories)
    for at in range(0, len(numbers), _PAGE):
        wanted = TRANSITION.c.ticket_id.in_(numbers[at : at + _PAGE])
        for one in connection.execute(select(TRANSITION).where(wanted).order_by(TRANSITION.c.id)):
            histories[one.ticket_id].append(
                Transition(one.id, one.at_ms, one.recorded_at_ms, one.actor, one.action, one.reason, one.facts)
            )
    return [ticket_of(row, histories[row.id]) for row in rows]


def read_ticket(connection: Connection, ticket_id: int, *, lock: bool = False) -> Ticket | None:
    """Return one ticket.

    Parameters
    ----------
    lock
        Whether nobody else may write to it until the transaction ends; SQLite is alone in its transaction anyway.
    """
    if lock:
        connection.execute(select(TICKET.c.id).where(TICKET.c.id == ticket_id).with_for_update())
    found = read_tickets(connection, TICKET.c.id == ticket_id)
    return found[0] if found else None


def append(connection: Connection, ticket_id: int, transitions: Sequence[Mapping[str, Any]]) -> Ticket:
    """Write transitions to a locked ticket, and all that follows from them by itself.

    1. Stamp what fell due before them, so that no later fact moves a deadline that was missed already.
    2. Write them.
    3. Record the promises they fulfilled, in time or late.
    4. Set the next deadline; free the open key of a closed ticket, take it again for a reopened one.
    """
    known = connection.execute(select(TRANSITION.c.id).where(TRANSITION.c.ticket_id == ticket_id).limit(1)).first()
    before = read_ticket(connection, ticket_id) if known else None
    stamps = all(one["action"] in ("warning", "breach") for one in transitions)
    if before is not None and not stamps:
        at_ms = min(one["at_ms"] for one in transitions)
        _write(connection, ticket_id, deadlines(before, at_ms, transitions[0]["recorded_at_ms"]))
    _write(connection, ticket_id, transitions)
    ticket = _must_read(connection, ticket_id)
    recorded_at_ms = ticket.history[-1].recorded_at_ms
    news = [
        transition(
            one.ended_at_ms or recorded_at_ms, recorded_at_ms, SYSTEM, action, f"the promise '{one.name}' was {_KEPT[action]}",
            obligation=one.name, number=one.number, kept=int(action == "met"), took_ms=one.took_ms,
            due_at_ms=one.due_at_ms, policy=one.policy,
        )
        for action, one in ended(ticket.history)
    ]  # fmt: skip
    if news:
        _write(connection, ticket_id, news)
        ticket = _must_read(connection, ticket_id)
    due = ticket.next_due
    values: dict[str, Any] = {
        "next_due_at_ms": next_due_ms(ticket.history), "due_at_ms": due.due_at_ms if due else None,
        "due_of": due.name if due else "", "state": ticket.state, "problem": ticket.problem, "kind": ticket.kind,
        "severity": ticket.severity,
    }  # fmt: skip
    if ticket.state == "closed":
        values["open_key"] = None
    connection.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(**values))
    return ticket


def deadlines(ticket: Ticket, until_ms: int, recorded_at_ms: int) -> list[dict[str, Any]]:
    """Return the warnings and breaches that fell due until a moment, each stamped with when it did."""
    words = {"warning": "is close to its deadline", "breach": "is past its deadline"}
    return [
        transition(
            at_ms, recorded_at_ms, SYSTEM, action, f"the promise '{one.name}' {words[action]}",
            obligation=one.name, number=one.number, due_at_ms=one.due_at_ms, policy=one.policy,
        )
        for action, one, at_ms in passed(ticket.history, until_ms)
    ]  # fmt: skip


def _must_read(connection: Connection, ticket_id: int) -> Ticket:
    ticket = read_ticket(connection, ticket_id)
    if ticket is None:
        raise BoilerwatchError(f"ticket {ticket_id} is gone; look into the tickets' database")
    return ticket


def _write(connection: Connection, ticket_id: int, transitions: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        {"ticket_id": ticket_id, "notice_due": one["action"] in NOTICED, "notice_tries": 0, "notice_after_ms": 0,
         "export_due": True, **one}
        for one in transitions
    ]  # fmt: skip
    if rows:
        connection.execute(insert(TRANSITION), rows)


def transition(
    at_ms: int, recorded_at_ms: int, actor: str, action: str, reason: str = "", **facts: Any
) -> dict[str, Any]:
    """Return a transition's columns."""
    return {
        "at_ms": at_ms,
        "recorded_at_ms": recorded_at_ms,
        "actor": actor,
        "action": action,
        "reason": reason,
        "facts": facts,
    }
