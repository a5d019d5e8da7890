"""ebusd: one message a topic, QoS 0, not retained, as often as the bus or its polling brings it.

Plain text, JSON (`--mqttjson`) or short JSON (`--mqttjson=short`). Temperatures of the register come in sixteenths of a
degree, those of the broadcast in halves, water pressure in thousandths of a bar; starts in hundreds and the rest beside.
"""

from simulators.dialects.contract import Gateway, Moment, Publication

#: Message -> (signal, field's name, decimals, its sensor's state stands beside it).
_VALUES: tuple[tuple[str, str, str, int, bool], ...] = (
    ("FlowTemp", "flow_temp_c", "temp", 2, True), ("ReturnTemp", "return_temp_c", "temp", 2, True),
    ("WaterPressure", "water_pressure_bar", "press", 3, True), ("HwcTemp", "dhw_temp_c", "temp", 2, True),
    ("OutdoorstempSensor", "outdoor_temp_c", "temp", 2, True), ("FlowTempDesired", "flow_setpoint_c", "temp", 2, False),
    ("HwcTempDesired", "dhw_setpoint_c", "temp", 2, False), ("HwcWaterflow", "dhw_flow_lpm", "uin100", 2, False),
    ("FanSpeed", "fan_speed_rpm", "value", 0, False), ("TargetFanSpeed", "fan_setpoint_rpm", "value", 0, False),
    ("ModulationTempDesired", "modulation_pct", "value", 1, False), ("averageIgnitiontime", "ignition_time_s", "value", 1, False),
)  # fmt: skip
_SWITCHES = (("Flame", "flame_on", "value", "on", "off"), ("WP", "pump_on", "onoff", "on", "off"),
             ("HwcDemand", "dhw_active", "yesno", "yes", "no"))  # fmt: skip
_ERRORS = 5
#: State numbers of running (S.4 heating, S.14 hot water, S.0 no demand; vaillant rows of the code table).
_HEATING, _TAPPING, _IDLE = "4", "14", "0"
#: d.44 with a good flame and without one: it runs against the flame.
_GOOD_FLAME, _NO_FLAME = "28.5", "91.0"

Fields = list[tuple[str, str | None]]


class Ebusd:
    """One ebusd with one boiler on its bus.

    Parameters
    ----------
    gateway
        Who speaks.
    mode
        `plain`, `json` or `short`.
    """

    def __init__(self, gateway: Gateway, mode: str) -> None:
        self._prefix = f"ebusd/{gateway.boiler}"
        self._mode = mode
        self._began_ms = 0

    def will(self) -> Publication:
        """Return `false` on `global/running`, retained."""
        return Publication(f"{self._prefix}/global/running", b"false", 0, True)

    def birth(self) -> list[Publication]:
        """Return the global topics."""
        said = (("version", "ebusd 24.1.p20240204"), ("running", "true"), ("signal", "true"), ("scan", "finished"))
        return [Publication(f"{self._prefix}/global/{name}", text.encode(), 0, True) for name, text in said]

    def say(self, moment: Moment) -> list[Publication]:
        """Return every message the bus brought."""
        self._began_ms = self._began_ms or moment.ts_ms
        up = Publication(f"{self._prefix}/global/uptime", str((moment.ts_ms - self._began_ms) // 1000).encode())
        messages = _measured(moment) + _counted(moment) + _stated(moment)
        return [up] + [
            Publication(f"{self._prefix}/bai/{name}", _payload(fields, self._mode).encode())
            for name, fields in messages
        ]


def _measured(moment: Moment) -> list[tuple[str, Fields]]:
    found: list[tuple[str, Fields]] = []
    for name, signal, field, decimals, sensed in _VALUES:
        value = moment.get(signal)
        if value is not None:
            fields: Fields = [(field, f"{value:.{decimals}f}")]
            found.append((name, [*fields, ("sensor", "ok")] if sensed else fields))
    for name, signal, field, on, off in _SWITCHES:
        if moment.get(signal) is not None:
            found.append((name, [(field, on if moment.is_on(signal) else off)]))
    return found


def _counted(moment: Moment) -> list[tuple[str, Fields]]:
    """Return counters as the boiler keeps them: two fifths of the starts are for hot water."""
    found: list[tuple[str, Fields]] = []
    starts, hours, failures = (moment.get(name) for name in ("burner_starts", "burner_hours", "ignition_failures"))
    if starts is not None:
        tapping = int(starts) * 2 // 5
        for circuit, count in (("Hc", int(starts) - tapping), ("Hwc", tapping)):
            found.append((f"{circuit}Starts", [("value", str(count // 100 * 100))]))
            found.append((f"{circuit}UnderHundredStarts", [("value", str(count % 100))]))
    if hours is not None:
        tapping = int(hours) // 5
        found.append(("HcHours", [("hoursum2", str(int(hours) - tapping))]))
        found.append(("HwcHours", [("hoursum2", str(tapping))]))
    if failures is not None:
        second = int(failures) // 5
        found.append(("CounterStartattempts1", [("temp0", str(int(failures) - second))]))
        found.append(("CounterStartattempts2", [("temp0", str(second))]))
    return found


def _stated(moment: Moment) -> list[tuple[str, Fields]]:
    """Return state, flame signal, the broadcast and the error list."""
    flame = moment.is_on("flame_on")
    state = (_TAPPING if moment.is_on("dhw_active") else _HEATING) if flame else _IDLE
    errors: list[str | None] = []
    for code in moment.codes:
        letter, _, digits = code.partition(".")
        if letter == "S" and digits.isdigit():
            state = str(int(digits))
        elif letter == "F" and digits.isdigit():
            errors.append(str(int(digits)))
    errors = (errors + [None] * _ERRORS)[:_ERRORS]
    temps = [moment.get(name) for name in ("flow_temp_c", "return_temp_c", "outdoor_temp_c", "dhw_temp_c")]
    halves = [None if value is None else f"{round(value * 2) / 2:.1f}" for value in temps]
    if temps[2] is not None:
        halves[2] = f"{temps[2]:.3f}"
    names = ("temp1", "temp1", "temp2", "temp1", "temp1", "pumpstate")
    texts = [*halves[:3], None, halves[3], "on" if moment.is_on("pump_on") else "off"]
    found: list[tuple[str, Fields]] = [("Statenumber", [("value", state)])]
    if "flame_on" in moment.values:
        found.append(("IonisationVoltageLevel", [("value", _GOOD_FLAME if flame else _NO_FLAME)]))
    found.append(("Status01", list(zip(names, texts, strict=True))))
    found.append(("currenterror", [("error", error) for error in errors]))
    return found


def _payload(fields: Fields, mode: str) -> str:
    if mode == "plain":
        return ";".join("-" if text is None else text for _, text in fields)
    names = [name for name, _ in fields]
    if len(set(names)) < len(names):  # repeated names become numbers, the name goes inside
        inner = [
            f'{{"name": "{name}", "value": {_json(text)}}}' if mode == "json" else _json(text) for name, text in fields
        ]
        return "{" + ", ".join(f'"{i}": {text}' for i, text in enumerate(inner)) + "}"
    told = [f'"{name}": ' + (f'{{"value": {_json(text)}}}' if mode == "json" else _json(text)) for name, text in fields]
    return "{" + ", ".join(told) + "}"


def _json(text: str | None) -> str:
    if text is None:
        return "null"
    return text if text.replace(".", "", 1).removeprefix("-").isdigit() else f'"{text}"'
