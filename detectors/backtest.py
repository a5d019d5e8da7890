"""What other limits or other detectors would have changed: two lists of findings, story by story, and what it comes to.

A *ticket* is what alerting makes of findings: warnings of one boiler and chain that overlap are one. A *stop* is a lock-out
code that was shown; it was foretold where a warning of its chain, or of a kind that leads to its problem, stood at least five
minutes before it. Codes themselves foretell nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Finding
from detectors.episodes import key_of

_DAY_MS = 86_400_000
#: A story of the same boiler and kind that began no further away is the same one, told earlier or later. [ms]
_SAME_MS = 14 * _DAY_MS
#: A lock-out shown again so soon is the same stop. [ms]
_STOP_MS = 2 * _DAY_MS
#: A warning that comes later is no warning. [ms]
_AHEAD_MS = 300_000
#: Kinds of what the boiler says itself.
_CODES = ("lockout_code", "maintenance_code")


@dataclass(frozen=True, slots=True)
class Story:
    """One finding from raised to cleared.

    Attributes
    ----------
    subject
        Boiler or district.
    key
        The kind, and the code or signal where several of a kind may be raised at once.
    raised_ms, warned_ms, cleared_ms
        When it was raised, was first worth a ticket, and ended; 0 where it was not. [ms since 1970]
    """

    subject: str
    key: str
    kind: str
    problem: str
    chain: str
    raised_ms: int
    warned_ms: int = 0
    cleared_ms: int = 0
    critical: bool = False

    def foretells(self, stop: "Story") -> bool:
        """Return whether it warned of a stop."""
        if self.kind in _CODES or self.subject != stop.subject or not self.warned_ms:
            return False
        if self.warned_ms > stop.raised_ms - _AHEAD_MS or 0 < self.cleared_ms < stop.raised_ms:
            return False
        return self.chain == stop.chain or stop.problem in KIND_BY_NAME[self.kind].problems


@dataclass(frozen=True, slots=True)
class Judged:
    """What a visit found of a finding that was told: `confirmed` or `refuted`."""

    subject: str
    kind: str
    raised_ms: int
    found: str


@dataclass(frozen=True, slots=True)
class Change:
    """One story that differs.

    Attributes
    ----------
    what
        `added`, `gone`, `earlier` or `later`; `graver` or `milder` where only then or only now it is worth a ticket.
    was, now
        The story then and now, None where it was not told.
    found
        What a visit found of it, empty where nobody knows.
    """

    what: str
    was: Story | None
    now: Story | None
    found: str = ""

    @property
    def story(self) -> Story:
        """Whichever there is."""
        story = self.now or self.was
        assert story is not None
        return story

    @property
    def subject(self) -> str:
        """Boiler or district."""
        return self.story.subject

    @property
    def hours(self) -> float:
        """How much later it is raised, or worth a ticket, now; 0 where it was so once only. [h]"""
        if self.was is None or self.now is None:
            return 0.0
        pairs = [(self.was.raised_ms, self.now.raised_ms), (self.was.warned_ms, self.now.warned_ms)]
        return next(((now - was) / 3_600_000 for was, now in pairs if was and now and was != now), 0.0)

    @property
    def tickets(self) -> int:
        """By how many warnings it is more."""
        return bool(self.now and self.now.warned_ms) - bool(self.was and self.was.warned_ms)


@dataclass(frozen=True, slots=True)
class Side:
    """What one list of findings comes to, of one kind or of all.

    Attributes
    ----------
    tickets
        Those that its warnings would have opened.
    leads_h
        How long before each foretold stop the first warning came. [h]
    """

    told: int
    tickets: int
    leads_h: tuple[float, ...]

    @property
    def lead_h(self) -> float | None:
        """Median lead, None without any. [h]"""
        return median(self.leads_h) if self.leads_h else None


def stories_of(findings: Iterable[Finding]) -> list[Story]:
    """Return one story for all lines of one finding, by time of raising."""
    found: dict[str, Story] = {}
    for one in findings:
        story = found.get(one.id)
        if story is None:
            subject = one.boiler or one.district
            story = Story(subject, key_of(one), one.kind, one.problem, one.chain, one.raised_at_ms)
        if one.severity != "advisory" and not story.warned_ms:
            story = replace(story, warned_ms=one.evidence_at_ms if one.state == "updated" else one.raised_at_ms)
        if one.severity == "critical":
            story = replace(story, critical=True)
        found[one.id] = replace(story, cleared_ms=one.cleared_at_ms or 0) if one.state == "cleared" else story
    return sorted(found.values(), key=lambda story: (story.raised_ms, story.subject, story.key))


def compare(before: Sequence[Story], after: Sequence[Story], judged: Sequence[Judged] = ()) -> list[Change]:
    """Return what differs, by boiler, kind and time; stories are paired in order of time."""
    known = {(one.subject, one.kind, one.raised_ms): one.found for one in judged}
    changes = []
    for was, now in _pairs(before, after):
        what = _difference(was, now)
        if what:
            first = was or now
            assert first is not None
            changes.append(Change(what, was, now, known.get((first.subject, first.kind, first.raised_ms), "")))
    return changes


def _pairs(before: Sequence[Story], after: Sequence[Story]) -> list[tuple[Story | None, Story | None]]:
    old, new = _by_key(before), _by_key(after)
    pairs: list[tuple[Story | None, Story | None]] = []
    for key in sorted(old.keys() | new.keys()):
        left = list(old.get(key, ()))
        for now in new.get(key, ()):
            at = now.raised_ms
            near = min(left, key=lambda one, at=at: abs(one.raised_ms - at), default=None)  # type: ignore[misc] # bound at once
            if near is not None and abs(near.raised_ms - at) <= _SAME_MS:
                left.remove(near)
                pairs.append((near, now))
            else:
                pairs.append((None, now))
        pairs += [(was, None) for was in left]
    return pairs


def _by_key(stories: Sequence[Story]) -> dict[tuple[str, str], list[Story]]:
    found: dict[tuple[str, str], list[Story]] = {}
    for one in stories:
        found.setdefault((one.subject, one.key), []).append(one)
    return found


def _difference(was: Story | None, now: Story | None) -> str:
    if was is None or now is None:
        return "added" if was is None else "gone"
    if bool(was.warned_ms) != bool(now.warned_ms):
        return "graver" if now.warned_ms else "milder"
    earlier = (now.raised_ms, now.warned_ms) < (was.raised_ms, was.warned_ms)
    return "" if (now.raised_ms, now.warned_ms) == (was.raised_ms, was.warned_ms) else "earlier" if earlier else "later"


def stops_of(stories: Iterable[Story]) -> list[Story]:
    """Return the lock-outs, one for those of a boiler and chain that follow within two days."""
    last: dict[tuple[str, str], int] = {}
    stops = []
    for one in stories:
        if one.kind != "lockout_code" or not one.critical:
            continue
        if one.raised_ms - last.get((one.subject, one.chain), -_STOP_MS) >= _STOP_MS:
            stops.append(one)
        last[one.subject, one.chain] = one.raised_ms
    return stops


def side_of(stories: Sequence[Story], stops: Sequence[Story]) -> Side:
    """Return what stories come to."""
    of: dict[str, list[Story]] = {}
    for one in stories:
        of.setdefault(one.subject, []).append(one)
    leads = []
    for stop in stops:
        ahead = [stop.raised_ms - one.warned_ms for one in of.get(stop.subject, ()) if one.foretells(stop)]
        if ahead:
            leads.append(max(ahead) / 3_600_000)
    return Side(len(stories), _tickets(stories), tuple(leads))


def _tickets(stories: Sequence[Story]) -> int:
    """Return how many tickets warnings open: those of one boiler and chain that overlap are one."""
    spans: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for one in stories:
        if one.warned_ms:
            spans.setdefault((one.subject, one.chain), []).append((one.warned_ms, one.cleared_ms or float("inf")))
    count = 0
    for mine in spans.values():
        until = -1.0
        for begin, end in sorted(mine):
            count += begin > until
            until = max(until, end)
    return count


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of findings that visits judged.

    Attributes
    ----------
    judged
        How many were confirmed, or refuted.
    still
        How many of those would be told now.
    warned_then, warned_now
        How many of those were worth a ticket, then and now.
    """

    judged: int
    still: int
    warned_then: int
    warned_now: int


