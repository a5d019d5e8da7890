"""Stamps warnings and breaches with when they fell due.

1. Take tickets whose `next_due_at_ms` has passed.
2. Claim one by setting the column to nothing, if it still holds what we read (compare and set).
3. Write a transition for each moment that passed, stamped with that moment, and the next deadline, in the same
   transaction.
"""

from sqlalchemy import Engine, select, update

from alerting.database import append, deadlines, read_ticket, reading
from alerting.tables import TICKET

_AT_ONCE = 200


def sweep(engine: Engine, now_ms: int) -> int:
    """Stamp what fell due before `now_ms`; return how many tickets that were."""
    query = select(TICKET.c.id, TICKET.c.next_due_at_ms).where(TICKET.c.next_due_at_ms < now_ms).limit(_AT_ONCE)
    with reading(engine) as connection:
        due = connection.execute(query).all()
    return sum(_sweep_one(engine, row.id, row.next_due_at_ms, now_ms) for row in due)


def _sweep_one(engine: Engine, ticket_id: int, seen_ms: int, now_ms: int) -> bool:
    claim = (
        update(TICKET).where(TICKET.c.id == ticket_id, TICKET.c.next_due_at_ms == seen_ms).values(next_due_at_ms=None)
    )
    with engine.begin() as connection:
        if connection.execute(claim).rowcount != 1:
            return False
        ticket = read_ticket(connection, ticket_id)
        if ticket is not None:
            append(connection, ticket_id, deadlines(ticket, now_ms, now_ms))
    return True
