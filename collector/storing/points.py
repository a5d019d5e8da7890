"""Findings as rows of the store."""

import msgspec

from boilerwatch.model import Finding
from boilerwatch.store.protocol import Point


def point_of(finding: Finding) -> Point:
    """Return a finding as a row of the measurement `finding`, at the time of its evidence.

    What may stand twice at one time for one boiler (raised and cleared, two codes) is told apart by tags. Numbers among
    its values stand under their own names too, for charts.
    """
    tags = {
        "boiler": finding.boiler, "district": finding.district, "site": finding.site, "kind": finding.kind,
        "state": finding.state, "code": str(finding.values.get("code", "")),
    }  # fmt: skip
    fields: dict[str, float | int | str | bool] = {
        "id": finding.id, "severity": finding.severity, "problem": finding.problem, "chain": finding.chain,
        "confidence": float(finding.confidence), "detector": finding.detector, "raised_at_ms": finding.raised_at_ms,
        "values": msgspec.json.encode(finding.values).decode(),
    }  # fmt: skip
    if finding.failure_expected_at_ms is not None:
        fields["failure_expected_at_ms"] = finding.failure_expected_at_ms
    numbers = {n: float(v) for n, v in finding.values.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    fields |= {name: value for name, value in numbers.items() if name not in fields.keys() | tags.keys()}
    return Point("finding", {name: value for name, value in tags.items() if value}, fields, finding.evidence_at_ms)
