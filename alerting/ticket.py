"""A ticket is its transitions; state, diagnosis and clocks are computed from them by pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from alerting.clocks import Obligation, Transition, obligations_of

State = Literal["open", "acknowledged", "assigned", "on_site", "repaired", "closed"]
SYSTEM = "system"

_OPEN: tuple[State, ...] = ("open", "acknowledged", "assigned", "on_site")
_ALL: tuple[State, ...] = (*_OPEN, "repaired", "closed")

#: What people may do in which state, and what it leads to; None leaves the state.
ACTIONS: dict[str, tuple[tuple[State, ...], State | None]] = {
    "acknowledge": (_OPEN, "acknowledged"),
    "assign": (_OPEN, "assigned"),
    "check_in": (("open", "acknowledged", "assigned"), "on_site"),
    "repair": (("acknowledged", "assigned", "on_site"), "repaired"),
    "close": ((*_OPEN, "repaired"), "closed"),
    "reopen": (("repaired", "closed"), "acknowledged"),
    "pause": (_OPEN, None),
    "resume": (_OPEN, None),
    "loaner": (("on_site", "assigned"), None),
    "diagnose": ((*_OPEN, "repaired"), None),
    "note": (_ALL, None),
}
#: What a technician found, asked at closing.
VERDICTS: tuple[str, ...] = ("confirmed", "refuted", "no_fault_found")


class Segment(NamedTuple):
    """A part of the response clock. Times in ms since 1970; `ended_at_ms` is None while it lasts."""

    name: Literal["hold", "detection", "people"]
    started_at_ms: int
    ended_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its history makes it.

    Attributes
    ----------
    reported
        Whether a reported fault is being worked on: its response clock has started since the last repair.
    verdict, cause, part
        What the technician found, empty until told.
    not_held, claims
        Problems whose repair here did not hold, and those whose replacement may be claimed.
    """

    id: int
    boiler: str
    district: bool
    site: str
    region: str
    chain: str
    state: State
    kind: str
    problem: str
    severity: str
    reported: bool
    cleared_at_ms: int | None
    opened_at_ms: int
    assignee: str
    paused: bool
    finding: dict[str, Any]
    verdict: str
    cause: str
    part: str
    not_held: tuple[str, ...]
    claims: tuple[str, ...]
    obligations: tuple[Obligation, ...]
    history: tuple[Transition, ...]

    @property
    def next_due(self) -> Obligation | None:
        """The running obligation that falls due first."""
        running = [one for one in self.obligations if one.running]
        return min(running, key=lambda one: one.due_at_ms, default=None)

    @property
    def repairs(self) -> tuple[Transition, ...]:
        """Its repairs, oldest first."""
        return tuple(one for one in self.history if one.action == "repair")

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The parts of the newest response clock: held back before us, found by us, waiting for a person."""
        reported = next((one for one in reversed(self.history) if one.action == "reported"), None)
        if reported is None:
            return ()
        clock = [one for one in self.obligations if one.name == "response"][-1]
        start, heard = clock.started_at_ms, int(reported.facts.get("received_at_ms", clock.started_at_ms))
        known = max(reported.recorded_at_ms, heard)
        return (
            Segment("hold", start, heard), Segment("detection", heard, known), Segment("people", known, clock.met_at_ms),
        )  # fmt: skip


def ticket_of(row: Any, history: Sequence[Transition]) -> Ticket:
    """Return the ticket that a history makes.

    Parameters
    ----------
    row
        Its row of the `ticket` table: id, boiler, district, site, region, chain.
    history
        Its transitions, in order of id; the first is `open`.
    """
    state: State = "open"
    finding: dict[str, Any] = {}
    told: dict[str, str] = {}
    cleared, paused, reported = None, False, False
    for one in history:
        finding = one.facts.get("finding", finding)
        told |= {name: one.facts[name] for name in _TOLD if one.facts.get(name)}
        if one.action == "cleared":
            cleared = one.at_ms
        elif one.action in ("open", "evidence", "reported"):
            cleared = None
        if one.action in ("repair", "close", "reopen"):
            paused = reported = False
        reported = reported or one.action == "reported"
        paused = (paused or one.action == "pause") and one.action != "resume"
        state = _state_after(state, one)
    return Ticket(
        id=row.id, boiler=row.boiler, district=row.district, site=row.site, region=row.region, chain=row.chain,
        state=state, kind=told.get("kind") or finding.get("kind", ""), severity=finding.get("severity", ""),
        problem=told.get("problem") or finding.get("problem", ""), reported=reported, cleared_at_ms=cleared,
        opened_at_ms=history[0].at_ms, assignee=told.get("assignee", ""), paused=paused, finding=finding,
        verdict=told.get("verdict", ""), cause=told.get("cause", ""), part=told.get("part", ""),
        not_held=_problems(history, "not_held"), claims=_problems(history, "claim"),
        obligations=obligations_of(history), history=tuple(history),
    )  # fmt: skip


#: Facts of which the last one told holds; `problem` and `kind` only where they are a diagnosis.
_TOLD = ("assignee", "verdict", "cause", "part", "problem", "kind")


def _state_after(state: State, one: Transition) -> State:
    if one.action == "acknowledge":
        return "acknowledged" if state == "open" else state
    if one.action == "assign" and state == "on_site":
        return state
    target = ACTIONS[one.action][1] if one.action in ACTIONS else None
    return target or state


def _problems(history: Sequence[Transition], action: str) -> tuple[str, ...]:
    """Return the problems that transitions of an action name, each once."""
    return tuple(dict.fromkeys(one.facts["about"] for one in history if one.action == action))
