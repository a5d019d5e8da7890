"""The pages of figures: ledger, windows, hand-over, monthly report."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from alerting.database import reading
from alerting.handover import notes, shift_figures
from alerting.report import report
from alerting.windows import windows
from boilerwatch.clock import Clock, to_datetime
from boilerwatch.errors import InputError
from boilerwatch.ledger import OUTCOMES, Ledger
from boilerwatch.register import DEFAULT_ZONE


class Figures:
    """Read models of figures."""

    def __init__(self, engine: Engine, ledger: Ledger, clock: Clock) -> None:
        self._engine = engine
        self._ledger = ledger
        self._clock = clock

    def ledger(self) -> dict[str, Any]:
        """Return the ledger's page."""
        return {"total": self._ledger.total(), "accounts": self._ledger.accounts(200), "names": ("received", *OUTCOMES)}

    def maintenance(self) -> dict[str, Any]:
        """Return windows that are open, to come and just over."""
        now_ms = self._clock.now_ms()
        with reading(self._engine) as connection:
            found = windows(connection, now_ms, past=20)
        return {
            "open": [one for one in found if one.is_open(now_ms)],
            "coming": [one for one in found if one.starts_at_ms > now_ms],
            "over": [one for one in found if one.ends_at_ms <= now_ms],
        }

    def handover(self) -> dict[str, Any]:
        """Return the last shift's figures and the newest notes."""
        with reading(self._engine) as connection:
            return {"counts": shift_figures(connection, self._clock.now_ms()), "notes": notes(connection)}

    def report(self, month: str, site: str) -> dict[str, Any]:
        """Return a month's figures; without a month, this one's."""
        now_ms = self._clock.now_ms()
        month = month or f"{to_datetime(now_ms).astimezone(ZoneInfo(DEFAULT_ZONE)):%Y-%m}"
        try:
            with reading(self._engine) as connection:
                return {"month": month, "site": site, "r": report(connection, month, now_ms, site), "wrong": ""}
        except InputError as exc:
            return {"month": month, "site": site, "r": None, "wrong": str(exc)}
