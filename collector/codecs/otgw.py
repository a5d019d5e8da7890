"""OTGW firmware and its relatives: one OpenTherm value a topic, `{Top}/value/{Id}/{label}`, as plain text.

Labels are those of the firmware's own table; the names its manual prints and those of older Python gateways are
followed too. Value topics are retained, so what comes at subscribing is last-known and no reading. OpenTherm tells fan
speed in Hz (rpm / 60) and lacks what a boiler does not fit. A fault is the application-specific flags, whose meaning is
OpenTherm's, and the maker's own number: 0 and 255 are no code, and so is any while the fault flag is off.
"""

import contextlib
from dataclasses import dataclass, field

from boilerwatch.model import Source
from collector.codecs.bases import Bases
from collector.codecs.draft import Draft, Message, hash_of
from collector.codecs.live_codes import LiveCodes
from collector.codecs.scalars import flag, value_of

FAMILY = "opentherm"
RPM_PER_HZ = 60

#: Lower-case label -> (signal, factor). OpenTherm data ids in docs/wire.md.
_SIGNALS: dict[str, tuple[str, float]] = {
    "tset": ("flow_setpoint_c", 1), "controlsetpoint": ("flow_setpoint_c", 1), "control_setpoint": ("flow_setpoint_c", 1),
    "relmodlevel": ("modulation_pct", 1), "relmodlvl": ("modulation_pct", 1),
    "relative_modulation_level": ("modulation_pct", 1), "rel_mod_level": ("modulation_pct", 1),
    "chpressure": ("water_pressure_bar", 1), "chwaterpressure": ("water_pressure_bar", 1),
    "ch_water_pressure": ("water_pressure_bar", 1),
    "dhwflowrate": ("dhw_flow_lpm", 1), "dhw_flowrate": ("dhw_flow_lpm", 1), "dhw_flow_rate": ("dhw_flow_lpm", 1),
    "tboiler": ("flow_temp_c", 1), "boilertemperature": ("flow_temp_c", 1), "boiler_water_temperature": ("flow_temp_c", 1),
    "tret": ("return_temp_c", 1), "returnwatertemperature": ("return_temp_c", 1),
    "return_water_temperature": ("return_temp_c", 1),
    "tdhw": ("dhw_temp_c", 1), "dhwtemperature": ("dhw_temp_c", 1), "dhw_temperature": ("dhw_temp_c", 1),
    "tdhwset": ("dhw_setpoint_c", 1), "dhw_setpoint": ("dhw_setpoint_c", 1),
    "toutside": ("outdoor_temp_c", 1), "outsidetemperature": ("outdoor_temp_c", 1),
    "outside_temperature": ("outdoor_temp_c", 1),
    "texhaust": ("flue_temp_c", 1), "exhaust_temperature": ("flue_temp_c", 1),
    "fanspeed_hb_u8": ("fan_setpoint_rpm", RPM_PER_HZ), "fanspeed_lb_u8": ("fan_speed_rpm", RPM_PER_HZ),
    "electricalcurrentburnerflame": ("flame_current_ua", 1),
    "flame": ("flame_on", 1), "flamestatus": ("flame_on", 1), "flame_status": ("flame_on", 1),
    "centralheating": ("ch_active", 1), "central_heating": ("ch_active", 1), "chmodus": ("ch_active", 1),
    "domestichotwater": ("dhw_active", 1), "hot_water": ("dhw_active", 1), "dhwmode": ("dhw_active", 1),
    "burnerstarts": ("burner_starts", 1), "burner_starts": ("burner_starts", 1),
    "burneroperationhours": ("burner_hours", 1), "burner_operation_hours": ("burner_hours", 1),
    "burnerunsuccessfulstarts": ("ignition_failures", 1), "flamesignaltoolow": ("flame_losses", 1),
}  # fmt: skip
#: Label -> bit of the application-specific flags (OpenTherm id 5); bit 1 only says that a reset from afar is possible.
_ASF_BITS = {
    "service_request": 0, "service_required": 0, "low_water_pressure": 2, "gas_flame_fault": 3, "gas_fault": 3,
    "air_pressure_fault": 4, "water_over_temperature": 5, "water_overtemperature": 5,
}  # fmt: skip
_ASF_KNOWN = frozenset(_ASF_BITS.values())
_FAULT = ("fault", "fault_indication", "faultindicator", "fault_indicator")
#: Not a maker's code: no fault, and what gateways give where the boiler has none.
_NO_CODE = (0, 255)


