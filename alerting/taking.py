"""One finding into its ticket, inside the caller's transaction."""

from typing import Any

from sqlalchemy import Connection, insert, select

from alerting.database import append, read_ticket, transition
from alerting.policy import Policy
from alerting.stages import judge, open_key_of
from alerting.tables import BOILER, TICKET, VERDICT
from alerting.ticket import SYSTEM, Ticket
from boilerwatch.kinds import PROBLEM_BY_NAME
from boilerwatch.model import Finding
from boilerwatch.wire import finding_to_json

_GRAVITY = {"advisory": 0, "warning": 1, "critical": 2}


def take(connection: Connection, policy: Policy, finding: Finding, recorded_at_ms: int) -> None:
    """Judge a finding and let its ticket know; the verdict is kept either way."""
    verdict = judge(connection, finding)
    ticket_id = verdict.ticket_id
    if not verdict.stop:
        if ticket_id is None:
            ticket_id = _open(connection, policy, finding, recorded_at_ms)
        else:
            _tell(connection, policy, ticket_id, finding, recorded_at_ms)
    connection.execute(
        insert(VERDICT).values(
            finding=finding.id, boiler=finding.boiler or finding.district, at_ms=recorded_at_ms, stage=verdict.stage,
            reason=verdict.reason, ticket_id=ticket_id, body=finding_to_json(finding),
        )
    )  # fmt: skip


def _open(connection: Connection, policy: Policy, finding: Finding, recorded_at_ms: int) -> int:
    known = connection.execute(select(BOILER.c.site, BOILER.c.region).where(BOILER.c.boiler == finding.boiler)).first()
    made = connection.execute(
        insert(TICKET).values(
            open_key=open_key_of(finding), boiler=finding.boiler or finding.district, chain=finding.chain,
            site=(known.site if known else finding.site) or "-", region=known.region if known else "", episode=finding.id,
        )
    )  # fmt: skip
    key = made.inserted_primary_key
    assert key is not None
    ticket_id = int(key[0])
    words = PROBLEM_BY_NAME[finding.problem].en
    history = [_entry(finding, recorded_at_ms, "open", f"{words}: {finding.kind} ({finding.severity})")]
    if is_reported(finding):
        history.append(_reported(finding, recorded_at_ms))
    append(connection, policy, ticket_id, history)
    return ticket_id


def _tell(connection: Connection, policy: Policy, ticket_id: int, finding: Finding, recorded_at_ms: int) -> None:
    ticket = read_ticket(connection, policy, ticket_id, lock=True)
    if ticket is None or ticket.state == "closed":
        return
    if finding.state == "cleared":
        if finding.id == ticket.finding.get("id"):
            entry = transition(
                finding.evidence_at_ms, recorded_at_ms, SYSTEM, "cleared", f"{finding.kind} is no longer seen"
            )
            append(connection, policy, ticket_id, [entry])
        return
    history = []
    if is_reported(finding) and not ticket.reported:
        history.append(_reported(finding, recorded_at_ms))
    if _is_news(ticket, finding):
        history.insert(0, _entry(finding, recorded_at_ms, "evidence", f"{finding.kind} ({finding.severity})"))
    if history:
        append(connection, policy, ticket_id, history)


def _is_news(ticket: Ticket, finding: Finding) -> bool:
    """A graver or an updated finding takes the ticket's lead; a milder one does not change the diagnosis."""
    if finding.id == ticket.finding.get("id"):
        return True
    return _GRAVITY[finding.severity] >= _GRAVITY.get(ticket.severity, 0)


def is_reported(finding: Finding) -> bool:
    """Return whether the response clock starts: a lock-out or a safety condition."""
    return finding.severity == "critical" or finding.values.get("code_severity") in ("lockout", "blocking")


def _reported(finding: Finding, recorded_at_ms: int) -> dict[str, Any]:
    return transition(
        finding.received_at_ms, recorded_at_ms, SYSTEM, "reported", "the evidence reached us: the response clock runs",
        clock_start_ms=finding.received_at_ms,
    )  # fmt: skip


def _entry(finding: Finding, recorded_at_ms: int, action: str, reason: str) -> dict[str, Any]:
    plain = finding_to_json(finding) | {
        "raised_at_ms": finding.raised_at_ms,
        "evidence_at_ms": finding.evidence_at_ms,
        "received_at_ms": finding.received_at_ms,
        "failure_expected_at_ms": finding.failure_expected_at_ms,
    }
    return transition(finding.received_at_ms, recorded_at_ms, SYSTEM, action, reason, finding=plain)
