"""A small HTTP server that holds each request against Grafana's documented HTTP API, and can give any wrong answer.

G = https://grafana.com/docs/grafana/latest/developers/http_api/: folder/, folder_permissions/, dashboard/, data_source/,
team/, alerting_provisioning/, org/. What a page says is required is required here, unknown keys of a body are refused, and
402s and 412s come when the page says so.
"""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from tests.servers import free_port

TOKEN = "glsa_right"
Answer = Response


@dataclass
class Fault:
    """A wrong answer to the nth request of a kind."""

    method: str
    path: str
    status: int
    body: Any = None
    nth: int = 1
    seen: int = 0


@dataclass
class Grafana:
    """What the server holds."""

    url: str = ""
    prefix: str = ""
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    permissions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    teams: dict[int, str] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def written(self) -> list[tuple[str, str]]:
        return [one for one in self.asked if one[0] != "GET"]

    def state(self) -> dict[str, Any]:
        """All it holds, but for numbers that grow."""
        boards = {
            uid: {k: v for k, v in one["dashboard"].items() if k not in ("id", "version")}
            for uid, one in self.boards.items()
        }
        return {
            "folders": {uid: one["title"] for uid, one in self.folders.items()},
            "permissions": {uid: sorted(map(str, items)) for uid, items in self.permissions.items()}, "boards": boards,
            "sources": {uid: {k: v for k, v in one.items() if k not in ("id", "version")} for uid, one in self.sources.items()},
            "teams": sorted(self.teams.values()), "contacts": dict(self.contacts), "groups": dict(self.groups),
        }  # fmt: skip


def _say(status: int, message: str, **more: Any) -> Answer:
    return JSONResponse({"message": message, **more}, status)


def _checked(grafana: Grafana, what: str, body: Any, required: dict[str, type], optional: dict[str, type]) -> str:
    """Say what is wrong with a body, empty when nothing is."""
    told = ""
    if not isinstance(body, dict):
        told = f"{what}: no JSON object"
    else:
        known = required | optional
        missing = [name for name in required if name not in body]
        strange = [name for name in body if name not in known]
        wrong = [n for n, v in body.items() if n in known and v is not None and not isinstance(v, known[n])]
        if missing or strange or wrong:
            told = f"{what}: missing {missing}, unknown {strange}, of another type {wrong}"
    if told:
        grafana.wrong.append(told)
    return told


_ROUTES: list[tuple[str, str, Callable[..., Answer]]] = []


