"""ThingsBoard's telemetry, from devices and from its gateway, with our signal names as keys.

Forms: `{k: v}`, `{"ts": ms, "values": {…}}`, arrays of either, and for a gateway `{"device": [form, …]}`. A device's
topic `v1/devices/me/telemetry` names nobody, because ThingsBoard tells devices apart by their login: let the broker put
the id before it (`{boiler}/v1/devices/me/telemetry`, a mount point) or in the place of `me`. Names of gateway devices
are free text: blanks, dots and colons become `_`. A key `error_code` is a live code, empty when there is none. Keys
with other names are read by a mapping file instead.
"""

import re
from collections.abc import Mapping
from typing import Any

from boilerwatch.model import Source
from boilerwatch.wire import ID
from collector.codecs.draft import Draft, Message, hash_of
from collector.codecs.live_codes import LiveCodes
from collector.codecs.telemetry import decode_json

_GATEWAY = "v1/gateway"
_FILTERS = (
    "v1/devices/+/telemetry", "+/v1/devices/me/telemetry", "+/v2/t", "v1/gateway/telemetry", "v1/gateway/connect",
    "v1/gateway/disconnect",
)  # fmt: skip
_DEVICE = re.compile(r"v1/devices/(?P<inner>[^/]+)/telemetry|(?P<outer>[^/]+)/(?:v1/devices/me/telemetry|v2/t)|v2/t")
_BLANKS = re.compile(r"[\s.:]+")
_TRAIL = frozenset({"ts", "error_code"})
_NO_CODE = frozenset({"", "0", "00", "none", "ok"})


class ThingsBoard:
    """Reads ThingsBoard's telemetry topics.

    Parameters
    ----------
    site
        Site of the boilers; the dialect names none.
    """

    name = "thingsboard"

    def __init__(self, site: str) -> None:
        self._site = site
        self._codes = LiveCodes()

    def subscriptions(self) -> list[str]:
        """Return the filters of devices and gateways."""
        return list(_FILTERS)

    def owns(self, topic: str) -> bool:
        """Return whether the topic is a device's or the gateway's."""
        gateway = topic in (f"{_GATEWAY}/telemetry", f"{_GATEWAY}/connect", f"{_GATEWAY}/disconnect")
        return gateway or _DEVICE.fullmatch(topic) is not None

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        return [self._codes]

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read each message by its topic."""
        for message in messages:
            topic = message.topic.decode(errors="replace")
            try:
                plain = decode_json(message.payload)
            except ValueError as exc:
                draft.refuse(message, str(exc))
                continue
            if topic == f"{_GATEWAY}/telemetry":
                self._read_gateway(message, plain, draft)
            elif topic.startswith(f"{_GATEWAY}/"):
                self._read_connection(message, plain, topic.endswith("/connect"), draft)
            else:
                self._read_device(message, topic, plain, draft)

    def _read_device(self, message: Message, topic: str, plain: Any, draft: Draft) -> None:
        named = _DEVICE.fullmatch(topic)
        boiler = (named["outer"] or named["inner"] or "me") if named else "me"
        if boiler == "me":
            draft.refuse(
                message, "bad topic: only the login tells who speaks; let the broker put the boiler's id in it"
            )
        elif not ID.fullmatch(boiler):
            draft.refuse(message, "bad topic: the boiler's id is not 1 to 64 of A-Z a-z 0-9 _ -")
        else:
            self._finish(message, [self._source(boiler)], [plain], draft)

    def _read_gateway(self, message: Message, plain: Any, draft: Draft) -> None:
        if not isinstance(plain, dict) or not plain:
            draft.refuse(message, 'wrong shape: a gateway says {"device": [readings]}')
            return
        named = {name: source for name in plain if (source := self._named(name)) is not None}
        for name in plain.keys() - named.keys():
            draft.refuse(message, f"bad id: device {name[:40]!r} gives no id of A-Z a-z 0-9 _ -", whole=not named)
        if named:
            self._finish(message, list(named.values()), [plain[name] for name in named], draft)

    def _read_connection(self, message: Message, plain: Any, online: bool, draft: Draft) -> None:
        source = self._named(plain.get("device")) if isinstance(plain, dict) else None
        if source is None:
            draft.refuse(message, 'wrong shape: connect and disconnect say {"device": name}')
            return
        number = draft.number_of(source)
        draft.add_status(number, online, retained=message.retained)
        draft.count(number, "status")

    def _finish(self, message: Message, sources: list[Source], bodies: list[Any], draft: Draft) -> None:
        """Read what each boiler says; a delivery counts once, at the first of them."""
        numbers = [draft.number_of(source) for source in sources]
        if message.retained:
            draft.count(numbers[0], "retained")
            return
        pairs = zip(sources, numbers, bodies, strict=True)
        good = [self._read_readings(message, source, number, body, draft) for source, number, body in pairs]
        draft.count(numbers[0], "accepted" if any(good) else "quarantined")

    def _read_readings(self, message: Message, source: Source, number: int, body: Any, draft: Draft) -> bool:
        merged: dict[int | None, dict[str, Any]] = {}
        good = isinstance(body, list) and not body
        for element in body if isinstance(body, list) else [body]:
            ts, values = _element(element, draft)
            if isinstance(ts, str):
                draft.refuse(message, ts, number, whole=False)
                continue
            good = True
            merged.setdefault(ts, {}).update(values)
        whole = hash_of(message.topic + b"\0" + source.boiler.encode(), message.payload)
        for ts_ms, values in merged.items():
            if found := draft.values_of(values, _TRAIL):
                at_ms = draft.received_at_ms if ts_ms is None else ts_ms
                draft.add_row(number, at_ms, found, stamped=ts_ms is None, hash_=whole)
            if "error_code" in values:
                code = str(values["error_code"] if values["error_code"] is not None else "").strip()
                shown = [] if code.lower() in _NO_CODE else [code]
                self._codes.tell(source.boiler, "code", shown, number, draft, ts_ms=ts_ms)
        return good

    def _source(self, boiler: str) -> Source:
        return Source(boiler, self._site, boiler)

    def _named(self, name: object) -> Source | None:
        boiler = _BLANKS.sub("_", name.strip()) if isinstance(name, str) else ""
        return self._source(boiler) if ID.fullmatch(boiler) else None


def _element(element: Any, draft: Draft) -> tuple[int | str | None, Mapping[str, Any]]:
    """Return (time, or None without one, or why it is refused; values) of one reading."""
    if not isinstance(element, dict):
        return "wrong shape: a reading is an object", {}
    if "values" not in element:
        return None, element
    values = element["values"]
    if not isinstance(values, dict):
        return "wrong shape: values is an object", {}
    return (None if element.get("ts") is None else draft.time_of(element["ts"])), values
