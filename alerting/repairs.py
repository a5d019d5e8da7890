"""Whether repairs hold: a problem that a repair named as fixed and that is there again, and what follows from it.

Clause 2-8: the same problem of the same boiler, two repairs in a row that did not hold, and the boiler is replaced.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from alerting.database import append, transition
from alerting.policy import Policy
from alerting.tables import TICKET, TRANSITION
from alerting.ticket import SYSTEM
from boilerwatch.model import Finding

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair of one problem, as the boiler's tickets tell it."""

    transition_id: int
    ticket_id: int
    at_ms: int
    held: bool


def repairs_of(connection: Connection, boiler: str, problem: str) -> list[Repair]:
    """Return a boiler's repairs that named a problem, oldest first."""
    rows = _rows(connection, boiler)
    failed = {row.facts["repair"] for row in rows if row.action == "not_held" and row.facts["about"] == problem}
    return [
        Repair(row.id, row.ticket_id, row.at_ms, row.id not in failed)
        for row in rows
        if row.action == "repair" and problem in row.facts.get("problems", ())
    ]


def returned(connection: Connection, policy: Policy, finding: Finding, ticket_id: int, now_ms: int) -> None:
    """Judge the last repair of the problem that a raised finding shows again."""
    found = repairs_of(connection, finding.boiler, finding.problem)
    if not found:
        return
    last = found[-1]
    since_ms = finding.received_at_ms - last.at_ms
    if last.held and 0 <= since_ms <= policy.repair.watch_days * _DAY_MS:
        days = since_ms / _DAY_MS
        reason = f"{finding.problem} is back {days:.1f} days after its repair"
        did_not_hold(
            connection, finding.boiler, finding.problem, last, ticket_id, finding.received_at_ms, now_ms, reason
        )


def did_not_hold(
    connection: Connection, boiler: str, problem: str, repair: Repair, ticket_id: int, at_ms: int, now_ms: int,
    reason: str,
) -> None:  # fmt: skip
    """Record a repair that did not hold on its ticket; after the second in a row, the claim on the present one."""
    append(
        connection,
        repair.ticket_id,
        [_note(at_ms, now_ms, "not_held", reason, about=problem, repair=repair.transition_id)],
    )
    found = repairs_of(connection, boiler, problem)
    if len(found) < 2 or found[-1].held or found[-2].held:
        return
    numbers = [one.transition_id for one in found[-2:]]
    claimed = [row.facts for row in _rows(connection, boiler) if row.action == "claim"]
    if any(facts["about"] == problem and facts["repairs"] == numbers for facts in claimed):
        return
    words = f"two repairs of {problem} in a row did not hold: the boiler may be replaced (2-8)"
    append(connection, ticket_id, [_note(at_ms, now_ms, "claim", words, about=problem, repairs=numbers)])


def claims_of(connection: Connection, boiler: str) -> list[Any]:
    """Return the replacement claims of a boiler, oldest first."""
    return [row for row in _rows(connection, boiler) if row.action == "claim"]


def _note(at_ms: int, now_ms: int, action: str, reason: str, **facts: Any) -> dict[str, Any]:
    return transition(at_ms, now_ms, SYSTEM, action, reason, **facts)


def _rows(connection: Connection, boiler: str) -> list[Any]:
    query = (
        select(TRANSITION)
        .join(TICKET)
        .where(TICKET.c.boiler == boiler, TRANSITION.c.action.in_(("repair", "not_held", "claim")))
        .order_by(TRANSITION.c.id)
    )
    return list(connection.execute(query))
