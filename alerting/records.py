"""What stands beside the tickets: each finding as it is now, and when boilers were out of order."""

from dataclasses import dataclass

from sqlalchemy import Connection, exists, insert, select, update

from alerting.tables import BOILER, FINDING, OUTAGE
from boilerwatch.model import Finding

_STOPS = ("lockout", "blocking")


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a finding is about, as the register knows it."""

    subject: str
    site: str
    region: str = ""
    contract: str = ""

    def targets_for(self, severity: str) -> dict[str, str]:
        """Return what the policy asks to tell targets."""
        return {"site": self.site, "region": self.region, "contract": self.contract, "severity": severity}


def who_is(connection: Connection, finding: Finding) -> Who:
    """Return whom a finding is about; the register's word goes before the topic's."""
    subject = finding.boiler or finding.district
    query = select(BOILER.c.site, BOILER.c.region, BOILER.c.contract).where(BOILER.c.boiler == finding.boiler)
    known = connection.execute(query).first() if finding.boiler else None
    if known is not None:
        return Who(subject, known.site, known.region, known.contract)
    return Who(subject, finding.site or finding.district or "-")


def is_fault(finding: Finding) -> bool:
    """Return whether it is a reported fault: a lock-out or a safety condition."""
    return finding.severity == "critical" or finding.values.get("code_severity") in _STOPS


def record(connection: Connection, finding: Finding, who: Who, ticket_id: int | None) -> None:
    """Keep a finding as it stands now, and the boiler's outage with it."""
    values = {
        "severity": finding.severity, "problem": finding.problem, "received_at_ms": finding.received_at_ms,
        "is_fault": is_fault(finding), "cleared_at_ms": _cleared(finding), "detector": finding.detector[:80],
    }  # fmt: skip
    if ticket_id is not None:
        values["ticket_id"] = ticket_id
    if connection.execute(update(FINDING).where(FINDING.c.id == finding.id).values(**values)).rowcount == 0:
        fixed = {
            "id": finding.id, "subject": who.subject, "district": not finding.boiler, "site": who.site,
            "region": who.region, "kind": finding.kind, "chain": finding.chain, "raised_at_ms": finding.raised_at_ms,
        }  # fmt: skip
        connection.execute(insert(FINDING).values(**fixed, **values))
    if finding.boiler:
        _outage(connection, finding, who)


def _cleared(finding: Finding) -> int | None:
    return (finding.cleared_at_ms or finding.evidence_at_ms) if finding.state == "cleared" else None


def _outage(connection: Connection, finding: Finding, who: Who) -> None:
    """A boiler is out of order from its first grave finding until none is raised any more."""
    running = (OUTAGE.c.boiler == who.subject) & OUTAGE.c.ended_at_ms.is_(None)
    if finding.state != "cleared":
        if is_fault(finding) and connection.execute(select(OUTAGE.c.id).where(running)).first() is None:
            row = {"boiler": who.subject, "site": who.site, "region": who.region}
            connection.execute(insert(OUTAGE).values(**row, started_at_ms=finding.evidence_at_ms, ended_at_ms=None))
        return
    grave = (FINDING.c.subject == who.subject) & FINDING.c.cleared_at_ms.is_(None) & FINDING.c.is_fault
    ended = update(OUTAGE).where(running, ~exists(select(FINDING.c.id).where(grave)))
    connection.execute(ended.values(ended_at_ms=_cleared(finding)))


def any_raised(connection: Connection, ticket_id: int) -> bool:
    """Return whether a finding of this ticket is raised still."""
    raised = (FINDING.c.ticket_id == ticket_id) & FINDING.c.cleared_at_ms.is_(None)
    return connection.execute(select(FINDING.c.id).where(raised).limit(1)).first() is not None
