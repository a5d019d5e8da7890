"""Tells people: each opening, warning and breach once, from the transition that is its outbox.

At least once, with the transition's number as the key to drop repeats by. The retry loop is here; the channels are the
ground floor's, because the supervisor tells people too.
"""

from typing import Any

from sqlalchemy import Engine, select, update

from alerting.database import reading
from alerting.tables import TICKET, TRANSITION
from boilerwatch.channels import Channels
from boilerwatch.settings import NoticeSettings
from boilerwatch.wire import format_time

_FIRST_MS, _LONGEST_MS, _TRIES = 5_000, 3_600_000, 20


class Notices:
    """The outbox's reader.

    Parameters
    ----------
    settings
        Channels.
    """

    def __init__(self, engine: Engine, settings: NoticeSettings, public_url: str = "") -> None:
        self._engine = engine
        self._channels = Channels(settings)
        self._public_url = public_url.rstrip("/")

    def send_due(self, now_ms: int) -> int:
        """Send what is due; return how many went."""
        query = (
            select(TRANSITION, TICKET.c.boiler, TICKET.c.site)
            .join(TICKET)
            .where(TRANSITION.c.notice_due, TRANSITION.c.notice_after_ms <= now_ms)
            .order_by(TRANSITION.c.id)
            .limit(50)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return sum(self._send_one(row, now_ms) for row in rows)

    def _send_one(self, row: Any, now_ms: int) -> bool:
        notice = {
            "key": f"transition-{row.id}",
            "ticket": row.ticket_id,
            "action": row.action,
            "boiler": row.boiler,
            "site": row.site,
            "at": format_time(row.at_ms),
            "text": row.reason,
            "url": f"{self._public_url}/tickets/{row.ticket_id}" if self._public_url else "",
        }
        title = f"#{row.ticket_id} {row.action}"
        text = f"{row.reason}\n{row.boiler} · {row.site} · {notice['at']}\n{notice['url']}"
        sent, again = self._channels.send(notice, title, text, now_ms)
        values: dict[str, Any] = {
            "notice_due": not sent and again and row.notice_tries < _TRIES,
            "notice_tries": row.notice_tries + 1,
        }
        values["notice_after_ms"] = now_ms + min(_FIRST_MS * 2**row.notice_tries, _LONGEST_MS)
        with self._engine.begin() as connection:
            connection.execute(update(TRANSITION).where(TRANSITION.c.id == row.id).values(**values))
        return sent
