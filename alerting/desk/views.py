"""What the tickets' pages show."""

from typing import Any

from fastapi import HTTPException
from sqlalchemy import ColumnElement, Connection, Engine, func, select

from alerting.actions import act, fits
from alerting.chart import draw
from alerting.database import read_ticket, read_tickets, reading
from alerting.desk.boiler_view import DAY_MS, grafana_link, series
from alerting.policy import Policy
from alerting.tables import FINDING, STANDING, TICKET, TRANSITION, VERDICT
from alerting.taking import members
from alerting.ticket import ACTIONS, VERDICTS, Ticket
from boilerwatch.clock import Clock
from boilerwatch.errors import TicketError
from boilerwatch.kinds import PROBLEM_BY_NAME, PROBLEMS
from boilerwatch.rivals import SIGNS
from boilerwatch.store.protocol import Store

_WINDOW_MS = 3 * DAY_MS
_LISTED, _HOUR_MS = 300, 3_600_000
_HIDDEN = frozenset({"code", "meaning", "meaning_zh", "source", "why_not"})
_CHAIN_SIGNALS = {
    "water": ["water_pressure_bar", "flow_temp_c"], "flow": ["flow_temp_c", "return_temp_c", "modulation_pct"],
    "flame": ["flame_current_ua", "modulation_pct", "flame_on"], "air": ["fan_speed_rpm", "fan_setpoint_rpm"],
    "dhw": ["dhw_temp_c", "flow_temp_c"], "control": ["flow_temp_c", "outdoor_temp_c"],
}  # fmt: skip


