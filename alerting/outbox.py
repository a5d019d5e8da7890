"""Word to the detectors, written in the transaction of what it tells of."""

from typing import Any

from sqlalchemy import Connection, insert, select, text

from alerting.tables import SERVICE_OUTBOX

_LOCK = 5_301_726_455_190_022


def alone(connection: Connection) -> None:
    """Be the only one who takes findings or acts, until the transaction ends.

    SQLite's transactions are alone anyway. On PostgreSQL it keeps numbers of outboxes in the order of their commits, so
    that a reader that goes on behind the last one misses none, and it keeps writers from waiting for each other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def tell_service(
    connection: Connection, boiler: str, what: str, at_ms: int, site: str = "", actor: str = "", reason: str = "", **more: Any
) -> None:  # fmt: skip
    """Write a row for the `service` journal."""
    body = {"boiler": boiler, "what": what, "at_ms": at_ms, **more}
    connection.execute(
        insert(SERVICE_OUTBOX).values(body=body, site=site, actor=actor, reason=reason, export_due=True)
    )  # fmt: skip


def told_service(connection: Connection) -> list[dict[str, Any]]:
    """Return what was ever told to detectors of what people did to boilers, by when it holds; registering apart."""
    bodies = [
        dict(one) for one in connection.execute(select(SERVICE_OUTBOX.c.body).order_by(SERVICE_OUTBOX.c.id)).scalars()
    ]
    return sorted((one for one in bodies if one["what"] != "registered"), key=lambda one: int(one["at_ms"]))