def route(method: str, path: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    def keep(handler: Callable[..., Answer]) -> Callable[..., Answer]:
        _ROUTES.append((method, path, handler))
        return handler

    return keep


@route("GET", "/api/org")
def org(grafana: Grafana, body: Any, query: Any) -> Answer:
    return JSONResponse({"id": 1, "name": "Main Org."})


@route("GET", "/api/teams/search")
def search_team(grafana: Grafana, body: Any, query: Any) -> Answer:
    found = [{"id": number, "name": name} for number, name in grafana.teams.items() if name == query.get("name")]
    return JSONResponse({"totalCount": len(found), "teams": found, "page": 1, "perPage": 1000})


@route("POST", "/api/teams")
def add_team(grafana: Grafana, body: Any, query: Any) -> Answer:
    if told := _checked(grafana, "team", body, {"name": str}, {"email": str}):
        return _say(400, told)
    if body["name"] in grafana.teams.values():
        return _say(409, "Team name taken")
    number = max(grafana.teams, default=0) + 1
    grafana.teams[number] = body["name"]
    return JSONResponse({"message": "Team created", "teamId": number})


@route("DELETE", r"/api/teams/(\d+)")
def delete_team(grafana: Grafana, body: Any, query: Any, number: str) -> Answer:
    return (
        _say(200, "Team deleted")
        if grafana.teams.pop(int(number), None)
        else _say(404, "Failed to delete Team. ID not found")
    )


_SOURCE = {"name": str, "type": str, "access": str}
_SOURCE_MORE = {
    "uid": str, "url": str, "user": str, "database": str, "basicAuth": bool, "jsonData": dict, "secureJsonData": dict, "id": int,
    "orgId": int, "isDefault": bool, "password": str, "basicAuthUser": str, "withCredentials": bool, "readOnly": bool, "version": int,
    "secureJsonFields": dict, "typeLogoUrl": str,
}  # fmt: skip


@route("GET", r"/api/datasources/uid/([\w-]+)")
def get_source(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    return JSONResponse(grafana.sources[uid]) if uid in grafana.sources else _say(404, "Data source not found")


def _keep_source(grafana: Grafana, uid: str, body: dict[str, Any]) -> None:
    secret = body.pop("secureJsonData", None) or {}
    grafana.secrets.setdefault(uid, {}).update(secret)
    before = grafana.sources.get(uid, {})
    fields = {**before.get("secureJsonFields", {}), **dict.fromkeys(secret, True)}
    grafana.sources[uid] = {
        **body, "id": 1, "orgId": 1, "basicAuth": False, "secureJsonFields": fields, "version": before.get("version", 0) + 1,
    }  # fmt: skip


@route("POST", "/api/datasources")
def add_source(grafana: Grafana, body: Any, query: Any) -> Answer:
    if told := _checked(grafana, "data source", body, _SOURCE, _SOURCE_MORE):
        return _say(400, told)
    if body["uid"] in grafana.sources or any(one["name"] == body["name"] for one in grafana.sources.values()):
        return _say(409, "data source with the same name already exists")
    _keep_source(grafana, body["uid"], body)
    return JSONResponse(
        {"datasource": grafana.sources[body["uid"]], "id": 1, "message": "Datasource added", "name": body["name"]}
    )


@route("PUT", r"/api/datasources/uid/([\w-]+)")
def put_source(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    if told := _checked(grafana, "data source", body, _SOURCE, _SOURCE_MORE):
        return _say(400, told)
    if uid not in grafana.sources:
        return _say(404, "Data source not found")
    _keep_source(grafana, uid, body)
    return JSONResponse(
        {"datasource": grafana.sources[uid], "id": 1, "message": "Datasource updated", "name": body["name"]}
    )


@route("DELETE", r"/api/datasources/uid/([\w-]+)")
def delete_source(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    return _say(200, "Data source deleted") if grafana.sources.pop(uid, None) else _say(404, "Data source not found")


@route("GET", r"/api/folders/([\w-]+)")
def get_folder(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    return JSONResponse(grafana.folders[uid]) if uid in grafana.folders else _say(404, "folder not found")


@route("POST", "/api/folders")
def add_folder(grafana: Grafana, body: Any, query: Any) -> Answer:
    if told := _checked(grafana, "folder", body, {"title": str}, {"uid": str, "parentUid": str}):
        return _say(400, told)
    if body["uid"] in grafana.folders or len(body["uid"]) > 40:
        return _say(409, "a folder with that UID already exists")
    grafana.folders[body["uid"]] = {
        "id": len(grafana.folders) + 1,
        "uid": body["uid"],
        "title": body["title"],
        "version": 1,
    }
    grafana.permissions[body["uid"]] = [
        {"role": "Admin", "permission": 4}, {"role": "Editor", "permission": 2}, {"role": "Viewer", "permission": 1},
    ]  # fmt: skip
    return JSONResponse(grafana.folders[body["uid"]])


@route("PUT", r"/api/folders/([\w-]+)")
def put_folder(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    if told := _checked(grafana, "folder", body, {"title": str}, {"version": int, "overwrite": bool}):
        return _say(400, told)
    folder = grafana.folders.get(uid)
    if folder is None:
        return _say(404, "folder not found")
    if not body.get("overwrite") and body.get("version") != folder["version"]:
        return _say(412, "The folder has been changed by someone else", status="version-mismatch")
    folder |= {"title": body["title"], "version": folder["version"] + 1}
    return JSONResponse(folder)


@route("DELETE", r"/api/folders/([\w-]+)")
def delete_folder(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    if grafana.folders.pop(uid, None) is None:
        return _say(404, "folder not found")
    grafana.permissions.pop(uid)
    grafana.boards = {name: one for name, one in grafana.boards.items() if one["meta"]["folderUid"] != uid}
    return _say(200, "Folder deleted")


@route("GET", r"/api/folders/([\w-]+)/permissions")
def get_permissions(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    if uid not in grafana.permissions:
        return _say(404, "folder not found")
    blank = {"userId": 0, "userLogin": "", "teamId": 0, "team": "", "role": ""}
    return JSONResponse([{**blank, **one, "uid": uid, "isFolder": True} for one in grafana.permissions[uid]])


@route("POST", r"/api/folders/([\w-]+)/permissions")
def set_permissions(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    if told := _checked(grafana, "permissions", body, {"items": list}, {}):
        return _say(400, told)
    if uid not in grafana.permissions:
        return _say(404, "folder not found")
    for item in body["items"]:
        whom = [name for name in ("role", "teamId", "userId") if name in item]
        if len(whom) != 1 or item.get("permission") not in (1, 2, 4) or item.get("role") == "Admin":
            grafana.wrong.append(f"permission {item}")
            return _say(400, f"bad permission {item}")
        if "teamId" in item and item["teamId"] not in grafana.teams:
            return _say(400, "no such team")
    grafana.permissions[uid] = [{"role": "Admin", "permission": 4}, *body["items"]]
    return _say(200, "Folder permissions updated")


@route("GET", r"/api/dashboards/uid/([\w-]+)")
def get_board(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    return JSONResponse(grafana.boards[uid]) if uid in grafana.boards else _say(404, "Dashboard not found")


@route("POST", "/api/dashboards/db")
def save_board(grafana: Grafana, body: Any, query: Any) -> Answer:
    wanted = {"dashboard": dict, "folderUid": str}
    if told := _checked(grafana, "dashboard", body, wanted, {"overwrite": bool, "message": str, "folderId": int}):
        return _say(400, told)
    board, uid = body["dashboard"], body["dashboard"].get("uid")
    if not board.get("title") or not uid or len(uid) > 40 or board.get("schemaVersion") != 42:
        grafana.wrong.append(f"dashboard {uid}")
        return _say(400, "Dashboard title cannot be empty")
    if body["folderUid"] not in grafana.folders:
        return _say(400, "folder not found")
    before = grafana.boards.get(uid)
    if before and not body.get("overwrite"):
        if board.get("id") is None:
            return _say(412, "A dashboard with the same uid already exists", status="name-exists")
        if board.get("version") != before["dashboard"]["version"]:
            return _say(412, "The dashboard has been changed by someone else", status="version-mismatch")
    version = before["dashboard"]["version"] + 1 if before else 1
    number = before["dashboard"]["id"] if before else 100 + len(grafana.boards)
    made = {**board, "id": number, "version": version}
    made["panels"] = [{"pluginVersion": "11.6.0", **panel} for panel in made["panels"]]  # as Grafana adds of its own
    grafana.boards[uid] = {"dashboard": made, "meta": {"folderUid": body["folderUid"], "provisioned": False}}
    return JSONResponse({"id": number, "uid": uid, "status": "success", "version": version, "url": f"/d/{uid}"})


@route("DELETE", r"/api/dashboards/uid/([\w-]+)")
def delete_board(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    return _say(200, "deleted") if grafana.boards.pop(uid, None) else _say(404, "Dashboard not found")


@route("GET", "/api/v1/provisioning/contact-points")
def get_contacts(grafana: Grafana, body: Any, query: Any) -> Answer:
    return JSONResponse(list(grafana.contacts.values()))


@route("POST", "/api/v1/provisioning/contact-points")
def add_contact(grafana: Grafana, body: Any, query: Any) -> Answer:
    more = {"uid": str, "name": str, "disableResolveMessage": bool, "provenance": str}
    if told := _checked(grafana, "contact point", body, {"type": str, "settings": dict}, more):
        return _say(400, told)
    needed = {"webhook": "url", "email": "addresses"}[body["type"]]
    if needed not in body["settings"]:
        return _say(400, f"could not find {needed} in settings")
    grafana.contacts[body["uid"]] = body
    return JSONResponse(body, 202)


@route("DELETE", r"/api/v1/provisioning/contact-points/([\w-]+)")
def delete_contact(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    grafana.contacts.pop(uid, None)
    return JSONResponse({"message": "contact point deleted"}, 202)


@route("GET", r"/api/v1/provisioning/folder/([\w-]+)/rule-groups/([\w-]+)")
def get_group(grafana: Grafana, body: Any, query: Any, folder: str, group: str) -> Answer:
    found = grafana.groups.get((folder, group))
    return JSONResponse(found) if found else JSONResponse(None, 404)


_RULE = {
    "title": str, "condition": str, "data": list, "execErrState": str, "noDataState": str, "folderUID": str, "for": str, "orgID": int,
    "ruleGroup": str,
}  # fmt: skip


@route("PUT", r"/api/v1/provisioning/folder/([\w-]+)/rule-groups/([\w-]+)")
def put_group(grafana: Grafana, body: Any, query: Any, folder: str, group: str) -> Answer:
    if told := _checked(
        grafana, "rule group", body, {"rules": list}, {"title": str, "folderUid": str, "interval": int}
    ):
        return _say(400, told)
    if folder not in grafana.folders:
        return _say(400, "folder does not exist")
    for rule in body["rules"]:
        more = {
            "uid": str,
            "annotations": dict,
            "labels": dict,
            "isPaused": bool,
            "id": int,
            "updated": str,
            "provenance": str,
        }
        told = _checked(grafana, "rule", rule, _RULE, more)
        refs = [step.get("refId") for step in rule["data"]]
        fits = rule["condition"] in refs and rule["noDataState"] in ("Alerting", "NoData", "OK")
        fits = fits and rule["execErrState"] in ("Alerting", "Error", "OK") and body["interval"] % 10 == 0
        fits = fits and all(
            {"refId", "datasourceUid", "relativeTimeRange", "model"} <= step.keys() for step in rule["data"]
        )
        if told or not fits:
            grafana.wrong.append(told or f"rule {rule['title']} does not fit")
            return _say(400, "invalid alert rule")
    grafana.groups[folder, group] = body
    return JSONResponse(body)


@route("DELETE", r"/api/v1/provisioning/alert-rules/([\w-]+)")
def delete_rule(grafana: Grafana, body: Any, query: Any, uid: str) -> Answer:
    for key, group in list(grafana.groups.items()):
        group["rules"] = [rule for rule in group["rules"] if rule["uid"] != uid]
        if not group["rules"]:
            del grafana.groups[key]
    return Response(status_code=204)


def _answer(grafana: Grafana, request: Request, body: Any) -> Answer:
    path = request.url.path.removeprefix(grafana.prefix)
    grafana.asked.append((request.method, path))
    for fault in grafana.faults:
        if fault.method == request.method and re.fullmatch(fault.path, path):
            fault.seen += 1
            if fault.seen == fault.nth:
                is_page = isinstance(fault.body, str)
                return (
                    Response(fault.body, fault.status, media_type="text/html")
                    if is_page
                    else JSONResponse(fault.body, fault.status)
                )
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return _say(401, "Invalid API key")
    for method, pattern, handler in _ROUTES:
        found = re.fullmatch(pattern, path)
        if found and method == request.method:
            return handler(grafana, body, request.query_params, *found.groups())
    grafana.wrong.append(f"{request.method} {path} is not documented")
    return _say(404, "Not found")


@contextlib.contextmanager
def serving(prefix: str = "") -> Iterator[Grafana]:
    """A server on a free port."""
    grafana = Grafana(prefix=prefix)
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    async def everything(request: Request) -> Response:
        raw = await request.body()
        return _answer(grafana, request, await request.json() if raw else None)

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    grafana.url = f"http://127.0.0.1:{port}{prefix}"
    try:
        yield grafana
    finally:
        server.should_exit = True
        thread.join(10)
