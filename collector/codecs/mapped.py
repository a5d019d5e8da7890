"""Everything else: 4G DTU and Modbus boxes, vendor clouds, home automation, read by a user's mapping file."""

from pathlib import Path
from typing import Any

from boilerwatch.model import Source
from boilerwatch.signals import FLAGS
from boilerwatch.wire import ID
from collector.codecs.draft import Draft, Message, hash_of
from collector.codecs.live_codes import LiveCodes
from collector.codecs.mapping import (
    MessagePlan,
    SignalPlan,
    StatusRule,
    filter_of,
    pattern_of,
    plan_of,
    read_mapping,
    text_of,
)
from collector.codecs.scalars import flag, follow, number
from collector.codecs.telemetry import decode_json

NO_SENSOR = "no_sensor"


class Mapped:
    """Reads what one mapping file describes.

    Parameters
    ----------
    path
        The mapping file.
    site
        Site of boilers for which the file names none.

    Raises
    ------
    SettingsError
        If the file cannot be read or is wrong.
    """

    name = "mapped"

    def __init__(self, path: Path, site: str) -> None:
        rules = read_mapping(path)
        self._site = rules.site or site
        self._messages = [plan_of(rule) for rule in rules.message]
        self._statuses = [(pattern_of(rule.topic), rule) for rule in rules.status]
        topics = [rule.topic for rule in rules.message] + [rule.topic for rule in rules.status]
        self._filters = [filter_of(topic) for topic in topics]
        families = {rule.code.family for rule in rules.message if rule.code is not None}
        self._codes = {family: LiveCodes(family) for family in families}

    def subscriptions(self) -> list[str]:
        """Return one filter a topic of the file."""
        return list(dict.fromkeys(self._filters))

    def owns(self, topic: str) -> bool:
        """Return whether a topic of the file fits."""
        patterns = [plan.pattern for plan in self._messages] + [pattern for pattern, _ in self._statuses]
        return any(pattern.fullmatch(topic) for pattern in patterns)

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        return list(self._codes.values())

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read each message by the first rule whose topic fits."""
        for message in messages:
            topic = message.topic.decode(errors="replace")
            status = next(((m, rule) for pattern, rule in self._statuses if (m := pattern.fullmatch(topic))), None)
            if status is not None:
                self._read_status(message, status[0].groupdict(), status[1], draft)
                continue
            for plan in self._messages:
                match = plan.pattern.fullmatch(topic)
                if match is not None:
                    self._read_message(message, match.groupdict(), plan, draft)
                    break

    def _read_status(self, message: Message, named: dict[str, str], rule: StatusRule, draft: Draft) -> None:
        source = self._source(named.get("boiler"), named.get("site"))
        text = message.payload.decode(errors="replace")
        if source is None or text not in (rule.online, rule.offline):
            draft.refuse(
                message, f"wrong shape: a status is {rule.online} or {rule.offline}, of a boiler with a good id"
            )
            return
        index = draft.number_of(source)
        draft.add_status(index, text == rule.online, retained=message.retained)
        draft.count(index, "status")

    def _read_message(self, message: Message, named: dict[str, str], plan: MessagePlan, draft: Draft) -> None:
        try:
            plain = _plain(message.payload)
        except ValueError as exc:
            draft.refuse(message, str(exc))
            return
        elements = follow(plain, plan.each) if plan.rule.each else [plain]
        if not isinstance(elements, list):
            draft.refuse(message, f"wrong shape: there is no array at {plan.rule.each!r}")
            return
        outcomes: list[int] = []
        for element in elements:
            boiler = named.get("boiler") or _id(follow(element, plan.boiler)) or _id(follow(plain, plan.boiler))
            source = self._source(boiler, named.get("site"))
            if source is None:
                draft.refuse(message, "bad id: the boiler's id is not 1 to 64 of A-Z a-z 0-9 _ -", whole=False)
                continue
            index = draft.number_of(source)
            if message.retained or self._read_element(message, element, plan, source, index, draft):
                outcomes.append(index)
        first = outcomes[0] if outcomes else draft.number_of(Source("", "", ""))
        draft.count(first, "quarantined" if not outcomes else "retained" if message.retained else "accepted")

    def _read_element(
        self, message: Message, element: Any, plan: MessagePlan, source: Source, index: int, draft: Draft
    ) -> bool:
        ts = _time(element, plan, draft)
        if isinstance(ts, str):
            draft.refuse(message, ts, index, whole=False)
            return False
        plain = {rule.name: value for rule in plan.signals if (value := _value(element, rule, draft)) is not None}
        if values := draft.values_of(plain, frozenset()):
            whole = hash_of(message.topic + b"\0" + source.boiler.encode(), message.payload)
            at_ms = draft.received_at_ms if ts is None else ts
            draft.add_row(index, at_ms, values, stamped=ts is None, hash_=whole)
        if plan.rule.code is not None and (raw := follow(element, plan.code)) is not None:
            until = plan.rule.code.until
            text = text_of(raw).partition(until)[0].strip() if until else text_of(raw)
            none = {text_of(word) for word in plan.rule.code.none}
            shown = [] if text in none else [plan.rule.code.prefix + text]
            self._codes[plan.rule.code.family].tell(source.boiler, plan.rule.topic, shown, index, draft, ts_ms=ts)
        return True

    def _source(self, boiler: str | None, site: str | None) -> Source | None:
        where = site or self._site
        good = boiler is not None and ID.fullmatch(boiler) and ID.fullmatch(where)
        return Source(boiler, where, boiler) if good and boiler is not None else None


def _plain(payload: bytes) -> Any:
    """Return JSON, or a bare value as text."""
    if payload[:1] in (b"{", b"["):
        return decode_json(payload)
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None


def _id(raw: object) -> str:
    return text_of(raw) if isinstance(raw, (str, int)) and not isinstance(raw, bool) else ""


def _time(element: Any, plan: MessagePlan, draft: Draft) -> int | str | None:
    if plan.rule.time is None:
        return None
    raw = follow(element, plan.time)
    if plan.rule.time.unit == "rfc3339":
        return draft.time_of(raw) if isinstance(raw, str) else "bad time: no RFC 3339 text where the mapping says"
    at = number(raw)
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not abs(at) < 1e15:
        return "bad time: no number where the mapping says"
    return draft.time_of(round(at * 1000) if plan.rule.time.unit == "s" else round(at))


def _value(element: Any, rule: SignalPlan, draft: Draft) -> object:
    raw = follow(element, rule.steps)
    if raw is None:
        return None
    if text_of(number(raw)) in rule.missing or text_of(raw) in rule.missing:
        draft.dropped[rule.name, NO_SENSOR] += 1
        return None
    if rule.name in FLAGS:
        return text_of(raw) in rule.on if rule.on else flag(raw)
    value = number(raw)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) * rule.factor + rule.offset if abs(value) < 1e300 else float("inf")
    return value
