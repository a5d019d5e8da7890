"""Maintenance windows and mutes: times in which a boiler's or a site's trouble opens no ticket."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, or_, select, update

from alerting.outbox import alone, tell_service
from alerting.tables import BOILER, WINDOW
from boilerwatch.errors import TicketError
from boilerwatch.kinds import PROBLEM_BY_NAME
from boilerwatch.wire import ID

SCOPES = ("boiler", "site")
_LONGEST_MS = 366 * 86_400_000


@dataclass(frozen=True, slots=True)
class Window:
    """One of them. Times in ms since 1970; an empty problem means any."""

    id: int
    what: str
    scope: str
    subject: str
    problem: str
    starts_at_ms: int
    ends_at_ms: int
    actor: str
    reason: str
    ended_by: str

    def is_open(self, at_ms: int) -> bool:
        """Return whether it holds at a moment."""
        return self.starts_at_ms <= at_ms < self.ends_at_ms


def set_window(
    connection: Connection, what: str, scope: str, subject: str, starts_at_ms: int, ends_at_ms: int, actor: str,
    reason: str, now_ms: int, problem: str = "",
) -> int:  # fmt: skip
    """Set a window; return its number.

    Parameters
    ----------
    what
        `maintenance`, which the detectors are told of, or `mute`, which only keeps tickets from opening.

    Raises
    ------
    TicketError
        If something in it makes no sense.
    """
    if not actor.strip():
        raise TicketError("who sets this? A window needs an actor: --actor, or a name on the page")
    if not reason.strip():
        raise TicketError("a window needs a written reason")
    if scope not in SCOPES or not ID.fullmatch(subject):
        raise TicketError(f"{scope} {subject!r} is not a boiler's or a site's id: 1 to 64 of A-Z a-z 0-9 _ -")
    if problem and problem not in PROBLEM_BY_NAME:
        raise TicketError(f"{problem!r} is no problem; known: {', '.join(PROBLEM_BY_NAME)}")
    if not starts_at_ms < ends_at_ms <= starts_at_ms + _LONGEST_MS or ends_at_ms <= now_ms:
        raise TicketError("a window must end after it starts, after now, and within a year")
    alone(connection)
    made = connection.execute(
        insert(WINDOW).values(
            what=what, scope=scope, subject=subject, problem=problem, starts_at_ms=starts_at_ms, ends_at_ms=ends_at_ms,
            actor=actor.strip()[:80], reason=reason.strip()[:500],
        )
    )  # fmt: skip
    key = made.inserted_primary_key
    assert key is not None
    tell_open_and_over(connection, now_ms)
    return int(key[0])


def end_window(connection: Connection, window_id: int, actor: str, now_ms: int) -> None:
    """End a window now.

    Raises
    ------
    TicketError
        If there is no actor, no such window, or it is over.
    """
    if not actor.strip():
        raise TicketError("who ends this? A window needs an actor: --actor, or a name on the page")
    alone(connection)
    row = connection.execute(select(WINDOW).where(WINDOW.c.id == window_id)).first()
    if row is None or row.ends_at_ms <= now_ms:
        raise TicketError(f"there is no window {window_id} that could be ended; see `boilerwatch maintenance list`")
    connection.execute(
        update(WINDOW)
        .where(WINDOW.c.id == window_id)
        .values(ends_at_ms=now_ms, ended_by=actor.strip()[:80], starts_at_ms=min(row.starts_at_ms, now_ms))
    )
    tell_open_and_over(connection, now_ms)


def windows(connection: Connection, now_ms: int, past: int = 0) -> list[Window]:
    """Return windows that are open or to come, by their start, and the newest `past` that are over."""
    query = select(WINDOW).order_by(WINDOW.c.starts_at_ms)
    found = connection.execute(query.where(WINDOW.c.ends_at_ms > now_ms)).all()
    over = select(WINDOW).where(WINDOW.c.ends_at_ms <= now_ms).order_by(WINDOW.c.ends_at_ms.desc()).limit(past)
    return [_window(row) for row in [*found, *connection.execute(over).all()]]


def open_window(connection: Connection, what: str, boiler: str, site: str, problem: str, at_ms: int) -> Window | None:
    """Return the window that holds for a boiler's problem at a moment."""
    mine = or_(
        (WINDOW.c.scope == "boiler") & (WINDOW.c.subject == boiler), (WINDOW.c.scope == "site") & (WINDOW.c.subject == site)
    )  # fmt: skip
    query = select(WINDOW).where(
        mine, WINDOW.c.what == what, WINDOW.c.problem.in_(("", problem)), WINDOW.c.starts_at_ms <= at_ms,
        WINDOW.c.ends_at_ms > at_ms,
    )  # fmt: skip
    row = connection.execute(query.order_by(WINDOW.c.ends_at_ms.desc())).first()
    return None if row is None else _window(row)


def tell_open_and_over(connection: Connection, now_ms: int) -> list[Window]:
    """Tell the detectors of maintenance that began or ended until now; return all windows that ended unnoticed."""
    begun = select(WINDOW).where(~WINDOW.c.started_told, WINDOW.c.starts_at_ms <= now_ms)
    over = select(WINDOW).where(~WINDOW.c.ended_told, WINDOW.c.ends_at_ms <= now_ms)
    for row in connection.execute(begun).all():
        _tell(connection, _window(row), "maintenance_started", row.starts_at_ms)
        connection.execute(update(WINDOW).where(WINDOW.c.id == row.id).values(started_told=True))
    ended = [_window(row) for row in connection.execute(over).all()]
    for one in ended:
        _tell(connection, one, "maintenance_ended", one.ends_at_ms)
        connection.execute(update(WINDOW).where(WINDOW.c.id == one.id).values(ended_told=True))
    return ended


def _tell(connection: Connection, window: Window, what: str, at_ms: int) -> None:
    if window.what != "maintenance":
        return
    if window.scope == "boiler":
        found = connection.execute(select(BOILER.c.site).where(BOILER.c.boiler == window.subject)).scalar()
        boilers = [(window.subject, str(found or ""))]
    else:
        query = select(BOILER.c.boiler).where(BOILER.c.site == window.subject)
        boilers = [(row.boiler, window.subject) for row in connection.execute(query)]
    actor = window.ended_by or window.actor if what == "maintenance_ended" else window.actor
    for boiler, site in boilers:
        tell_service(connection, boiler, what, at_ms, site=site, actor=actor, reason=window.reason)


def _window(row: object) -> Window:
    return Window(**{name: getattr(row, name) for name in Window.__dataclass_fields__})