@dataclass(slots=True)
class _Shown:
    """What one boiler said about its faults."""

    fault: bool | None = None
    bits: set[int] = field(default_factory=set)
    number: int = 0


class Otgw:
    """Reads `{Top}/value/{Id}` and below.

    Parameters
    ----------
    tops
        Top topics, such as `OTGW`.
    site
        Site of the boilers; the dialect names none.
    """

    name = "otgw"

    def __init__(self, tops: list[str], site: str) -> None:
        self._bases = Bases([f"{top.strip('/')}/value/{{boiler}}" for top in tops], site)
        self._flags = LiveCodes(FAMILY)
        self._numbers = LiveCodes()
        self._shown: dict[str, _Shown] = {}

    def subscriptions(self) -> list[str]:
        """Return one filter a top topic."""
        return self._bases.filters()

    def owns(self, topic: str) -> bool:
        """Return whether the topic is a node's or lies below one."""
        return self._bases.owns(topic)

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        return [self._flags, self._numbers]

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read each message by its label."""
        for message in messages:
            source, label = self._bases.place(message.topic)
            if source is None:
                draft.refuse(message, "bad topic: the node's id is not 1 to 64 of A-Z a-z 0-9 _ -")
                continue
            number = draft.number_of(source)
            if not label:
                _read_status(message, number, draft)
            elif message.retained:
                draft.count(number, "retained")
            else:
                self._read_value(message, source, number, label.lower(), draft)
                draft.count(number, "accepted")

    def _read_value(self, message: Message, source: Source, number: int, label: str, draft: Draft) -> None:
        text = message.payload.decode(errors="replace").strip()
        if label in _SIGNALS:
            signal, factor = _SIGNALS[label]
            values = draft.values_of({signal: value_of(signal, text, factor)}, frozenset())
            if values:
                whole = hash_of(message.topic, message.payload)
                draft.add_row(number, draft.received_at_ms, values, stamped=True, hash_=whole)
        elif not self._read_fault(self._known(source.boiler), label, text):
            draft.unknown[f"otgw/{label}"[:64]] += 1
        else:
            self._tell(source.boiler, number, draft)

    def _known(self, boiler: str) -> _Shown:
        """Return what a boiler said, after a restart what it showed before."""
        if boiler not in self._shown:
            bits = {int(code.rpartition(".")[2]) for code in self._flags.shown(boiler)}
            number = next(iter(self._numbers.shown(boiler)), "0")
            self._shown[boiler] = _Shown(None, bits, int(number))
        return self._shown[boiler]

    def _read_fault(self, shown: _Shown, label: str, text: str) -> bool:
        """Take note of a fault topic; False when it is none."""
        if label in _FAULT:
            said = flag(text)
            shown.fault = said if isinstance(said, bool) else shown.fault
        elif label in _ASF_BITS:
            (shown.bits.add if flag(text) is True else shown.bits.discard)(_ASF_BITS[label])
        elif label == "asf_flags":
            with contextlib.suppress(ValueError):
                byte = int(text, 2)
                shown.bits = {bit for bit in _ASF_KNOWN if byte >> bit & 1}
        elif label == "oemfaultcode":
            with contextlib.suppress(ValueError):
                shown.number = int(text)
        else:
            return False
        return True

    def _tell(self, boiler: str, number: int, draft: Draft) -> None:
        shown = self._shown[boiler]
        self._flags.tell(boiler, "asf", [f"ASF.{bit}" for bit in shown.bits], number, draft)
        none = shown.number in _NO_CODE or (shown.fault is False and not shown.bits)
        self._numbers.tell(boiler, "oem", [] if none else [str(shown.number)], number, draft)


def _read_status(message: Message, number: int, draft: Draft) -> None:
    if message.payload in (b"online", b"offline"):
        draft.add_status(number, message.payload == b"online", retained=message.retained)
        draft.count(number, "status")
    else:
        draft.refuse(message, "wrong shape: the node's own topic says online or offline", number)
