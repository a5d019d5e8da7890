"""When a response clock starts: at the moment a reported fault could have reached us.

Evidence that arrived while we listened starts it at its arrival. Evidence that waited for us, because we were away,
starts it when it would have arrived: our absence counts against us, the customer's link does not.
"""

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from alerting.tables import ABSENCE
from boilerwatch.model import Finding


class Absence(NamedTuple):
    """A time in which we did not listen, and until when what had waited for us came in. [ms since 1970]"""

    start_ms: int
    end_ms: int
    drained_ms: int


def clock_start_ms(finding: Finding, absence: Absence | None, skew_ms: int) -> int:
    """Return when the response clock starts. [ms since 1970]

    Parameters
    ----------
    absence
        The one in whose backlog the evidence came, None if it came while we listened.
    skew_ms
        What has to be added to the boiler's clock to make it ours. [ms]

    Notes
    -----
    Evidence without a time of its own bears its arrival, so it is put at the absence's start: nothing tells that it
    did not wait for all of it.
    """
    if absence is None:
        return finding.received_at_ms
    stamped = finding.evidence_at_ms >= absence.end_ms and finding.evidence_at_ms == finding.received_at_ms
    at_ms = absence.start_ms if stamped else finding.evidence_at_ms + skew_ms
    return min(max(at_ms, absence.start_ms), finding.received_at_ms)


def absence_of(connection: Connection, received_at_ms: int) -> Absence | None:
    """Return the absence in whose backlog something came that arrived at a moment."""
    query = (
        select(ABSENCE)
        .where(ABSENCE.c.end_ms <= received_at_ms, ABSENCE.c.drained_ms >= received_at_ms)
        .order_by(ABSENCE.c.start_ms)
    )
    row = connection.execute(query).first()
    return None if row is None else Absence(row.start_ms, row.end_ms, row.drained_ms)


def remember(connection: Connection, absence: Absence) -> None:
    """Keep an absence, or that its backlog lasted longer."""
    key = ABSENCE.c.start_ms == absence.start_ms
    known = connection.execute(select(ABSENCE.c.drained_ms).where(key)).scalar()
    if known is None:
        connection.execute(insert(ABSENCE).values(**absence._asdict()))
    elif known < absence.drained_ms:
        connection.execute(update(ABSENCE).where(key).values(drained_ms=absence.drained_ms))
