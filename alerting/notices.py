"""Tells people: each opening, warning and breach once, from the transition that is its outbox.

At least once, with the transition's number as the key to drop repeats by. The retry loop is here; a channel only says
whether it went, and whether trying again can help.
"""

import hashlib
import hmac
import json
from typing import Any

import httpx
import structlog
from sqlalchemy import Engine, select, update

from alerting.tables import TICKET, TRANSITION
from boilerwatch.settings import NoticeSettings
from boilerwatch.wire import format_time

_FIRST_MS, _LONGEST_MS, _TRIES = 5_000, 3_600_000, 20
_TIMEOUT_S = 10.0

log = structlog.get_logger()


class Notices:
    """The outbox's reader.

    Parameters
    ----------
    settings
        Channels.
    """

    def __init__(self, engine: Engine, settings: NoticeSettings, public_url: str = "") -> None:
        self._engine = engine
        self._settings = settings
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
        with self._engine.connect() as connection:
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
        sent, again = self.send(notice, now_ms)
        values: dict[str, Any] = {
            "notice_due": not sent and again and row.notice_tries < _TRIES,
            "notice_tries": row.notice_tries + 1,
        }
        values["notice_after_ms"] = now_ms + min(_FIRST_MS * 2**row.notice_tries, _LONGEST_MS)
        with self._engine.begin() as connection:
            connection.execute(update(TRANSITION).where(TRANSITION.c.id == row.id).values(**values))
        return sent

    def send(self, notice: dict[str, Any], now_ms: int) -> tuple[bool, bool]:
        """Send to every channel; return (went to all, trying again can help)."""
        results = []
        if self._settings.webhook_url:
            results.append(self._webhook(notice, now_ms))
        if self._settings.apprise:
            results.append((self._apprise(notice), True))
        return all(sent for sent, _ in results), any(again for sent, again in results if not sent)

    def _webhook(self, notice: dict[str, Any], now_ms: int) -> tuple[bool, bool]:
        body = json.dumps(notice, ensure_ascii=False, sort_keys=True).encode()
        secret = self._settings.webhook_secret.get_secret_value().encode()
        stamp = str(now_ms // 1000)
        signature = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json", "Idempotency-Key": notice["key"], "X-Boilerwatch-Timestamp": stamp,
            "X-Boilerwatch-Signature": f"sha256={signature}",
        }  # fmt: skip
        try:
            answer = httpx.post(self._settings.webhook_url, content=body, headers=headers, timeout=_TIMEOUT_S)
        except httpx.HTTPError as exc:
            log.warning("notice_not_sent", key=notice["key"], error=type(exc).__name__)
            return False, True
        if answer.status_code >= 300:
            log.warning("notice_refused", key=notice["key"], status=answer.status_code)
        return answer.status_code < 300, answer.status_code >= 500 or answer.status_code in (408, 425, 429)

    def _apprise(self, notice: dict[str, Any]) -> bool:
        import apprise  # noqa: PLC0415 -- a hundred channels load slowly

        channels = apprise.Apprise()
        for url in self._settings.apprise:
            channels.add(url.get_secret_value())
        text = f"{notice['text']}\n{notice['boiler']} · {notice['site']} · {notice['at']}\n{notice['url']}"
        return bool(channels.notify(title=f"#{notice['ticket']} {notice['action']}", body=text))
