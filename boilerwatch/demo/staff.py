"""Simulated staff who work the tickets of a replayed history, some of them late."""

from sqlalchemy import Engine

from alerting.actions import act
from alerting.database import read_tickets
from alerting.policy import HOUR_MS, Policy
from alerting.tables import TICKET
from alerting.ticket import Ticket

_MINUTE_MS = 60_000
_DESK = ("Li Na", "Wang Fang", "Zhao Min")
_CREW = ("Chen Wei", "Liu Yang", "Sun Qiang")


def work(engine: Engine, policy: Policy, now_ms: int) -> None:
    """Take every step that is due by now on every open ticket."""
    with engine.begin() as connection:
        for ticket in read_tickets(connection, policy, TICKET.c.open_key.isnot(None)):
            step = _next_step(ticket, now_ms)
            if step is not None:
                action, actor, reason, assignee = step
                act(
                    connection,
                    policy,
                    ticket.id,
                    action,
                    actor,
                    now_ms,
                    reason,
                    {"assignee": assignee} if assignee else {},
                )


def _next_step(ticket: Ticket, now_ms: int) -> tuple[str, str, str, str] | None:
    """Return (action, actor, reason, assignee) when the ticket's next step is due; each ticket has a pace of its own."""
    pace = ticket.id * 7919 % 13
    since_ms = now_ms - ticket.history[-1].at_ms
    opened_ms = now_ms - ticket.opened_at_ms
    desk, crew = _DESK[ticket.id % 3], _CREW[ticket.id % 3]
    on_road_ms = round((0.5 + pace / 8 if ticket.region == "city" else 4 + pace / 2) * HOUR_MS)
    match ticket.state:
        case "open" if opened_ms > (8 + 6 * pace) * _MINUTE_MS:
            return "acknowledge", desk, "", ""
        case "acknowledged" if since_ms > 10 * _MINUTE_MS:
            return "assign", desk, "", crew
        case "assigned" if since_ms > on_road_ms:
            return "check_in", crew, "", ""
        case "on_site" if ticket.cleared_at_ms is not None and since_ms > HOUR_MS:
            return "repair", crew, "Found and mended; filled up to 1.4 bar", ""
        case "repaired" if since_ms > HOUR_MS:
            return "close", desk, "Customer confirmed", ""
    return None