class Views:
    """Read models of tickets; nothing here writes but `act`."""

    def __init__(self, engine: Engine, policy: Policy, store: Store, clock: Clock, grafana_url: str) -> None:
        self.engine = engine
        self.policy = policy
        self._store = store
        self._clock = clock
        self._grafana_url = grafana_url.rstrip("/")

    def open_tickets(self, site: str = "", limit: int = _LISTED) -> list[Ticket]:
        """Return open tickets by nearest breach."""
        wanted: ColumnElement[bool] = TICKET.c.open_key.isnot(None)
        if site:
            wanted = wanted & (TICKET.c.site == site)
        with reading(self.engine) as connection:
            return read_tickets(connection, wanted, limit)

    def tickets(self, site: str) -> dict[str, Any]:
        """Return what the first page shows."""
        now_ms, newest = self._clock.now_ms(), self.newest()  # before the rest: what comes meanwhile is then told again
        with reading(self.engine) as connection:
            latest = select(TICKET.c.id).where(TICKET.c.open_key.is_(None)).order_by(TICKET.c.id.desc()).limit(20)
            closed = read_tickets(connection, TICKET.c.id.in_(latest))
            counts = _counts(connection, now_ms)
        closed.sort(key=lambda one: -one.id)
        return {
            "open": self.open_tickets(site), "closed": closed, "counts": counts, "site": site, "newest": newest,
        }  # fmt: skip

    def newest(self) -> int:
        """Return the number of the newest transition."""
        with reading(self.engine) as connection:
            return int(connection.execute(select(func.max(TRANSITION.c.id))).scalar() or 0)

    def find(self, ticket_id: int) -> Ticket | None:
        """Return one ticket, None without it."""
        if not 0 < ticket_id < 2**62:
            return None
        with reading(self.engine) as connection:
            return read_ticket(connection, ticket_id)

    def ticket(self, ticket_id: int, language: str) -> dict[str, Any]:
        """Return what one ticket's page shows."""
        newest = self.newest()
        ticket = self._must_find(ticket_id)
        values = ticket.finding.get("values", {})
        row = PROBLEM_BY_NAME.get(ticket.problem)
        meaning = values.get("meaning_zh" if language == "zh" else "meaning", "")
        at_ms = _evidence_ms(ticket)
        with reading(self.engine) as connection:
            more = self._beside(connection, ticket)
        return more | {
            "newest": newest,
            "t": ticket, "possible": [name for name in ACTIONS if fits(ticket, name)], "problems": PROBLEMS,
            "verdicts": VERDICTS, "expected": ticket.finding.get("failure_expected_at_ms"),
            "values": [(name, value) for name, value in values.items() if not name.startswith("rival_") and name not in _HIDDEN],
            "why_not": _why_not(values, language),
            "code": values.get("code", ""), "meaning": meaning,
            "parts": "" if row is None else row.parts_zh if language == "zh" else row.parts_en,
            "grafana": grafana_link(self._grafana_url, ticket.boiler, at_ms - _WINDOW_MS, at_ms + DAY_MS // 4),
        }  # fmt: skip

    def _beside(self, connection: Connection, ticket: Ticket) -> dict[str, Any]:
        """Return its incident's members, its boiler's earlier stories with what fixed them, and why findings came here."""
        earlier = read_tickets(
            connection, (TICKET.c.boiler == ticket.boiler) & (TICKET.c.id != ticket.id), limit=50
        )  # fmt: skip
        verdicts = select(VERDICT).where(VERDICT.c.ticket_id == ticket.id).order_by(VERDICT.c.id.desc()).limit(30)
        raised = select(FINDING).where(FINDING.c.ticket_id == ticket.id).order_by(FINDING.c.raised_at_ms).limit(30)
        return {
            "members": members(connection, ticket.id) if ticket.district else [],
            "earlier": sorted(earlier, key=lambda one: (one.problem != ticket.problem, -one.opened_at_ms))[:8],
            "reasons": connection.execute(verdicts).all(), "findings": connection.execute(raised).all(),
        }  # fmt: skip

    def act(self, ticket_id: int, action: str, actor: str, reason: str, facts: dict[str, Any], seen: int) -> None:
        """Do one thing to a ticket, if it still is what the reader saw.

        Raises
        ------
        TicketError
            If somebody else changed it meanwhile, or it does not fit.
        """
        with self.engine.begin() as connection:
            ticket = read_ticket(connection, ticket_id, lock=True) if 0 < ticket_id < 2**62 else None
            people = [one.id for one in ticket.history if one.actor not in ("system", "webhook")] if ticket else []
            if people and max(people) > seen:
                raise TicketError(
                    "somebody changed this ticket meanwhile; read it again before you go on 该工单已被他人更新,请先查看"
                )
            act(connection, self.policy, ticket_id, action, actor, self._clock.now_ms(), reason, facts)

    def ticket_chart(self, ticket_id: int, language: str) -> bytes:
        """Return the telemetry window before and after the evidence, as SVG."""
        ticket = self._must_find(ticket_id)
        at_ms = _evidence_ms(ticket)
        signals = _CHAIN_SIGNALS.get(ticket.chain, ["water_pressure_bar", "flow_temp_c", "modulation_pct"])
        window = series(self._store, ticket.boiler, signals, at_ms - _WINDOW_MS, at_ms + DAY_MS // 4)
        return draw(window, signals, {"evidence": at_ms}, language)

    def _must_find(self, ticket_id: int) -> Ticket:
        ticket = self.find(ticket_id)
        if ticket is None:
            raise HTTPException(404)
        return ticket


def _evidence_ms(ticket: Ticket) -> int:
    return int(ticket.finding.get("evidence_at_ms") or ticket.opened_at_ms)


def _counts(connection: Connection, now_ms: int) -> dict[str, int]:
    """Return the figures at the head of the first page."""
    is_open = TICKET.c.open_key.isnot(None)
    queries = {
        "open": select(func.count()).where(is_open),
        "overdue": select(func.count()).where(is_open, TICKET.c.due_at_ms < now_ms),
        "within_hour": select(func.count()).where(
            is_open, TICKET.c.due_at_ms >= now_ms, TICKET.c.due_at_ms < now_ms + _HOUR_MS
        ),
        "fault": select(func.count()).where(STANDING.c.code == 4),
        "silent": select(func.count()).where(STANDING.c.code == 3),
        "maintenance": select(func.count()).where(STANDING.c.code == 2),
    }
    return {name: int(connection.execute(query).scalar() or 0) for name, query in queries.items()}


def _why_not(values: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """Return the kinds that a finding is not, each with why: its own sentence, or the same in Chinese."""
    said = values.get("why_not")
    found = []
    for one in said if isinstance(said, list) else ():
        rival, _, sentence = str(one).partition(": ")
        found.append((rival, _in_chinese(rival, values) if language == "zh" else sentence))
    return found


def _in_chinese(rival: str, values: dict[str, Any]) -> str:
    score, told = values.get(f"rival_{rival}_score"), values.get(f"rival_{rival}_told")
    if score is None and told is None:
        return "单台故障,而多台同时出现"
    measure = f"证据为上门标准的 {score:.0%}" if isinstance(score, int | float) else "已另行报告" if told else "未出现"
    return f"{SIGNS[rival].zh if rival in SIGNS else rival}: {measure}"
