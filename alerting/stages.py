"""What a finding passes before it may touch a ticket: a literal, ordered list, each verdict with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from alerting.tables import TICKET, VERDICT
from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Finding


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a stage says: stop here, or open, join, or go on."""

    stage: str
    reason: str
    ticket_id: int | None = None
    stop: bool = False


Stage = Callable[[Connection, Finding], Verdict | None]


def advisory(_: Connection, finding: Finding) -> Verdict | None:
    """An advisory never opens a ticket; it is kept and shown."""
    if finding.severity == "advisory" and finding.state != "cleared":
        return Verdict("advisory", "advisories open no ticket", stop=True)
    return None


def inhibit(connection: Connection, finding: Finding) -> Verdict | None:
    """A boiler that is silent inside a district's incident gets no ticket of its own."""
    if finding.kind != "silent" or not finding.boiler or finding.state == "cleared":
        return None
    key = _open_key(finding.site, "link")
    row = connection.execute(select(TICKET.c.id).where(TICKET.c.open_key == key)).first()
    return Verdict("inhibit", "its whole site is silent: one incident", row.id, stop=True) if row else None


def same_episode(connection: Connection, finding: Finding) -> Verdict | None:
    """A finding that a ticket has seen already belongs to that one."""
    query = (
        select(VERDICT.c.ticket_id)
        .join(TICKET, TICKET.c.id == VERDICT.c.ticket_id)
        .where(VERDICT.c.finding == finding.id, TICKET.c.open_key.isnot(None))
        .order_by(VERDICT.c.id.desc())
    )
    row = connection.execute(query).first()
    return Verdict("correlate", "the same episode", row.ticket_id) if row else None


def same_chain(connection: Connection, finding: Finding) -> Verdict | None:
    """Faults of one chain of one boiler are one story."""
    key = _open_key(finding.boiler or finding.district, finding.chain)
    row = connection.execute(select(TICKET.c.id).where(TICKET.c.open_key == key)).first()
    return Verdict("correlate", f"the open story of chain {finding.chain}", row.id) if row else None


def leads_to(connection: Connection, finding: Finding) -> Verdict | None:
    """A code joins the open story of a mechanism that leads to its problem."""
    if finding.kind != "lockout_code":
        return None
    chains = {kind.chain for kind in KIND_BY_NAME.values() if finding.problem in kind.problems and kind.chain != "code"}
    keys = [_open_key(finding.boiler, chain) for chain in chains]
    row = connection.execute(select(TICKET.c.id).where(TICKET.c.open_key.in_(keys))).first()
    return Verdict("correlate", f"an open story that leads to {finding.problem}", row.id) if row else None


STAGES: tuple[Stage, ...] = (same_episode, advisory, inhibit, same_chain, leads_to)


def judge(connection: Connection, finding: Finding) -> Verdict:
    """Return the first verdict, or the one to open a ticket."""
    for stage in STAGES:
        verdict = stage(connection, finding)
        if verdict is not None:
            return verdict
    if finding.state == "cleared":
        return Verdict("open", "cleared before any ticket", stop=True)
    return Verdict("open", "a new story")


def _open_key(subject: str, chain: str) -> str:
    return f"{subject}/{chain}"


def open_key_of(finding: Finding) -> str:
    """Return the key of which only one ticket may be open."""
    return _open_key(finding.boiler or finding.district, finding.chain)
