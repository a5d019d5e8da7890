"""Early faults."""

from collections import Counter

import msgspec
from sqlalchemy import select

from alerting.database import reading
from alerting.tables import FINDING
from boilerwatch.model import Finding
from tests.grafana.answers import Row
from tests.grafana.expected.view import DAY_MS, HOUR_MS, Expected, View, newest, totals

_FORTNIGHT_MS = 14 * DAY_MS


def _standing(view: View, *by: str) -> list[Finding]:
    """The newest finding of each boiler (and kind)."""
    latest: dict[tuple[str, ...], Finding] = {}
    for one in sorted(view.findings(), key=lambda one: one.evidence_at_ms):
        if one.boiler:
            latest[tuple(getattr(one, name) for name in by)] = one
    return list(latest.values())


def leaks(view: View) -> Expected:
    latest: dict[str, Finding] = {}
    for one in sorted(view.findings(), key=lambda one: one.evidence_at_ms):
        if one.kind == "slow_leak" and one.boiler:
            latest[one.boiler] = one
    rows: list[Row] = [
        {"boiler": one.boiler, "site": one.site, "loss_bar_per_day": one.values["loss_bar_per_day"],
         "expected": one.failure_expected_at_ms}
        for one in latest.values() if one.state != "cleared" and "loss_bar_per_day" in one.values
    ]  # fmt: skip
    rows.sort(key=lambda row: -row["loss_bar_per_day"])
    return [rows[:25]]


def _soon(view: View) -> list[Finding]:
    return [
        one for one in _standing(view, "boiler", "kind")
        if one.state != "cleared" and one.failure_expected_at_ms and 0 < one.failure_expected_at_ms - view.now <= _FORTNIGHT_MS
    ]  # fmt: skip


def expected_count(view: View) -> Expected:
    found = len(_soon(view))
    return [[{"failures": found}] if found else []]


def expected(view: View) -> Expected:
    return [[
        {"expected": one.failure_expected_at_ms, "boiler": one.boiler, "site": one.site, "kind": one.kind,
         "problem": one.problem, "severity": one.severity, "confidence": one.confidence}
        for one in _soon(view)
    ]]  # fmt: skip


def quality(view: View) -> Expected:
    """What each detector raised until the last full hour, and what technicians found."""
    hour = view.now - view.now % HOUR_MS
    raised: dict[str, set[str]] = {}
    standing: dict[str, Finding] = {}
    for at_ms, one in view.world.findings:
        if at_ms <= hour:
            raised.setdefault(one.detector, set()).add(one.id)
            standing[one.id] = one
    closed = {
        step["ticket"]: step["facts"].get("verdict") for step in view.world.steps
        if step["action"] == "close" and step["recorded_at_ms"] <= hour
    }  # fmt: skip
    with reading(view.world.engine) as connection:
        ticket = {row.id: str(row.ticket_id) for row in connection.execute(select(FINDING.c.id, FINDING.c.ticket_id))}
    heard = sum(boiler in view.world.readings for boiler in view.world.register)
    days = heard * (hour - view.world.ticks[0]) / DAY_MS
    rows: list[Row] = []
    for detector, ids in raised.items():
        verdicts = Counter(closed.get(ticket[one]) for one in ids)
        rows.append({
            "detector": detector, "raised": len(ids), "open": sum(standing[one].state != "cleared" for one in ids),
            "confirmed": verdicts["confirmed"], "refuted": verdicts["refuted"] + verdicts["no_fault_found"],
            "per_1000": len(ids) / days * 1000,
        })  # fmt: skip
    return [rows]


def kinds(view: View) -> Expected:
    by = totals(((view.bucket(one.evidence_at_ms), one.kind), 1) for one in view.findings("raised"))
    return [[{"time": at, "kind": kind, "findings": count} for (at, kind), count in by.items()]]


def newest_findings(view: View) -> Expected:
    return [newest([
        (one.evidence_at_ms, {
            "boiler": one.boiler or None, "site": one.site, "kind": one.kind, "severity": one.severity,
            "confidence": one.confidence, "detector": one.detector, "values": msgspec.json.encode(one.values).decode()})
        for one in view.findings("raised")
    ], 200)]  # fmt: skip


EXPECTED = {
    "leaks": leaks, "expected_count": expected_count, "expected": expected, "quality": quality, "kinds": kinds, "newest": newest_findings,
}  # fmt: skip
