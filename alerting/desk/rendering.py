"""Templates with their context: language, name, times, words."""

import secrets
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates

from alerting.desk.words import WORDS, word
from boilerwatch.clock import Clock, to_datetime
from boilerwatch.kinds import KIND_BY_NAME, PROBLEM_BY_NAME
from boilerwatch.register import DEFAULT_ZONE
from boilerwatch.settings import Settings

_LONG_S = 10**7
_ZONE = ZoneInfo(DEFAULT_ZONE)


class Rendering:
    """Shows templates to readers."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._pages = Jinja2Templates(directory=Path(__file__).parent / "templates")

    def language(self, request: Request) -> str:
        """Return the language a reader picked, or the settings' one."""
        told = request.cookies.get("language", "")
        return told if told in ("en", "zh") else self._settings.desk.language

    def show(self, request: Request, template: str, more: dict[str, Any], status: int = 200) -> Response:
        """Return a page."""
        language, now_ms = self.language(request), self._clock.now_ms()
        token = request.cookies.get("token") or secrets.token_urlsafe(24)
        context = {
            "language": language, "now_ms": now_ms, "token": token, "actor": actor_of(request), "path": request.url.path,
            "words": WORDS, "w": lambda key: word(key, language), "at": at, "left": lambda due: left(due - now_ms),
            "span": lambda ms: left(ms).lstrip("-"), "problem": lambda name: problem(name, language),
            "kind": lambda name: kind(name, language), "sentence": request.query_params.get("said", "")[:300], **more,
        }  # fmt: skip
        answer = self._pages.TemplateResponse(request, template, context, status_code=status)
        answer.set_cookie("token", token, httponly=True, samesite="strict")
        return answer


def actor_of(request: Request) -> str:
    """Return the name this browser gave, empty without one."""
    try:
        return bytes.fromhex(request.cookies.get("actor", "")).decode().strip()[:80]
    except ValueError:
        return ""


def remember_actor(answer: Response, actor: str) -> None:
    """Let this browser keep the name; as hex, because cookies are ASCII."""
    if actor.strip():
        answer.set_cookie("actor", actor.strip()[:80].encode().hex(), max_age=_LONG_S, httponly=True, samesite="strict")


def remember_language(answer: Response, language: str) -> None:
    """Let this browser keep the language."""
    answer.set_cookie("language", "zh" if language == "zh" else "en", max_age=_LONG_S, samesite="strict")


def problem(name: str, language: str) -> str:
    """Return a problem in a language; one that is not ours stands for itself."""
    row = PROBLEM_BY_NAME.get(name)
    return name if row is None else row.zh if language == "zh" else row.en


def kind(name: str, language: str) -> str:
    """Return a kind in a language; one that is not ours stands for itself."""
    row = KIND_BY_NAME.get(name)
    return word(name, language) if row is None else row.zh if language == "zh" else row.en


def at(at_ms: int) -> str:
    """Return a moment in the service's civil time."""
    return f"{to_datetime(at_ms).astimezone(_ZONE):%Y-%m-%d %H:%M:%S}"


def left(left_ms: int) -> str:
    """Return a time left as a clock face; negative when it is over.

    Examples
    --------
    >>> left(3_723_000), left(-60_000)
    ('01:02:03', '-00:01:00')
    """
    seconds = abs(left_ms) // 1000
    days, rest = divmod(seconds, 86_400)
    face = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return ("-" if left_ms < 0 else "") + (f"{days} d " if days else "") + face
