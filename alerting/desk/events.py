"""Server-sent events: each reader is told when something changed; the page then asks for itself anew."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

_READERS = 200


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
    async def events(request: Request) -> Response:
        if readers.locked():
            return Response("too many readers", 503)

        async def changes() -> AsyncIterator[str]:
            async with readers:
                seen = await asyncio.to_thread(newest)
                yield "retry: 2000\n\n"
                while not await request.is_disconnected() and not stop.is_set():
                    await asyncio.sleep(1)
                    now = await asyncio.to_thread(newest)
                    yield f"event: changed\ndata: {now}\n\n" if now != seen else ": still here\n\n"
                    seen = now

        return StreamingResponse(changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return routes
