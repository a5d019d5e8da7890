"""Alerts of Alertmanager or Grafana into tickets: opened and updated by fingerprint, resolved, and never twice.

Enters: the webhook's body. Forms that are read:

- `{"alerts": [{"status", "labels", "annotations", "startsAt", "fingerprint", …}]}`: Alertmanager's webhook, version 4,
  and Grafana's unified alerting, which speaks the same and more
  (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config,
  https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/).
- `{"ruleId", "ruleName", "state": "alerting" | "ok" …}`: Grafana's legacy alerting.

Labels that are used: `boiler`, `site`, `severity`, `problem`; whatever else there is travels with the ticket.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from alerting.database import append, read_ticket, transition
from alerting.outbox import alone
from alerting.policy import Policy
from alerting.tables import BOILER, TICKET, VERDICT
from alerting.ticket import Ticket
from alerting.windows import open_window
from boilerwatch.errors import InputError
from boilerwatch.kinds import PROBLEM_BY_NAME
from boilerwatch.wire import ID, parse_time

MOST_ALERTS = 500
_LONGEST, _MOST_LABELS = 300, 40
_CRITICAL = frozenset({"critical", "page", "emergency", "high", "fatal", "disaster"})
_FINGERPRINT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ACTOR = "webhook"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, whoever sent it. `starts_ms` in ms since 1970, 0 where it does not say."""

    fingerprint: str
    firing: bool
    labels: dict[str, str]
    notes: dict[str, str]
    starts_ms: int

    @property
    def name(self) -> str:
        """What it is called."""
        return self.labels.get("alertname") or "alert"

    @property
    def severity(self) -> str:
        """`critical` or `warning`: an alert that says nothing is no advisory, because somebody had it sent."""
        return "critical" if self.labels.get("severity", "").lower() in _CRITICAL else "warning"

    @property
    def problem(self) -> str:
        """Its problem class, `unknown` where it names none of ours."""
        named = self.labels.get("problem", "")
        return named if named in PROBLEM_BY_NAME else "unknown"


def read_alerts(body: bytes) -> list[Alert]:
    """Return the alerts of a webhook's body.

    Raises
    ------
    InputError
        If it is neither form, or there are too many in it.
    """
    try:
        plain = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as exc:
        raise InputError(f"this is not JSON: {exc!s:.100}") from exc
    if not isinstance(plain, dict):
        raise InputError("a webhook's body is an object with `alerts`, or Grafana's with `ruleId` and `state`")
    if isinstance(plain.get("alerts"), list):
        if len(plain["alerts"]) > MOST_ALERTS:
            raise InputError(f"{len(plain['alerts'])} alerts at once; at most {MOST_ALERTS}")
        return [_alert(one) for one in plain["alerts"]]
    if "ruleId" in plain and "state" in plain:
        return [_legacy(plain)]
    raise InputError("a webhook's body is an object with `alerts`, or Grafana's with `ruleId` and `state`")


def _alert(plain: Any) -> Alert:
    if not isinstance(plain, dict) or plain.get("status") not in ("firing", "resolved"):
        raise InputError("an alert is an object whose `status` is firing or resolved")
    labels = _texts(plain.get("labels"))
    given = plain.get("fingerprint")
    known = isinstance(given, str) and _FINGERPRINT.fullmatch(given)
    fingerprint = str(given) if known else _digest(sorted(labels.items()))
    notes = _texts(plain.get("annotations")) | _texts({k: plain.get(k) for k in ("generatorURL", "valueString")})
    return Alert(fingerprint, plain["status"] == "firing", labels, notes, _time(plain.get("startsAt")))


def _legacy(plain: dict[str, Any]) -> Alert:
    tags = plain.get("tags")
    labels = _texts(tags if isinstance(tags, dict) else {})
    labels["alertname"] = _text(plain.get("ruleName")) or "alert"
    notes = _texts({"summary": plain.get("message"), "generatorURL": plain.get("ruleUrl")})
    fingerprint = _digest(["grafana", _text(plain["ruleId"]), *sorted(labels.items())])
    return Alert(fingerprint, plain["state"] == "alerting", labels, notes, 0)


def _texts(plain: Any) -> dict[str, str]:
    if not isinstance(plain, dict):
        return {}
    return {_text(k): _text(v) for k, v in list(plain.items())[:_MOST_LABELS] if v is not None and v != ""}


def _text(value: Any) -> str:
    """Return a value as text without what cannot be stored or shown."""
    text = value if isinstance(value, str) else "" if value is None else str(value)[: 2 * _LONGEST]
    kept = "".join(one for one in text[: 2 * _LONGEST] if one.isprintable())
    return kept.encode("utf-8", "ignore").decode()[:_LONGEST]


def _time(value: Any) -> int:
    try:
        return max(parse_time(value), 0) if isinstance(value, str) else 0
    except (ValueError, OverflowError):
        return 0


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def take_alerts(connection: Connection, policy: Policy, alerts: list[Alert], now_ms: int) -> dict[str, int]:
    """Take alerts; return how many opened, updated and resolved a ticket, and how many were nothing new."""
    alone(connection)
    counts = {"opened": 0, "updated": 0, "resolved": 0, "ignored": 0}
    for alert in alerts:
        what, reason, ticket_id = _take(connection, policy, alert, now_ms)
        counts[what] += 1
        if what != "ignored" or ticket_id is None:
            verdict = {
                "finding": f"alert-{alert.fingerprint}", "boiler": _subject(alert), "at_ms": now_ms, "stage": "webhook",
                "reason": reason, "ticket_id": ticket_id, "body": {},
            }  # fmt: skip
            connection.execute(insert(VERDICT).values(**verdict))
    return counts


