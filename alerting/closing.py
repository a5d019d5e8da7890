"""What closing a ticket leads to: trouble that is still there is not closed with it."""

from typing import Any

from sqlalchemy import Connection, select, update

from alerting.database import read_ticket
from alerting.policy import Policy
from alerting.repairs import did_not_hold, repairs_of
from alerting.tables import FINDING, VERDICT
from alerting.ticket import Ticket
from boilerwatch.wire import finding_from_json


def after_close(connection: Connection, policy: Policy, ticket: Ticket, now_ms: int) -> Ticket:
    """Judge what its findings say now; return the ticket as it is then.

    A ticket closed without a repair says that its findings need no work: they stay quiet until they clear. One closed
    after a repair: a problem that the repair named and that is still raised is a repair that did not hold; whatever is
    still raised gets a ticket of its own.
    """
    verdict = ticket.verdict or ("confirmed" if ticket.repairs else "dismissed")
    mine = FINDING.c.ticket_id == ticket.id
    raised = connection.execute(select(FINDING).where(mine, FINDING.c.cleared_at_ms.is_(None))).all()
    repaired = bool(ticket.repairs) and verdict == "confirmed"
    cleared = FINDING.c.cleared_at_ms.isnot(None)
    judged = mine & cleared if repaired else mine
    connection.execute(update(FINDING).where(judged).values(judged=verdict))
    if repaired:
        fixed = {problem for one in ticket.repairs for problem in one.facts.get("problems", ())}
        # What the repair did not name comes last: it leads the new ticket where both belong to one story.
        for row in sorted(raised, key=lambda row: (row.problem not in fixed, row.raised_at_ms, row.id)):
            _go_on(connection, policy, ticket, row, row.problem in fixed, now_ms)
        connection.execute(update(FINDING).where(FINDING.c.id.in_([row.id for row in raised])).values(judged=""))
    return read_ticket(connection, ticket.id) or ticket


def _go_on(connection: Connection, policy: Policy, ticket: Ticket, row: Any, named: bool, now_ms: int) -> None:
    """Give what is still raised a ticket of its own."""
    from alerting.taking import take  # noqa: PLC0415 -- taking leads to closing and back

    query = select(VERDICT.c.body).where(VERDICT.c.finding == row.id).order_by(VERDICT.c.id.desc()).limit(1)
    body = connection.execute(query).scalar()
    if not body:
        return
    take(connection, policy, finding_from_json(body), now_ms)
    if named:
        fresh = connection.execute(select(FINDING.c.ticket_id).where(FINDING.c.id == row.id)).scalar()
        last = [one for one in repairs_of(connection, row.subject, row.problem) if one.ticket_id == ticket.id]
        if last and last[-1].held:
            reason = f"closed while {row.problem} is still there"
            did_not_hold(
                connection, row.subject, row.problem, last[-1], int(fresh or ticket.id), ticket.history[-1].at_ms, now_ms,
                reason,
            )  # fmt: skip
