"""What the pages show, read from tickets, store and ledger."""

import math
from typing import Any

from fastapi import HTTPException
from sqlalchemy import func, select

from alerting.actions import act
from alerting.chart import draw
from alerting.database import open_database, read_ticket, read_tickets, reading
from alerting.policy import load_policy
from alerting.tables import BOILER, TICKET, TRANSITION
from alerting.ticket import ACTIONS, Ticket
from boilerwatch.clock import Clock
from boilerwatch.errors import StoreError, TicketError
from boilerwatch.kinds import PROBLEM_BY_NAME
from boilerwatch.ledger import OUTCOMES, open_ledger
from boilerwatch.settings import Settings
from boilerwatch.signals import SIGNAL_NAMES, SIGNALS
from boilerwatch.store.opening import open_store
from boilerwatch.store.protocol import Series
from boilerwatch.wire import ID

_DAY_MS = 86_400_000
_WINDOW_MS = 3 * _DAY_MS
_HIDDEN = frozenset({"code", "meaning", "meaning_zh", "source"})
_CHAIN_SIGNALS = {
    "water": ["water_pressure_bar", "flow_temp_c"], "flow": ["flow_temp_c", "return_temp_c", "modulation_pct"],
    "flame": ["flame_current_ua", "modulation_pct", "flame_on"], "air": ["fan_speed_rpm", "fan_setpoint_rpm"],
    "dhw": ["dhw_temp_c", "flow_temp_c"], "control": ["flow_temp_c", "outdoor_temp_c"],
}  # fmt: skip


class Views:
    """Read models; nothing here writes but `act`."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._policy = load_policy(settings.alerting.policy)
        self._engine = open_database(settings)
        self._store = open_store(settings)
        self.ledger = open_ledger(settings)

    def tickets(self) -> tuple[list[Ticket], list[Ticket]]:
        """Return open tickets by nearest breach, and the newest closed ones."""
        with reading(self._engine) as connection:
            opened = read_tickets(connection, TICKET.c.open_key.isnot(None))
            newest = select(TICKET.c.id).where(TICKET.c.open_key.is_(None)).order_by(TICKET.c.id.desc()).limit(30)
            closed = read_tickets(connection, TICKET.c.id.in_(newest))
        never = math.inf
        opened.sort(key=lambda t: (t.next_due.due_at_ms if t.next_due else never, t.id))
        return opened, sorted(closed, key=lambda t: -t.id)

    def plain_tickets(self) -> list[dict[str, Any]]:
        """Return open tickets for programs."""
        opened, _ = self.tickets()
        return [
            {
                "id": t.id, "boiler": t.boiler, "site": t.site, "chain": t.chain, "problem": t.problem, "kind": t.kind,
                "severity": t.severity, "state": t.state, "opened_at_ms": t.opened_at_ms,
                "obligations": [{"name": o.name, "started_at_ms": o.started_at_ms, "due_at_ms": o.due_at_ms,
                                 "met_at_ms": o.met_at_ms} for o in t.obligations],
            }
            for t in opened
        ]  # fmt: skip

    def newest(self) -> int:
        """Return the number of the newest transition."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.max(TRANSITION.c.id))).scalar() or 0)

    def ticket(self, ticket_id: int, language: str) -> dict[str, Any]:
        """Return what one ticket's page shows."""
        ticket = self._ticket(ticket_id)
        values = ticket.finding.get("values", {})
        problem = PROBLEM_BY_NAME.get(ticket.problem)
        meaning = values.get("meaning_zh" if language == "zh" else "meaning", "")
        possible = [
            name for name, (states, _) in ACTIONS.items()
            if ticket.state in states and not (name == "pause" and ticket.paused) and not (name == "resume" and not ticket.paused)
        ]  # fmt: skip
        return {
            "t": ticket, "possible": possible, "expected": ticket.finding.get("failure_expected_at_ms"),
            "values": [(name, value) for name, value in values.items() if name not in _HIDDEN],
            "meaning": f"{values['code']}: {meaning}" if meaning else "",
            "parts": "" if problem is None else problem.parts_zh if language == "zh" else problem.parts_en,
        }  # fmt: skip

    def act(self, ticket_id: int, action: str, actor: str, reason: str, assignee: str, seen: int) -> None:
        """Do one thing to a ticket, if it still is what the reader saw."""
        with self._engine.begin() as connection:
            ticket = read_ticket(connection, ticket_id)
            people = [one.id for one in ticket.history if one.actor != "system"] if ticket else []
            if people and max(people) > seen:
                raise TicketError("somebody changed this ticket meanwhile; read it again before you go on")
            facts = {"assignee": assignee.strip()} if action == "assign" and assignee.strip() else {}
            if action == "assign" and not facts:
                raise TicketError("assign needs a technician's name")
            act(connection, self._policy, ticket_id, action, actor, self._clock.now_ms(), reason, facts)

    def ticket_chart(self, ticket_id: int, language: str) -> bytes:
        """Return the telemetry window before and after the evidence, as SVG."""
        ticket = self._ticket(ticket_id)
        at_ms = int(ticket.finding.get("evidence_at_ms") or ticket.opened_at_ms)
        signals = _CHAIN_SIGNALS.get(ticket.chain, ["water_pressure_bar", "flow_temp_c", "modulation_pct"])
        window = self._series(ticket.boiler, signals, at_ms - _WINDOW_MS, at_ms + _DAY_MS // 4)
        return draw(window, signals, {"evidence": at_ms}, language)

    def boiler(self, boiler: str) -> dict[str, Any]:
        """Return what one boiler's page shows."""
        account = self.ledger.of(boiler) if ID.fullmatch(boiler) else None
        with reading(self._engine) as connection:
            row = connection.execute(select(BOILER).where(BOILER.c.boiler == boiler)).mappings().first()
            tickets = read_tickets(connection, TICKET.c.boiler == boiler)
        if account is None and row is None and not tickets:
            raise HTTPException(404)
        latest = self._store.latest([boiler], SIGNAL_NAMES)
        signals = []
        for signal in SIGNALS:
            value, at_ms = float(latest.values[signal.name][0]), int(latest.ts_ms[signal.name][0])
            signals.append((signal, None if math.isnan(value) else f"{value:g}", at_ms))
        registered = [(name, value) for name, value in (row or {}).items() if value]
        return {"boiler": boiler, "account": account, "signals": signals, "registered": registered, "tickets": tickets}

    def boiler_chart(self, boiler: str, language: str) -> bytes:
        """Return the last day as SVG."""
        now_ms = self._clock.now_ms()
        signals = ["water_pressure_bar", "flow_temp_c", "modulation_pct", "flame_current_ua"]
        return draw(self._series(boiler, signals, now_ms - _DAY_MS, now_ms + 60_000), signals, {}, language)

    def accounts(self) -> dict[str, Any]:
        """Return the ledger's page."""
        return {"total": self.ledger.total(), "accounts": self.ledger.accounts(200), "names": ("received", *OUTCOMES)}

    def _ticket(self, ticket_id: int) -> Ticket:
        with reading(self._engine) as connection:
            ticket = read_ticket(connection, ticket_id) if ticket_id < 2**62 else None
        if ticket is None:
            raise HTTPException(404)
        return ticket

    def _series(self, boiler: str, signals: list[str], start_ms: int, end_ms: int) -> Series:
        try:
            return self._store.history([boiler], signals, start_ms, end_ms).get(boiler, Series())
        except StoreError:
            return Series()
