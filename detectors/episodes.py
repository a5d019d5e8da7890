"""Raised, updated, cleared: who is in which episode, and the ids they bear.

An id is minted when an episode is raised, from a counter of its boiler and kind, so a replay mints the same. Findings of one
boiler and chain are one story, told by one of them (`story`).
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import numpy as np

from boilerwatch.kinds import KIND_BY_NAME, chain_of
from boilerwatch.model import SEVERITIES, Finding, Severity
from detectors.story import ALSO, TOLD_AS_ONE, also_of, graver, takes_over

#: A change of the expected failure by less than this share of the time left is not news.
_NEWS_SHARE = 0.25
_NEWS_MS = 6 * 3_600_000


class Episodes:
    """What is raised now, and how many there were."""

    def __init__(self) -> None:
        self.raised: dict[tuple[str, str], Finding] = {}
        self._kinds: dict[str, Counter[str]] = {}
        self._leading: dict[tuple[str, str], str] = {}
        self._counters: dict[tuple[str, str], int] = {}
        self.out: list[Finding] = []
        #: Subject, kind and whether it is a district -> values that say why it is no rival kind.
        self.why: Callable[[str, str, bool], dict[str, Any]] = lambda _subject, _kind, _district: {}

    def in_kind(self, subject: str, kind: str) -> bool:
        """Return whether `subject` is in an episode of `kind` now, or in one it stands inside of, whatever more its key tells."""
        return kind in self._kinds.get(subject, {})

    def is_raised(self, subject: str, key: str) -> bool:
        """Return whether `subject` (a boiler or a district) is in an episode of `key` now."""
        return (subject, key) in self.raised

    def say(
        self, subject: str, key: str, *, severity: Severity, at_ms: int, received_at_ms: int, detector: str, site: str = "",
        kind: str = "", problem: str = "", district: bool = False, values: dict[str, Any] | None = None,
        failure_expected_at_ms: int | None = None, confidence: float = 1.0, instead: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Raise the episode, or update it when severity or expected failure changed in substance, or add to its story.

        Parameters
        ----------
        key
            The kind, or the kind and more (a code) where several may be raised at once.
        at_ms
            Event time of the newest reading used. [ms since 1970]
        instead
            Kinds of its chain that what was seen now excludes.

        Raises
        ------
        ValueError
            If there is no such kind.
        """
        kind = kind or key
        if kind not in KIND_BY_NAME:
            raise ValueError(f"there is no kind {kind!r}; known: {', '.join(KIND_BY_NAME)}")
        values = {
            name: value.item() if isinstance(value, np.generic) else value for name, value in (values or {}).items()
        }
        confidence = float(confidence)
        why = partial(self.why, subject, kind, district)
        problem = problem or KIND_BY_NAME[kind].problem
        before, chain = self.raised.get((subject, key)), chain_of(kind, problem)
        leader = self._leader(subject, chain) if before is None and key == kind and not district else None
        if leader is not None:
            if not takes_over(kind, severity, leader, instead):
                self._join(leader, kind, severity, values, at_ms, received_at_ms)
                return
            severity = graver(severity, leader.severity)
            values[ALSO] = sorted({leader.kind, *also_of(leader)} - {kind})
        elif before is not None and also_of(before):
            values = (values or before.values) | {ALSO: list(also_of(before))}
        if before is not None and SEVERITIES.index(severity) < SEVERITIES.index(before.severity):
            severity = before.severity  # an episode only gets graver until it is cleared
        if before is None:
            number = self._counters[subject, kind] = self._counters.get((subject, kind), 0) + 1
            finding = Finding(
                id=f"{subject}-{kind}-{number}", boiler="" if district else subject, district=subject if district else "",
                site=site, kind=kind, problem=problem, chain=chain, severity=severity, state="raised",
                evidence_at_ms=at_ms, raised_at_ms=at_ms, received_at_ms=received_at_ms, detector=detector,
                failure_expected_at_ms=failure_expected_at_ms, confidence=confidence, values=values | why(),
            )  # fmt: skip
        elif severity == before.severity and not _is_news(before, failure_expected_at_ms, at_ms):
            return
        else:
            finding = msgspec.structs.replace(
                before, severity=severity, state="updated", evidence_at_ms=at_ms, received_at_ms=received_at_ms,
                failure_expected_at_ms=failure_expected_at_ms, confidence=confidence, values=(values or before.values) | why(),
            )  # fmt: skip
        self._raise(subject, key, finding)
        self.out.append(finding)
        if leader is not None:
            self.clear(subject, leader.kind, at_ms, received_at_ms)

    def _leader(self, subject: str, chain: str) -> Finding | None:
        """Return the finding that tells the story of a boiler's chain now."""
        key = self._leading.get((subject, chain))
        return None if key is None else self.raised[subject, key]

    def _join(
        self, leader: Finding, kind: str, severity: Severity, values: dict[str, Any], at_ms: int, received_at_ms: int
    ) -> None:  # fmt: skip
        """Let a finding stand inside the one that tells its story, which becomes as grave."""
        also, severity = also_of(leader), graver(severity, leader.severity)
        if kind in also and severity == leader.severity:
            return
        finding = msgspec.structs.replace(
            leader, severity=severity, state="updated", evidence_at_ms=max(at_ms, leader.evidence_at_ms),
            received_at_ms=received_at_ms, values=values | leader.values | {ALSO: sorted({kind, *also})},
        )  # fmt: skip
        self._raise(leader.boiler, leader.kind, finding)
        why = self.why(leader.boiler, leader.kind, False)  # which now knows of what stands inside
        finding = self.raised[leader.boiler, leader.kind] = msgspec.structs.replace(
            finding, values=finding.values | why
        )
        self.out.append(finding)

    def clear(self, subject: str, key: str, at_ms: int, received_at_ms: int) -> None:
        """End the episode, if there is one; what stands inside another is no evidence any more."""
        before = self._drop(subject, key)
        if before is None and key in KIND_BY_NAME:
            self._leave(subject, key)
        if before is not None:
            self.out.append(
                msgspec.structs.replace(
                    before, state="cleared", evidence_at_ms=at_ms, received_at_ms=received_at_ms, cleared_at_ms=at_ms
                )
            )

    def take(self) -> list[Finding]:
        """Return what was said since the last call."""
        out, self.out = self.out, []
        return out

    def learn(self, finding: Finding, key: str) -> None:
        """Take over what a row of the findings journal says: after a restart it decides, not we."""
        subject = finding.boiler or finding.district
        number = int(finding.id.rpartition("-")[2])
        self._counters[subject, finding.kind] = max(self._counters.get((subject, finding.kind), 0), number)
        if finding.state == "cleared":
            self._drop(subject, key)
        else:
            self._raise(subject, key, finding)

    def _leave(self, subject: str, kind: str) -> None:
        leader = self._leader(subject, KIND_BY_NAME[kind].chain)
        if leader is not None and kind in also_of(leader):
            values = leader.values | {ALSO: [one for one in also_of(leader) if one != kind]}
            self._raise(subject, leader.kind, msgspec.structs.replace(leader, values=values))

    def _raise(self, subject: str, key: str, finding: Finding) -> None:
        self._drop(subject, key)
        self._kinds.setdefault(subject, Counter()).update((finding.kind, *also_of(finding)))
        self.raised[subject, key] = finding
        if finding.chain in TOLD_AS_ONE and finding.boiler and key == finding.kind:
            self._leading[subject, finding.chain] = key

    def _drop(self, subject: str, key: str) -> Finding | None:
        before = self.raised.pop((subject, key), None)
        if before is not None:
            left = self._kinds[subject]
            left.subtract((before.kind, *also_of(before)))
            left += Counter()  # what stands at none goes
            if not left:
                del self._kinds[subject]
            if self._leading.get((subject, before.chain)) == key:
                del self._leading[subject, before.chain]
        return before

    def dump(self) -> dict[str, Any]:
        """Return plain values for a snapshot."""
        return {
            "raised": [[*key, msgspec.to_builtins(finding)] for key, finding in self.raised.items()],
            "counters": [[*key, number] for key, number in self._counters.items()],
        }

    def load(self, plain: dict[str, Any]) -> None:
        """Take the values of a snapshot."""
        self.raised, self._kinds, self._leading = {}, {}, {}
        for subject, key, finding in plain["raised"]:
            self._raise(subject, key, msgspec.convert(finding, Finding))
        self._counters = {(s, k): number for s, k, number in plain["counters"]}


def _is_news(before: Finding, expected_ms: int | None, at_ms: int) -> bool:
    if expected_ms is None or before.failure_expected_at_ms is None:
        return expected_ms is not None
    left = max(before.failure_expected_at_ms - at_ms, 0)
    return abs(expected_ms - before.failure_expected_at_ms) > max(_NEWS_SHARE * left, _NEWS_MS)


def key_of(finding: Finding) -> str:
    """Return the key an episode is raised under; codes and broken temperature sensors carry theirs in `values`."""
    more = finding.values.get("code") or (finding.kind == "ntc_failed" and finding.values.get("signal"))
    return f"{finding.kind}:{more}" if more else finding.kind
