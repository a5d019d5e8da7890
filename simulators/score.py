"""Findings against the truth, by the definitions the project publishes its quality with.

*Found before failure*: a right problem raised at least 5 min before it, and not before the fault's onset less 10 min. A
*false finding*: a raised episode, advisories and links apart, on a healthy boiler, or on a sick one before its onset
less 10 min or after its repair plus 48 h. Another problem between onset and failure is a *wrong kind*, and a *wrong
chain* when not even the chain is the fault's. What a code says is never false while the code was active; codes that
clear within 10 min are counted apart. A *duplicate* is raised while another finding of its chain, codes and links apart,
is open for its boiler.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from simulators.episode import Episode
from simulators.truth import CODE_KINDS, Truth

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
#: How far ahead of the failure a fault must be known. [ms]
LEAD_MS = 5 * MINUTE_MS
#: What is raised shortly before an onset may be of it. [ms]
EARLY_MS = 10 * MINUTE_MS
#: A code that goes within this time is a hiccup. [ms]
TRANSIENT_MS = 10 * MINUTE_MS
#: After a repair, detectors may need so long to see that all is well. [ms]
AFTER_REPAIR_MS = 48 * HOUR_MS

Outcome = Literal[
    "right", "wrong_kind", "wrong_chain", "aftermath", "false", "code", "transient_code", "advisory", "link", "district"
]


class ActiveCode(NamedTuple):
    """A code that a boiler really showed, from when to when; None while it stays. [ms since 1970]"""

    boiler: str
    code: str
    start_ms: int
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an episode, and the fault it is about."""

    episode: Episode
    outcome: Outcome
    fault: Truth | None = None


@dataclass(slots=True)
class Case:
    """One fault and what was said of it.

    Attributes
    ----------
    lead_h
        From the first right finding to the failure; None where it was not found before. [h]
    forecast_ms
        Soonest and latest time of failure that the first right finding with an interval told. [ms since 1970]
    """

    fault: Truth
    lead_h: float | None = None
    is_found: bool = False
    only_advisory: bool = False
    right_mechanism: bool = False
    wrong_kinds: int = 0
    wrong_chains: int = 0
    forecast_ms: tuple[int, int] | None = None

    @property
    def is_forecast_met(self) -> bool | None:
        """Whether the failure came within the interval told; None where none was told, or no failure came."""
        if self.forecast_ms is None or self.fault.failure_ms is None:
            return None
        soonest_ms, latest_ms = self.forecast_ms
        return soonest_ms <= self.fault.failure_ms <= latest_ms


@dataclass(slots=True)
class Score:
    """The outcome of a whole data set.

    Attributes
    ----------
    boiler_days
        What the rate of false findings is taken over. [d]
    codes_checked
        Whether code findings were held against the codes that were really active.
    """

    cases: list[Case]
    verdicts: list[Verdict]
    duplicates: list[Episode]
    boiler_days: float
    codes_checked: bool
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def false(self) -> list[Episode]:
        """The false findings."""
        return [one.episode for one in self.verdicts if one.outcome == "false"]


def score(
    episodes: Sequence[Episode], truth: Iterable[Truth], boiler_days: float, codes: Iterable[ActiveCode] | None = None
) -> Score:
    """Return what the episodes are worth.

    Parameters
    ----------
    boiler_days
        Days under watch, all boilers together. [d]
    codes
        The codes really shown; None where that is not known, and every code finding is believed.
    """
    cases = [Case(fault) for fault in truth]
    of_boiler: dict[str, list[Case]] = {}
    for case in cases:
        of_boiler.setdefault(case.fault.boiler, []).append(case)
    shown = None if codes is None else _by_code(codes)
    verdicts = []
    for episode in episodes:
        verdict, about = _judge(episode, of_boiler.get(episode.boiler, []), shown)
        verdicts.append(verdict)
        if about is not None:
            _note(about, verdict)
    outcomes = Counter(str(one.outcome) for one in verdicts)
    return Score(cases, verdicts, duplicates_of(episodes), boiler_days, shown is not None, outcomes)


def _by_code(codes: Iterable[ActiveCode]) -> dict[tuple[str, str], list[ActiveCode]]:
    found: dict[tuple[str, str], list[ActiveCode]] = {}
    for one in codes:
        found.setdefault((one.boiler, one.code), []).append(one)
    return found


