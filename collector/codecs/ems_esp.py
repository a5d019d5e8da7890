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
from collector.codecs.bases import Bases
from collector.codecs.draft import Draft, Message, hash_of
from collector.codecs.live_codes import LiveCodes
from collector.codecs.scalars import value_of
from collector.codecs.telemetry import decode_json

FAMILY = "bosch_ems"

#: Canonical key -> (signal, factor).
_SIGNALS: dict[str, tuple[str, float]] = {
    "syspress": ("water_pressure_bar", 1),
    "curflowtemp": ("flow_temp_c", 1),
    "rettemp": ("return_temp_c", 1),
    "selflowtemp": ("flow_setpoint_c", 1),
    "dhw.curtemp": ("dhw_temp_c", 1),
    "dhw.seltemp": ("dhw_setpoint_c", 1),
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
_CODE_KEYS = frozenset({"servicecode", "servicecodenumber", "lastcode", "maintenancemessage"})
_LEAVES = ("boiler_data", "boiler_data_main", "boiler_data_dhw", "boiler_data_ww")
#: Demands have topics of their own beside the device's.
_DEMANDS = {"heating_active": "heatingactive", "tapwater_active": "tapwateractive"}
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
        self._bases = Bases(bases, site)
        self._codes = LiveCodes(FAMILY)
        self._display: dict[str, str] = {}
        self._in_force: set[str] = set()

    def subscriptions(self) -> list[str]:
        """Return one filter a base."""
        return self._bases.filters()

    def owns(self, topic: str) -> bool:
        """Return whether the topic lies below one of the bases."""
        return self._bases.owns(topic)

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        return [self._codes]

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read each message by its leaf; leaves of other device classes are none of ours."""
        for message in messages:
            source, leaf = self._bases.place(message.topic)
            if source is None:
                draft.refuse(message, "bad topic: the boiler's id is not 1 to 64 of A-Z a-z 0-9 _ -")
                continue
            self._read_one(message, draft.number_of(source), source.boiler, leaf, draft)

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
        if "dhw.settemp" in keys:
            self._in_force.add(boiler)
        for key, raw in keys.items():
            if key not in _SIGNALS:
                if key not in _CODE_KEYS:
                    draft.unknown[f"ems_esp/{key}"[:64]] += 1
                continue
            if key == "dhw.seltemp" and boiler in self._in_force:
                continue  # the set point in force counts; what was chosen only where that is not told
            signal, factor = _SIGNALS[key]
            plain[signal] = value_of(signal, raw, factor)
        if values := draft.values_of(plain, frozenset()):
            whole = hash_of(message.topic, message.payload)
            draft.add_row(number, draft.received_at_ms, values, stamped=True, hash_=whole)
        self._take_codes(keys, number, boiler, draft)

    def _take_codes(self, keys: dict[str, Any], number: int, boiler: str, draft: Draft) -> None:
        """Tell what changed; in single topics the display's text comes before its number, which is what counts."""
        if "servicecode" in keys:
            self._display[boiler] = str(keys["servicecode"])
        if "servicecodenumber" in keys and boiler in self._display:
            cause = str(keys["servicecodenumber"]).removesuffix(".0")
            self._codes.tell(boiler, "display", [_fault(f"{self._display[boiler]}/{cause}")], number, draft)
        if isinstance(last := keys.get("lastcode"), str):
            match = _LASTCODE.match(last)
            code = f"{match['display']}/{match['number']}" if match else ""
            self._codes.tell(boiler, "last", [code], number, draft)
        if isinstance(due := keys.get("maintenancemessage"), str):
            self._codes.tell(boiler, "due", [] if due in _NO_MAINTENANCE else [due], number, draft)


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
    if leaf in _DEMANDS:
        return _DEMANDS[leaf]
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
