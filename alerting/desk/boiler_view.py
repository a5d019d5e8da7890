"""One boiler: what it says now, how it is reached, and its file (用户维修档案)."""

import math
from typing import Any

from fastapi import HTTPException
from sqlalchemy import Engine, select

from alerting.chart import draw
from alerting.database import read_tickets, reading
from alerting.repairs import claims_of
from alerting.tables import BOILER, OUTAGE, STANDING, TICKET
from alerting.ticket import Ticket
from boilerwatch.clock import Clock
from boilerwatch.errors import StoreError
from boilerwatch.ledger import Ledger
from boilerwatch.signals import SIGNAL_NAMES, SIGNALS
from boilerwatch.store.protocol import Latest, Series, Store
from boilerwatch.wire import ID

DAY_MS = 86_400_000
_FOUND = 500
_HIDDEN = frozenset({"export_due", "changed_at_ms", "boiler"})
_VISITS = {"check_in", "repair", "loaner"}


class BoilerView:
    """Read models of boilers."""

    def __init__(self, engine: Engine, store: Store, ledger: Ledger, clock: Clock, grafana_url: str) -> None:
        self._engine = engine
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._grafana_url = grafana_url.rstrip("/")

    def listing(self, find: str) -> dict[str, Any]:
        """Return boilers in trouble first, or those whose id begins with what is looked for."""
        query = select(STANDING).order_by(STANDING.c.code.desc(), STANDING.c.since_ms.desc(), STANDING.c.boiler)
        if find:
            query = query.where(STANDING.c.boiler.startswith(find, autoescape=True))
        with reading(self._engine) as connection:
            rows = connection.execute(query.limit(_FOUND)).all()
        return {"boilers": rows, "find": find, "accounts": [] if rows else self._ledger.accounts(_FOUND)}

    def boiler(self, boiler: str) -> dict[str, Any]:
        """Return what one boiler's page shows.

        Raises
        ------
        HTTPException
            404 if nobody ever heard of it.
        """
        account = self._ledger.of(boiler) if ID.fullmatch(boiler) else None
        with reading(self._engine) as connection:
            row = connection.execute(select(BOILER).where(BOILER.c.boiler == boiler)).mappings().first()
            standing = connection.execute(select(STANDING).where(STANDING.c.boiler == boiler)).first()
            tickets = read_tickets(connection, TICKET.c.boiler == boiler, limit=100)
            outages = connection.execute(
                select(OUTAGE).where(OUTAGE.c.boiler == boiler).order_by(OUTAGE.c.id.desc()).limit(20)
            ).all()
            claims = claims_of(connection, boiler)
        if account is None and row is None and not tickets:
            raise HTTPException(404)
        tickets.sort(key=lambda one: -one.opened_at_ms)
        now_ms = self._clock.now_ms()
        return {
            "boiler": boiler, "account": account, "standing": standing, "signals": self._signals(boiler),
            "registered": [(name, value) for name, value in (row or {}).items() if value and name not in _HIDDEN],
            "tickets": tickets, "visits": visits(tickets), "outages": outages, "claims": claims,
            "grafana": grafana_link(self._grafana_url, boiler, now_ms - DAY_MS, now_ms),
        }  # fmt: skip

    def chart(self, boiler: str, language: str) -> bytes:
        """Return the last day as SVG."""
        now_ms = self._clock.now_ms()
        signals = ["water_pressure_bar", "flow_temp_c", "modulation_pct", "flame_current_ua"]
        return draw(series(self._store, boiler, signals, now_ms - DAY_MS, now_ms + 60_000), signals, {}, language)

    def _signals(self, boiler: str) -> list[tuple[Any, str | None, int]]:
        try:
            latest = self._store.latest([boiler], SIGNAL_NAMES)
        except StoreError:
            latest = Latest({}, {})
        found = []
        for signal in SIGNALS:
            values = latest.values.get(signal.name)
            value = math.nan if values is None else float(values[0])
            known = not math.isnan(value)
            found.append((signal, f"{value:g}" if known else None, int(latest.ts_ms[signal.name][0]) if known else 0))
        return sorted(found, key=lambda one: one[1] is None)


def visits(tickets: list[Ticket]) -> list[tuple[Ticket, Any]]:
    """Return what was done at the boiler, newest first."""
    found = [(ticket, one) for ticket in tickets for one in ticket.history if one.action in _VISITS]
    return sorted(found, key=lambda one: -one[1].at_ms)[:100]


def series(store: Store, boiler: str, signals: list[str], start_ms: int, end_ms: int) -> Series:
    """Return a boiler's history, nothing while the store is away."""
    try:
        return store.history([boiler], signals, start_ms, end_ms).get(boiler, Series())
    except StoreError:
        return Series()


def grafana_link(base: str, boiler: str, start_ms: int, end_ms: int) -> str:
    """Return the address of Grafana's page of a boiler at a window, empty where no Grafana is known or no boiler named."""
    if not base.startswith(("http://", "https://")) or not ID.fullmatch(boiler):
        return ""
    return f"{base}/d/bw-boiler/one-boiler?var-find={boiler}&var-boiler={boiler}&from={start_ms}&to={end_ms}"
