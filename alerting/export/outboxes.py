"""Rows that wait to be told: each is marked only after the store has it."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update

from alerting.database import reading
from alerting.tables import BOILER, SERVICE_OUTBOX, STANDING, TICKET, TRANSITION
from boilerwatch.store.protocol import Point, Store

PAGE = 1_000
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
#: The region of a boiler that the register gives none, or does not know: so it can be chosen too.
UNKNOWN = "unknown"
STATES = ("ok", "watch", "maintenance", "silent", "fault", "never_seen")


def tell_transitions(engine: Engine, store: Store, then: Callable[[list[int]], None]) -> int:
    """Write a page of transitions as `ticket_event`, and what `then` makes of their times [ms]; return how many.

    Two transitions of one site may fall into one millisecond, which in the store would be one point: the later one is
    moved by some milliseconds, and what it was given is kept with it, so that writing it again is the same point.
    """
    waiting = (
        select(TRANSITION, TICKET.c.region, TICKET.c.site, TICKET.c.boiler, TICKET.c.chain)
        .join(TICKET)
        .where(TRANSITION.c.export_due)
        .order_by(TRANSITION.c.id)
        .limit(PAGE)
    )
    with engine.begin() as connection:
        rows = connection.execute(waiting).all()
        _give_keys(connection, [row for row in rows if row.export_key is None])
        rows = connection.execute(waiting).all()
        states = {row.id: row for row in connection.execute(_tickets(rows))} if rows else {}
    if rows:
        store.write_points([_event(row, states[row.ticket_id]) for row in rows])
        then([row.at_ms for row in rows])
        _mark(engine, TRANSITION, TRANSITION.c.id, [row.id for row in rows])
    return len(rows)


def _tickets(rows: Any) -> Any:
    numbers = {row.ticket_id for row in rows}
    return select(TICKET.c.id, TICKET.c.state, TICKET.c.problem, TICKET.c.kind, TICKET.c.severity).where(
        TICKET.c.id.in_(numbers)
    )


def _event(row: Any, ticket: Any) -> Point:
    facts = row.facts
    found = facts.get("finding", {})
    fields: dict[str, float | int | str | bool] = {
        "ticket": str(row.ticket_id), "boiler": row.boiler, "actor": row.actor, "state": ticket.state,
        "problem": facts.get("problem") or found.get("problem") or ticket.problem,
        "kind": facts.get("kind") or found.get("kind") or ticket.kind, "chain": row.chain,
        "severity": found.get("severity") or ticket.severity, "reason": row.reason,
    }  # fmt: skip
    if "kept" in facts:
        fields["kept"] = int(facts["kept"])
        fields["took_s"] = (facts.get("took_ms") or 0) / 1000
    tags = {"action": row.action, "obligation": facts.get("obligation", ""), "region": row.region, "site": row.site}
    return Point("ticket_event", {k: v for k, v in tags.items() if v}, fields, int(row.export_key.rpartition("|")[2]))


def _give_keys(connection: Connection, rows: list[Any]) -> None:
    """Give each row a key that no other has: its tags and a millisecond at or soon after its own."""
    taken: set[str] = set()
    spread = 1
    while rows:
        wanted = {row.id: _key(row, random.randrange(spread)) for row in rows}
        known = select(TRANSITION.c.export_key).where(TRANSITION.c.export_key.in_(set(wanted.values())))
        taken |= {row.export_key for row in connection.execute(known)}
        left = []
        for row in rows:
            key = wanted[row.id]
            if key in taken:
                left.append(row)
                continue
            taken.add(key)
            connection.execute(update(TRANSITION).where(TRANSITION.c.id == row.id).values(export_key=key))
        rows, spread = left, min(spread * 4, 60_000)


def _key(row: Any, later_ms: int) -> str:
    tags = (row.action, row.facts.get("obligation", ""), row.region, row.site)
    return "|".join([*tags, str(row.at_ms + later_ms)])


def tell_service_events(engine: Engine, store: Store, _now_ms: int) -> int:
    """Write a page of what people did to boilers as `service_event`."""
    query = select(SERVICE_OUTBOX).where(SERVICE_OUTBOX.c.export_due).order_by(SERVICE_OUTBOX.c.id).limit(PAGE)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    points = []
    for row in rows:
        body = row.body
        if body["what"] == "registered":
            continue  # told as `boiler_fact`
        tags = {"boiler": body["boiler"], "site": row.site, "what": body["what"]}
        fields = {"ticket": body.get("ticket", ""), "reason": row.reason, "actor": row.actor}
        points.append(Point("service_event", {k: v for k, v in tags.items() if v}, fields, body["at_ms"]))
    if points:
        store.write_points(points)
    _mark(engine, SERVICE_OUTBOX, SERVICE_OUTBOX.c.id, [row.id for row in rows])
    return len(rows)


def due_again(engine: Engine) -> None:
    """Let every boiler's facts be due, so that they never grow older than the store keeps rows."""
    unregistered = STANDING.c.boiler.not_in(select(BOILER.c.boiler))
    with engine.begin() as connection:
        connection.execute(update(BOILER).values(export_due=True))
        connection.execute(update(STANDING).where(unregistered).values(export_due=True))


