"""What hits many boilers of one site within minutes: gas, power, the network, frost, a storm on the flues."""

from typing import Any

from sqlalchemy import Connection, func, insert, select

from alerting.policy import Common
from alerting.records import Who
from alerting.tables import BOILER, FINDING, MEMBER, TICKET
from boilerwatch.model import Finding

#: Problems that boilers of a site can share, each with what they share.
SHARED: dict[str, tuple[str, str]] = {
    "gas_supply": ("the gas supply", "燃气供应"),
    "ignition_failure": ("the gas supply", "燃气供应"),
    "flame_loss": ("the gas supply", "燃气供应"),
    "power_supply": ("the power supply", "供电"),
    "comms": ("the network", "网络"),
    "freeze_protection": ("frost", "霜冻"),
    "condensate": ("frost", "霜冻"),
    "flue_blocked": ("wind or snow on the flues", "烟道风雪"),
    "air_pressure_switch": ("wind or snow on the flues", "烟道风雪"),
}


def incident_key(site: str, problem: str) -> str:
    """Return the open key of a site's incident: problems with one cause are one incident."""
    return f"site:{site}/{SHARED[problem][0]}"


def incident_of(connection: Connection, common: Common, finding: Finding, who: Who) -> tuple[int | None, int] | None:
    """Return (its ticket, 0), or (None, boilers so far) for one to be opened, or None where nothing is shared."""
    if not finding.boiler or finding.problem not in SHARED:
        return None
    key = incident_key(who.site, finding.problem)
    row = connection.execute(select(TICKET.c.id).where(TICKET.c.open_key == key)).first()
    if row is not None:
        return int(row.id), 0
    size = connection.execute(select(func.count()).where(BOILER.c.site == who.site)).scalar() or 0
    others = {row.subject for row in _recent(connection, common, finding, who)} - {who.subject}
    enough = len(others) + 1 >= common.threshold(size)
    return (None, len(others) + 1) if enough else None


def recent_findings(connection: Connection, common: Common, finding: Finding, who: Who) -> list[str]:
    """Return the ids of the site's findings that belong to the same incident."""
    return [row.id for row in _recent(connection, common, finding, who)]


def _recent(connection: Connection, common: Common, finding: Finding, who: Who) -> list[Any]:
    cause = SHARED[finding.problem][0]
    alike = [problem for problem, shared in SHARED.items() if shared[0] == cause]
    since = finding.received_at_ms - round(common.window_min * 60_000)
    query = select(FINDING.c.id, FINDING.c.subject).where(
        FINDING.c.site == who.site, ~FINDING.c.district, FINDING.c.problem.in_(alike), FINDING.c.severity != "advisory",
        FINDING.c.cleared_at_ms.is_(None), FINDING.c.received_at_ms >= since,
    )  # fmt: skip
    return list(connection.execute(query))


def join(connection: Connection, ticket_id: int, boiler: str, finding_id: str, at_ms: int) -> None:
    """Make a boiler a member of an incident, once."""
    mine = (MEMBER.c.ticket_id == ticket_id) & (MEMBER.c.boiler == boiler)
    if connection.execute(select(MEMBER.c.boiler).where(mine)).first() is None:
        connection.execute(insert(MEMBER).values(ticket_id=ticket_id, boiler=boiler, finding=finding_id, at_ms=at_ms))
