"""ebusd (Vaillant, Saunier Duval, Protherm): `{prefix}/{circuit}/{message}` as plain text, JSON or short JSON.

A message's fields are joined by `;` in plain text, named or numbered in JSON; `-` and null are missing. Beside a
measured value stands its sensor's state: `circuit` (open) or `cutoff` (short) make it none. Counters that the boiler
keeps apart for heating and hot water are told as their sum once both are known. `currenterror` holds up to five live
numbers (28 is F.28); `errorhistory` is history. `IonisationVoltageLevel` runs against the flame (above 80 none, below
40 a good one) and has no unit, so it is no flame current and is left out, counted.
"""

from typing import Any

from boilerwatch.codes import look_up
from boilerwatch.model import Source
from collector.codecs.bases import Bases
from collector.codecs.draft import Draft, Message, hash_of
from collector.codecs.live_codes import LiveCodes
from collector.codecs.scalars import number, value_of
from collector.codecs.telemetry import decode_json

FAMILY = "vaillant"
#: Circuits that are a boiler; others are controllers, mixers, solar.
_CIRCUITS = ("bai", "boiler")
_BAD_SENSOR = frozenset({"circuit", "cutoff"})
SENSOR_FAULT = "sensor_fault"
INVERSE_SCALE = "inverse_scale_without_unit"

#: Message -> signals of its fields in order, empty for fields that are none of ours.
_MESSAGES: dict[str, tuple[str, ...]] = {
    "FlowTemp": ("flow_temp_c",),
    "ReturnTemp": ("return_temp_c",),
    "expertlevel_ReturnTemp": ("return_temp_c",),
    "FlowTempDesired": ("flow_setpoint_c",),
    "HwcTemp": ("dhw_temp_c",),
    "HwcTempDesired": ("dhw_setpoint_c",),
    "HwcWaterflow": ("dhw_flow_lpm",),
    "HwcDemand": ("dhw_active",),
    "OutdoorstempSensor": ("outdoor_temp_c",),
    "WaterPressure": ("water_pressure_bar",),
    "ModulationTempDesired": ("modulation_pct",),
    "Flame": ("flame_on",),
    "WP": ("pump_on",),
    "FanSpeed": ("fan_speed_rpm",),
    "TargetFanSpeed": ("fan_setpoint_rpm",),
    "averageIgnitiontime": ("ignition_time_s",),
    "Status01": ("flow_temp_c", "return_temp_c", "outdoor_temp_c", "dhw_temp_c", "", "pump_on"),
}
#: Signal -> messages it is the sum of.
_SUMS: dict[str, tuple[str, ...]] = {
    "burner_starts": ("HcStarts", "HwcStarts"),
    "burner_hours": ("HcHours", "HwcHours"),
    "ignition_failures": ("CounterStartattempts1", "CounterStartattempts2"),
}
_SUM_OF = {message: signal for signal, messages in _SUMS.items() for message in messages}
#: A counter in hundreds -> its tens and units, which come on their own.
_UNDER = {"HcStarts": "HcUnderHundredStarts", "HwcStarts": "HwcUnderHundredStarts"}
_UNDER_OF = {under: hundreds for hundreds, under in _UNDER.items()}
#: Tens that roll over before their hundreds are polled make the sum fall by so much at most.
_HUNDREDS_LATE = 200