def tell_facts(engine: Engine, store: Store, now_ms: int) -> int:
    """Write a page of the register as `boiler_fact`, of this day where it changed before."""
    query = select(BOILER).where(BOILER.c.export_due).order_by(BOILER.c.boiler).limit(PAGE)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    points = []
    for row in rows:
        tags = {"boiler": row.boiler, "site": row.site, "region": row.region or UNKNOWN, "model": row.model}
        fields: dict[str, float | int | str | bool] = {"family": row.family}
        fields |= {name: at for name in ("latitude", "longitude") if (at := getattr(row, name)) is not None}
        points.append(
            Point("boiler_fact", {k: v for k, v in tags.items() if v}, fields, _of_day(row.changed_at_ms, now_ms))
        )
    if points:
        store.write_points(points)
    _mark(engine, BOILER, BOILER.c.boiler, [row.boiler for row in rows])
    return len(rows)


def tell_sites(engine: Engine, store: Store, now_ms: int) -> None:
    """Write where each site's boilers are in the middle, and how many, as `site_fact` of this hour."""
    query = select(
        BOILER.c.site, func.min(BOILER.c.region).label("region"), func.avg(BOILER.c.latitude).label("latitude"),
        func.avg(BOILER.c.longitude).label("longitude"), func.count().label("boilers"),
    )  # fmt: skip
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(BOILER.c.site)).all()
    points = []
    for row in rows:
        fields: dict[str, float | int | str | bool] = {"boilers": row.boilers}
        fields |= {name: float(at) for name in ("latitude", "longitude") if (at := getattr(row, name)) is not None}
        tags = {"site": row.site, "region": row.region}
        points.append(Point("site_fact", {k: v for k, v in tags.items() if v}, fields, now_ms - now_ms % _HOUR_MS))
    if points:
        store.write_points(points)


def tell_states(engine: Engine, store: Store, now_ms: int) -> int:
    """Write a page of boilers whose state changed as `boiler_state`; those that nobody registered as `boiler_fact` too."""
    registered = STANDING.outerjoin(BOILER, STANDING.c.boiler == BOILER.c.boiler)
    query = (
        select(STANDING, BOILER.c.boiler.label("known"))
        .select_from(registered)
        .where(STANDING.c.export_due)
        .limit(PAGE)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    if rows:
        store.write_points(list(_states(rows, now_ms)))
    with engine.begin() as connection:
        for row in rows:
            same = (STANDING.c.boiler == row.boiler) & (STANDING.c.since_ms == row.since_ms)
            connection.execute(update(STANDING).where(same).values(export_due=False))
    return len(rows)


def _of_day(changed_ms: int, now_ms: int) -> int:
    """Return when something that changed then is told: the same moment all day."""
    return max(changed_ms, now_ms - now_ms % _DAY_MS)


def _states(rows: Any, now_ms: int) -> Iterator[Point]:
    for row in rows:
        fields = {"state": STATES[row.code], "code": row.code}
        yield Point("boiler_state", {"boiler": row.boiler, "site": row.site}, fields, row.since_ms)
        if row.known is None:
            tags = {"boiler": row.boiler, "site": row.site, "region": UNKNOWN}
            yield Point("boiler_fact", tags, {"family": ""}, _of_day(row.since_ms, now_ms))


def _mark(engine: Engine, table: Any, key: Any, done: list[Any]) -> None:
    if done:
        with engine.begin() as connection:
            connection.execute(update(table).where(key.in_(done)).values(export_due=False))
