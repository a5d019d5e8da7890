"""Scores of many fleets -> plain figures: per kind, model, gateway and idea; abrupt faults by how soon they are told."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from boilerwatch.evaluation.run import CATALOGUE, THRESHOLD, TOLD, Result
from boilerwatch.kinds import KINDS
from simulators.intervals import poisson, wilson
from simulators.score import Case, Score, Verdict
from simulators.score_report import PER_BOILER_DAYS, report

_DAY_MS = 86_400_000
_ABRUPT = frozenset(kind.name for kind in KINDS if not kind.gradual)


def merged(scores: Iterable[Score]) -> Score:
    """Return many fleets' scores as one."""
    whole = Score([], [], [], 0.0, True)
    for one in scores:
        whole.cases += one.cases
        whole.verdicts += one.verdicts
        whole.duplicates += one.duplicates
        whole.boiler_days += one.boiler_days
        whole.outcomes += one.outcomes
    return whole


def group_figures(results: Sequence[Result]) -> dict[str, Any]:
    """Return a group's figures: the catalogue's in full, the plain thresholds' and each ablation's in short."""
    variants = {name: merged(one.scores[name] for one in results) for name in results[0].scores}
    catalogue = variants[CATALOGUE]
    return {
        **_short(catalogue), "kinds": _kinds(catalogue), "abrupt": _abrupt(catalogue),
        "models": _shared_by(results, [one.models for one in results]),
        "gateways": _shared_by(results, [one.habits for one in results]),
        "false_by_kind": dict(sorted(Counter(one.kind for one in catalogue.false).items())),
        "threshold": _short(variants[THRESHOLD]) | {"kinds": _kinds(variants[THRESHOLD])},
        "without": {name: _short(one) for name, one in variants.items() if name not in (CATALOGUE, THRESHOLD, TOLD)},
        "told": _short(variants[TOLD]) if TOLD in variants else None,
    }  # fmt: skip


def _short(score: Score) -> dict[str, Any]:
    gradual = report(score).gradual
    low, high = poisson(len(score.false))
    per = PER_BOILER_DAYS / score.boiler_days
    return {
        "boiler_days": round(score.boiler_days), "failed": gradual.failed, "found": gradual.found,
        "recall_95": _rounded(gradual.recall_95, 3), "only_advisory": gradual.only_advisory,
        "lead_median_h": _hours(gradual.lead_median_h), "lead_p10_h": _hours(gradual.lead_p10_h),
        "forecasts": gradual.forecasts, "forecasts_met": gradual.forecasts_met, "wrong_kinds": gradual.wrong_kinds, "wrong_chains": gradual.wrong_chains, "false": len(score.false),
        "false_per_1000": round(len(score.false) * per, 2), "false_per_1000_95": _rounded((low * per, high * per), 2),
        "duplicates": len(score.duplicates),
    }  # fmt: skip


def _kinds(score: Score) -> dict[str, Any]:
    """Return gradual kinds: those that failed, and of them found before."""
    return {
        row.name: {
            "faults": row.failed + row.developing, "failed": row.failed, "found": row.found,
            "recall_95": _rounded(row.recall_95, 3), "right_mechanism": row.right_mechanism, "only_advisory": row.only_advisory,
            "lead_median_h": _hours(row.lead_median_h), "lead_p10_h": _hours(row.lead_p10_h),
            "forecasts": row.forecasts, "forecasts_met": row.forecasts_met,
        } for row in report(score).kinds if row.name not in _ABRUPT
    }  # fmt: skip


def _abrupt(score: Score) -> dict[str, Any]:
    """Return kinds that come at once: told within a day of their onset, and how soon."""
    first: dict[int, int] = {}
    for verdict in score.verdicts:
        if _names(verdict) and verdict.fault is not None:
            first[id(verdict.fault)] = min(first.get(id(verdict.fault), 2**62), verdict.episode.raised_ms)
    kinds: dict[str, list[float]] = {}
    for case in score.cases:
        if case.fault.kind in _ABRUPT:
            delay = (first.get(id(case.fault), 2**62) - case.fault.onset_ms) / 60_000
            kinds.setdefault(case.fault.kind, []).append(delay)
    return {name: _told(delays) for name, delays in sorted(kinds.items())}


def _names(verdict: Verdict) -> bool:
    return verdict.outcome == "right"


def _told(delays_min: Sequence[float]) -> dict[str, Any]:
    told = sorted(one for one in delays_min if one <= _DAY_MS / 60_000)
    return {
        "faults": len(delays_min), "told": len(told), "told_95": _rounded(wilson(len(told), len(delays_min)), 3),
        "median_min": round(float(np.median(told)), 1) if told else None,
    }  # fmt: skip


def _shared_by(results: Sequence[Result], traits: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return recall of gradual faults and false findings by what boilers share; each result's boiler -> trait."""
    cases: dict[str, list[Case]] = {}
    false: Counter[str] = Counter()
    boilers: Counter[str] = Counter()
    for one, trait in zip(results, traits, strict=True):
        boilers.update(trait.values())
        for case in one.scores[CATALOGUE].cases:
            cases.setdefault(trait[case.fault.boiler], []).append(case)
        false.update(trait[episode.boiler] for episode in one.scores[CATALOGUE].false)
    rows = {}
    for name in sorted(boilers):
        failed = [c for c in cases.get(name, []) if c.fault.is_gradual and c.fault.failure_ms is not None]
        found = sum(case.is_found for case in failed)
        rows[name] = {"boilers": boilers[name], "failed": len(failed), "found": found, "false": false[name],
                      "recall_95": _rounded(wilson(found, len(failed)), 3)}  # fmt: skip
    return rows


def _rounded(interval: tuple[float, float] | None, digits: int) -> list[float] | None:
    return None if interval is None else [round(limit, digits) for limit in interval]


def _hours(hours: float | None) -> float | None:
    return None if hours is None else round(hours, 1)
