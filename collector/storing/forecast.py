"""Where a boiler's pressure goes if nobody comes: what a finding predicts, as rows of `forecast` ahead of time.

A finding names the pressure at 20 °C it starts from, the limit and when that is reached. InfluxQL draws no line towards
a time that is not yet, so the line stands in the store: a row every six hours, on one grid for all predictions, so that a
later one takes the place of an earlier from its own moment on. Where none stands any more the rows say so: no store of
ours deletes.
"""

from boilerwatch.model import Finding
from boilerwatch.store.protocol import Point

STEP_MS = 21_600_000
AHEAD_STEPS = 240  # 60 days


def line_of(finding: Finding) -> list[Point]:
    """Return the rows of what a finding predicts of the pressure; of other findings none."""
    start_bar, limit_bar = finding.values.get("cold_pressure_bar"), finding.values.get("limit_bar")
    since_ms, expected_ms = finding.evidence_at_ms, finding.failure_expected_at_ms
    if not isinstance(start_bar, int | float) or not isinstance(limit_bar, int | float) or expected_ms is None:
        return []
    tags = {name: text for name in ("boiler", "site", "kind") if (text := getattr(finding, name))}
    first_ms = since_ms - since_ms % STEP_MS
    is_to_come = finding.state != "cleared" and expected_ms > since_ms
    bar_per_ms = (limit_bar - start_bar) / (expected_ms - since_ms) if is_to_come else 0.0
    points = []
    for at_ms in range(first_ms, first_ms + AHEAD_STEPS * STEP_MS + 1, STEP_MS):
        fields: dict[str, float | int | str | bool] = {"stands": False}
        if is_to_come and at_ms < expected_ms + STEP_MS:  # one row beyond, so that the line is seen to cross
            bar = start_bar + bar_per_ms * (at_ms - since_ms)
            fields = {"stands": True, "expected_bar": float(bar), "limit_bar": float(limit_bar)}
        points.append(Point("forecast", tags, fields, at_ms))
    return points
