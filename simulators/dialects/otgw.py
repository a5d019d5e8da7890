"""OTGW-firmware 2.0: one OpenTherm value a topic, text, retained, QoS 0; on change, and all of it once a minute.

OpenTherm's f8.8 values come with two decimals, fan speed in Hz, 16-bit counters wrap. A fault is its flag, a bit of the
application-specific flags and the maker's number, 255 where there is none.
"""

import re

from boilerwatch.codes import look_up
from boilerwatch.kinds import PROBLEM_BY_NAME
from simulators.dialects.contract import Gateway, Moment, Publication

_HEARTBEAT_MS = 60_000
_WRAP = 65_536
NO_CODE = 255
_LAST_NUMBER = re.compile(r"(\d+)\D*$")

#: Signal -> (label, decimals, divisor), in order of OpenTherm's data ids.
_VALUES: tuple[tuple[str, str, int, float], ...] = (
    ("flow_setpoint_c", "TSet", 2, 1), ("modulation_pct", "RelModLevel", 2, 1), ("water_pressure_bar", "CHPressure", 2, 1),
    ("dhw_flow_lpm", "DHWFlowRate", 2, 1), ("flow_temp_c", "Tboiler", 2, 1), ("return_temp_c", "Tret", 2, 1),
    ("dhw_temp_c", "Tdhw", 2, 1), ("dhw_setpoint_c", "TdhwSet", 2, 1), ("outdoor_temp_c", "Toutside", 2, 1),
    ("flue_temp_c", "Texhaust", 0, 1), ("fan_setpoint_rpm", "FanSpeed_hb_u8", 0, 60), ("fan_speed_rpm", "FanSpeed_lb_u8", 0, 60),
    ("flame_current_ua", "ElectricalCurrentBurnerFlame", 2, 1), ("burner_starts", "BurnerStarts", 0, 1),
    ("burner_hours", "BurnerOperationHours", 0, 1), ("ignition_failures", "BurnerUnsuccessfulStarts", 0, 1),
    ("flame_losses", "FlameSignalTooLow", 0, 1),
)  # fmt: skip
_COUNTERS = ("BurnerStarts", "BurnerOperationHours", "BurnerUnsuccessfulStarts", "FlameSignalTooLow")
_FLAGS = (
    ("central_heating", "ch_active"), ("centralheating", "ch_active"), ("hot_water", "dhw_active"),
    ("domestichotwater", "dhw_active"), ("flame", "flame_on"),
)  # fmt: skip
_NEVER = ("cooling", "diagnostic_indicator", "diagnostic_indication")
_BITS = (
    "service_request",
    "lockout_reset",
    "low_water_pressure",
    "gas_flame_fault",
    "air_pressure_fault",
    "water_over_temperature",
)
#: Chain of a problem -> bit of the application-specific flags; every other one asks for service.
_BIT_OF_CHAIN = {"water": 2, "flame": 3, "air": 4, "flow": 5}


class Otgw:
    """One node."""

    def __init__(self, gateway: Gateway) -> None:
        self._node = f"OTGW/value/{gateway.boiler}"
        self._family = gateway.family
        self._last: dict[str, str] = {}
        self._beat_ms = -_HEARTBEAT_MS

    def will(self) -> Publication:
        """Return `offline` on the node's own topic, retained, at QoS 0."""
        return Publication(self._node, b"offline", 0, True)

    def birth(self) -> list[Publication]:
        """Return `online` on the node's own topic, and that its bus is alive."""
        alive = [Publication(f"{self._node}/{name}_connected", b"ON") for name in ("boiler", "thermostat", "otgw")]
        return [Publication(self._node, b"online", 0, True), *alive]

    def say(self, moment: Moment) -> list[Publication]:
        """Return what changed, all of it when the heartbeat is due, and the maker's number each time."""
        texts = self._texts(moment)
        due = moment.ts_ms - self._beat_ms >= _HEARTBEAT_MS
        if due:
            self._beat_ms = moment.ts_ms
        said = [name for name, text in texts.items() if due or name == "OEMFaultCode" or self._last.get(name) != text]
        self._last = texts
        return [Publication(f"{self._node}/{name}", texts[name].encode(), 0, True) for name in said]

    def _texts(self, moment: Moment) -> dict[str, str]:
        texts: dict[str, str] = {}
        for signal, label, decimals, divisor in _VALUES:
            value = moment.get(signal)
            if value is not None:
                value = round(value / divisor) % _WRAP if label in _COUNTERS else value / divisor
                texts[label] = f"{value:.{decimals}f}"
        bits, number = fault_of(self._family, moment.codes)
        fault = bool(moment.codes)
        texts["status_slave"] = "".join((
            "E" if fault else "-", "C" if moment.is_on("ch_active") else "-", "W" if moment.is_on("dhw_active") else "-",
            "F" if moment.is_on("flame_on") else "-", "----",
        ))  # fmt: skip
        for label in ("fault", "fault_indication"):
            texts[label] = _word(fault)
        texts |= {label: _word(moment.is_on(signal)) for label, signal in _FLAGS} | dict.fromkeys(_NEVER, "OFF")
        texts["ASF_flags"] = f"{bits:08b}"
        texts |= {label: _word(bool(bits >> bit & 1)) for bit, label in enumerate(_BITS)}
        texts["OEMFaultCode"] = str(number)
        return texts


def fault_of(family: str, codes: tuple[str, ...]) -> tuple[int, int]:
    """Return (application-specific flags, the maker's number) of the active codes; a reset from afar is possible."""
    bits, number = 0b10, NO_CODE
    for code in codes:
        row = look_up(family, code)
        chain = PROBLEM_BY_NAME[row.problem].chain if row is not None else ""
        bits |= 1 << _BIT_OF_CHAIN.get(chain, 0)
        digits = _LAST_NUMBER.search(code)
        number = int(digits[1]) if digits and 0 < int(digits[1]) < NO_CODE else number
    return bits, number


def _word(on: bool) -> str:
    return "ON" if on else "OFF"
