"""Server-sent events: each reader is told when something changed; the page then asks for itself anew.

A reader says which change its page already shows, so nothing that came between page and stream is missed, nor what came
while the stream was down.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

_READERS = 200
_DIGITS = 19


def router(newest: Callable[[], int], stop: threading.Event) -> APIRouter:
    """Return the stream.

    Parameters
    ----------
    newest
        Number of the newest change.
    stop
        Ends every stream.
    """
    routes = APIRouter()
    readers = asyncio.Semaphore(_READERS)

    @routes.get("/events", include_in_schema=False)
    async def events(request: Request, seen: int = 0) -> Response:
        told = request.headers.get("last-event-id", "")
        begin = int(told) if told.isdecimal() and len(told) < _DIGITS else seen
        if readers.locked():
            return Response("too many readers", 503)

        async def changes() -> AsyncIterator[str]:
            async with readers:
                shown = begin
                yield "retry: 2000\n\n"
                while not await request.is_disconnected() and not stop.is_set():
                    now = await asyncio.to_thread(newest)
                    yield f"event: changed\nid: {now}\ndata: {now}\n\n" if now != shown else ": still here\n\n"
                    shown = now
                    await asyncio.sleep(1)

        return StreamingResponse(changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return routes