def _judge(
    episode: Episode, cases: Sequence[Case], shown: Mapping[tuple[str, str], Sequence[ActiveCode]] | None
) -> tuple[Verdict, Case | None]:
    """Return the verdict on an episode, and the case it belongs to."""
    if not episode.boiler:
        return Verdict(episode, "district"), None
    near = [case for case in cases if _is_during(episode, case.fault)]
    right = [case for case in near if is_right(episode, case.fault)]
    if right:
        named = max(right, key=lambda one: one.fault.onset_ms)
        return Verdict(episode, "right", named.fault), named
    apart = _apart(episode, shown)
    if apart is not None:
        return Verdict(episode, apart), None
    if not near:
        return Verdict(episode, "false"), None
    latest = max(near, key=lambda one: one.fault.onset_ms)
    return Verdict(episode, _wrong(episode, latest.fault), latest.fault), latest


def _is_during(episode: Episode, fault: Truth) -> bool:
    end_ms = None if fault.repaired_ms is None else fault.repaired_ms + AFTER_REPAIR_MS
    return episode.raised_ms >= fault.onset_ms - EARLY_MS and (end_ms is None or episode.raised_ms <= end_ms)


def is_right(episode: Episode, fault: Truth) -> bool:
    """Return whether the episode names the fault's problem; a fault that is only a code is named by any code."""
    return episode.is_code if fault.kind in CODE_KINDS else episode.problem in fault.problems


def _apart(episode: Episode, shown: Mapping[tuple[str, str], Sequence[ActiveCode]] | None) -> Outcome | None:
    """Return why an episode that is not right is not counted against the detectors, or None."""
    if episode.chain == "link":
        return "link"
    if episode.severity == "advisory":
        return "advisory"
    if not episode.is_code:
        return None
    if episode.cleared_ms is not None and episode.cleared_ms - episode.raised_ms <= TRANSIENT_MS:
        return "transient_code"
    if shown is None:
        return "code"
    spans = shown.get((episode.boiler, episode.code), ())
    at_ms = episode.raised_ms
    is_active = any(one.start_ms - EARLY_MS <= at_ms and (one.end_ms is None or at_ms <= one.end_ms) for one in spans)
    return "code" if is_active else None


def _wrong(episode: Episode, fault: Truth) -> Outcome:
    ended_ms = fault.repaired_ms if fault.failure_ms is None else fault.failure_ms
    if ended_ms is not None and episode.raised_ms > ended_ms:
        return "aftermath"
    return "wrong_kind" if episode.chain == fault.chain else "wrong_chain"


def _note(case: Case, verdict: Verdict) -> None:
    """Write a verdict into its case; episodes come in order of raising."""
    episode, fault = verdict.episode, case.fault
    case.wrong_kinds += verdict.outcome in ("wrong_kind", "wrong_chain")
    case.wrong_chains += verdict.outcome == "wrong_chain"
    if verdict.outcome != "right":
        return
    limit_ms = fault.repaired_ms if fault.failure_ms is None else fault.failure_ms - LEAD_MS
    if limit_ms is not None and episode.raised_ms > limit_ms:
        return
    case.right_mechanism |= episode.kind == fault.kind
    case.forecast_ms = case.forecast_ms or episode.forecast_ms
    case.only_advisory = episode.severity == "advisory" and (case.only_advisory or not case.is_found)
    if not case.is_found and fault.failure_ms is not None:
        case.lead_h = (fault.failure_ms - episode.raised_ms) / HOUR_MS
    case.is_found = True


def duplicates_of(episodes: Iterable[Episode]) -> list[Episode]:
    """Return the episodes raised while another of their boiler and chain was open; codes and links are apart."""
    open_until: dict[tuple[str, str], float] = {}
    found = []
    for one in sorted(episodes, key=lambda e: (e.raised_ms, e.id)):
        if one.is_code or one.chain == "link" or not one.boiler:
            continue
        key = (one.boiler, one.chain)
        if one.raised_ms < open_until.get(key, 0):
            found.append(one)
        end_ms = float("inf") if one.cleared_ms is None else float(one.cleared_ms)
        open_until[key] = max(open_until.get(key, 0), end_ms)
    return found
