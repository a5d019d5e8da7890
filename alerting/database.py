"""Opens the tickets' database and reads and writes tickets whole."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from alerting.policy import Policy
from alerting.schema import upgrade
from alerting.tables import TICKET, TRANSITION
from alerting.ticket import Ticket, Transition, next_due_ms, ticket_of
from boilerwatch.errors import BoilerwatchError, SettingsError
from boilerwatch.settings import Settings

NOTICED = frozenset({"open", "warning", "breach"})


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
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def read_tickets(connection: Connection, policy: Policy, where: Any, limit: int = 500) -> list[Ticket]:
    """Return the tickets a condition names, each with its whole history."""
    rows = connection.execute(
        select(TICKET).where(where).order_by(TICKET.c.next_due_at_ms, TICKET.c.id.desc()).limit(limit)
    ).all()
    histories: dict[int, list[Transition]] = {row.id: [] for row in rows}
    query = select(TRANSITION).where(TRANSITION.c.ticket_id.in_(list(histories))).order_by(TRANSITION.c.id)
    for one in connection.execute(query):
        histories[one.ticket_id].append(
            Transition(one.id, one.at_ms, one.recorded_at_ms, one.actor, one.action, one.reason, one.facts)
        )
    return [ticket_of(row, histories[row.id], policy) for row in rows]


def read_ticket(connection: Connection, policy: Policy, ticket_id: int, *, lock: bool = False) -> Ticket | None:
    """Return one ticket.

    Parameters
    ----------
    lock
        Whether nobody else may write to it until the transaction ends; SQLite is alone in its transaction anyway.
    """
    if lock:
        connection.execute(select(TICKET.c.id).where(TICKET.c.id == ticket_id).with_for_update())
    found = read_tickets(connection, policy, TICKET.c.id == ticket_id)
    return found[0] if found else None


def append(connection: Connection, policy: Policy, ticket_id: int, transitions: Sequence[Mapping[str, Any]]) -> Ticket:
    """Write transitions, and the deadline and open key that follow from them."""
    for one in transitions:
        due = one["action"] in NOTICED
        connection.execute(
            insert(TRANSITION).values(ticket_id=ticket_id, notice_due=due, notice_tries=0, notice_after_ms=0, **one)
        )
    ticket = read_ticket(connection, policy, ticket_id)
    if ticket is None:
        raise BoilerwatchError(f"ticket {ticket_id} is gone")
    values: dict[str, Any] = {"next_due_at_ms": next_due_ms(ticket)}
    if ticket.state == "closed":
        values["open_key"] = None
    connection.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(**values))
    return ticket


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
