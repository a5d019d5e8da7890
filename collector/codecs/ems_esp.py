"""EMS-ESP (Bosch, Buderus, Junkers, Nefit, Worcester): every payload generation from 2.0 on, read as it is.

Keys are lower-cased, `ww…` and `dhw.…` become one form, aliases of older firmware are followed. There is no time in any
payload, so rows bear their arrival. `servicecode` with `servicecodenumber` is the live display code: mostly a normal
state, a fault only where the code table says so; `lastcode` is history but for an entry that ends in `now`.
Facts from the EMS-ESP source and documentation (docs/wire.md).
"""

import re
from collections.abc import Iterator
from typing import Any

from boilerwatch.codes import look_up
from boilerwatch.model import Source
from boilerwatch.wire import ID
from collector.codecs.draft import Draft, Message, hash_of
from collector.codecs.native import decode_json

FAMILY = "bosch_ems"

#: Canonical key -> (signal, factor).
_SIGNALS: dict[str, tuple[str, float]] = {
    "syspress": ("water_pressure_bar", 1),
    "curflowtemp": ("flow_temp_c", 1),
    "rettemp": ("return_temp_c", 1),
    "selflowtemp": ("flow_setpoint_c", 1),
    "dhw.curtemp": ("dhw_temp_c", 1),
    "dhw.settemp": ("dhw_setpoint_c", 1),
    "dhw.curflow": ("dhw_flow_lpm", 1),
    "exhausttemp": ("flue_temp_c", 1),
    "outdoortemp": ("outdoor_temp_c", 1),
    "curburnpow": ("modulation_pct", 1),
    "flamecurr": ("flame_current_ua", 1),
    "heatingpumpmod": ("pump_modulation_pct", 1),
    "burngas": ("flame_on", 1),
    "heatingpump": ("pump_on", 1),
    "heatingactive": ("ch_active", 1),
    "tapwateractive": ("dhw_active", 1),
    "burnstarts": ("burner_starts", 1),
    "burnworkmin": ("burner_hours", 1 / 60),
}
#: Older names -> canonical key.
_ALIASES = {
    "pumpmod": "heatingpumpmod",
    "heatpump": "heatingpump",
    "dhw.curtmp": "dhw.curtemp",
    "dhw.temp": "dhw.settemp",
}
_FLAGS = {"burngas", "heatingpump", "heatingactive", "tapwateractive"}
#: `on/off` is translated to the gateway's language (EMS-ESP locale_translations.h).
_ON = {"on", "true", "1", "an", "ein", "aan", "på", "wł", "marche", "açık", "zap"}
_OFF = {"off", "false", "0", "aus", "uit", "av", "wył", "arrêt", "kapalı", "vyp"}
_LEAVES = ("boiler_data", "boiler_data_main", "boiler_data_dhw", "boiler_data_ww")
_LASTCODE = re.compile(r"(?P<display>\w{1,3})\((?P<number>\d{1,5})\).*- *now\s*$")
#: Maintenance messages that mean nothing is due.
_NO_MAINTENANCE = {"H00", ""}


