"""The wall."""

from sqlalchemy import select

from alerting.database import reading
from alerting.tables import TICKET
from tests.grafana.answers import Row
from tests.grafana.expected.view import (
    STATES,
    Expected,
    View,
    share_of_days,
    states_over_time,
    totals,
)

_BUCKET_MS = 600_000


def states(view: View) -> Expected:
    by = totals((state, count) for (_, state), count in view.states(view.now).items())
    return [[{"state": state, "boilers": by[state]} for state in STATES if state in by]]


def nearest(view: View) -> Expected:
    query = select(TICKET).where(TICKET.c.open_key.isnot(None), TICKET.c.due_at_ms.isnot(None))
    with reading(view.world.engine) as connection:
        found = sorted(connection.execute(query), key=lambda row: (row.due_at_ms, row.id))[:200]
    rows: list[Row] = [
        {
            "rank": f"{rank:03}", "left_s": (row.due_at_ms - view.now) / 1000, "ticket": str(row.id), "boiler": row.boiler,
            "site": row.site, "obligation": row.due_of, "problem": row.problem, "severity": row.severity,
        }
        for rank, row in enumerate(found, 1) if row.site in view.sites and rank < 100
    ]  # fmt: skip
    return [rows]


def kept(view: View) -> Expected:
    return [share_of_days(view, name) for name in ("response", "on_site", "repair")]


def load(view: View) -> Expected:
    """Alarms of every ten minutes: openings, warnings and breaches, when people were told; a row of no site is a quiet time."""
    told = [step for step in view.world.steps if step["action"] in ("open", "warning", "breach")]
    loud = totals((view.bucket(step["recorded_at_ms"], _BUCKET_MS), 1) for step in told)
    mine = totals((view.bucket(step["recorded_at_ms"], _BUCKET_MS), 1) for step in told if step["site"] in view.sites)
    starts = range(max(view.bucket(view.span.from_ms, _BUCKET_MS), view.world.ticks[0]), view.now + 1, _BUCKET_MS)
    return [[
        {"time": at, "load": mine.get(at, 0) / view.world.operators}
        for at in starts if view.within(at) and (at in mine or at not in loud)
    ]]  # fmt: skip


def map_(view: View) -> Expected:
    now = view.states(view.now)
    trouble = totals((site, count) for (site, state), count in now.items() if state in ("fault", "silent"))
    boilers = totals((site, count) for (site, _), count in now.items())
    places: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in view.world.register.values():
        if row["site"] in view.sites and row["latitude"]:
            places.setdefault((row["site"], row["region"]), []).append(
                (float(row["latitude"]), float(row["longitude"]))
            )
    return [
        [{"site": site, "in_trouble": count} for site, count in trouble.items()],
        [{"site": site, "boilers": count} for site, count in boilers.items()],
        [
            {"site": site, "region": region, "latitude": sum(one for one, _ in found) / len(found),
             "longitude": sum(one for _, one in found) / len(found)}
            for (site, region), found in places.items()
        ],
    ]  # fmt: skip


def history(view: View) -> Expected:
    return [states_over_time(view, "watch", "fault", "silent", "maintenance")]


EXPECTED = {
    "states": states, "share": states, "next": nearest, "kept_7": kept, "kept_30": kept, "load": load, "map": map_,
    "history": history,
}  # fmt: skip
