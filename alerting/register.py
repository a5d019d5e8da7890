"""The register's SQL: what a fleet.csv says, and word of it to the detectors."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, Engine, delete, insert, select

from alerting.outbox import alone
from alerting.tables import BOILER, SERVICE_OUTBOX
from boilerwatch.register import Boiler

_PAGE = 500


def import_boilers(engine: Engine, boilers: Sequence[Boiler], now_ms: int) -> None:
    """Take boilers in, replacing what was known of them, and tell the detectors in the same transaction."""
    with engine.begin() as connection:
        alone(connection)
        for at in range(0, len(boilers), _PAGE):
            page = boilers[at : at + _PAGE]
            connection.execute(delete(BOILER).where(BOILER.c.boiler.in_([one.boiler for one in page])))
            rows = [asdict(one) | {"changed_at_ms": now_ms, "export_due": True} for one in page]
            connection.execute(insert(BOILER), rows)
            words = [
                {"site": one.site, "actor": "", "reason": "", "export_due": True, "body": _registered(one, now_ms)}
                for one in page
            ]
            connection.execute(insert(SERVICE_OUTBOX), words)


def boilers_of(connection: Connection) -> list[Boiler]:
    """Return the registered boilers."""
    names = [one.name for one in fields(Boiler)]
    rows = connection.execute(select(*(BOILER.c[name] for name in names)).order_by(BOILER.c.boiler))
    return [Boiler(**dict(zip(names, row, strict=True))) for row in rows]


def _registered(boiler: Boiler, now_ms: int) -> dict[str, object]:
    facts = {name: getattr(boiler, name) for name in ("site", "region", "model", "family", "time_zone")}
    return {"boiler": boiler.boiler, "what": "registered", "at_ms": now_ms, "facts": facts}
