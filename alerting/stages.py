"""What a finding passes before it may touch a ticket: a literal, ordered list, each verdict with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from alerting.common_cause import incident_of
from alerting.policy import Policy
from alerting.records import Who, is_fault
from alerting.tables import FINDING, TICKET
from alerting.windows import Window, open_window
from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Finding
from boilerwatch.wire import format_time


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage says: stop here, or open, join, or become a member of an incident."""

    stage: str
    reason: str
    ticket_id: int | None = None
    stop: bool = False
    member: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A finding on its way: all that a stage may look at."""

    connection: Connection
    policy: Policy
    finding: Finding
    who: Who

    def ticket_of_key(self, *keys: str) -> int | None:
        """Return the open ticket under one of these keys."""
        row = self.connection.execute(select(TICKET.c.id).where(TICKET.c.open_key.in_(keys))).first()
        return None if row is None else int(row.id)


Stage = Callable[[Case], Verdict | None]

#: A graver one that stands open on the same boiler -> kinds that say nothing new beside it.
INHIBITED: dict[str, frozenset[str]] = {
    "lockout_code": frozenset({"short_cycling", "unusual", "maintenance_code", "signal_stale"}),
    "silent": frozenset({"signal_stale"}),
    "burst_leak": frozenset({"slow_leak", "relief_valve_weeping"}),
}


def ended(case: Case) -> Verdict | None:
    """What cleared is told to its ticket, whatever else holds."""
    if case.finding.state != "cleared":
        return None
    ticket_id = _own_ticket(case)
    if ticket_id is None:
        return Verdict("ended", "cleared without an open ticket", stop=True)
    return Verdict("ended", "cleared", ticket_id)


def maintenance(case: Case) -> Verdict | None:
    """Somebody works on it: what it says meanwhile opens nothing."""
    window = _window(case, "maintenance")
    if window is None:
        return None
    until = format_time(window.ends_at_ms)
    return Verdict("maintenance", f"maintenance by {window.actor} until {until}: {window.reason}", stop=True)


def mute(case: Case) -> Verdict | None:
    """Somebody wants to hear nothing of it for a while."""
    window = _window(case, "mute")
    if window is None:
        return None
    until = format_time(window.ends_at_ms)
    return Verdict("mute", f"muted by {window.actor} until {until}: {window.reason}", stop=True)


def dismissed(case: Case) -> Verdict | None:
    """What people closed as no fault stays quiet until it clears, or until the boiler stops."""
    query = select(FINDING.c.judged, FINDING.c.is_fault).where(FINDING.c.id == case.finding.id)
    row = case.connection.execute(query).first()
    if row is None or not row.judged or (is_fault(case.finding) and not row.is_fault):
        return None
    return Verdict("dismissed", f"people closed it as {row.judged}; quiet until it clears", stop=True)


def advisory(case: Case) -> Verdict | None:
    """An advisory never opens a ticket; it is kept and shown."""
    if case.finding.severity == "advisory":
        return Verdict("advisory", "advisories open no ticket", stop=True)
    return None


def inhibit(case: Case) -> Verdict | None:
    """A graver one on the same boiler, or its whole site silent, says it already."""
    finding = case.finding
    if finding.kind == "silent" and finding.boiler:
        incident = case.ticket_of_key(open_key(case.who.site, "link"))
        if incident is not None:
            return Verdict("inhibit", "its whole site is silent: one incident", incident, stop=True)
    graver = [kind for kind, quiet in INHIBITED.items() if finding.kind in quiet]
    raised = (FINDING.c.subject == case.who.subject) & FINDING.c.cleared_at_ms.is_(None) & FINDING.c.kind.in_(graver)
    row = case.connection.execute(select(FINDING.c.kind, FINDING.c.id).where(raised)).first() if graver else None
    return Verdict("inhibit", f"{row.id} says it already", stop=True) if row else None


def common_cause(case: Case) -> Verdict | None:
    """What hits many boilers of a site at once is one incident."""
    found = incident_of(case.connection, case.policy.common, case.finding, case.who)
    if found is None:
        return None
    ticket_id, boilers = found
    reason = f"the open incident of site {case.who.site}"
    if boilers:
        reason = f"{boilers} boilers of site {case.who.site} report {case.finding.problem}: one incident"
    return Verdict("common_cause", reason, ticket_id, member=True)


def same_episode(case: Case) -> Verdict | None:
    """A finding that a ticket has seen already belongs to that one."""
    ticket_id = _own_ticket(case)
    return None if ticket_id is None else Verdict("correlate", "the same episode", ticket_id)


def same_chain(case: Case) -> Verdict | None:
    """Faults of one chain of one boiler are one story."""
    ticket_id = case.ticket_of_key(open_key_of(case.finding))
    return (
        None if ticket_id is None else Verdict("correlate", f"the open story of chain {case.finding.chain}", ticket_id)
    )


def leads_to(case: Case) -> Verdict | None:
    """A code joins the open story of a mechanism that leads to its problem."""
    finding = case.finding
    if finding.kind != "lockout_code":
        return None
    chains = {kind.chain for kind in KIND_BY_NAME.values() if finding.problem in kind.problems and kind.chain != "code"}
    ticket_id = case.ticket_of_key(*(open_key(finding.boiler, chain) for chain in sorted(chains)))
    return (
        None if ticket_id is None else Verdict("correlate", f"an open story that leads to {finding.problem}", ticket_id)
    )


STAGES: tuple[Stage, ...] = (
    ended, maintenance, mute, dismissed, advisory, inhibit, same_episode, common_cause, same_chain, leads_to,
)  # fmt: skip


def judge(case: Case) -> Verdict:
    """Return the first verdict, or the one to open a ticket."""
    for stage in STAGES:
        verdict = stage(case)
        if verdict is not None:
            return verdict
    return Verdict("open", "a new story")


def _own_ticket(case: Case) -> int | None:
    """Return the open ticket that a finding was joined to."""
    query = select(TICKET.c.id).join(FINDING, FINDING.c.ticket_id == TICKET.c.id)
    query = query.where(FINDING.c.id == case.finding.id, TICKET.c.open_key.isnot(None))
    row = case.connection.execute(query).first()
    return None if row is None else int(row.id)


def _window(case: Case, what: str) -> Window | None:
    """Windows hold by arrival time: they are set by people who look at our clock."""
    finding = case.finding
    return open_window(
        case.connection, what, finding.boiler, case.who.site, finding.problem, finding.received_at_ms
    )  # fmt: skip


def open_key(subject: str, chain: str) -> str:
    """Return the key of which only one ticket may be open."""
    return f"{subject}/{chain}"


def open_key_of(finding: Finding) -> str:
    """Return a finding's key."""
    return open_key(finding.boiler or finding.district, finding.chain)
