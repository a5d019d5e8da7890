"""What people do to tickets: each act a transition with its actor, or a sentence why not."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from alerting.database import append, read_ticket, transition
from alerting.policy import Policy
from alerting.tables import SERVICE_OUTBOX
from alerting.ticket import ACTIONS, Ticket
from boilerwatch.errors import TicketError

_NEEDS_REASON = frozenset({"pause", "reopen"})


def act(
    connection: Connection, policy: Policy, ticket_id: int, action: str, actor: str, now_ms: int, reason: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Ticket:  # fmt: skip
    """Do one thing to one ticket, now.

    Raises
    ------
    TicketError
        If there is no actor, no such ticket, or its state does not allow it.
    """
    if not actor.strip():
        raise TicketError("who does this? A transition needs an actor: --actor, or a name on the page")
    ticket = read_ticket(connection, policy, ticket_id, lock=True)
    if ticket is None:
        raise TicketError(f"there is no ticket {ticket_id}; see `boilerwatch tickets list`")
    if action not in ACTIONS:
        raise TicketError(f"{action!r} is nothing one can do to a ticket; known: {', '.join(ACTIONS)}")
    allowed, _ = ACTIONS[action]
    if (
        ticket.state not in allowed
        or (action == "pause" and ticket.paused)
        or (action == "resume" and not ticket.paused)
    ):
        raise TicketError(
            f"ticket {ticket_id} is {ticket.state}{' and paused' if ticket.paused else ''}: {action} does not fit"
        )
    if action in _NEEDS_REASON and not reason.strip():
        raise TicketError(f"{action} needs a written reason")
    at_ms = max(now_ms, ticket.history[-1].at_ms)
    done = append(
        connection, policy, ticket_id, [transition(at_ms, now_ms, actor.strip()[:80], action, reason, **(facts or {}))]
    )
    if action == "repair":
        problems = list((facts or {}).get("problems") or [ticket.problem])
        body = {
            "boiler": ticket.boiler,
            "what": "repaired",
            "at_ms": at_ms,
            "problems": problems,
            "ticket": str(ticket_id),
        }
        connection.execute(insert(SERVICE_OUTBOX).values(body=body))
    return done
