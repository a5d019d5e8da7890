"""EMS-ESP 2.0, 3.4 and 3.7: device data every interval at QoS 0, demands on change, a heartbeat a minute.

Keys, their order and words are the firmware's; settings that no signal of ours tells keep a usual value. A missing
sensor's key is absent. Switches are `on` and `off`; the live display code is a normal state until there is a fault.
"""

import json

from simulators.dialects.contract import Gateway, Moment, Publication
from simulators.dialects.ems_esp_keys import TABLES, Constant, Field, Measured, Switch

_HEARTBEAT_MS = 60_000
#: Display and cause of running states (bosch_ems rows of the code table).
_TAPPING, _HEATING, _STANDBY = ("=H", 201), ("-H", 200), ("0H", 203)


class EmsEsp:
    """One gateway.

    Parameters
    ----------
    gateway
        Who speaks.
    generation
        `v20`, `v34` or `v37`.
    """

    def __init__(self, gateway: Gateway, generation: str) -> None:
        self._base = f"ems-esp/{gateway.boiler}"
        self._tables = TABLES[generation]
        self._print = _plainly if generation == "v37" else _shorter
        self._has_demands = generation != "v20"
        self._demands: dict[str, str] = {}
        self._beat_ms = 0
        self._began_ms = 0
        self._said = 0

    def will(self) -> Publication:
        """Return `offline`, retained, at QoS 1."""
        return Publication(f"{self._base}/status", b"offline", 1, True)

    def birth(self) -> list[Publication]:
        """Return `online`, retained, at QoS 1."""
        return [Publication(f"{self._base}/status", b"online", 1, True)]

    def say(self, moment: Moment) -> list[Publication]:
        """Return device data, demands that changed, and the heartbeat when it is due."""
        self._began_ms = self._began_ms or moment.ts_ms
        found = []
        for leaf, table in self._tables.items():
            found.append(Publication(f"{self._base}/{leaf}", self._print(_object(table, moment)).encode()))
        if self._has_demands:
            for leaf, signal in (("tapwater_active", "dhw_active"), ("heating_active", "ch_active")):
                word = "on" if moment.is_on(signal) else "off"
                if self._demands.get(leaf) != word:
                    self._demands[leaf] = word
                    found.append(Publication(f"{self._base}/{leaf}", word.encode()))
        if moment.ts_ms - self._beat_ms >= _HEARTBEAT_MS:
            self._beat_ms = moment.ts_ms
            found.append(Publication(f"{self._base}/heartbeat", self._heartbeat(moment.ts_ms)))
        self._said += len(found)
        return found

    def _heartbeat(self, ts_ms: int) -> bytes:
        up_ms = ts_ms - self._began_ms
        days, rest = divmod(up_ms // 1000, 86_400)
        plain = {
            "bus_status": "connected", "uptime": f"{days:03d}+{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{up_ms % 1000:03d}",
            "uptime_sec": up_ms // 1000, "ntp_status": "on", "rxreceived": up_ms // 1_050, "rxfails": up_ms // 3_600_000,
            "txreads": up_ms // 4_600, "txwrites": 0, "txfails": 0, "mqttcount": self._said, "mqttfails": 0, "mqttconnects": 1,
            "apicalls": 0, "apifails": 0, "sensorreads": 0, "sensorfails": 0, "freemem": 148,
        }  # fmt: skip
        return _plainly(plain).encode()


def display(moment: Moment) -> tuple[str, int]:
    """Return display text and cause number: a fault's, else the running state's."""
    for code in moment.codes:
        text, slash, cause = code.partition("/")
        if slash and cause.isdigit():
            return text, int(cause)
    if moment.is_on("flame_on"):
        return _TAPPING if moment.is_on("dhw_active") else _HEATING
    return _STANDBY


def _object(table: tuple[Field, ...], moment: Moment) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, what in table:
        value = _value(what, moment)
        if value is not None:
            inner, _, key = name.rpartition(".")
            place = found.setdefault(inner, {}) if inner else found
            assert isinstance(place, dict)
            place[key] = value
    return found


def _value(what: Constant | Measured | Switch | str, moment: Moment) -> object:
    if isinstance(what, Constant):
        return what.value
    if isinstance(what, Switch):
        return "on" if moment.is_on(what.signal) else "off" if what.signal in moment.values else None
    if isinstance(what, str):
        text, cause = display(moment)
        return text if what == "display" else cause
    value = moment.get(what.signal)
    if value is None:
        return None
    return round(value * what.factor, what.decimals) if what.decimals else round(value * what.factor)


def _plainly(plain: dict[str, object]) -> str:
    return json.dumps(plain, separators=(",", ":"))


def _shorter(plain: dict[str, object]) -> str:
    """Print 23.0 as 23, which older firmware does."""
    return _plainly({name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in plain.items()})
