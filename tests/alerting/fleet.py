"""Findings to try things with: valid by default, changed by keyword."""

from typing import Any

from sqlalchemy import Connection

from alerting.policy import HOUR_MS, load_policy
from alerting.taking import take
from boilerwatch import findings
from boilerwatch.findings import FindingsRow
from boilerwatch.journal import Row
from boilerwatch.model import Finding

T0 = 1_800_000_000_000
POLICY = load_policy()


def finding(**changes: Any) -> Finding:
    plain: dict[str, Any] = {
        "id": "b-1-slow_leak-1", "boiler": "b-1", "site": "s", "kind": "slow_leak", "problem": "low_water_pressure",
        "chain": "water", "severity": "warning", "state": "raised", "detector": "slow_leak@1", "raised_at_ms": T0,
        "evidence_at_ms": T0, "received_at_ms": T0,
    }  # fmt: skip
    return Finding(**(plain | changes))


LOCKOUT = finding(
    id="b-1-lockout_code-1", kind="lockout_code", severity="critical", detector="codes@1", received_at_ms=T0 + HOUR_MS,
    values={"code": "2E/207", "code_severity": "lockout"},
)  # fmt: skip


def lockout(boiler: str, at_ms: int = T0, **changes: Any) -> Finding:
    """A lock-out of a boiler of its own."""
    plain = {
        "id": f"{boiler}-lockout_code-1", "boiler": boiler, "kind": "lockout_code", "severity": "critical",
        "detector": "codes@1", "raised_at_ms": at_ms, "evidence_at_ms": at_ms, "received_at_ms": at_ms,
        "values": {"code": "2E/207", "code_severity": "lockout"},
    }  # fmt: skip
    return finding(**(plain | changes))


def tell(connection: Connection, *found: Finding) -> None:
    for one in found:
        take(connection, POLICY, one, one.received_at_ms)


def row_of(offset: int, *found: Finding) -> Row:
    """A row of the findings journal."""
    body = findings.encode(FindingsRow(positions={"readings": offset, "service": 0}, findings=list(found)))
    return Row(offset, T0, 1, "", body)
