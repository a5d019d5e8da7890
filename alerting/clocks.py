"""Every promise a history has started, with its clock: one pass over the transitions, nothing else looked at.

The numbers that a promise is held to stand in the transition that started it (`facts["targets"]`), with the version of
the policy they come from; a later `policy` transition moves the clocks that run. So a history tells its clocks to the
second, whatever the policy says by now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

HOUR_MS = 3_600_000
#: Nothing pauses the response; a loaner is due whether or not somebody is at home.
PAUSABLE = frozenset({"on_site", "repair", "visit"})
_ANSWERS = frozenset({"acknowledge", "assign", "check_in", "repair", "close"})
_ARRIVALS = frozenset({"check_in", "repair"})
_MET_BY: dict[str, frozenset[str]] = {
    "response": _ANSWERS, "on_site": _ARRIVALS, "visit": _ARRIVALS, "repair": frozenset({"repair"}),
    "loaner": frozenset({"repair", "loaner"}),
}  # fmt: skip


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
    """One promise and its clock.

    Attributes
    ----------
    number
        1 for the first of its name in this ticket, 2 for the one after a repair that did not hold …
    started_at_ms, due_at_ms, warn_at_ms
        When it began, when it falls due, when people are warned. [ms since 1970]
    met_at_ms, ended_at_ms
        When it was fulfilled, and when its clock stopped for whatever reason; None while it has not. [ms since 1970]
    paused_ms
        How long it stood still. [ms]
    running
        Whether the clock runs now.
    policy
        Version of the policy its target comes from.
    fell_due
        Whether a breach is recorded.
    """

    name: str
    number: int
    started_at_ms: int
    due_at_ms: int
    warn_at_ms: int
    met_at_ms: int | None
    ended_at_ms: int | None
    paused_ms: int
    running: bool
    policy: str
    fell_due: bool

    @property
    def breached(self) -> bool:
        """Whether it was not kept: its deadline passed at some time, though a later word may have moved it since."""
        return self.fell_due or (self.met_at_ms is not None and self.met_at_ms > self.due_at_ms)

    @property
    def took_ms(self) -> int | None:
        """How long its clock ran until it stopped, pauses left out. [ms]"""
        return None if self.ended_at_ms is None else max(self.ended_at_ms - self.started_at_ms - self.paused_ms, 0)


@dataclass(slots=True)
class _Clock:
    name: str
    number: int
    started_ms: int
    span_ms: int
    warn_share: float
    policy: str
    paused_ms: int = 0
    paused_since_ms: int | None = None
    met_ms: int | None = None
    ended_ms: int | None = None
    fell_due: bool = False

    def hold(self, at_ms: int) -> None:
        if self.name in PAUSABLE and self.ended_ms is None and self.paused_since_ms is None:
            self.paused_since_ms = max(at_ms, self.started_ms)

    def go_on(self, at_ms: int) -> None:
        if self.paused_since_ms is not None:
            self.paused_ms += max(at_ms - self.paused_since_ms, 0)
            self.paused_since_ms = None

    def end(self, at_ms: int, *, met: bool) -> None:
        at_ms = max(at_ms, self.started_ms)
        self.go_on(at_ms)
        self.ended_ms = at_ms
        self.met_ms = at_ms if met else None

    def obligation(self) -> Obligation:
        due = self.started_ms + self.span_ms + self.paused_ms
        return Obligation(
            name=self.name, number=self.number, started_at_ms=self.started_ms, due_at_ms=due,
            warn_at_ms=self.started_ms + round(self.span_ms * self.warn_share) + self.paused_ms, met_at_ms=self.met_ms,
            ended_at_ms=self.ended_ms, paused_ms=self.paused_ms,
            running=self.ended_ms is None and self.paused_since_ms is None, policy=self.policy, fell_due=self.fell_due,
        )  # fmt: skip


@dataclass(slots=True)
class _Run:
    """The clocks of one ticket while its history is read."""

    clocks: list[_Clock] = field(default_factory=list)
    targets: dict[str, Any] = field(default_factory=dict)
    opened_ms: int = 0
    expected_ms: int | None = None
    on_site: bool = False
    paused: bool = False

    def take(self, one: Transition) -> None:
        self.targets = one.facts.get("targets", self.targets)
        if "finding" in one.facts:
            self.expected_ms = one.facts["finding"].get("failure_expected_at_ms") or self.expected_ms
        for clock in self._running():
            if one.action in _MET_BY[clock.name] and "merged_into" not in one.facts:
                clock.end(one.at_ms, met=True)
        if one.action == "breach":
            for clock in self.clocks:
                clock.fell_due |= (clock.name, clock.number) == (one.facts["obligation"], one.facts.get("number", 1))
        self._turn(one)
        self._move(one)

    def _turn(self, one: Transition) -> None:
        match one.action:
            case "open" if one.facts.get("promise", "visit") == "visit":
                self.opened_ms = one.at_ms
                self._start("visit", one.at_ms)
            case "reported":
                self._report(int(one.facts["clock_start_ms"]))
            case "check_in":
                self.on_site = True
                for name in ("loaner", "repair"):
                    if not any(clock.name == name for clock in self._running()):
                        self._start(name, one.at_ms)
            case "reopen":
                self.opened_ms, self.expected_ms = one.at_ms, None
                urgent = any(clock.name == "response" for clock in self.clocks)
                self._start("on_site" if urgent else "visit", one.at_ms)
            case "pause":
                self.paused = True
                for clock in self._running():
                    clock.hold(one.at_ms)
            case "resume":
                self.paused = False
                for clock in self._running():
                    clock.go_on(one.at_ms)
            case "repair" | "close":
                self.on_site = self.paused = False
                for clock in self._running():
                    clock.end(one.at_ms, met=False)

    def _report(self, started_ms: int) -> None:
        """A lock-out makes a planned visit an urgent one; a technician who is there already has arrived."""
        for clock in self._running():
            if clock.name == "visit":
                clock.end(started_ms, met=False)
        for name in ("response", "on_site"):
            clock = self._start(name, started_ms)
            if self.on_site:
                clock.end(started_ms, met=True)

    def _move(self, one: Transition) -> None:
        """A new policy, or a new prediction, moves the clocks that run."""
        for clock in self._running():
            if one.action == "policy":
                clock.policy = self.targets["policy"]
                clock.warn_share = self.targets["warn_share"]
            if one.action == "policy" or clock.name == "visit":
                clock.span_ms = self._span_ms(clock.name)

    def _start(self, name: str, at_ms: int) -> _Clock:
        number = 1 + sum(clock.name == name for clock in self.clocks)
        clock = _Clock(
            name, number, at_ms, self._span_ms(name), self.targets["warn_share"], self.targets["policy"]
        )  # fmt: skip
        if self.paused:
            clock.hold(at_ms)
        self.clocks.append(clock)
        return clock

    def _span_ms(self, name: str) -> int:
        if name != "visit":
            return int(self.targets[f"{name}_ms"])
        if self.expected_ms is None:
            return int(self.targets["without_ms"])
        return max(self.expected_ms - int(self.targets["margin_ms"]) - self.opened_ms, HOUR_MS)

    def _running(self) -> list[_Clock]:
        return [clock for clock in self.clocks if clock.ended_ms is None]


def obligations_of(history: Sequence[Transition]) -> tuple[Obligation, ...]:
    """Return every promise that the history has started, in order of their start."""
    run = _Run()
    for one in history:
        run.take(one)
    return tuple(clock.obligation() for clock in run.clocks)


def stamps_of(history: Sequence[Transition]) -> set[tuple[str, str, int]]:
    """Return what is recorded already: (action, obligation, number)."""
    marks = ("warning", "breach", "met", "missed")
    return {(one.action, one.facts["obligation"], one.facts.get("number", 1)) for one in history if one.action in marks}


def passed(history: Sequence[Transition], now_ms: int) -> list[tuple[str, Obligation, int]]:
    """Return (action, obligation, moment) of every deadline before `now_ms` that is not stamped yet, in order of time."""
    stamped = stamps_of(history)
    found = [
        (action, one, at_ms)
        for one in obligations_of(history)
        if one.running
        for action, at_ms in (("warning", one.warn_at_ms), ("breach", one.due_at_ms))
        if at_ms < now_ms and (action, one.name, one.number) not in stamped
    ]
    return sorted(found, key=lambda entry: entry[2])


def ended(history: Sequence[Transition]) -> list[tuple[str, Obligation]]:
    """Return (met or missed, obligation) of every promise that ended and is not recorded yet.

    One that was given up before it fell due (a visit that became an urgency, a ticket closed by phone) is neither.
    """
    stamped = stamps_of(history)
    found = []
    for one in obligations_of(history):
        if one.ended_at_ms is None:
            continue
        if one.met_at_ms is None and one.ended_at_ms <= one.due_at_ms and not one.fell_due:
            continue
        action = "met" if one.met_at_ms is not None and not one.breached else "missed"
        if not {("met", one.name, one.number), ("missed", one.name, one.number)} & stamped:
            found.append((action, one))
    return found


def next_due_ms(history: Sequence[Transition]) -> int | None:
    """Return when the sweeper must look again: the next warning or breach that is not stamped yet. [ms since 1970]"""
    return min((at_ms for _, _, at_ms in passed(history, 2**62)), default=None)
