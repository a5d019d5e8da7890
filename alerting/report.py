"""The monthly service report's figures, recomputed from transitions and outages."""

import datetime as dt
import re
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from alerting.export.days import COUNTS, counted, fault_s
from alerting.tables import BOILER, TICKET, TRANSITION
from boilerwatch.clock import to_ms
from boilerwatch.errors import InputError
from boilerwatch.register import DEFAULT_ZONE


@dataclass(frozen=True, slots=True)
class Promise:
    """How often a promise was due, and how often it was kept in time."""

    due: int
    kept: int
    mean_took_s: float | None

    @property
    def share(self) -> float | None:
        """The share that was kept, None when none was due. [-]"""
        return self.kept / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Report:
    """One month of the fleet, or of a site.

    Attributes
    ----------
    availability
        Share of the boilers' time in which they were not out of order, None without any boiler. [-]
    """

    month: str
    site: str
    boilers: int
    opened: int
    closed: int
    problems: dict[str, int]
    promises: dict[str, Promise]
    confirmed: int
    refuted: int
    false_alarms: int
    fault_s: float
    availability: float | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        plain = asdict(self)
        for name, promise in self.promises.items():
            plain["promises"][name]["share"] = promise.share
        return plain


def month_of(text: str) -> tuple[int, int]:
    """Return a month such as 2026-11 as (start, end) in the service's civil time. [ms since 1970]

    Raises
    ------
    InputError
        If it is not a month.
    """
    found = re.fullmatch(r"(20\d\d)-(\d\d)", text)
    if found is None or not 1 <= int(found[2]) <= 12:
        raise InputError(f"{text!r} is not a month such as 2026-11")
    year, month = int(found[1]), int(found[2])
    zone = ZoneInfo(DEFAULT_ZONE)
    end = (year, month + 1) if month < 12 else (year + 1, 1)
    return to_ms(dt.datetime(year, month, 1, tzinfo=zone)), to_ms(dt.datetime(*end, 1, tzinfo=zone))


def report(connection: Connection, month: str, now_ms: int, site: str = "") -> Report:
    """Return a month's figures; of one that is not over, those until now.

    Raises
    ------
    InputError
        If it is not a month, or lies ahead.
    """
    start_ms, end_ms = month_of(month)
    if start_ms > now_ms:
        raise InputError(f"{month} has not begun")
    end_ms = min(end_ms, now_ms)
    mine = {key: row for key, row in counted(connection, start_ms, end_ms).items() if site in ("", key[1])}
    total = {name: sum(row[name] for row in mine.values()) for name in COUNTS}
    broken = sum(s for key, s in fault_s(connection, start_ms, end_ms).items() if site in ("", key[1]))
    known = select(func.count()).select_from(BOILER)
    boilers = int(connection.execute(known.where(BOILER.c.site == site) if site else known).scalar() or 0)
    span_s = boilers * (end_ms - start_ms) / 1000
    took = _took(connection, start_ms, end_ms, site)
    return Report(
        month=month, site=site, boilers=boilers, opened=total["opened"], closed=total["closed"],
        problems=_problems(connection, start_ms, end_ms, site), confirmed=total["confirmed"], refuted=total["refuted"],
        promises={n: Promise(total[f"{n}_due"], total[f"{n}_kept"], took.get(n)) for n in ("response", "on_site", "repair")},
        false_alarms=total["false_alarms"], fault_s=broken,
        availability=max(1 - broken / span_s, 0.0) if span_s else None,
    )  # fmt: skip


def _took(connection: Connection, start_ms: int, end_ms: int, site: str) -> dict[str, float]:
    """Return how long promises that ended in a span took on average, kept or not. [s]"""
    obligation = TRANSITION.c.facts["obligation"].as_string().label("obligation")
    took = func.avg(TRANSITION.c.facts["took_ms"].as_float())
    query = (
        select(obligation, took.label("took"))
        .join(TICKET)
        .where(TRANSITION.c.action.in_(("met", "missed")), TRANSITION.c.at_ms >= start_ms, TRANSITION.c.at_ms < end_ms)
        .group_by("obligation")
    )
    rows = connection.execute(query.where(TICKET.c.site == site) if site else query)
    return {row.obligation: float(row.took) / 1000 for row in rows if row.took is not None}


def _problems(connection: Connection, start_ms: int, end_ms: int, site: str) -> dict[str, int]:
    query = (
        select(TICKET.c.problem, func.count().label("n"))
        .select_from(TRANSITION)
        .join(TICKET)
        .where(TRANSITION.c.action == "open", TRANSITION.c.at_ms >= start_ms, TRANSITION.c.at_ms < end_ms)
        .group_by(TICKET.c.problem)
    )
    rows = connection.execute(query.where(TICKET.c.site == site) if site else query)
    return dict(sorted(((row.problem, row.n) for row in rows), key=lambda one: (-one[1], one[0])))
