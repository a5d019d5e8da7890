"""The register's SQL: what a fleet.csv says, and word of it to the detectors."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Engine, delete, insert

from alerting.tables import BOILER, SERVICE_OUTBOX
from boilerwatch.register import Boiler


def import_boilers(engine: Engine, boilers: Sequence[Boiler], now_ms: int) -> None:
    """Take boilers in, replacing what was known of them, and tell the detectors in the same transaction."""
    with engine.begin() as connection:
        for boiler in boilers:
            connection.execute(delete(BOILER).where(BOILER.c.boiler == boiler.boiler))
            connection.execute(insert(BOILER).values(**asdict(boiler)))
            facts = {name: getattr(boiler, name) for name in ("site", "region", "model", "family", "time_zone")}
            body = {"boiler": boiler.boiler, "what": "registered", "at_ms": now_ms, "facts": facts}
            connection.execute(insert(SERVICE_OUTBOX).values(body=body))
