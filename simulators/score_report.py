"""A score as figures with intervals: rows per kind, per chain and for all gradual faults, and the rate of false findings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from boilerwatch.wire import format_time
from simulators.episode import Episode
from simulators.intervals import poisson, wilson
from simulators.score import Case, Score

Interval = tuple[float, float] | None
PER_BOILER_DAYS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """Faults of one kind or chain.

    Attributes
    ----------
    failed
        Faults that stopped their boiler; recall is over these.
    found, recall, recall_95
        Of them found before failure, as a count, a share [-] and its Wilson interval.
    only_advisory
        Of them found by nothing graver than an advisory, which opens no ticket.
    right_mechanism
        Of them found under the fault's own mechanism, not only its problem.
    lead_median_h, lead_p10_h
        Of those found. [h]
    forecasts, forecasts_met
        Of those found with an interval in which failure was expected, and of them those that failed within it.
    wrong_kinds, wrong_chains
        Findings of another problem between onset and failure, and those of them of another chain.
    developing, developing_found
        Faults that did not stop their boiler within the data, and those of them found.
    """

    name: str
    failed: int
    found: int
    recall: float | None
    recall_95: Interval
    only_advisory: int
    right_mechanism: int
    lead_median_h: float | None
    lead_p10_h: float | None
    forecasts: int
    forecasts_met: int
    wrong_kinds: int
    wrong_chains: int
    developing: int
    developing_found: int


@dataclass(frozen=True, slots=True)
class Report:
    """All of a score.

    Attributes
    ----------
    false_per_1000, false_per_1000_95
        False findings per 1000 boiler-days and the exact Poisson interval; None without boiler-days.
    false_by_kind
        Kind a false finding was of -> how many.
    """

    kinds: list[Row]
    chains: list[Row]
    gradual: Row
    boiler_days: float
    false: int
    false_per_1000: float | None
    false_per_1000_95: Interval
    false_by_kind: dict[str, int]
    duplicates: int
    outcomes: dict[str, int]
    codes_checked: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def report(score: Score) -> Report:
    """Return the figures of a score."""
    cases = score.cases
    false = score.false
    low, high = poisson(len(false))
    days = score.boiler_days
    per = PER_BOILER_DAYS / days if days > 0 else None
    return Report(
        kinds=[_row(name, [c for c in cases if c.fault.kind == name]) for name in _names(c.fault.kind for c in cases)],
        chains=[_row(name, [c for c in cases if c.fault.chain == name]) for name in _names(c.fault.chain for c in cases)],
        gradual=_row("all gradual", [c for c in cases if c.fault.is_gradual]),
        boiler_days=days,
        false=len(false),
        false_per_1000=None if per is None else len(false) * per,
        false_per_1000_95=None if per is None else (low * per, high * per),
        false_by_kind=dict(sorted(Counter(one.kind for one in false).items())),
        duplicates=len(score.duplicates),
        outcomes=dict(sorted(score.outcomes.items())),
        codes_checked=score.codes_checked,
    )  # fmt: skip


def _names(names: Iterable[str]) -> list[str]:
    return sorted(set(names))


def _row(name: str, cases: Sequence[Case]) -> Row:
    failed = [case for case in cases if case.fault.failure_ms is not None]
    found = [case for case in failed if case.is_found]
    others = [case for case in cases if case.fault.failure_ms is None]
    met = [case.is_forecast_met for case in found if case.is_forecast_met is not None]
    leads = np.array([case.lead_h for case in found if case.lead_h is not None])
    return Row(
        name=name, failed=len(failed), found=len(found), recall=len(found) / len(failed) if failed else None,
        recall_95=wilson(len(found), len(failed)), only_advisory=sum(case.only_advisory for case in found),
        right_mechanism=sum(case.right_mechanism for case in found),
        lead_median_h=float(np.median(leads)) if len(leads) else None,
        lead_p10_h=float(np.percentile(leads, 10)) if len(leads) else None,
        forecasts=len(met), forecasts_met=sum(met),
        wrong_kinds=sum(case.wrong_kinds for case in cases), wrong_chains=sum(case.wrong_chains for case in cases),
        developing=len(others), developing_found=sum(case.is_found for case in others),
    )  # fmt: skip


def plain_episode(one: Episode) -> dict[str, str]:
    """Return an episode as it stands in a list of false findings."""
    return {
        "id": one.id, "boiler": one.boiler, "kind": one.kind, "problem": one.problem, "raised_at": format_time(one.raised_ms)
    }  # fmt: skip
