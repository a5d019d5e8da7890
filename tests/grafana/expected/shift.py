"""The shift."""

from collections import Counter

import msgspec

from tests.grafana.answers import Row
from tests.grafana.expected.view import Expected, View, count_rows, newest, totals


def _count(action: str):
    return lambda view: [count_rows("tickets", sum(1 for _ in view.steps(action)))]


def came_and_went(view: View) -> Expected:
    found: Expected = []
    for action in ("open", "close"):
        by = totals((view.bucket(step["at_ms"]), 1) for step in view.steps(action))
        found.append([{"time": at, "tickets": by.get(at, 0)} for at in view.buckets()] if by else [])
    return found


def log(view: View) -> Expected:
    names = ("action", "ticket", "boiler", "site", "problem", "severity", "actor", "reason")
    return [newest([(step["at_ms"], {name: step[name] for name in names}) for step in view.steps()], 300)]


def common_cause(view: View) -> Expected:
    return [[
        {"district": one.district, "site": one.site, "kind": one.kind, "state": one.state, "severity": one.severity,
         "id": one.id, "values": msgspec.json.encode(one.values).decode()}
        for one in view.findings() if one.district
    ]]  # fmt: skip


def noisy(view: View) -> Expected:
    """Among boilers of one count it is not certain who stands in the list; counts and sites are."""
    raised = Counter((one.boiler, one.site) for one in view.findings("raised") if one.boiler)
    best = sorted(raised.values(), reverse=True)[:20]

    def judge(rows: list[Row]) -> str:
        wrong = [row for row in rows if set(row) != {"time", "findings", "boiler", "site"}]
        wrong = wrong or [row for row in rows if raised[row["boiler"], row["site"]] != row["findings"]]
        counts = sorted((row.get("findings") for row in rows), key=lambda one: -(one or 0))
        return f"wrong {wrong[:1]}, counts {counts}, expected {best}" if wrong or counts != best else ""

    return [judge]


EXPECTED = {
    **{action: _count(action) for action in ("open", "close", "met", "missed")},
    "came_and_went": came_and_went, "log": log, "common_cause": common_cause, "noisy": noisy,
}  # fmt: skip
