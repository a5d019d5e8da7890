"""The closed tables of problems, kinds and chains: the words every finding, ticket and chart uses.

A *problem* is what is wrong, in the classes of the code table. A *kind* is a mechanism that leads to a problem. Faults
of one *chain* are one story, so they share one episode and one ticket.
"""

from dataclasses import dataclass

CHAINS: tuple[str, ...] = ("water", "flow", "flame", "air", "dhw", "sensor", "control", "link", "code", "any")


@dataclass(frozen=True, slots=True)
class Problem:
    """One class of trouble: its chain, its words, and what a technician takes along."""

    name: str
    chain: str
    en: str
    zh: str
    parts_en: str = ""
    parts_zh: str = ""


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        "low_water_pressure",
        "water",
        "Low water pressure",
        "水压过低",
        "expansion vessel, relief valve, air vent, filling loop, pressure sensor, air pump",
        "膨胀水箱、安全阀、排气阀、补水阀、压力传感器、打气泵",
    ),
    Problem(
        "high_water_pressure",
        "water",
        "High water pressure",
        "水压过高",
        "expansion vessel, relief valve, filling loop, air pump",
        "膨胀水箱、安全阀、补水阀、打气泵",
    ),
    Problem(
        "no_circulation",
        "flow",
        "No circulation",
        "循环不良",
        "pump head, filter, flow sensor, descaling kit",
        "水泵头、过滤网、流量传感器、除垢套件",
    ),
    Problem("pump_fault", "flow", "Pump fault", "水泵故障", "pump", "水泵"),
    Problem(
        "overheat", "flow", "Overheating", "过热", "limit thermostat, pump, descaling kit", "限温器、水泵、除垢套件"
    ),
    Problem(
        "flue_temp",
        "flow",
        "Flue gas too hot",
        "排烟温度过高",
        "exchanger cleaning kit, flue sensor",
        "换热器清洗套件、排烟温度传感器",
    ),
    Problem(
        "ignition_failure",
        "flame",
        "Ignition failure",
        "点火失败",
        "electrode set, ignition lead, transformer, gas valve, condensate trap kit",
        "点火电极、高压线、点火变压器、燃气阀、冷凝水存水弯",
    ),
    Problem(
        "flame_loss",
        "flame",
        "Flame lost",
        "火焰丢失",
        "ionisation electrode, burner seal, flue cleaning kit",
        "离子电极、燃烧器密封、烟道清洁工具",
    ),
    Problem(
        "flame_signal_weak",
        "flame",
        "Weak flame signal",
        "火焰信号弱",
        "ionisation electrode, earth lead, burner brush",
        "离子电极、接地线、燃烧器刷",
    ),
    Problem(
        "false_flame",
        "flame",
        "Flame seen when off",
        "假火焰信号",
        "electrode, control board, gas valve",
        "电极、主控板、燃气阀",
    ),
    Problem("gas_supply", "flame", "Gas supply", "燃气供应", "manometer", "压力计"),
    Problem("gas_valve", "flame", "Gas valve", "燃气阀", "gas valve, harness", "燃气阀、线束"),
    Problem("condensate", "flame", "Condensate blocked", "冷凝水堵塞", "trap, pipe insulation", "存水弯、管道保温"),
    Problem("fan_fault", "air", "Fan fault", "风机故障", "fan, harness", "风机、线束"),
    Problem(
        "air_pressure_switch",
        "air",
        "Air pressure switch",
        "风压开关",
        "air pressure switch, hose, venturi",
        "风压开关、取压管、文丘里管",
    ),
    Problem("flue_blocked", "air", "Flue blocked", "烟道堵塞", "flue parts, brush", "烟道配件、刷子"),
    Problem(
        "dhw_performance",
        "dhw",
        "Hot water performance",
        "热水不足",
        "plate exchanger, hot water sensor",
        "板式换热器、热水温度传感器",
    ),
    Problem("diverter_valve", "dhw", "Diverter valve", "三通阀", "motor, cartridge", "三通阀电机、阀芯"),
    Problem(
        "pressure_sensor", "sensor", "Pressure sensor", "压力传感器", "pressure sensor, harness", "压力传感器、线束"
    ),
    Problem("ntc_flow", "sensor", "Flow sensor", "出水温度传感器", "flow sensor (NTC)", "出水NTC"),
    Problem("ntc_return", "sensor", "Return sensor", "回水温度传感器", "return sensor (NTC)", "回水NTC"),
    Problem("ntc_dhw", "sensor", "Hot water sensor", "热水温度传感器", "hot water sensor (NTC)", "热水NTC"),
    Problem("ntc_flue", "sensor", "Flue sensor", "排烟温度传感器", "flue sensor (NTC)", "排烟NTC"),
    Problem("ntc_outdoor", "sensor", "Outdoor sensor", "室外温度传感器", "outdoor sensor (NTC)", "室外NTC"),
    Problem("ntc_other", "sensor", "Temperature sensor", "温度传感器", "sensor (NTC)", "NTC传感器"),
    Problem(
        "sensor_plausibility",
        "sensor",
        "Sensors disagree",
        "传感器不一致",
        "flow and return sensors (NTC)",
        "出水与回水NTC",
    ),
    Problem("freeze_protection", "control", "Frost risk", "防冻", "heater, insulation", "电加热、保温"),
    Problem("short_cycling", "control", "Short cycling", "频繁启停"),
    Problem("comms", "link", "No data", "通讯中断", "gateway, power supply", "网关、电源"),
    Problem("power_supply", "code", "Power supply", "供电", "fuse", "保险丝"),
    Problem("pcb", "code", "Control board", "主控板", "control board", "主控板"),
    Problem("config", "code", "Settings", "参数设置", "code plug", "参数插头"),
    Problem("external_interlock", "code", "External interlock", "外部联锁"),
    Problem("co_alarm", "code", "Carbon monoxide alarm", "一氧化碳报警", "CO meter", "一氧化碳检测仪"),
    Problem("maintenance_due", "code", "Maintenance due", "需要保养", "service kit", "保养套件"),
    Problem("status", "code", "Status", "状态"),
    Problem("unknown", "any", "Unusual behaviour", "异常"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One mechanism.

    Attributes
    ----------
    name
        What a finding, a simulated fault and a label call it.
    problems
        Problem classes it leads to; the first is the usual one.
    gradual
        Whether it develops over days, so that it can be found before the boiler stops.
    """

    name: str
    chain: str
    problems: tuple[str, ...]
    en: str
    zh: str
    gradual: bool = True

    @property
    def problem(self) -> str:
        """The usual problem class."""
        return self.problems[0]


_NTC = ("sensor_plausibility", "ntc_flow", "ntc_return", "ntc_dhw", "ntc_flue", "ntc_outdoor", "ntc_other")

KINDS: tuple[Kind, ...] = (
    Kind("slow_leak", "water", ("low_water_pressure",), "Slow leak", "缓慢漏水"),
    Kind("burst_leak", "water", ("low_water_pressure",), "Burst", "爆管漏水", gradual=False),
    Kind("relief_valve_weeping", "water", ("low_water_pressure",), "Relief valve weeping", "安全阀渗漏"),
    Kind(
        "vessel_flat", "water", ("high_water_pressure", "low_water_pressure"), "Expansion vessel flat", "膨胀水箱失压"
    ),
    Kind("filling_loop_passing", "water", ("high_water_pressure",), "Filling loop passing", "补水阀内漏"),
    Kind("circulation_loss", "flow", ("no_circulation", "pump_fault", "overheat"), "Circulation loss", "循环衰减"),
    Kind("exchanger_scale", "flow", ("overheat", "flue_temp", "no_circulation"), "Exchanger scale", "主换热器结垢"),
    Kind("ignition_wear", "flame", ("ignition_failure",), "Ignition wear", "点火电极老化"),
    Kind("flame_signal_decay", "flame", ("flame_signal_weak", "flame_loss"), "Flame signal decay", "火焰信号衰减"),
    Kind("gas_supply_low", "flame", ("gas_supply", "ignition_failure", "flame_loss"), "Gas supply low", "燃气压力低"),
    Kind("gas_valve_ageing", "flame", ("gas_valve", "ignition_failure"), "Gas valve ageing", "燃气阀老化"),
    Kind(
        "condensate_blocked",
        "flame",
        ("condensate", "ignition_failure", "flame_loss"),
        "Condensate blocked",
        "冷凝水堵塞",
    ),
    Kind("fan_wear", "air", ("fan_fault",), "Fan wear", "风机磨损"),
    Kind("flue_restricted", "air", ("flue_blocked", "air_pressure_switch"), "Flue restricted", "烟道受阻"),
    Kind("plate_scale", "dhw", ("dhw_performance",), "Plate exchanger scale", "板换结垢"),
    Kind("diverter_passing", "dhw", ("diverter_valve", "dhw_performance"), "Diverter passing", "三通阀内漏"),
    Kind("ntc_drift", "sensor", _NTC, "Sensor drift", "温度传感器漂移"),
    Kind("ntc_failed", "sensor", (*_NTC[1:], _NTC[0]), "Sensor failed", "温度传感器失效", gradual=False),
    Kind(
        "pressure_sensor_failed",
        "sensor",
        ("pressure_sensor",),
        "Pressure sensor failed",
        "压力传感器失效",
        gradual=False,
    ),
    Kind("short_cycling", "control", ("short_cycling",), "Short cycling", "频繁启停"),
    Kind("frost_risk", "control", ("freeze_protection",), "Frost risk", "冻结风险", gradual=False),
    Kind("silent", "link", ("comms",), "Silent", "失联", gradual=False),
    Kind("signal_stale", "link", ("comms",), "Signal stale", "信号停滞", gradual=False),
    Kind("lockout_code", "code", tuple(p.name for p in PROBLEMS), "Lock-out code", "故障锁定代码", gradual=False),
    Kind("maintenance_code", "code", tuple(p.name for p in PROBLEMS), "Maintenance code", "保养代码", gradual=False),
    Kind("unusual", "any", ("unknown",), "Unusual", "异常", gradual=False),
)

PROBLEM_BY_NAME: dict[str, Problem] = {problem.name: problem for problem in PROBLEMS}
KIND_BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}


def chain_of(kind: str, problem: str) -> str:
    """Return the chain a finding belongs to; a code's chain is that of its problem.

    Raises
    ------
    KeyError
        If either name is not in the tables.
    """
    chain = KIND_BY_NAME[kind].chain
    return PROBLEM_BY_NAME[problem].chain if chain == "code" else chain