def _take(connection: Connection, policy: Policy, alert: Alert, now_ms: int) -> tuple[str, str, int | None]:
    key = f"alert/{alert.fingerprint}"
    open_id = connection.execute(select(TICKET.c.id).where(TICKET.c.open_key == key)).scalar()
    if open_id is not None:
        ticket = read_ticket(connection, int(open_id), lock=True)
        assert ticket is not None
        return _update(connection, policy, ticket, alert, now_ms)
    if not alert.firing:
        return "ignored", "resolved without an open ticket", None
    episode = _episode(alert)
    if alert.starts_ms:
        closed = connection.execute(select(func.max(TICKET.c.id)).where(TICKET.c.episode == episode)).scalar()
        if closed is not None:
            return "ignored", "people closed it while it goes on", int(closed)
    boiler = _subject(alert)
    site, _ = _where(connection, alert)
    for what in ("maintenance", "mute"):
        window = open_window(connection, what, boiler, site, alert.problem, now_ms)
        if window is not None:
            return "ignored", f"{what} by {window.actor}: {window.reason}", None
    return "opened", "a new alert", _open(connection, policy, alert, key, now_ms)


def _open(connection: Connection, policy: Policy, alert: Alert, key: str, now_ms: int) -> int:
    site, region = _where(connection, alert)
    row = {
        "open_key": key, "boiler": _subject(alert), "district": False, "site": site, "region": region,
        "chain": PROBLEM_BY_NAME[alert.problem].chain, "episode": _episode(alert),
    }  # fmt: skip
    made = connection.execute(insert(TICKET).values(**row)).inserted_primary_key
    assert made is not None
    urgent = alert.severity == "critical"
    targets = policy.targets({"site": site, "region": region, "severity": alert.severity}, now_ms)
    history = [
        transition(
            now_ms, now_ms, _ACTOR, "open", _reason(alert), finding=_finding(alert), targets=targets, open_key=key,
            promise="response" if urgent else "visit",
        )
    ]  # fmt: skip
    if urgent:
        history.append(_reported(targets, now_ms))
    append(connection, int(made[0]), history)
    return int(made[0])


def _update(
    connection: Connection, policy: Policy, ticket: Ticket, alert: Alert, now_ms: int
) -> tuple[str, str, int | None]:  # fmt: skip
    at_ms = max(now_ms, ticket.history[-1].at_ms)
    if not alert.firing:
        if ticket.cleared_at_ms is not None:
            return "ignored", "resolved already", ticket.id
        append(connection, ticket.id, [transition(at_ms, now_ms, _ACTOR, "cleared", "the alert is resolved")])
        return "resolved", "resolved", ticket.id
    fresh = _finding(alert)
    if fresh == ticket.finding and ticket.cleared_at_ms is None:
        return "ignored", "nothing new", ticket.id
    history = [transition(at_ms, now_ms, _ACTOR, "evidence", _reason(alert), finding=fresh)]
    if alert.severity == "critical" and not ticket.reported:
        who = {"site": ticket.site, "region": ticket.region, "severity": alert.severity}
        history.append(_reported(policy.targets(who, at_ms), at_ms))
    append(connection, ticket.id, history)
    return "updated", "the alert says something new", ticket.id


def _reported(targets: dict[str, Any], at_ms: int) -> dict[str, Any]:
    reason = "the alert reached us: the response clock runs"
    return transition(
        at_ms, at_ms, _ACTOR, "reported", reason, clock_start_ms=at_ms, received_at_ms=at_ms, targets=targets
    )


def _finding(alert: Alert) -> dict[str, Any]:
    """Return what the ticket shows; of an alert that only repeats itself it is the same."""
    return {
        "id": f"alert-{alert.fingerprint}", "kind": "alert", "problem": alert.problem, "severity": alert.severity,
        "detector": "webhook", "values": {**alert.labels, **alert.notes},
    }  # fmt: skip


def _reason(alert: Alert) -> str:
    said = alert.notes.get("summary") or alert.notes.get("description") or alert.notes.get("message") or ""
    return f"{alert.name}: {said}" if said else alert.name


def _episode(alert: Alert) -> str:
    return f"alert-{alert.fingerprint}-{alert.starts_ms}"


def _subject(alert: Alert) -> str:
    named = alert.labels.get("boiler", "")
    return named if ID.fullmatch(named) else f"alert-{alert.fingerprint}"[:64]


def _where(connection: Connection, alert: Alert) -> tuple[str, str]:
    known = connection.execute(
        select(BOILER.c.site, BOILER.c.region).where(BOILER.c.boiler == alert.labels.get("boiler", ""))
    ).first()
    if known is not None:
        return known.site, known.region
    named = alert.labels.get("site", "")
    return (named if ID.fullmatch(named) else "-"), ""
