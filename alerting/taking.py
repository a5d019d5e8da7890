"""One finding into its ticket, inside the caller's transaction."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from alerting.common_cause import SHARED, incident_key, join, recent_findings
from alerting.database import append, read_ticket, transition
from alerting.evidence_clock import absence_of, clock_start_ms
from alerting.policy import Policy
from alerting.records import Who, any_raised, is_fault, record, who_is
from alerting.repairs import returned
from alerting.stages import Case, judge, open_key_of
from alerting.tables import FINDING, MEMBER, TICKET, VERDICT
from alerting.ticket import SYSTEM, Ticket
from boilerwatch.kinds import PROBLEM_BY_NAME
from boilerwatch.model import Finding
from boilerwatch.wire import finding_to_json

_GRAVITY = {"advisory": 0, "warning": 1, "critical": 2}


Skew = Callable[[str], int]


def no_skew(_: str) -> int:
    """Return 0 for every boiler. [ms]"""
    return 0


def take(
    connection: Connection, policy: Policy, finding: Finding, recorded_at_ms: int, skew_of: Skew = no_skew
) -> None:  # fmt: skip
    """Judge a finding and let its ticket know; the verdict is kept either way.

    Parameters
    ----------
    skew_of
        Boiler -> what has to be added to its clock to make it ours; asked only for evidence that waited for us. [ms]
    """
    who = who_is(connection, finding)
    verdict = judge(Case(connection, policy, finding, who))
    ticket_id = verdict.ticket_id
    record(connection, finding, who, ticket_id)
    if not verdict.stop:
        taker = _Taker(connection, policy, finding, who, recorded_at_ms, skew_of)
        if verdict.member:
            ticket_id = taker.join_incident(ticket_id)
        elif ticket_id is None:
            ticket_id = taker.open_ticket()
        else:
            taker.tell(ticket_id)
        taker.own(ticket_id)
    connection.execute(
        insert(VERDICT).values(
            finding=finding.id, boiler=who.subject, at_ms=recorded_at_ms, stage=verdict.stage, reason=verdict.reason,
            ticket_id=ticket_id, body=finding_to_json(finding),
        )
    )  # fmt: skip


class _Taker:
    """What one finding does to tickets."""

    def __init__(
        self, connection: Connection, policy: Policy, finding: Finding, who: Who, recorded_at_ms: int, skew_of: Skew
    ) -> None:  # fmt: skip
        self._connection = connection
        self._policy = policy
        self._finding = finding
        self._who = who
        self._recorded_at_ms = recorded_at_ms
        self._skew_of = skew_of

    def own(self, ticket_id: int) -> None:
        """Say whose the finding is, and whether a repair did not hold."""
        self._connection.execute(update(FINDING).where(FINDING.c.id == self._finding.id).values(ticket_id=ticket_id))
        if self._finding.state == "raised" and self._finding.boiler:
            returned(self._connection, self._policy, self._finding, ticket_id, self._recorded_at_ms)

    def open_ticket(self) -> int:
        """Open a ticket of the finding's own."""
        words = PROBLEM_BY_NAME[self._finding.problem].en
        reason = f"{words}: {self._finding.kind} ({self._finding.severity})"
        return self._open(open_key_of(self._finding), self._who.subject, not self._finding.boiler, reason)

    def join_incident(self, ticket_id: int | None) -> int:
        """Make the boiler a member of its site's incident, which is opened by the first that makes it one."""
        finding, who = self._finding, self._who
        if ticket_id is None:
            cause = SHARED[finding.problem][0]
            ticket_id = self._open(
                incident_key(who.site, finding.problem),
                who.site,
                True,
                f"many boilers at once: {cause}; {finding.problem}",
            )
            self._gather(ticket_id)
        elif is_fault(finding):
            ticket = read_ticket(self._connection, ticket_id, lock=True)
            if ticket is not None and not ticket.reported:
                append(self._connection, ticket_id, [self._entry("evidence", finding.kind), self._reported()])
        join(self._connection, ticket_id, who.subject, finding.id, finding.received_at_ms)
        return ticket_id

    def _gather(self, incident: int) -> None:
        """Take the site's findings of the last minutes in, and close the tickets they had opened one by one."""
        ids = recent_findings(self._connection, self._policy.common, self._finding, self._who)
        query = select(FINDING.c.id, FINDING.c.subject, FINDING.c.ticket_id, FINDING.c.received_at_ms)
        for row in self._connection.execute(query.where(FINDING.c.id.in_(ids))).all():
            join(self._connection, incident, row.subject, row.id, row.received_at_ms)
            if row.ticket_id is not None and row.ticket_id != incident:
                self._merge(row.ticket_id, incident)
        self._connection.execute(update(FINDING).where(FINDING.c.id.in_(ids)).values(ticket_id=incident))

    def _merge(self, ticket_id: int, incident: int) -> None:
        ticket = read_ticket(self._connection, ticket_id, lock=True)
        if ticket is None or ticket.state == "closed" or any(one.actor != SYSTEM for one in ticket.history):
            return
        entry = transition(
            self._finding.received_at_ms, self._recorded_at_ms, SYSTEM, "close", f"part of incident #{incident}",
            merged_into=incident,
        )  # fmt: skip
        append(self._connection, ticket_id, [entry])

    def _open(self, key: str, subject: str, district: bool, reason: str) -> int:
        finding = self._finding
        row = {
            "open_key": key, "boiler": subject, "district": district, "chain": finding.chain, "site": self._who.site,
            "region": self._who.region, "episode": finding.id,
        }  # fmt: skip
        made = self._connection.execute(insert(TICKET).values(**row)).inserted_primary_key
        assert made is not None
        ticket_id = int(made[0])
        promise = "response" if is_fault(finding) else "visit"
        history = [self._entry("open", reason, targets=self._targets(), open_key=key, promise=promise)]
        if is_fault(finding):
            history.append(self._reported())
        append(self._connection, ticket_id, history)
        return ticket_id

    def tell(self, ticket_id: int) -> None:
        """Let an open ticket know."""
        ticket = read_ticket(self._connection, ticket_id, lock=True)
        if ticket is None or ticket.state == "closed":
            return
        history = self._end_of(ticket) if self._finding.state == "cleared" else self._news_for(ticket)
        if history:
            append(self._connection, ticket_id, history)

    def _end_of(self, ticket: Ticket) -> list[dict[str, Any]]:
        if any_raised(self._connection, ticket.id):
            return []
        finding = self._finding
        reason = f"{finding.kind} is no longer seen"
        return [transition(finding.received_at_ms, self._recorded_at_ms, SYSTEM, "cleared", reason)]

    def _news_for(self, ticket: Ticket) -> list[dict[str, Any]]:
        finding = self._finding
        history = []
        if _leads(ticket, finding):
            history.append(self._entry("evidence", f"{finding.kind} ({finding.severity})"))
            if finding.problem != ticket.problem:
                reason = f"{ticket.problem} is now seen as {finding.problem}"
                history.append(self._plain("diagnosis", reason, problem=finding.problem, kind=finding.kind))
            elif finding.kind != ticket.kind:
                history[-1]["facts"]["kind"] = finding.kind
        if is_fault(finding) and not ticket.reported:
            history.append(self._reported())
        return history

    def _entry(self, action: str, reason: str, **facts: Any) -> dict[str, Any]:
        finding = self._finding
        plain = finding_to_json(finding) | {
            "raised_at_ms": finding.raised_at_ms, "evidence_at_ms": finding.evidence_at_ms,
            "received_at_ms": finding.received_at_ms, "failure_expected_at_ms": finding.failure_expected_at_ms,
        }  # fmt: skip
        return self._plain(action, reason, finding=plain, **facts)

    def _reported(self) -> dict[str, Any]:
        finding = self._finding
        absence = absence_of(self._connection, finding.received_at_ms)
        skew_ms = 0 if absence is None else self._skew_of(finding.boiler)
        start_ms = clock_start_ms(finding, absence, skew_ms)
        reason = "the evidence reached us: the response clock runs"
        if absence is not None:
            reason = "the evidence waited for us: the response clock runs from when it could have reached us"
        return self._plain(
            "reported", reason, clock_start_ms=start_ms, received_at_ms=finding.received_at_ms,
            evidence_at_ms=finding.evidence_at_ms, targets=self._targets(),
        )  # fmt: skip

    def _plain(self, action: str, reason: str, **facts: Any) -> dict[str, Any]:
        return transition(self._finding.received_at_ms, self._recorded_at_ms, SYSTEM, action, reason, **facts)

    def _targets(self) -> dict[str, Any]:
        who = self._who.targets_for(self._finding.severity)
        return self._policy.targets(who, self._finding.received_at_ms)


def _leads(ticket: Ticket, finding: Finding) -> bool:
    """A graver or an updated finding takes the ticket's lead; a milder one does not change the diagnosis."""
    if finding.id == ticket.finding.get("id"):
        return True
    return _GRAVITY[finding.severity] >= _GRAVITY.get(ticket.severity, 0)


def members(connection: Connection, ticket_id: int, limit: int = 200) -> list[Any]:
    """Return boilers of an incident, in the order they joined."""
    query = select(MEMBER).where(MEMBER.c.ticket_id == ticket_id).order_by(MEMBER.c.at_ms, MEMBER.c.boiler)
    return list(connection.execute(query.limit(limit)))
