"""A 4G box on a boiler's Modbus, read by a mapping file: an envelope at QoS 1, seconds, MPa, tenths, minutes.

What has no sensor says 32767. No vendor's box is meant: no public payload of one was found.
"""

import json

from simulators.dialects.contract import Gateway, Moment, Publication

NO_SENSOR = 32_767


class Dtu:
    """One box."""

    def __init__(self, gateway: Gateway) -> None:
        self._boiler = gateway.boiler

    def will(self) -> Publication:
        """Return `Offline`, retained, at QoS 1."""
        return Publication(f"dtu/{self._boiler}/lwt", b"Offline", 1, True)

    def birth(self) -> list[Publication]:
        """Return `Online`, retained, at QoS 1."""
        return [Publication(f"dtu/{self._boiler}/lwt", b"Online", 1, True)]

    def say(self, moment: Moment) -> list[Publication]:
        """Return one report."""
        pressure = moment.get("water_pressure_bar")
        code = moment.codes[-1] if moment.codes else 0
        body = {
            "sysPress": NO_SENSOR if pressure is None else round(pressure / 10, 3),
            "outTemp": _scaled(moment, "flow_temp_c", 10), "inTemp": _scaled(moment, "return_temp_c", 10),
            "setTemp": _scaled(moment, "flow_setpoint_c", 1), "dhwTemp": _scaled(moment, "dhw_temp_c", 10),
            "fanHz": _scaled(moment, "fan_speed_rpm", 1 / 60), "flame": int(moment.is_on("flame_on")),
            "load": _scaled(moment, "modulation_pct", 1), "starts": _scaled(moment, "burner_starts", 1),
            "runMin": _scaled(moment, "burner_hours", 60), "fault": int(code) if str(code).isdigit() else code,
        }  # fmt: skip
        header = {"devId": self._boiler, "msgType": "report", "time": moment.ts_ms // 1000}
        plain = {"header": header, "body": body}
        return [Publication(f"dtu/{self._boiler}/up", json.dumps(plain, separators=(",", ":")).encode(), 1)]


def _scaled(moment: Moment, signal: str, factor: float) -> int:
    value = moment.get(signal)
    return NO_SENSOR if value is None else round(value * factor)
