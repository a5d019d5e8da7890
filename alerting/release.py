"""When a window is over, what it held back and is still there goes on to its ticket."""

import msgspec
from sqlalchemy import Connection, Engine, select

from alerting.database import reading
from alerting.outbox import alone
from alerting.policy import Policy
from alerting.tables import FINDING, VERDICT, WINDOW
from alerting.taking import take
from alerting.windows import Window, tell_open_and_over
from boilerwatch.model import Finding
from boilerwatch.wire import finding_from_json


def release(engine: Engine, policy: Policy, now_ms: int) -> int:
    """Tell of windows that began or ended; take the findings they held back again. Return how many those were."""
    query = select(WINDOW.c.id).where(
        (~WINDOW.c.started_told & (WINDOW.c.starts_at_ms <= now_ms)) | (~WINDOW.c.ended_told & (WINDOW.c.ends_at_ms <= now_ms))
    )  # fmt: skip
    with reading(engine) as connection:
        if connection.execute(query.limit(1)).first() is None:
            return 0
    with engine.begin() as connection:
        alone(connection)
        held = [finding for one in tell_open_and_over(connection, now_ms) for finding in _held(connection, one)]
        for finding in held:
            take(connection, policy, finding, now_ms)
    return len(held)


def _held(connection: Connection, window: Window) -> list[Finding]:
    """Return findings of a window that are raised and have no ticket, as if they came when it ended."""
    subject = FINDING.c.subject if window.scope == "boiler" else FINDING.c.site
    raised = select(FINDING.c.id).where(
        subject == window.subject, FINDING.c.cleared_at_ms.is_(None), FINDING.c.ticket_id.is_(None),
        FINDING.c.severity != "advisory",
    )  # fmt: skip
    found = []
    for row in connection.execute(raised).all():
        query = select(VERDICT.c.body).where(VERDICT.c.finding == row.id).order_by(VERDICT.c.id.desc()).limit(1)
        body = connection.execute(query).scalar()
        if body:
            found.append(msgspec.structs.replace(finding_from_json(body), received_at_ms=window.ends_at_ms))
    return found
