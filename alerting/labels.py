"""What technicians found, a line a visit, for whoever tunes detectors."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from alerting.tables import FINDING

_FOUND = {"confirmed": "confirmed", "refuted": "refuted", "no_fault_found": "refuted"}


class Label(NamedTuple):
    """A finding that a visit judged: `confirmed` or `refuted`."""

    detector: str
    kind: str
    found: str
    boiler: str
    raised_at_ms: int


def labels(connection: Connection) -> list[Label]:
    """Return every finding that a visit judged, oldest first."""
    about = (FINDING.c.detector, FINDING.c.kind, FINDING.c.judged, FINDING.c.subject, FINDING.c.raised_at_ms)
    rows = connection.execute(
        select(*about).where(FINDING.c.judged.in_(_FOUND)).order_by(FINDING.c.raised_at_ms, FINDING.c.id)
    )
    return [Label(row.detector, row.kind, _FOUND[row.judged], row.subject, row.raised_at_ms) for row in rows]
