"""Raised, updated, cleared: who is in which episode, and the ids they bear.

An id is minted when an episode is raised, from a counter of its boiler and kind, so a replay mints the same.
"""

from collections import Counter
from typing import Any

import msgspec
import numpy as np

from boilerwatch.kinds import KIND_BY_NAME, chain_of
from boilerwatch.model import SEVERITIES, Finding, Severity

#: A change of the expected failure by less than this share of the time left is not news.
_NEWS_SHARE = 0.25
_NEWS_MS = 6 * 3_600_000


class Episodes:
    """What is raised now, and how many there were."""

    def __init__(self) -> None:
        self.raised: dict[tuple[str, str], Finding] = {}
        self._kinds: dict[str, Counter[str]] = {}
        self._counters: dict[tuple[str, str], int] = {}
        self.out: list[Finding] = []

    def in_kind(self, subject: str, kind: str) -> bool:
        """Return whether `subject` is in an episode of `kind` now, whatever more its key tells."""
        return kind in self._kinds.get(subject, {})

    def is_raised(self, subject: str, key: str) -> bool:
        """Return whether `subject` (a boiler or a district) is in an episode of `key` now."""
        return (subject, key) in self.raised

    def say(
        self, subject: str, key: str, *, severity: Severity, at_ms: int, received_at_ms: int, detector: str, site: str = "",
        kind: str = "", problem: str = "", district: bool = False, values: dict[str, Any] | None = None,
        failure_expected_at_ms: int | None = None, confidence: float = 1.0,
    ) -> None:  # fmt: skip
        """Raise the episode, or update it when severity or expected failure changed in substance.

        Parameters
        ----------
        key
            The kind, or the kind and more (a code) where several may be raised at once.
        at_ms
            Event time of the newest reading used. [ms since 1970]

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
        problem = problem or KIND_BY_NAME[kind].problem
        before = self.raised.get((subject, key))
        if before is not None and SEVERITIES.index(severity) < SEVERITIES.index(before.severity):
            severity = before.severity  # an episode only gets graver until it is cleared
        if before is None:
            number = self._counters[subject, kind] = self._counters.get((subject, kind), 0) + 1
            finding = Finding(
                id=f"{subject}-{kind}-{number}", boiler="" if district else subject, district=subject if district else "",
                site=site, kind=kind, problem=problem, chain=chain_of(kind, problem), severity=severity, state="raised",
                evidence_at_ms=at_ms, raised_at_ms=at_ms, received_at_ms=received_at_ms, detector=detector,
                failure_expected_at_ms=failure_expected_at_ms, confidence=confidence, values=values,
            )  # fmt: skip
        elif severity == before.severity and not _is_news(before, failure_expected_at_ms, at_ms):
            return
        else:
            finding = msgspec.structs.replace(
                before, severity=severity, state="updated", evidence_at_ms=at_ms, received_at_ms=received_at_ms,
                failure_expected_at_ms=failure_expected_at_ms, confidence=confidence, values=values or before.values,
            )  # fmt: skip
        self._raise(subject, key, finding)
        self.out.append(finding)

    def clear(self, subject: str, key: str, at_ms: int, received_at_ms: int) -> None:
        """End the episode, if there is one."""
        before = self._drop(subject, key)
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

    def _raise(self, subject: str, key: str, finding: Finding) -> None:
        if (subject, key) not in self.raised:
            self._kinds.setdefault(subject, Counter())[finding.kind] += 1
        self.raised[subject, key] = finding

    def _drop(self, subject: str, key: str) -> Finding | None:
        before = self.raised.pop((subject, key), None)
        if before is not None:
            left = self._kinds[subject]
            left[before.kind] -= 1
            left += Counter()  # what stands at none goes
            if not left:
                del self._kinds[subject]
        return before

    def dump(self) -> dict[str, Any]:
        """Return plain values for a snapshot."""
        return {
            "raised": [[*key, msgspec.to_builtins(finding)] for key, finding in self.raised.items()],
            "counters": [[*key, number] for key, number in self._counters.items()],
        }

    def load(self, plain: dict[str, Any]) -> None:
        """Take the values of a snapshot."""
        self.raised, self._kinds = {}, {}
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
