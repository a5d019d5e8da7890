"""The native dialect: `boilers/{site}/{boiler}/telemetry|event|status`.

Telemetry of a whole batch is joined to one JSON array and decoded at once into typed rows. Where that fails, the batch
is cut in halves until the odd message is alone, and that one is read key by key.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from boilerwatch.model import Source
from boilerwatch.signals import FLAGS, SIGNALS
from boilerwatch.wire import EVENT, ROOT, STATUS, TELEMETRY, parse_topic
from collector.codecs.draft import Draft, Message, boot_hash, hash_of, seq_of
from collector.codecs.live_codes import LiveCodes

_TRAIL = frozenset({"ts", "boot", "seq"})
_NAMES = tuple(signal.name for signal in SIGNALS)

Reading = msgspec.defstruct(
    "Reading",
    [
        ("ts", int | str | None, None),
        ("boot", int | float | str | None, None),
        ("seq", int, -1),
        *((name, bool | float if name in FLAGS else float, math.nan) for name in _NAMES),
    ],
    forbid_unknown_fields=True,
    gc=False,
)
_BULK: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Reading])  # type: ignore[valid-type]
_PLAIN = msgspec.json.Decoder()


class Native:
    """Reads native topics."""

    name = "native"

    def __init__(self) -> None:
        self._leaves: dict[bytes, tuple[Source, str] | None] = {}

    def subscriptions(self) -> list[str]:
        """Return one filter a leaf."""
        return [f"{ROOT}/+/+/{leaf}" for leaf in (TELEMETRY, EVENT, STATUS)]

    def owns(self, topic: str) -> bool:
        """Return whether the topic begins as a native one; a bad id in it is ours to refuse."""
        return topic.startswith(f"{ROOT}/")

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        return []

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read telemetry in bulk, events and statuses one by one."""
        telemetry: list[Message] = []
        sources: list[int] = []
        for message in messages:
            place = self._place(message.topic)
            if place is None:
                draft.refuse(
                    message, "bad topic: not boilers/{site}/{boiler}/telemetry|event|status with ids of A-Z a-z 0-9 _ -"
                )
                continue
            source, leaf = place
            number = draft.number_of(source)
            if leaf == TELEMETRY and not message.retained:
                telemetry.append(message)
                sources.append(number)
                continue
            if telemetry:
                self._read_telemetry(telemetry, sources, draft)
                telemetry, sources = [], []
            if leaf == STATUS:
                _read_status(message, number, draft)
            elif message.retained:
                draft.count(number, "retained")
            else:
                _read_event(message, number, draft)
        if telemetry:
            self._read_telemetry(telemetry, sources, draft)

    def _place(self, topic: bytes) -> tuple[Source, str] | None:
        if topic in self._leaves:
            return self._leaves[topic]
        try:
            parsed = parse_topic(topic.decode())
        except UnicodeDecodeError:
            parsed = None
        place = None if parsed is None else (Source(parsed.boiler, parsed.site, parsed.boiler), parsed.leaf)
        if place is not None:
            self._leaves[topic] = place
        return place

    def _read_telemetry(self, messages: list[Message], sources: list[int], draft: Draft) -> None:
        if any(message.payload[:1] != b"{" for message in messages):
            self._halve(messages, sources, draft)
            return
        try:
            rows = _BULK.decode(b"[" + b",".join([message.payload for message in messages]) + b"]")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            rows = []
        if len(rows) != len(messages):  # "{},{}" in one payload would shift every row after it
            self._halve(messages, sources, draft)
            return
        latest, oldest, now = draft.latest_ms, draft.oldest_ms, draft.received_at_ms
        ts = [row.ts for row in rows]
        if not all(type(at) is int and oldest <= at <= latest for at in ts):
            if len(messages) == 1:
                _read_alone(messages[0], sources[0], draft)
                return
            if any(at is not None for at in ts):
                self._halve(messages, sources, draft)
                return
            ts = [now] * len(rows)
            stamped = True
        else:
            stamped = False
        trail = (
            [hash_of(message.topic, message.payload) for message in messages],
            [boot_hash(row.boot) for row in rows],
            [seq_of(row.seq) for row in rows],
        )
        values = {name: [getattr(row, name) for row in rows] for name in _NAMES}
        draft.add_rows(sources, ts, [stamped] * len(rows), trail, values, each=True)
        draft.outcomes += [(source, "accepted") for source in sources]

    def _halve(self, messages: list[Message], sources: list[int], draft: Draft) -> None:
        if len(messages) == 1:
            _read_alone(messages[0], sources[0], draft)
            return
        half = len(messages) // 2
        self._read_telemetry(messages[:half], sources[:half], draft)
        self._read_telemetry(messages[half:], sources[half:], draft)


