"""Where notices go: a signed webhook, and whatever Apprise knows.

A channel only says whether a notice went, and whether trying again can help; who sends keeps the outbox and the retry
loop. Secrets stand in the settings and never in a log.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import httpx
import structlog
from pydantic import SecretStr

from boilerwatch.settings import NoticeSettings

_TIMEOUT_S = 10.0
#: Answers after which the same notice may be taken later (RFC 9110, RFC 6585, RFC 8470).
_AGAIN = frozenset({408, 425, 429})

log = structlog.get_logger()


class Result(NamedTuple):
    """What became of a notice.

    Attributes
    ----------
    sent
        Whether every channel took it; true without any channel.
    again
        Whether trying again can help where one did not.
    """

    sent: bool
    again: bool


class Channels:
    """The channels of the settings.

    Parameters
    ----------
    settings
        Addresses and secrets.
    apprise
        Apprise addresses instead of the settings' own.
    """

    def __init__(self, settings: NoticeSettings, apprise: Sequence[SecretStr] | None = None) -> None:
        self._settings = settings
        self._apprise = settings.apprise if apprise is None else apprise

    @property
    def any(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._settings.webhook_url or self._apprise)

    def send(self, notice: dict[str, Any], title: str, text: str, now_ms: int) -> Result:
        """Send to every channel.

        Parameters
        ----------
        notice
            The webhook's body; `key` lets a receiver drop repeats.
        title, text
            What people read.
        """
        results = []
        if self._settings.webhook_url:
            results.append(self._webhook(notice, now_ms))
        if self._apprise:
            results.append(Result(self._by_apprise(title, text), True))
        return Result(all(one.sent for one in results), any(one.again for one in results if not one.sent))

    def _webhook(self, notice: dict[str, Any], now_ms: int) -> Result:
        """Post the notice, signed as HMAC-SHA256 of `timestamp.body`."""
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
            return Result(False, True)
        if answer.status_code >= 300:
            log.warning("notice_refused", key=notice["key"], status=answer.status_code)
        return Result(answer.status_code < 300, answer.status_code >= 500 or answer.status_code in _AGAIN)

    def _by_apprise(self, title: str, text: str) -> bool:
        import apprise  # noqa: PLC0415 -- a hundred channels load slowly

        channels = apprise.Apprise()
        for url in self._apprise:
            channels.add(url.get_secret_value())
        return bool(channels.notify(title=title, body=text))
