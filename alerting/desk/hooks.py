"""The webhook in: Alertmanager or Grafana tells of an alert; off without a token."""

import hashlib
import hmac
import secrets

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from alerting.alerts import read_alerts, take_alerts
from alerting.desk.views import Views
from boilerwatch.clock import Clock
from boilerwatch.errors import InputError
from boilerwatch.settings import Settings


def router(views: Views, settings: Settings, clock: Clock) -> APIRouter:
    """Return the route; answers are sentences and never say more of the token than that it is wrong."""
    routes = APIRouter()

    @routes.post("/hooks/alerts", include_in_schema=False)
    async def alerts(request: Request) -> Response:
        secret = settings.alerting.webhook_token.get_secret_value()
        if not secret:
            return _say(404, "the webhook is off; set [alerting] webhook_token to let alerts in")
        body = await request.body()
        if not _is_ours(request, body, secret):
            return _say(401, "the token or signature is wrong or missing")
        try:
            found = read_alerts(body)
        except InputError as exc:
            return _say(400, str(exc))
        with views.engine.begin() as connection:
            counts = take_alerts(connection, views.policy, found, clock.now_ms())
        return JSONResponse(counts)

    return routes


def _is_ours(request: Request, body: bytes, secret: str) -> bool:
    """Return whether a bearer token is right, or Grafana's HMAC of the body (with its time, where it sends one)."""
    given = request.headers.get("authorization", "")
    if given.lower().startswith("bearer "):
        return secrets.compare_digest(given[7:].strip().encode(), secret.encode())
    signed = request.headers.get("x-grafana-alerting-signature", "")
    stamp = request.headers.get("x-grafana-alerting-timestamp", "")
    said = f"{stamp}:".encode() + body if stamp else body
    mine = hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
    return bool(signed) and secrets.compare_digest(signed.encode(), mine.encode())


def _say(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
