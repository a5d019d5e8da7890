"""A changed policy and the tickets that are open: what it would move, and moving it."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select

from alerting.clocks import Transition, obligations_of
from alerting.database import append, read_tickets, reading, transition
from alerting.outbox import alone
from alerting.policy import Policy
from alerting.tables import BOILER, TICKET
from alerting.ticket import SYSTEM, Ticket

_MOST = 1_000_000


class Move(NamedTuple):
    """A deadline that a policy moves. [ms since 1970]"""

    ticket: int
    boiler: str
    obligation: str
    before_ms: int
    after_ms: int


def moves(engine: Engine, policy: Policy, now_ms: int) -> list[Move]:
    """Return the running deadlines that a policy would move, nearest first; nothing is changed."""
    found = []
    with reading(engine) as connection:
        for ticket in _held_to_another(connection, policy):
            entry = _entry(connection, ticket, policy, now_ms)
            imagined = Transition(0, entry["at_ms"], now_ms, SYSTEM, "policy", "", entry["facts"])
            after = {(one.name, one.number): one for one in obligations_of([*ticket.history, imagined])}
            for one in ticket.obligations:
                moved = after[one.name, one.number]
                if one.ended_at_ms is None and moved.due_at_ms != one.due_at_ms:
                    found.append(Move(ticket.id, ticket.boiler, one.name, one.due_at_ms, moved.due_at_ms))
    return sorted(found, key=lambda move: (move.after_ms, move.ticket))


def adopt(engine: Engine, policy: Policy, now_ms: int) -> int:
    """Hold open tickets to this version of the policy, by a transition each; return how many those were."""
    with engine.begin() as connection:
        alone(connection)
        tickets = _held_to_another(connection, policy)
        for ticket in tickets:
            append(connection, ticket.id, [_entry(connection, ticket, policy, now_ms)])
    return len(tickets)


def _held_to_another(connection: Connection, policy: Policy) -> list[Ticket]:
    found = read_tickets(connection, TICKET.c.open_key.isnot(None), limit=_MOST)
    return [ticket for ticket in found if _targets(ticket).get("policy") != policy.version]


def _targets(ticket: Ticket) -> dict[str, Any]:
    told = [one.facts["targets"] for one in ticket.history if "targets" in one.facts]
    return dict(told[-1]) if told else {}


def _entry(connection: Connection, ticket: Ticket, policy: Policy, now_ms: int) -> dict[str, Any]:
    contract = connection.execute(select(BOILER.c.contract).where(BOILER.c.boiler == ticket.boiler)).scalar()
    who = {"site": ticket.site, "region": ticket.region, "contract": contract or "", "severity": ticket.severity}
    started = [one.started_at_ms for one in ticket.obligations if one.ended_at_ms is None]
    targets = policy.targets(who, min(started, default=now_ms))
    at_ms = max(now_ms, ticket.history[-1].at_ms)
    reason = f"held to policy version {policy.version}"
    return transition(at_ms, now_ms, SYSTEM, "policy", reason, targets=targets)
