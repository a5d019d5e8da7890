"""Simulated staff who work the tickets of a replayed history, some of them late."""

from sqlalchemy import Engine

from alerting.actions import act
from alerting.database import read_tickets
from alerting.policy import HOUR_MS, Policy
from alerting.tables import TICKET
from alerting.ticket import Ticket

_MINUTE_MS = 60_000
#: Staff lend a heater before the promise of one is due.
_LOAN_MS = 10 * HOUR_MS
_DESK = ("Li Na", "Wang Fang", "Zhao Min")
_CREW = ("Chen Wei", "Liu Yang", "Sun Qiang")


def work(engine: Engine, policy: Policy, now_ms: int) -> None:
    """Take every step that is due by now on every open ticket."""
    with engine.begin() as connection:
        for ticket in read_tickets(connection, TICKET.c.open_key.isnot(None)):
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
    on_road_ms = round((0.3 + pace / 12 if ticket.region == "city" else 2 + pace) * HOUR_MS)
    lent = any(one.action == "loaner" for one in ticket.history)
    step: tuple[str, str, str, str] | None = None
    match ticket.state:
        case "open" if opened_ms > (5 + 5 * pace) * _MINUTE_MS:
            step = "acknowledge", desk, "", ""
        case "acknowledged" if since_ms > 5 * _MINUTE_MS:
            step = "assign", desk, "", crew
        case "assigned" if ticket.reported and since_ms > on_road_ms:
            step = "check_in", crew, "", ""
        case "on_site" if ticket.cleared_at_ms is not None and since_ms > HOUR_MS:
            step = "repair", crew, "Found and mended; filled up to 1.4 bar", ""
        case "on_site" if not lent and since_ms > _LOAN_MS:
            step = "loaner", crew, "An electric heater is lent until the part is here", ""
        case "repaired" if since_ms > HOUR_MS:
            step = "close", desk, "Customer confirmed", ""
    return step