def decode_json(payload: bytes) -> Any:
    """Return what a payload says as JSON; NaN and Infinity, which are not JSON, are let through to be dropped.

    Raises
    ------
    ValueError
        With the reason for the quarantine.
    """
    try:
        return _PLAIN.decode(payload)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        return json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except ValueError as exc:
        raise ValueError(f"not JSON: {str(exc)[:80]}") from None


def _read_alone(message: Message, source: int, draft: Draft) -> None:
    """Read one payload key by key; one bad element of an array takes only itself."""
    try:
        plain = decode_json(message.payload)
    except ValueError as exc:
        draft.refuse(message, str(exc), source)
        return
    whole = hash_of(message.topic, message.payload)
    if isinstance(plain, dict):
        if (why := _read_element(plain, source, whole, draft)) is None:
            draft.count(source, "accepted")
        else:
            draft.refuse(message, why, source)
        return
    if not isinstance(plain, list):
        draft.refuse(message, "wrong shape: JSON that is neither an object nor an array", source)
        return
    good = 0
    for element in plain:
        if (why := _read_element(element, source, whole, draft)) is None:
            good += 1
        else:
            draft.refuse(message._replace(payload=_again(element)), why, source, whole=False)
    draft.count(source, "accepted" if good or not plain else "quarantined")


def _read_element(element: object, source: int, whole: int, draft: Draft) -> str | None:
    """Read one object of a payload whose hash is `whole`; return why it cannot be read."""
    if not isinstance(element, Mapping):
        return "wrong shape: an element that is not an object"
    ts = draft.received_at_ms if element.get("ts") is None else draft.time_of(element["ts"])
    if isinstance(ts, str):
        return ts
    values = {name: [value] for name, value in draft.values_of(element, _TRAIL).items()}
    trail = ([whole], [boot_hash(element.get("boot"))], [seq_of(element.get("seq"))])
    draft.add_rows([source], [ts], [element.get("ts") is None], trail, values)
    return None


def _again(element: object) -> bytes:
    try:
        return json.dumps(element).encode()
    except (ValueError, RecursionError):
        return b""


def _read_event(message: Message, source: int, draft: Draft) -> None:
    try:
        plain = decode_json(message.payload)
    except ValueError as exc:
        draft.refuse(message, str(exc), source)
        return
    code = plain.get("code") if isinstance(plain, dict) else None
    if not isinstance(code, (str, int)) or isinstance(code, bool) or code == "":
        draft.refuse(message, 'wrong shape: an event is {"ts", "code", "active"}', source)
        return
    active = plain.get("active", True)
    if not isinstance(active, bool):
        draft.refuse(message, "wrong shape: active is neither true nor false", source)
        return
    ts = draft.received_at_ms if plain.get("ts") is None else draft.time_of(plain["ts"])
    if isinstance(ts, str):
        draft.refuse(message, ts, source)
        return
    draft.add_event(source, ts, str(code), active, stamped=plain.get("ts") is None)
    draft.count(source, "accepted")


def _read_status(message: Message, source: int, draft: Draft) -> None:
    if message.payload not in (b"online", b"offline"):
        draft.refuse(message, "wrong shape: a status is online or offline", source)
        return
    draft.add_status(source, message.payload == b"online", retained=message.retained)
    draft.count(source, "status")
