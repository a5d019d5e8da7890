"""`promise_day`: what a site's civil day came to, recomputed from transitions and outages.

A promise counts on the day it was kept in time, or on the day it fell due without being kept; so each counts once.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, select

from alerting.tables import BOILER, OUTAGE, TICKET, TRANSITION
from boilerwatch.clock import to_datetime, to_ms
from boilerwatch.register import DEFAULT_ZONE
from boilerwatch.store.protocol import Point

Group = tuple[str, str]
_PROMISES = ("response", "on_site", "repair")
COUNTS = (
    "opened", "closed", *(f"{name}_{part}" for name in _PROMISES for part in ("due", "kept")), "confirmed", "refuted",
    "false_alarms",
)  # fmt: skip


def zones(connection: Connection) -> dict[str, ZoneInfo]:
    """Return each site's time zone."""
    query = select(BOILER.c.site, func.min(BOILER.c.time_zone).label("zone")).group_by(BOILER.c.site)
    return {row.site: ZoneInfo(row.zone or DEFAULT_ZONE) for row in connection.execute(query)}


def day_of(at_ms: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return the civil day of a moment as (start, end), 23 and 25 hours long where clocks change. [ms since 1970]

    Examples
    --------
    >>> start, end = day_of(1_793_480_400_000, ZoneInfo("America/New_York"))
    >>> (end - start) / 3_600_000
    25.0
    """
    date = to_datetime(at_ms).astimezone(zone).date()
    midnight = dt.time(tzinfo=zone)
    start = dt.datetime.combine(date, midnight)
    end = dt.datetime.combine(date + dt.timedelta(days=1), midnight)
    return to_ms(start), to_ms(end)


def counted(connection: Connection, start_ms: int, end_ms: int) -> dict[Group, dict[str, int]]:
    """Return the counts of a span by (region, site), from transitions alone."""
    obligation = TRANSITION.c.facts["obligation"].as_string().label("obligation")
    verdict = TRANSITION.c.facts["verdict"].as_string().label("verdict")
    query = (
        select(TICKET.c.region, TICKET.c.site, TRANSITION.c.action, obligation, verdict, func.count().label("n"))
        .join(TICKET)
        .where(TRANSITION.c.at_ms >= start_ms, TRANSITION.c.at_ms < end_ms)
        .where(TRANSITION.c.action.in_(("open", "close", "met", "breach")))
        .group_by(TICKET.c.region, TICKET.c.site, TRANSITION.c.action, "obligation", "verdict")
    )
    found: dict[Group, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for row in connection.execute(query):
        counts = found[row.region, row.site]
        for name in _names(row.action, row.obligation or "", row.verdict or ""):
            counts[name] += row.n
    return found


def _names(action: str, obligation: str, verdict: str) -> list[str]:
    """Return the counts that a transition adds to."""
    if action == "open":
        return ["opened"]
    if action == "close":
        judged = {
            "confirmed": ["confirmed"],
            "refuted": ["refuted", "false_alarms"],
            "no_fault_found": ["false_alarms"],
        }
        return ["closed", *judged.get(verdict, [])]
    if obligation not in _PROMISES:
        return []
    return [f"{obligation}_due", *([f"{obligation}_kept"] if action == "met" else [])]


def fault_s(connection: Connection, start_ms: int, end_ms: int) -> dict[Group, float]:
    """Return how long boilers were out of order within a span, by (region, site). [s]"""
    ended = func.coalesce(OUTAGE.c.ended_at_ms, end_ms)
    upto = case((ended < end_ms, ended), else_=end_ms)
    since = case((OUTAGE.c.started_at_ms > start_ms, OUTAGE.c.started_at_ms), else_=start_ms)
    query = (
        select(OUTAGE.c.region, OUTAGE.c.site, func.sum(upto - since).label("ms"))
        .where(OUTAGE.c.started_at_ms < end_ms, ended > start_ms)
        .group_by(OUTAGE.c.region, OUTAGE.c.site)
    )
    return {(row.region, row.site): float(row.ms) / 1000 for row in connection.execute(query)}


def day_points(
    connection: Connection, sizes: dict[Group, int], zone_of: dict[str, ZoneInfo], moments: Iterable[int], now_ms: int
) -> list[Point]:  # fmt: skip
    """Return the rows of every civil day that one of the moments lies in.

    Parameters
    ----------
    sizes
        Boilers by (region, site).
    """
    usual = ZoneInfo(DEFAULT_ZONE)
    every = {*zone_of.values(), usual}
    days = {(zone, *day_of(at_ms, zone)) for zone in every for at_ms in moments}
    points = []
    for zone, start_ms, end_ms in sorted(days, key=lambda day: (day[1], str(day[0]))):
        upto_ms = min(end_ms, max(now_ms, start_ms))
        counts, broken = counted(connection, start_ms, end_ms), fault_s(connection, start_ms, upto_ms)
        for region, site in {*sizes, *counts, *broken}:
            if zone_of.get(site, usual) != zone:
                continue
            fields: dict[str, Any] = dict(counts.get((region, site), dict.fromkeys(COUNTS, 0)))
            fields["fault_s"] = broken.get((region, site), 0.0)
            fields["boiler_s"] = sizes.get((region, site), 0) * (upto_ms - start_ms) / 1000
            points.append(Point("promise_day", tags_of(region, site), fields, start_ms))
    return points


def tags_of(region: str, site: str) -> dict[str, str]:
    """Return both as tags; an empty one is none."""
    return {name: value for name, value in (("region", region), ("site", site)) if value}
