"""Bodies stay small whatever they claim to be, and every answer bears strict headers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FORM_BYTES, _HOOK_BYTES, _READ_PAST = 65_536, 1_048_576, 20
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()), (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"),
]  # fmt: skip


class Guard:
    """An ASGI layer around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, counting what comes and adding to what goes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = _HOOK_BYTES if scope["path"].startswith("/hooks/") else _FORM_BYTES
        body = await _read(receive, most) if scope["method"] not in ("GET", "HEAD") else b""
        if body is None:
            await _refuse(send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        await self._app(scope, _again(body, receive), add)


async def _read(receive: Receive, most: int) -> bytes | None:
    """Return the whole body, or None when it is larger than that; a length that is claimed counts for nothing.

    Somewhat more is read past, so that the sender, still sending, gets the answer and not a broken pipe.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        size += len(part)
        if size <= most:
            parts.append(part)
        if not message.get("more_body", False) or size > _READ_PAST * most:
            break
    return b"".join(parts) if size <= most else None


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a channel that gives the body once, and then what the server has to say."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


async def _refuse(send: Send) -> None:
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-type", b"text/plain"), *_HEADERS]})
    await send({"type": "http.response.body", "body": b"this body is too large"})
