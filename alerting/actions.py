"""What people do to tickets: each act a transition with its actor, or a sentence why not."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from alerting.closing import after_close
from alerting.database import append, read_ticket, transition
from alerting.outbox import alone, tell_service
from alerting.policy import Policy
from alerting.tables import BOILER, TICKET
from alerting.ticket import ACTIONS, VERDICTS, Ticket
from boilerwatch.errors import TicketError
from boilerwatch.kinds import PROBLEM_BY_NAME

_NEEDS_REASON = frozenset({"pause", "reopen"})
_TARGETED = frozenset({"check_in", "reopen"})
_LONGEST = 2_000


def act(
    connection: Connection, policy: Policy, ticket_id: int, action: str, actor: str, now_ms: int, reason: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Ticket:  # fmt: skip
    """Do one thing to one ticket, now.

    Parameters
    ----------
    facts
        `assignee` for assign; `problems` for repair (without them: the ticket's); `verdict`, `cause` and `part` for
        close and repair; `problem` for diagnose.

    Raises
    ------
    TicketError
        If there is no actor, no such ticket, its state does not allow it, or a fact makes no sense.
    """
    if not actor.strip():
        raise TicketError("who does this? A transition needs an actor: --actor, or a name on the page")
    alone(connection)
    ticket = read_ticket(connection, ticket_id, lock=True)
    if ticket is None:
        raise TicketError(f"there is no ticket {ticket_id}; see `boilerwatch tickets list`")
    told = _checked(ticket, action, reason, dict(facts or {}))
    at_ms = max(now_ms, ticket.history[-1].at_ms)
    if action == "reopen":
        _take_key_again(connection, ticket)
    if action in _TARGETED:
        told["targets"] = policy.targets(_who(connection, ticket), at_ms)
    entry = transition(at_ms, now_ms, actor.strip()[:80], action, reason.strip()[:_LONGEST], **told)
    done = append(connection, ticket_id, [entry])
    if action == "repair":
        tell_service(
            connection, ticket.boiler, "repaired", at_ms, site=ticket.site, actor=actor.strip()[:80], reason=reason,
            problems=told["problems"], ticket=str(ticket_id),
        )  # fmt: skip
    if told.get("part") and action in ("repair", "close"):
        tell_service(
            connection, ticket.boiler, "part_replaced", at_ms, site=ticket.site, actor=actor.strip()[:80],
            reason=told["part"], ticket=str(ticket_id),
        )  # fmt: skip
    if action == "close":
        done = after_close(connection, policy, done, now_ms)
    return done


def _checked(ticket: Ticket, action: str, reason: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of an act that fits, or say why it does not."""
    if action not in ACTIONS:
        raise TicketError(f"{action!r} is nothing one can do to a ticket; known: {', '.join(ACTIONS)}")
    if not fits(ticket, action):
        raise TicketError(
            f"ticket {ticket.id} is {ticket.state}{' and paused' if ticket.paused else ''}: {action} does not fit"
        )
    if action in _NEEDS_REASON and not reason.strip():
        raise TicketError(f"{action} needs a written reason")
    facts = {name: value for name, value in facts.items() if value}
    if action == "assign" and not facts.get("assignee"):
        raise TicketError("assign needs the technician's name (--assignee)")
    if action == "diagnose" and not facts.get("problem"):
        raise TicketError("diagnose needs the problem it is (--problem)")
    if action == "repair":
        facts["problems"] = list(facts.get("problems") or [ticket.problem])
    for problem in [*facts.get("problems", ()), *([facts["problem"]] if "problem" in facts else [])]:
        if problem not in PROBLEM_BY_NAME:
            raise TicketError(f"{problem!r} is no problem; known: {', '.join(PROBLEM_BY_NAME)}")
    if facts.get("verdict", VERDICTS[0]) not in VERDICTS:
        raise TicketError(f"{facts['verdict']!r} is no finding of a technician; known: {', '.join(VERDICTS)}")
    return {name: value[:200] if isinstance(value, str) else value for name, value in facts.items()}


def fits(ticket: Ticket, action: str) -> bool:
    """Return whether people may do something to a ticket as it stands."""
    allowed, _ = ACTIONS[action]
    if ticket.state not in allowed:
        return False
    if action == "acknowledge":
        waiting = any(one.name == "response" and one.running for one in ticket.obligations)
        return ticket.state == "open" or waiting
    if action == "pause":
        return not ticket.paused
    return action != "resume" or ticket.paused


def _take_key_again(connection: Connection, ticket: Ticket) -> None:
    """A reopened ticket is the story's open one again, unless another is."""
    if ticket.state != "closed":
        return
    opened = ticket.history[0].facts
    key = opened.get("open_key") or f"{ticket.boiler}/{ticket.chain}"
    other = connection.execute(select(TICKET.c.id).where(TICKET.c.open_key == key)).scalar()
    if other is not None:
        raise TicketError(f"ticket {other} of the same story is open already; work on that one")
    connection.execute(update(TICKET).where(TICKET.c.id == ticket.id).values(open_key=key))


def _who(connection: Connection, ticket: Ticket) -> dict[str, str]:
    contract = connection.execute(select(BOILER.c.contract).where(BOILER.c.boiler == ticket.boiler)).scalar()
    return {"site": ticket.site, "region": ticket.region, "contract": contract or "", "severity": ticket.severity}
