"""What technicians found, a line a visit, for whoever tunes detectors."""

from sqlalchemy import Connection, select

from alerting.tables import FINDING

_FOUND = {"confirmed": "confirmed", "refuted": "refuted", "no_fault_found": "refuted"}


def labels(connection: Connection) -> list[tuple[str, str, str]]:
    """Return (detector, kind, found) of every finding that a visit judged, oldest first."""
    query = select(FINDING.c.detector, FINDING.c.kind, FINDING.c.judged).where(FINDING.c.judged.in_(_FOUND))
    rows = connection.execute(query.order_by(FINDING.c.raised_at_ms, FINDING.c.id))
    return [(row.detector, row.kind, _FOUND[row.judged]) for row in rows]
