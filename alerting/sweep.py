"""Stamps warnings and breaches with when they fell due.

1. Take tickets whose `next_due_at_ms` has passed.
2. Claim one by setting the column to nothing, if it still holds what we read (compare and set).
3. Write a transition for each moment that passed, stamped with that moment, and the next deadline, in the same
   transaction.
"""

from typing import Any

from sqlalchemy import Engine, select, update

from alerting.database import append, read_ticket, transition
from alerting.policy import Policy
from alerting.tables import TICKET
from alerting.ticket import SYSTEM, Ticket

_AT_ONCE = 200


def sweep(engine: Engine, policy: Policy, now_ms: int) -> int:
    """Stamp what fell due until `now_ms`; return how many tickets that were."""
    query = select(TICKET.c.id, TICKET.c.next_due_at_ms).where(TICKET.c.next_due_at_ms <= now_ms).limit(_AT_ONCE)
    with engine.connect() as connection:
        due = connection.execute(query).all()
    return sum(_sweep_one(engine, policy, row.id, row.next_due_at_ms, now_ms) for row in due)


def _sweep_one(engine: Engine, policy: Policy, ticket_id: int, seen_ms: int, now_ms: int) -> bool:
    claim = (
        update(TICKET).where(TICKET.c.id == ticket_id, TICKET.c.next_due_at_ms == seen_ms).values(next_due_at_ms=None)
    )
    with engine.begin() as connection:
        if connection.execute(claim).rowcount != 1:
            return False
        ticket = read_ticket(connection, policy, ticket_id)
        if ticket is not None:
            append(connection, policy, ticket_id, _passed(ticket, now_ms))
    return True


def _passed(ticket: Ticket, now_ms: int) -> list[dict[str, Any]]:
    stamped = {(one.action, one.facts.get("obligation")) for one in ticket.history}
    found = []
    for one in ticket.obligations:
        for action, at_ms, words in (
            ("warning", one.warn_at_ms, "is close to its deadline"),
            ("breach", one.due_at_ms, "is past its deadline"),
        ):
            if one.running and at_ms <= now_ms and (action, one.name) not in stamped:
                reason = f"the promise '{one.name}' {words}"
                found.append(transition(at_ms, now_ms, SYSTEM, action, reason, obligation=one.name))
    return sorted(found, key=lambda entry: entry["at_ms"])
