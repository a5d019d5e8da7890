"""The closed table of signals: names, units, accept ranges, words.

Documentation, validation, stores and dashboards read this table; adding a signal is adding a row. Ranges are those
of the field guide (docs/wire.md), wide enough for every healthy and every faulty boiler, narrow enough for a wrong unit
(kPa for bar, tenths of a degree) to fall outside where that can be told. Temperatures of water begin where OpenTherm's range
ends, -40, as what an open sensor reads is what tells of it; hot water no higher than 100, where Fahrenheit would begin.
"""

from dataclasses import dataclass
from typing import Literal

SignalType = Literal["number", "flag", "counter"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the table.

    Attributes
    ----------
    name
        Name on the wire, in the store and in code; a physical one ends in its unit.
    type
        `number`, `flag` (0 or 1) or `counter` (never falls but for a reset).
    low, high
        Accepted values, both included, in the signal's unit.
    unit
        For people: axis labels and tables.
    en, zh
        Title in English and Chinese.
    charted
        Whether roll-ups (`boiler_15m`, `boiler_1d`) keep it by default.
    """

    name: str
    type: SignalType
    low: float
    high: float
    unit: str
    en: str
    zh: str
    charted: bool = False


SIGNALS: tuple[Signal, ...] = (
    Signal("water_pressure_bar", "number", 0, 6, "bar", "Water pressure", "水压", charted=True),
    Signal("flow_temp_c", "number", -40, 130, "°C", "Flow temperature", "出水温度", charted=True),
    Signal("return_temp_c", "number", -40, 130, "°C", "Return temperature", "回水温度", charted=True),
    Signal("flow_setpoint_c", "number", 0, 100, "°C", "Flow set point", "出水设定温度"),
    Signal("dhw_temp_c", "number", -40, 100, "°C", "Hot water temperature", "生活热水温度"),
    Signal("dhw_setpoint_c", "number", 0, 100, "°C", "Hot water set point", "生活热水设定温度"),
    Signal("dhw_flow_lpm", "number", 0, 40, "l/min", "Hot water flow", "生活热水流量"),
    Signal("flue_temp_c", "number", -40, 300, "°C", "Flue gas temperature", "排烟温度", charted=True),
    Signal("outdoor_temp_c", "number", -60, 60, "°C", "Outdoor temperature", "室外温度"),
    Signal("modulation_pct", "number", 0, 100, "%", "Burner modulation", "燃烧负荷", charted=True),
    Signal("flame_current_ua", "number", 0, 127, "µA", "Flame current", "火焰电流", charted=True),
    Signal("fan_speed_rpm", "number", 0, 12_000, "rpm", "Fan speed", "风机转速"),
    Signal("fan_setpoint_rpm", "number", 0, 12_000, "rpm", "Fan set point", "风机设定转速"),
    Signal("pump_modulation_pct", "number", 0, 100, "%", "Pump modulation", "水泵转速"),
    Signal("ignition_time_s", "number", 0, 60, "s", "Ignition time", "点火时间"),
    Signal("flame_on", "flag", 0, 1, "", "Flame", "火焰"),
    Signal("pump_on", "flag", 0, 1, "", "Pump", "水泵"),
    Signal("ch_active", "flag", 0, 1, "", "Heating demand", "采暖请求"),
    Signal("dhw_active", "flag", 0, 1, "", "Hot water demand", "热水请求"),
    Signal("burner_starts", "counter", 0, 4_294_967_295, "", "Burner starts", "点火次数"),
    Signal("burner_hours", "counter", 0, 1_000_000, "h", "Burner hours", "燃烧小时数"),
    Signal("ignition_failures", "counter", 0, 4_294_967_295, "", "Failed ignitions", "点火失败次数"),
    Signal("flame_losses", "counter", 0, 4_294_967_295, "", "Flame losses", "火焰丢失次数"),
)

SIGNAL_NAMES: tuple[str, ...] = tuple(signal.name for signal in SIGNALS)
BY_NAME: dict[str, Signal] = {signal.name: signal for signal in SIGNALS}
FLAGS: frozenset[str] = frozenset(signal.name for signal in SIGNALS if signal.type == "flag")
COUNTERS: frozenset[str] = frozenset(signal.name for signal in SIGNALS if signal.type == "counter")