class Ebusd:
    """Reads ebusd topics below the given prefixes.

    Parameters
    ----------
    prefixes
        Such as `ebusd/{boiler}` or, for one boiler, `ebusd`.
    site
        Site of boilers whose prefix names none.
    """

    name = "ebusd"

    def __init__(self, prefixes: list[str], site: str) -> None:
        self._bases = Bases(prefixes, site)
        self._codes = LiveCodes(FAMILY)
        self._parts: dict[tuple[str, str], float] = {}
        self._told: dict[tuple[str, str], float] = {}

    def subscriptions(self) -> list[str]:
        """Return one filter a prefix."""
        return self._bases.filters()

    def owns(self, topic: str) -> bool:
        """Return whether the topic lies below one of the prefixes."""
        return self._bases.owns(topic)

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        return [self._codes]

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read each message by its circuit and name."""
        for message in messages:
            source, leaf = self._bases.place(message.topic)
            if source is None:
                draft.refuse(message, "bad topic: the boiler's id is not 1 to 64 of A-Z a-z 0-9 _ -")
                continue
            self._read_one(message, source, draft.number_of(source), leaf, draft)

    def _read_one(self, message: Message, source: Source, index: int, leaf: str, draft: Draft) -> None:
        if leaf == "global/running":
            if message.payload in (b"true", b"false"):
                draft.add_status(index, message.payload == b"true", retained=message.retained)
                draft.count(index, "status")
            else:
                draft.refuse(message, "wrong shape: global/running is true or false", index)
            return
        if message.retained:
            draft.count(index, "retained")
            return
        circuit, _, name = leaf.partition("/")
        if not circuit.startswith(_CIRCUITS) or not name or "/" in name:
            draft.unknown[f"ebusd/{leaf}"[:64]] += 1
            draft.count(index, "accepted")
            return
        try:
            fields = fields_of(message.payload)
        except ValueError as exc:
            draft.refuse(message, str(exc), index)
            return
        self._take(message, source.boiler, index, name, fields, draft)
        draft.count(index, "accepted")

    def _take(
        self, message: Message, boiler: str, index: int, name: str, fields: list[object], draft: Draft
    ) -> None:  # fmt: skip
        plain: dict[str, object] = {}
        if name in _MESSAGES:
            plain = self._measured(name, fields, draft)
        elif name in _SUM_OF or name in _UNDER_OF:
            plain = self._summed(boiler, name, fields, draft)
        elif name == "currenterror":
            self._codes.tell(boiler, "errors", [f"F.{n:02d}" for n in map(_whole, fields) if n], index, draft)
        elif name == "Statenumber":
            state = _whole(fields[0]) if fields else 0
            row = look_up(FAMILY, f"S.{state}")
            self._codes.tell(
                boiler, "state", [row.code] if row is not None and row.severity != "status" else [], index, draft
            )
        elif name == "IonisationVoltageLevel":
            draft.dropped[name, INVERSE_SCALE] += 1
        else:
            draft.unknown[f"ebusd/{name}"[:64]] += 1
        if values := draft.values_of(plain, frozenset()):
            whole = hash_of(message.topic, message.payload)
            draft.add_row(index, draft.received_at_ms, values, stamped=True, hash_=whole)

    def _measured(self, name: str, fields: list[object], draft: Draft) -> dict[str, object]:
        signals = _MESSAGES[name]
        if any(str(field) in _BAD_SENSOR for field in fields[1:]):
            draft.dropped[signals[0], SENSOR_FAULT] += 1
            return {}
        pairs = zip(signals, fields, strict=False)
        return {signal: value_of(signal, raw) for signal, raw in pairs if signal and raw is not None}

    def _summed(self, boiler: str, name: str, fields: list[object], draft: Draft) -> dict[str, object]:
        """Return a sum once all its parts are known; starts are told with their tens, so that they never fall."""
        value = number(fields[0]) if fields else None
        signal = _SUM_OF[_UNDER_OF.get(name, name)]
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return {} if value is None else {signal: value}
        is_again = (boiler, name) in self._parts
        self._parts[boiler, name] = float(value)
        if signal == "burner_starts" and name in _UNDER and not self._is_coarse(boiler, name, is_again=is_again):
            return {}
        parts = [self._parts.get((boiler, part)) for part in _SUMS[signal]]
        parts += [self._parts.get((boiler, under), 0.0) for under in _UNDER_OF] if signal == "burner_starts" else []
        known = [part for part in parts if part is not None]
        whole = sum(known)
        told = self._told.get((boiler, signal), whole)
        if len(known) < len(parts) or 0 < told - whole <= _HUNDREDS_LATE:
            return {}
        self._told[boiler, signal] = whole
        return {signal: whole}

    def _is_coarse(self, boiler: str, hundreds: str, *, is_again: bool) -> bool:
        """Return whether the hundreds come round without their tens: then they are all there is."""
        return is_again and (boiler, _UNDER[hundreds]) not in self._parts


def fields_of(payload: bytes) -> list[object]:
    """Return the fields of a message in order, None for a missing one.

    Examples
    --------
    >>> fields_of(b"45.50;ok"), fields_of(b'{"temp": {"value": 45.5}, "sensor": {"value": null}}')
    (['45.50', 'ok'], [45.5, None])
    >>> fields_of(b'{"temp": 45.5, "sensor": "ok", "$qq": 15}')
    [45.5, 'ok']

    Raises
    ------
    ValueError
        With the reason for the quarantine.
    """
    if payload[:1] not in (b"{", b"["):
        try:
            text = payload.decode().strip()
        except UnicodeDecodeError:
            raise ValueError("not UTF-8") from None
        return [None if part.strip() in ("-", "") else part.strip() for part in text.split(";")]
    plain: Any = decode_json(payload)
    if isinstance(plain, list):
        raise ValueError("wrong shape: ebusd's JSON is an object of fields")  # noqa: TRY004 -- a reason, not a bug
    found = [raw.get("value") if isinstance(raw, dict) else raw for key, raw in plain.items() if key[:1] != "$"]
    return [None if isinstance(raw, (dict, list)) else raw for raw in found]


def _whole(raw: object) -> int:
    value = number(raw)
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1_000 else 0
