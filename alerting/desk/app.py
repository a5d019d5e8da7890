"""The page: server-rendered, then kept fresh by server-sent events.

Nothing is shown that the reader did not get as HTML; no script of others; every transition needs a name and the token
of this browser.
"""

import asyncio
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from starlette.exceptions import HTTPException

from alerting.desk.views import Views
from alerting.desk.words import WORDS, word
from boilerwatch.clock import Clock, to_datetime
from boilerwatch.errors import TicketError
from boilerwatch.kinds import PROBLEM_BY_NAME
from boilerwatch.settings import Settings

_HERE = Path(__file__).parent
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_READERS = 200


def create_app(settings: Settings, clock: Clock) -> FastAPI:  # noqa: PLR0915 -- a table of routes
    """Return the page as an ASGI application."""
    app = FastAPI(title="boilerwatch", docs_url=None, redoc_url=None)
    views = Views(settings, clock)
    pages = Jinja2Templates(directory=_HERE / "templates")
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    show = _renderer(pages, settings, clock)

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Any]) -> Response:
        if int(request.headers.get("content-length") or 0) > 65_536:
            return Response("too large", 413)
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @app.exception_handler(HTTPException)
    async def missing(request: Request, exc: HTTPException) -> Response:
        return show(request, "missing.html", {}, exc.status_code)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/", response_class=HTMLResponse)
    def tickets(request: Request) -> Response:
        opened, closed = views.tickets()
        return show(request, "tickets.html", {"open": opened, "closed": closed})

    @app.get("/tickets/{ticket_id}", response_class=HTMLResponse)
    def ticket(request: Request, ticket_id: int, said: str = "") -> Response:
        return show(
            request, "ticket.html", views.ticket(ticket_id, _language(request, settings)) | {"sentence": said[:300]}
        )

    @app.get("/tickets/{ticket_id}/chart.svg")
    def ticket_chart(request: Request, ticket_id: int) -> Response:
        return Response(views.ticket_chart(ticket_id, _language(request, settings)), media_type="image/svg+xml")

    @app.post("/tickets/{ticket_id}/act")
    def act(
        request: Request, ticket_id: int, action: Annotated[str, Form()], token: Annotated[str, Form()],
        seen: Annotated[int, Form()], actor: Annotated[str, Form()] = "", reason: Annotated[str, Form()] = "",
        assignee: Annotated[str, Form()] = "",
    ) -> Response:  # fmt: skip
        if not secrets.compare_digest(token, request.cookies.get("token", "-")):
            said = "This form is from another browser or too old; read the ticket again."
        else:
            try:
                views.act(ticket_id, action, actor, reason, assignee, seen)
                said = ""
            except TicketError as exc:
                said = str(exc)
        answer = RedirectResponse(
            request.url_for("ticket", ticket_id=ticket_id).include_query_params(**({"said": said} if said else {})), 303
        )
        if actor.strip():
            answer.set_cookie(
                "actor", actor.strip()[:80].encode().hex(), max_age=10**7, httponly=True, samesite="strict"
            )
        return answer

    @app.get("/boilers", response_class=HTMLResponse)
    def boilers(request: Request) -> Response:
        return show(request, "boilers.html", {"accounts": views.ledger.accounts(1_000)})

    @app.get("/boilers/{boiler}", response_class=HTMLResponse)
    def boiler(request: Request, boiler: str) -> Response:
        return show(request, "boiler.html", views.boiler(boiler))

    @app.get("/boilers/{boiler}/chart.svg")
    def boiler_chart(request: Request, boiler: str) -> Response:
        return Response(views.boiler_chart(boiler, _language(request, settings)), media_type="image/svg+xml")

    @app.get("/ledger", response_class=HTMLResponse)
    def ledger(request: Request) -> Response:
        return show(request, "ledger.html", views.accounts())

    @app.get("/language")
    def language(to: str, back: str = "/") -> Response:
        safe = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
        answer = RedirectResponse(safe, 303)
        answer.set_cookie("language", "zh" if to == "zh" else "en", max_age=10**7, samesite="strict")
        return answer

    @app.get("/api/tickets")
    def api_tickets() -> list[dict[str, Any]]:
        return views.plain_tickets()

    readers = asyncio.Semaphore(_READERS)

    @app.get("/events")
    async def events(request: Request) -> Response:
        if readers.locked():
            return Response("too many readers", 503)

        async def changes() -> AsyncIterator[str]:
            async with readers:
                seen = await asyncio.to_thread(views.newest)
                yield "retry: 2000\n\n"
                while not await request.is_disconnected() and not app.state.stop.is_set():
                    await asyncio.sleep(1)
                    newest = await asyncio.to_thread(views.newest)
                    yield f"event: changed\ndata: {newest}\n\n" if newest != seen else ": still here\n\n"
                    seen = newest

        return StreamingResponse(changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    app.state.stop = threading.Event()
    app.state.views = views
    return app


def _language(request: Request, settings: Settings) -> str:
    told = request.cookies.get("language", "")
    return told if told in ("en", "zh") else settings.desk.language


def _renderer(pages: Jinja2Templates, settings: Settings, clock: Clock) -> Callable[..., Response]:
    def show(request: Request, template: str, more: dict[str, Any], status: int = 200) -> Response:
        language = _language(request, settings)
        now_ms = clock.now_ms()
        token = request.cookies.get("token") or secrets.token_urlsafe(24)
        try:
            actor = bytes.fromhex(request.cookies.get("actor", "")).decode()
        except ValueError:
            actor = ""
        context = {
            "language": language, "now_ms": now_ms, "token": token, "actor": actor, "path": request.url.path,
            "words": WORDS, "w": lambda key: word(key, language), "at": _at, "left": lambda due: left(due - now_ms),
            "problem": lambda name: _problem(name, language), **more,
        }  # fmt: skip
        answer = pages.TemplateResponse(request, template, context, status_code=status)
        answer.set_cookie("token", token, httponly=True, samesite="strict")
        return answer

    return show


def _problem(name: str, language: str) -> str:
    row = PROBLEM_BY_NAME.get(name)
    return name if row is None else row.zh if language == "zh" else row.en


def _at(at_ms: int) -> str:
    return f"{to_datetime(at_ms).astimezone():%Y-%m-%d %H:%M:%S}"


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


def serve(settings: Settings, stop: threading.Event, clock: Clock) -> None:
    """Serve the page until `stop` is set; a port in use is answered by another one, which is written to a file."""
    app = create_app(settings, clock)
    listening = _listen(settings.desk.host, settings.desk.port)
    address = f"http://{settings.desk.host}:{listening.getsockname()[1]}/"
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]

    def watch() -> None:
        stop.wait()
        app.state.stop.set()
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    (settings.data.dir / "desk.url").write_text(address + "\n", encoding="ascii")
    server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.bind((host, 0))
    return listening