class EmsEsp:
    """Reads EMS-ESP topics below the given bases.

    Parameters
    ----------
    bases
        Such as `ems-esp/{boiler}` or, for one gateway, `ems-esp` (its boiler is then called like the base).
    site
        Site of boilers whose base names none; `{site}` in a base overrides it.
    """

    name = "ems_esp"

    def __init__(self, bases: list[str], site: str) -> None:
        self._site = site
        self._bases = bases
        self._patterns = [(re.compile(_pattern(base)), base) for base in bases]
        self._live: dict[tuple[str, str], str] = {}

    def subscriptions(self) -> list[str]:
        """Return one filter a base."""
        return [re.sub(r"\{\w+\}", "+", base) + "/#" for base in self._bases]

    def owns(self, topic: str) -> bool:
        """Return whether the topic lies below one of the bases."""
        return any(pattern.fullmatch(topic) for pattern, _ in self._patterns)

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read each message by its leaf; leaves of other device classes are none of ours."""
        for message in messages:
            source, leaf = self._place(message.topic.decode(errors="replace"))
            if source is None:
                draft.refuse(message, "bad topic: the boiler's id is not 1 to 64 of A-Z a-z 0-9 _ -")
                continue
            self._read_one(message, draft.number_of(source), source.boiler, leaf, draft)

    def _place(self, topic: str) -> tuple[Source | None, str]:
        for pattern, base in self._patterns:
            match = pattern.fullmatch(topic)
            if match is None:
                continue
            named = match.groupdict()
            boiler = named.get("boiler") or base.rpartition("/")[2]
            site = named.get("site") or self._site
            good = ID.fullmatch(boiler) and ID.fullmatch(site)
            return (Source(boiler, site, boiler) if good else None), named["leaf"]
        return None, ""

    def _read_one(self, message: Message, number: int, boiler: str, leaf: str, draft: Draft) -> None:
        if leaf == "status":
            if message.payload in (b"online", b"offline"):
                draft.add_status(number, message.payload == b"online", retained=message.retained)
                draft.count(number, "status")
            else:
                draft.refuse(message, "wrong shape: a status is online or offline", number)
            return
        if message.retained:
            draft.count(number, "retained")
            return
        if leaf in _LEAVES:
            self._read_object(message, number, boiler, leaf, draft)
        elif (key := _single_key(leaf)) is not None:
            text = message.payload.decode(errors="replace")
            self._take({key: text}, message, number, boiler, draft)
            draft.count(number, "accepted")
        else:
            draft.unknown[f"ems_esp/{leaf.partition('/')[0]}"[:64]] += 1
            draft.count(number, "accepted")

    def _read_object(self, message: Message, number: int, boiler: str, leaf: str, draft: Draft) -> None:
        try:
            plain = decode_json(message.payload)
        except ValueError as exc:
            draft.refuse(message, str(exc), number)
            return
        if not isinstance(plain, dict):
            draft.refuse(message, "wrong shape: EMS-ESP data is a JSON object", number)
            return
        prefix = "dhw." if leaf in ("boiler_data_dhw", "boiler_data_ww") else ""
        self._take(dict(_canonical(plain, prefix)), message, number, boiler, draft)
        draft.count(number, "accepted")

    def _take(self, keys: dict[str, Any], message: Message, number: int, boiler: str, draft: Draft) -> None:
        plain: dict[str, Any] = {}
        for key, raw in keys.items():
            if key in _SIGNALS:
                signal, factor = _SIGNALS[key]
                value = _flag(raw) if key in _FLAGS else _number(raw)
                plain[signal] = value * factor if isinstance(value, (int, float)) else value
        values = {name: [value] for name, value in draft.values_of(plain, frozenset()).items()}
        if values:
            trail = ([hash_of(message.topic, message.payload)], [0], [-1])
            draft.add_rows([number], [draft.received_at_ms], [True], trail, values)
        self._take_codes(keys, number, boiler, draft)

    def _take_codes(self, keys: dict[str, Any], number: int, boiler: str, draft: Draft) -> None:
        if "servicecodenumber" in keys and "servicecode" in keys:
            self._now(boiler, "display", _fault(f"{keys['servicecode']}/{keys['servicecodenumber']}"), number, draft)
        if isinstance(last := keys.get("lastcode"), str):
            match = _LASTCODE.match(last)
            self._now(boiler, "last", f"{match['display']}/{match['number']}" if match else "", number, draft)
        if isinstance(due := keys.get("maintenancemessage"), str):
            self._now(boiler, "due", "" if due in _NO_MAINTENANCE else due, number, draft)

    def _now(self, boiler: str, slot: str, code: str, number: int, draft: Draft) -> None:
        """Tell what changed since the last message of this boiler."""
        before = self._live.get((boiler, slot), "")
        if code == before:
            return
        if before:
            draft.add_event(number, draft.received_at_ms, before, active=False, stamped=True)
        if code:
            draft.add_event(number, draft.received_at_ms, code, active=True, stamped=True)
        self._live[boiler, slot] = code


def _pattern(base: str) -> str:
    named = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(base))
    return named + r"/(?P<leaf>.+)"


def _canonical(plain: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, raw in plain.items():
        key = name.lower()
        if isinstance(raw, dict):
            if key == "dhw":
                yield from _canonical(raw, "dhw.")
            continue
        if key.startswith("ww"):
            key = f"dhw.{key[2:]}"
        elif prefix and not key.startswith(prefix):
            key = prefix + key
        yield _ALIASES.get(key, key), raw


def _single_key(leaf: str) -> str | None:
    for form in ("boiler_data/", "boiler/"):
        if leaf.startswith(form):
            key = leaf.removeprefix(form).lower().replace("/", ".")
            key = f"dhw.{key[2:]}" if key.startswith("ww") else key
            return _ALIASES.get(key, key)
    return None


def _fault(code: str) -> str:
    """Return the code where the table classes it as more than a state; an unlisted one is told as it is."""
    row = look_up(FAMILY, code)
    number = code.rpartition("/")[2]
    if row is None:
        return code if number.isdigit() and int(number) > 0 else ""
    return "" if row.severity == "status" else code


def _flag(raw: object) -> object:
    text = str(raw).strip().lower()
    return True if text in _ON else False if text in _OFF else raw


def _number(raw: object) -> object:
    """Single topics bring numbers as text, which is their form there."""
    if isinstance(raw, str):
        try:
            return float(raw)
        except ValueError:
            return raw
    return raw
