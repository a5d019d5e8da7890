"""What people do on the page: each with the browser's token and a name, and back to where they were."""

import secrets
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import URL

from alerting.desk.rendering import actor_of, remember_actor, remember_language
from alerting.desk.views import Views
from alerting.handover import write_note
from alerting.windows import end_window, set_window
from boilerwatch.clock import Clock
from boilerwatch.errors import TicketError

_STRANGER = "This form is from another browser or too old; read the page again. 此表单已失效,请刷新页面。"
_NAMELESS = "Give your name first: every step bears who took it. 请先填写姓名:每一步操作都记录操作人。"
_HOUR_MS = 3_600_000

Text = Annotated[str, Form()]


def router(views: Views, clock: Clock) -> APIRouter:
    """Return the routes that change something."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/tickets/{ticket_id}/act")
    def act(
        request: Request, ticket_id: int, action: Text, token: Text, seen: Annotated[int, Form()], actor: Text = "",
        reason: Text = "", assignee: Text = "", verdict: Text = "", cause: Text = "", part: Text = "", problem: Text = "",
        problems: Annotated[list[str] | None, Form()] = None,
    ) -> Response:  # fmt: skip
        told: dict[str, dict[str, Any]] = {
            "assign": {"assignee": assignee.strip()}, "close": {"verdict": verdict, "cause": cause, "part": part},
            "repair": {"problems": problems or [], "cause": cause, "part": part}, "diagnose": {"problem": problem},
        }  # fmt: skip

        def do(name: str) -> None:
            views.act(ticket_id, action, name, reason, told.get(action, {}), seen)

        return _done(request, f"/tickets/{ticket_id}", token, actor, do)

    @routes.post("/name")
    def name(request: Request, token: Text, actor: Text = "", back: Text = "/") -> Response:
        return _done(request, local(back), token, actor, lambda _: None)

    @routes.post("/maintenance")
    def window(
        request: Request, token: Text, what: Text, scope: Text, subject: Text, hours: Annotated[float, Form()],
        reason: Text = "", actor: Text = "",
    ) -> Response:  # fmt: skip
        def do(name: str) -> None:
            now_ms = clock.now_ms()
            span_ms = round(min(max(hours, 0.0), 10_000.0) * _HOUR_MS)
            kind = what if what in ("maintenance", "mute") else "maintenance"
            with views.engine.begin() as connection:
                set_window(connection, kind, scope, subject, now_ms, now_ms + span_ms, name, reason, now_ms)

        return _done(request, "/maintenance", token, actor, do)

    @routes.post("/maintenance/{window_id}/end")
    def end(request: Request, window_id: int, token: Text, actor: Text = "") -> Response:
        def do(name: str) -> None:
            with views.engine.begin() as connection:
                end_window(connection, window_id, name, clock.now_ms())

        return _done(request, "/maintenance", token, actor, do)

    @routes.post("/handover")
    def handover(request: Request, token: Text, text: Text = "", actor: Text = "") -> Response:
        def do(name: str) -> None:
            with views.engine.begin() as connection:
                write_note(connection, name, text, clock.now_ms())

        return _done(request, "/handover", token, actor, do)

    @routes.get("/language")
    def language(to: str = "en", back: str = "/") -> Response:
        answer = RedirectResponse(local(back), 303)
        remember_language(answer, to)
        return answer

    return routes


def local(path: str) -> str:
    """Return a path of this page; whatever leads elsewhere becomes the first page."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if safe else "/"


def _done(request: Request, back: str, token: str, actor: str, do: Callable[[str], None]) -> Response:
    """Do it, if it comes from this browser and somebody says who; go back with what there is to say."""
    name = actor.strip() or actor_of(request)
    said = ""
    if not secrets.compare_digest(token.encode(), request.cookies.get("token", "-").encode()):
        said = _STRANGER
    elif not name:
        said = _NAMELESS
    else:
        try:
            do(name)
        except TicketError as exc:
            said = str(exc)
    target = URL(back)
    answer = RedirectResponse(str(target.include_query_params(said=said) if said else target), 303)
    if said != _STRANGER:
        remember_actor(answer, actor)
    return answer
