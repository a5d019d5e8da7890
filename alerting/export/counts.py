"""The small measurements: nearest deadlines, the detectors' record, the load of alarms, how the room itself does."""

from sqlalchemy import Connection, case, func, select

from alerting.database import NOTICED
from alerting.tables import FINDING, STANDING, TICKET, TRANSITION, VERDICT
from boilerwatch.store.protocol import Point

BUCKET_MS = 600_000
_NEAREST = 200
_DAY_MS = 86_400_000


def nearest(connection: Connection, now_ms: int) -> list[Point]:
    """Return `ticket_next`: the 200 nearest deadlines, all at one time; overdue ones come first."""
    query = select(TICKET).where(TICKET.c.open_key.isnot(None), TICKET.c.due_at_ms.isnot(None))
    points = []
    for rank, row in enumerate(connection.execute(query.order_by(TICKET.c.due_at_ms, TICKET.c.id).limit(_NEAREST)), 1):
        fields: dict[str, float | int | str | bool] = {
            "ticket": str(row.id), "boiler": row.boiler, "site": row.site, "region": row.region, "obligation": row.due_of,
            "due_at_ms": row.due_at_ms, "left_s": (row.due_at_ms - now_ms) / 1000, "problem": row.problem,
            "severity": row.severity, "state": row.state,
        }  # fmt: skip
        points.append(Point("ticket_next", {"rank": f"{rank:03}"}, fields, now_ms))
    return points


def quality(connection: Connection, now_ms: int) -> list[Point]:
    """Return `detector_quality`: what each detector raised, and what technicians found."""
    first = select(func.count(), func.sum(STANDING.c.first_heard_ms)).where(STANDING.c.first_heard_ms.isnot(None))
    boilers, since = connection.execute(first).one()
    boiler_days = (now_ms * int(boilers) - int(since or 0)) / _DAY_MS
    query = select(
        FINDING.c.detector, func.count().label("raised"),
        func.sum(case((FINDING.c.cleared_at_ms.is_(None), 1), else_=0)).label("open"),
        *(func.sum(case((FINDING.c.judged == word, 1), else_=0)).label(word) for word in ("confirmed", "refuted")),
        func.sum(case((FINDING.c.judged == "no_fault_found", 1), else_=0)).label("not_found"),
    )  # fmt: skip
    return [
        Point("detector_quality", {"detector": row.detector},
              {"raised": row.raised, "open": row.open, "confirmed": row.confirmed, "refuted": row.refuted + row.not_found,
               "boiler_days": boiler_days}, now_ms)
        for row in connection.execute(query.group_by(FINDING.c.detector))
    ]  # fmt: skip


def load(connection: Connection, start_ms: int, operators: int) -> list[Point]:
    """Return `alarm_load` of ten minutes: how often people were told something, by site; one row of 0 for a quiet time.

    It counts when they were told, which for a deadline that fell due in our absence is later than when it did.
    """
    query = (
        select(TICKET.c.site, func.count().label("n"))
        .select_from(TRANSITION)
        .join(TICKET)
        .where(
            TRANSITION.c.recorded_at_ms >= start_ms,
            TRANSITION.c.recorded_at_ms < start_ms + BUCKET_MS,
            TRANSITION.c.action.in_(NOTICED),
        )
        .group_by(TICKET.c.site)
    )
    found = [(row.site, row.n) for row in connection.execute(query)] or [("-", 0)]
    return [Point("alarm_load", {"site": site}, {"alarms": n, "operators": operators}, start_ms) for site, n in found]


def pipeline(connection: Connection, rows_behind: int, lag_s: float, now_ms: int) -> list[Point]:
    """Return the room's row of `pipeline`."""
    one = {
        "open_tickets": select(func.count()).where(TICKET.c.open_key.isnot(None)),
        "notices_waiting": select(func.count()).where(TRANSITION.c.notice_due),
        "set_aside": select(func.count()).where(VERDICT.c.stage == "set_aside"),
    }
    fields: dict[str, float | int | str | bool] = {
        name: int(connection.execute(query).scalar() or 0) for name, query in one.items()
    }
    fields |= {"rows_behind": rows_behind, "lag_s": lag_s}
    return [Point("pipeline", {"room": "alerting"}, fields, now_ms)]
