"""The ticket list after a live run against the truth: right boiler, right cause, right clock; missing, surplus, double.

A fault that stopped its boiler must have one ticket of the right problem, whose response clock starts when the failure
reached us. A fault still developing may have one. Link tickets are left out: the truth of faults says nothing of links.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from simulators.truth import CODE_KINDS, Truth

#: How far a response clock may start from the failure's arrival. [ms]
WITHIN_MS = 10_000

Extra = Literal["early", "double", "wrong_cause", "surplus"]


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """A ticket as a score sees it.

    Attributes
    ----------
    clock_start_ms
        When its response clock started; None where no fault was reported. [ms since 1970]
    opened_ms, closed_ms
        By the desk's clock; None while it is open. [ms since 1970]
    """

    id: int
    boiler: str
    chain: str
    problem: str
    kind: str
    opened_ms: int
    closed_ms: int | None = None
    clock_start_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A fault that stopped its boiler, and the ticket it got.

    Attributes
    ----------
    clock_error_ms
        Start of the response clock less the failure's arrival; None without either. [ms]
    """

    fault: Truth
    ticket: TicketSeen | None
    right_chain: bool
    right_problem: bool
    clock_error_ms: int | None
    right_clock: bool


@dataclass(frozen=True, slots=True)
class TicketScore:
    """All of a ticket list."""

    matches: list[Match]
    extras: list[tuple[Extra, TicketSeen]]

    def counts(self) -> dict[str, int]:
        """Return how many faults and tickets were what."""
        with_ticket = [one for one in self.matches if one.ticket is not None]
        return {
            "failures": len(self.matches), "right_boiler": len(with_ticket),
            "right_chain": sum(one.right_chain for one in with_ticket),
            "right_problem": sum(one.right_problem for one in with_ticket),
            "right_clock": sum(one.right_clock for one in with_ticket), "missing": len(self.matches) - len(with_ticket),
            **{name: sum(extra == name for extra, _ in self.extras) for name in ("early", "double", "wrong_cause", "surplus")},
        }  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        extras = [{"what": what, **asdict(ticket)} for what, ticket in self.extras]
        return {"counts": self.counts(), "failures": [asdict(one) for one in self.matches], "other_tickets": extras}


def score_tickets(tickets: Sequence[TicketSeen], truth: Sequence[Truth], within_ms: int = WITHIN_MS) -> TicketScore:
    """Return what a ticket list is worth.

    Parameters
    ----------
    within_ms
        How far a response clock may start from the failure's arrival. [ms]
    """
    left = sorted((one for one in tickets if one.chain != "link"), key=lambda one: one.id)
    matches = []
    for fault in sorted((one for one in truth if one.failure_ms is not None), key=_arrival_ms):
        ticket = _best(fault, [one for one in left if one.boiler == fault.boiler])
        if ticket is not None:
            left.remove(ticket)
        matches.append(_match(fault, ticket, within_ms))
    taken = [one.ticket for one in matches if one.ticket is not None]
    return TicketScore(matches, [(_extra(ticket, taken, truth), ticket) for ticket in left])


def _arrival_ms(fault: Truth) -> int:
    return fault.arrived_ms if fault.arrived_ms is not None else fault.failure_ms or 0


def names_problem(ticket: TicketSeen, fault: Truth) -> bool:
    """Return whether a ticket's problem is one the fault leads to; a fault that is only a code may have any."""
    return fault.kind in CODE_KINDS or ticket.problem in fault.problems


def _best(fault: Truth, tickets: Sequence[TicketSeen]) -> TicketSeen | None:
    """Return the ticket that was open at the failure: of the right problem first, then of the nearest clock."""
    arrived_ms = _arrival_ms(fault)
    open_then = [one for one in tickets if one.closed_ms is None or one.closed_ms >= arrived_ms]

    def merit(one: TicketSeen) -> tuple[bool, bool, int]:
        clock_ms = one.opened_ms if one.clock_start_ms is None else one.clock_start_ms
        return names_problem(one, fault), one.chain == fault.chain, -abs(clock_ms - arrived_ms)

    return max(open_then, key=merit, default=None)


def _match(fault: Truth, ticket: TicketSeen | None, within_ms: int) -> Match:
    if ticket is None:
        return Match(fault, None, False, False, None, False)
    right_problem = names_problem(ticket, fault)
    started_ms = ticket.clock_start_ms
    error_ms = None if started_ms is None else started_ms - _arrival_ms(fault)
    return Match(
        fault, ticket, right_chain=ticket.chain == fault.chain or right_problem, right_problem=right_problem,
        clock_error_ms=error_ms, right_clock=error_ms is not None and abs(error_ms) <= within_ms,
    )  # fmt: skip


def _extra(ticket: TicketSeen, taken: Sequence[TicketSeen], truth: Sequence[Truth]) -> Extra:
    """Return what a ticket is that no failure needs."""
    twins = [one for one in taken if one.boiler == ticket.boiler and one.chain == ticket.chain]
    if any(_overlap(one, ticket) for one in twins):
        return "double"
    own = [fault for fault in truth if fault.boiler == ticket.boiler]
    if any(fault.failure_ms is None and names_problem(ticket, fault) for fault in own):
        return "early"
    return "wrong_cause" if own else "surplus"


def _overlap(one: TicketSeen, other: TicketSeen) -> bool:
    first, second = sorted((one, other), key=lambda ticket: ticket.opened_ms)
    return first.closed_ms is None or first.closed_ms > second.opened_ms
