"""What other limits or other detectors would have changed: two lists of findings, episode by episode."""

from collections.abc import Iterable
from dataclasses import dataclass

from boilerwatch.model import Finding

#: An episode of the same boiler and kind that began no further away is the same one, told earlier or later. [ms]
_SAME_MS = 14 * 86_400_000


@dataclass(frozen=True, slots=True)
class Change:
    """One episode that differs.

    Attributes
    ----------
    what
        `added`, `gone`, `earlier` or `later`.
    subject
        Boiler or district.
    was_ms, is_ms
        When it was raised, then and now; 0 where it was not. [ms since 1970]
    """

    what: str
    subject: str
    kind: str
    was_ms: int
    is_ms: int

    @property
    def hours(self) -> float:
        """How much later it is raised now, 0 where it was raised once only. [h]"""
        return (self.is_ms - self.was_ms) / 3_600_000 if self.was_ms and self.is_ms else 0.0


def compare(before: Iterable[Finding], after: Iterable[Finding]) -> list[Change]:
    """Return what differs, by boiler, kind and time; episodes are paired in order of time."""
    old, new = _raised(before), _raised(after)
    changes: list[Change] = []
    for subject, kind in sorted(old.keys() | new.keys()):
        left, now = list(old.get((subject, kind), [])), new.get((subject, kind), [])
        for at in now:
            near = min(left, key=lambda one, at=at: abs(one - at), default=None)  # type: ignore[misc] # bound at once
            if near is None or abs(near - at) > _SAME_MS:
                changes.append(Change("added", subject, kind, 0, at))
                continue
            left.remove(near)
            if near != at:
                changes.append(Change("earlier" if at < near else "later", subject, kind, near, at))
        changes += [Change("gone", subject, kind, at, 0) for at in left]
    return changes


def _raised(findings: Iterable[Finding]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for one in findings:
        if one.state == "raised":
            found.setdefault((one.boiler or one.district, one.kind), []).append(one.raised_at_ms)
    return found
