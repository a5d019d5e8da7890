"""The page: server-rendered, then kept fresh by server-sent events.

Nothing is shown that the reader did not get as HTML; no script of others; every transition needs a name and the token
of this browser.
"""

import socket
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from alerting.database import open_database
from alerting.desk import acting, api, events, hooks, pages
from alerting.desk.boiler_view import BoilerView
from alerting.desk.figures import Figures
from alerting.desk.guard import Guard
from alerting.desk.rendering import Rendering
from alerting.desk.views import Views
from alerting.policy import load_policy
from boilerwatch.clock import Clock
from boilerwatch.ledger import open_ledger
from boilerwatch.settings import Settings
from boilerwatch.store.opening import open_store

_HERE = Path(__file__).parent


def create_app(settings: Settings, clock: Clock) -> FastAPI:
    """Return the page as an ASGI application."""
    app = FastAPI(title="boilerwatch", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    engine, store, ledger = open_database(settings), open_store(settings), open_ledger(settings)
    policy, grafana_url = load_policy(settings.alerting.policy), settings.desk.grafana_url
    rendering = Rendering(settings, clock)
    views = Views(engine, policy, store, clock, grafana_url)
    app.state.stop = threading.Event()
    app.state.views = views
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    boilers = BoilerView(engine, store, ledger, clock, grafana_url)
    app.include_router(pages.router(views, boilers, Figures(engine, ledger, clock), rendering))
    app.include_router(acting.router(views, clock))
    app.include_router(api.router(views))
    app.include_router(hooks.router(views, settings, clock))
    app.include_router(events.router(views.newest, app.state.stop))
    app.add_middleware(Guard)

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    def wrong(request: Request, status: int, said: object) -> Response:
        if request.url.path.startswith("/api/"):
            return JSONResponse({"detail": said}, status)
        return rendering.show(request, "missing.html", {"status": status}, status)

    @app.exception_handler(HTTPException)
    async def missing(request: Request, exc: HTTPException) -> Response:
        return wrong(request, exc.status_code, exc.detail)

    @app.exception_handler(RequestValidationError)
    async def unreadable(request: Request, exc: RequestValidationError) -> Response:
        said = [{name: one[name] for name in ("loc", "msg", "type")} for one in exc.errors()]
        return wrong(request, 422, said)

    return app


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
