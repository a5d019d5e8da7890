"""What one shift leaves to the next: a note, and the figures of the hours it speaks of."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from alerting.outbox import alone
from alerting.tables import HANDOVER, TICKET, TRANSITION
from boilerwatch.errors import TicketError

SHIFT_MS = 12 * 3_600_000
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a shift. [ms since 1970]"""

    id: int
    at_ms: int
    actor: str
    text: str


def write_note(connection: Connection, actor: str, text: str, now_ms: int) -> int:
    """Keep a note; return its number.

    Raises
    ------
    TicketError
        If nobody wrote it, or there is nothing in it.
    """
    if not actor.strip():
        raise TicketError("who hands over? A note needs an actor: --actor, or a name on the page")
    if not text.strip():
        raise TicketError("there is nothing in this note; write what the next shift must know")
    alone(connection)
    row = {"at_ms": now_ms, "actor": actor.strip()[:80], "text": text.strip()[:_LONGEST]}
    key = connection.execute(insert(HANDOVER).values(**row)).inserted_primary_key
    assert key is not None
    return int(key[0])


def notes(connection: Connection, limit: int = 20) -> list[Note]:
    """Return the newest notes, newest first."""
    query = select(HANDOVER).order_by(HANDOVER.c.id.desc()).limit(limit)
    return [Note(row.id, row.at_ms, row.actor, row.text) for row in connection.execute(query)]


def shift_figures(connection: Connection, now_ms: int) -> dict[str, int]:
    """Return what came and went in the last twelve hours, and what stands open."""
    counts = select(TRANSITION.c.action, func.count().label("n")).where(TRANSITION.c.at_ms > now_ms - SHIFT_MS)
    happened = {row.action: row.n for row in connection.execute(counts.group_by(TRANSITION.c.action))}
    opened = connection.execute(select(func.count()).where(TICKET.c.open_key.isnot(None))).scalar()
    names = {"open": "opened", "close": "closed", "breach": "breached", "met": "kept", "reported": "reported"}
    return {word: int(happened.get(action, 0)) for action, word in names.items()} | {"still_open": int(opened or 0)}
