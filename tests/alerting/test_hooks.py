"""Alerts from outside: both forms, once each, resolved, and nothing that a hostile sender can do."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from alerting.alerts import read_alerts
from alerting.database import read_tickets
from alerting.desk.app import create_app
from alerting.tables import TICKET
from alerting.ticket import Ticket
from alerting.windows import set_window
from boilerwatch.clock import ManualClock
from boilerwatch.errors import InputError
from boilerwatch.settings import AlertingSettings, Settings
from tests.alerting.fleet import T0
from tests.alerting.serving import serving

TOKEN = "t0ken-of-the-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def alert(**changes: Any) -> dict[str, Any]:
    return {
        "status": "firing", "labels": {"alertname": "BoilerDown", "boiler": "b-7", "severity": "critical", "site": "s"},
        "annotations": {"summary": "no flame"}, "startsAt": "2027-01-15T08:00:00.123Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph", "fingerprint": "a1b2c3d4e5f60718", **changes,
    }  # fmt: skip


def alertmanager(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {"version": "4", "groupKey": "{}:{}", "status": "firing", "receiver": "boilerwatch", "alerts": list(alerts)}


def grafana(**changes: Any) -> dict[str, Any]:
    one = alert(**changes) | {
        "values": {"B": 1},
        "valueString": "[ var='B' value=1 ]",
        "silenceURL": "http://grafana/s",
    }
    return {
        "receiver": "r",
        "status": "firing",
        "orgId": 1,
        "alerts": [one],
        "title": "[FIRING:1]",
        "state": "alerting",
    }


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
def hook(installation: Settings, engine: Engine, clock: ManualClock) -> Iterator[httpx.Client]:
    own = AlertingSettings(database_url=installation.alerting.database_url, webhook_token=TOKEN)  # type: ignore[arg-type]
    with serving(create_app(Settings(data=installation.data, alerting=own), clock)) as client:
        yield client


def tickets(engine: Engine) -> list[Ticket]:
    with engine.connect() as connection:
        return read_tickets(connection, TICKET.c.id > 0)


@pytest.mark.parametrize("body", [alertmanager(alert()), grafana()], ids=["alertmanager", "grafana"])
def test_an_alert_opens_one_ticket_however_often_it_is_sent(
    hook: httpx.Client, engine: Engine, body: dict[str, Any]
) -> None:
    said = [hook.post("/hooks/alerts", json=body, headers=BEARER).json() for _ in range(3)]
    assert [one["opened"] for one in said] == [1, 0, 0]
    (ticket,) = tickets(engine)
    assert (ticket.boiler, ticket.severity, ticket.reported) == ("b-7", "critical", True)
    assert ticket.obligations[0].started_at_ms == T0
    assert ticket.finding["values"]["summary"] == "no flame"
    assert len(ticket.history) == 2


def test_grafanas_older_form_opens_and_resolves(hook: httpx.Client, engine: Engine) -> None:
    body = {
        "ruleId": 7,
        "ruleName": "Pressure",
        "state": "alerting",
        "message": "low",
        "ruleUrl": "http://g",
        "tags": {"boiler": "b-9"},
    }
    hook.post("/hooks/alerts", json=body, headers=BEARER)
    hook.post("/hooks/alerts", json=body | {"state": "ok"}, headers=BEARER)
    (ticket,) = tickets(engine)
    assert (ticket.boiler, ticket.severity) == ("b-9", "warning")
    assert ticket.cleared_at_ms == T0


def test_resolved_is_noted_once_and_firing_again_takes_it_back(
    hook: httpx.Client, engine: Engine, clock: ManualClock
) -> None:
    for status, word in (
        ("firing", "opened"),
        ("resolved", "resolved"),
        ("resolved", "ignored"),
        ("firing", "updated"),
    ):
        clock.advance(60)
        said = hook.post("/hooks/alerts", json=alertmanager(alert(status=status)), headers=BEARER).json()
        assert said[word] == 1
    (ticket,) = tickets(engine)
    assert ticket.cleared_at_ms is None


def test_a_graver_word_starts_the_response_clock(hook: httpx.Client, engine: Engine, clock: ManualClock) -> None:
    mild = alert(labels={"alertname": "A", "severity": "warning"})
    hook.post("/hooks/alerts", json=alertmanager(mild), headers=BEARER)
    clock.advance(600)
    hook.post("/hooks/alerts", json=alertmanager(alert()), headers=BEARER)
    (ticket,) = tickets(engine)
    assert [(one.name, one.started_at_ms - T0) for one in ticket.obligations if one.running] == [
        ("response", 600_000), ("on_site", 600_000),
    ]  # fmt: skip


def test_what_people_closed_is_not_opened_again_while_it_goes_on(
    hook: httpx.Client, engine: Engine, clock: ManualClock
) -> None:
    from alerting.actions import act
    from tests.alerting.fleet import POLICY

    hook.post("/hooks/alerts", json=alertmanager(alert()), headers=BEARER)
    with engine.begin() as connection:
        act(connection, POLICY, 1, "close", "Li", T0 + 1_000, facts={"verdict": "refuted"})
    clock.advance(3_600)
    assert hook.post("/hooks/alerts", json=alertmanager(alert()), headers=BEARER).json()["ignored"] == 1
    again = alert(startsAt="2027-01-16T08:00:00Z")
    assert hook.post("/hooks/alerts", json=alertmanager(again), headers=BEARER).json()["opened"] == 1


def test_a_mute_holds_for_alerts_too(hook: httpx.Client, engine: Engine) -> None:
    with engine.begin() as connection:
        set_window(connection, "mute", "boiler", "b-7", T0, T0 + 1_000_000, "Li", "known", T0)
    assert hook.post("/hooks/alerts", json=alertmanager(alert()), headers=BEARER).json()["ignored"] == 1
    assert tickets(engine) == []


def test_it_is_off_without_a_token(installation: Settings, engine: Engine, clock: ManualClock) -> None:
    with serving(create_app(installation, clock)) as client:
        answer = client.post("/hooks/alerts", json=alertmanager(alert()), headers={"Authorization": "Bearer x"})
    assert answer.status_code == 404
    assert "webhook_token" in answer.json()["error"]


def test_a_wrong_token_is_refused_and_never_repeated(hook: httpx.Client, engine: Engine) -> None:
    for name, value in (
        ("X-Nothing", ""), ("Authorization", "Bearer wrong"), ("Authorization", TOKEN), ("Authorization", f"Basic {TOKEN}"),
        ("X-Grafana-Alerting-Signature", "00"),
    ):  # fmt: skip
        answer = hook.post("/hooks/alerts", json=alertmanager(alert()), headers={name: value})
        assert answer.status_code == 401, name
        assert TOKEN not in answer.text
    assert tickets(engine) == []


@pytest.mark.parametrize("stamp", ["", "1800000000"])
def test_grafanas_signature_is_verified(hook: httpx.Client, stamp: str) -> None:
    body = json.dumps(grafana()).encode()
    signed = hmac.new(TOKEN.encode(), (f"{stamp}:".encode() if stamp else b"") + body, hashlib.sha256).hexdigest()
    headers = {"X-Grafana-Alerting-Signature": signed} | ({"X-Grafana-Alerting-Timestamp": stamp} if stamp else {})
    assert hook.post("/hooks/alerts", content=body, headers=headers).status_code == 200
    assert hook.post("/hooks/alerts", content=body + b" ", headers=headers).status_code == 401


NO_ALERTS: tuple[tuple[bytes, int, str], ...] = (
    (b"", 400, "not JSON"), (b"[]", 400, "an object"), (b"{}", 400, "an object"), (b'"x"', 400, "an object"),
    (b"\xff\xfe", 400, "not JSON"), (b"[" * 100_000, 400, "not JSON"), (b'{"alerts": [1]}', 400, "status"),
    (b'{"alerts": [{"status": "maybe"}]}', 400, "status"), (b'{"alerts": [{"status": "\\ud800"}]}', 400, "not JSON"),
    (json.dumps(alertmanager(*[alert()] * 501)).encode(), 400, "at most 500"), (b" " * 1_100_000, 413, "too large"),
)  # fmt: skip


def test_what_is_no_alert_is_a_sentence(hook: httpx.Client, engine: Engine) -> None:
    for body, status, word in NO_ALERTS:
        answer = hook.post("/hooks/alerts", content=body, headers=BEARER)
        assert answer.status_code == status, body[:40]
        assert word in answer.text
    assert tickets(engine) == []


def test_hostile_fields_become_plain_text(hook: httpx.Client, engine: Engine) -> None:
    evil = alert(
        fingerprint="../../etc", startsAt="never", annotations={"summary": "<script>\x00" + "x" * 10_000, "n": {"a": 1}},
        labels={"alertname": "A", "boiler": "b 1'; DROP TABLE ticket", "severity": 5, **{f"l{n}": "v" for n in range(500)}},
    )  # fmt: skip
    body = json.dumps(alertmanager(evil)).encode()
    assert hook.post("/hooks/alerts", content=body, headers=BEARER).json()["opened"] == 1
    (ticket,) = tickets(engine)
    assert ticket.boiler.startswith("alert-")
    assert len(ticket.finding["values"]) < 90
    assert max(len(value) for value in ticket.finding["values"].values()) <= 300
    assert "<script>" not in hook.get("/tickets/1").text.replace("&lt;script&gt;", "")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(json_values, json_values, json_values)
def test_whatever_stands_in_an_alert_is_read_or_refused(labels: Any, notes: Any, starts: Any) -> None:
    body = json.dumps({"alerts": [{"status": "firing", "labels": labels, "annotations": notes, "startsAt": starts,
                                   "fingerprint": labels}]}).encode()  # fmt: skip
    try:
        (found,) = read_alerts(body)
    except InputError:
        return
    assert all(len(text) <= 300 and text.isprintable() for text in [*found.labels.values(), *found.notes.values()])
