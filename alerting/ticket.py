"""A ticket is its transitions; state, clocks and deadlines are computed from them by pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from alerting.policy import HOUR_MS, Policy

State = Literal["open", "acknowledged", "assigned", "on_site", "repaired", "closed"]
SYSTEM = "system"

#: What may be done in which state, and what it leads to; an empty target leaves the state.
ACTIONS: dict[str, tuple[tuple[State, ...], State | None]] = {
    "acknowledge": (("open",), "acknowledged"),
    "assign": (("open", "acknowledged", "assigned", "on_site"), "assigned"),
    "check_in": (("open", "acknowledged", "assigned"), "on_site"),
    "repair": (("acknowledged", "assigned", "on_site"), "repaired"),
    "close": (("open", "acknowledged", "assigned", "on_site", "repaired"), "closed"),
    "reopen": (("repaired", "closed"), "acknowledged"),
    "pause": (("open", "acknowledged", "assigned", "on_site"), None),
    "resume": (("open", "acknowledged", "assigned", "on_site"), None),
    "loaner": (("on_site", "assigned"), None),
    "note": (("open", "acknowledged", "assigned", "on_site", "repaired", "closed"), None),
}


class Transition(NamedTuple):
    """One row of a ticket's history."""

    id: int
    at_ms: int
    recorded_at_ms: int
    actor: str
    action: str
    reason: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Obligation:
    """One promise and its clock. Times in ms since 1970, `paused_ms` in ms."""

    name: str
    started_at_ms: int
    due_at_ms: int
    warn_at_ms: int
    met_at_ms: int | None
    paused_ms: int
    running: bool

    @property
    def breached(self) -> bool:
        """Whether it was met too late; a running one is judged by the sweeper."""
        return self.met_at_ms is not None and self.met_at_ms > self.due_at_ms


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its history makes it."""

    id: int
    boiler: str
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
    obligations: tuple[Obligation, ...]
    history: tuple[Transition, ...]

    @property
    def next_due(self) -> Obligation | None:
        """The running obligation that falls due first."""
        running = [one for one in self.obligations if one.running]
        return min(running, key=lambda one: one.due_at_ms, default=None)


def ticket_of(row: Any, history: Sequence[Transition], policy: Policy) -> Ticket:
    """Return the ticket that a history makes.

    Parameters
    ----------
    row
        Its row of the `ticket` table: id, boiler, site, region, chain.
    history
        Its transitions, in order of id; the first is `open`.
    """
    state: State = "open"
    finding: dict[str, Any] = {}
    assignee, cleared, paused = "", None, False
    for one in history:
        finding = one.facts.get("finding", finding)
        if one.action == "cleared":
            cleared = one.at_ms
        elif one.action in ("open", "evidence", "reported"):
            cleared = None
        target = ACTIONS[one.action][1] if one.action in ACTIONS else None
        state = target or state
        assignee = one.facts.get("assignee", assignee)
        paused = (paused or one.action == "pause") and one.action != "resume"
    obligations = obligations_of(row.region, history, policy)
    return Ticket(
        id=row.id, boiler=row.boiler, site=row.site, region=row.region, chain=row.chain, state=state,
        kind=finding.get("kind", ""), problem=finding.get("problem", ""), severity=finding.get("severity", ""),
        reported=any(one.action == "reported" for one in history), cleared_at_ms=cleared, opened_at_ms=history[0].at_ms,
        assignee=assignee, paused=paused, finding=finding, obligations=obligations, history=tuple(history),
    )  # fmt: skip


def obligations_of(region: str, history: Sequence[Transition], policy: Policy) -> tuple[Obligation, ...]:
    """Return every promise that the history has started, with its clock."""
    last_open = max((i for i, one in enumerate(history) if one.action in ("open", "reopen")), default=0)
    since = [history[0], *history[last_open:]] if last_open else list(history)
    ended = _first(since, "close")
    found: list[Obligation] = []
    if (reported := _first(history, "reported")) is not None:
        started = int(reported.facts["clock_start_ms"])
        answered = _first(history, "acknowledge", "assign", "check_in", "close")
        found.append(
            _clock("response", started, round(policy.response.target_h * HOUR_MS), answered, None, history, policy)
        )
        arrived = _first(history, "check_in", "repair")
        found.append(_clock("on_site", started, policy.on_site_ms(region), arrived, ended, history, policy))
    elif (due := _visit_by(history, policy)) is not None:
        started = history[0].at_ms
        arrived = _first(history, "check_in", "repair")
        found.append(_clock("visit", started, max(due - started, HOUR_MS), arrived, ended, history, policy))
    if (arrived := _first(history, "check_in")) is not None:
        done = _first(since, "repair")
        helped = done or _first(history, "loaner")
        found.append(
            _clock("loaner", arrived.at_ms, round(policy.repair.loaner_h * HOUR_MS), helped, ended, history, policy)
        )
        found.append(
            _clock("repair", arrived.at_ms, round(policy.repair.target_h * HOUR_MS), done, ended, history, policy)
        )
    return tuple(found)


def _visit_by(history: Sequence[Transition], policy: Policy) -> int | None:
    """Return when a proactive visit is due: the failure we expect less a margin."""
    expected = [one.facts["finding"].get("failure_expected_at_ms") for one in history if "finding" in one.facts]
    known = [at for at in expected if at is not None]
    if known:
        return int(known[-1]) - round(policy.proactive.margin_h * HOUR_MS)
    return history[0].at_ms + round(policy.proactive.without_prediction_h * HOUR_MS)


def _clock(
    name: str, started: int, span: int, met: Transition | None, ended: Transition | None, history: Sequence[Transition],
    policy: Policy,
) -> Obligation:  # fmt: skip
    stop = met or ended
    paused, running_pause = (
        (0, False) if name == "response" else _paused(history, started, stop.at_ms if stop else None)
    )
    due = started + span + paused
    return Obligation(
        name=name, started_at_ms=started, due_at_ms=due, warn_at_ms=started + round(span * policy.warn_share) + paused,
        met_at_ms=met.at_ms if met else None, paused_ms=paused, running=stop is None and not running_pause,
    )  # fmt: skip


def _paused(history: Sequence[Transition], started: int, stopped: int | None) -> tuple[int, bool]:
    """Return how long a clock stood still within its run, and whether it stands still now. [ms]"""
    total, since = 0, None
    for one in history:
        if one.action == "pause" and since is None:
            since = max(one.at_ms, started)
        elif one.action == "resume" and since is not None:
            until = one.at_ms if stopped is None else min(one.at_ms, stopped)
            total, since = total + max(until - since, 0), None
    if since is not None and stopped is not None:
        total, since = total + max(stopped - since, 0), None
    return total, since is not None


def _first(history: Sequence[Transition], *actions: str) -> Transition | None:
    return next((one for one in history if one.action in actions), None)


def next_due_ms(ticket: Ticket) -> int | None:
    """Return when the sweeper must look again: the next warning or breach that is not stamped yet. [ms since 1970]"""
    stamped = {
        (one.action, one.facts.get("obligation")) for one in ticket.history if one.action in ("warning", "breach")
    }
    moments = []
    for one in ticket.obligations:
        if one.running:
            moments += [one.warn_at_ms] if ("warning", one.name) not in stamped else []
            moments += [one.due_at_ms] if ("breach", one.name) not in stamped else []
    return min(moments, default=None)