def judge(before: Sequence[Story], after: Sequence[Story], judged: Sequence[Judged]) -> dict[str, Verdicts]:
    """Return, for `confirmed` and `refuted`, what became of the findings that visits judged so.

    A finding that neither list has is none of this time or fleet, and is left out.
    """
    pairs = [(was, now) for was, now in _pairs(before, after) if was is not None]
    of: dict[tuple[str, str], list[tuple[Story, Story | None]]] = {}
    for was, now in pairs:
        of.setdefault((was.subject, was.kind), []).append((was, now))
    met: dict[str, list[tuple[Story, Story | None]]] = {"confirmed": [], "refuted": []}
    for one in judged:
        mine = of.get((one.subject, one.kind), [])
        near = min(mine, key=lambda pair, at=one.raised_ms: abs(pair[0].raised_ms - at), default=None)  # type: ignore[misc] # bound at once
        if near is not None and abs(near[0].raised_ms - one.raised_ms) <= _SAME_MS:
            met[one.found].append(near)
    return {
        found: Verdicts(
            len(those), sum(now is not None for _, now in those), sum(bool(was.warned_ms) for was, _ in those),
            sum(bool(now and now.warned_ms) for _, now in those),
        )
        for found, those in met.items()
        if those
    }  # fmt: skip
