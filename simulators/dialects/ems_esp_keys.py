"""Keys of EMS-ESP's device data by firmware generation, in the order the firmware prints them, with their source."""

from typing import NamedTuple


class Constant(NamedTuple):
    """A setting or a value no signal of ours tells."""

    value: object


class Measured(NamedTuple):
    """A signal, times a factor, rounded to so many decimals."""

    signal: str
    decimals: int
    factor: float = 1


class Switch(NamedTuple):
    """A flag."""

    signal: str


#: (key, what stands there; `display` and `cause` are the two parts of the live code); `dhw.` is an inner object.
Field = tuple[str, Constant | Measured | Switch | str]

_V20_MAIN: tuple[Field, ...] = (
    ("wWComfort", Constant("Eco")), ("wWSelTemp", Constant(58)), ("wWSetTemp", Measured("dhw_setpoint_c", 0)),
    ("wWDisinfectionTemp", Constant(67)), ("selFlowTemp", Measured("flow_setpoint_c", 0)),
    ("selBurnPow", Constant(0)), ("curBurnPow", Measured("modulation_pct", 0)),
    ("pumpMod", Measured("pump_modulation_pct", 0)), ("wWCircPump", Constant("off")),
    ("wWCiPuType", Constant("valve")), ("wWCiPuMode", Constant(0)), ("wWCirc", Constant("off")),
    ("wWCurTmp", Measured("dhw_temp_c", 1)), ("wWCurFlow", Measured("dhw_flow_lpm", 1)),
    ("outdoorTemp", Measured("outdoor_temp_c", 1)), ("curFlowTemp", Measured("flow_temp_c", 1)), ("retTemp", Measured("return_temp_c", 1)),
    ("sysPress", Measured("water_pressure_bar", 1)), ("boilTemp", Measured("flow_temp_c", 1)),
    ("wwStorageTemp1", Measured("dhw_temp_c", 1)), ("wWActivated", Constant("on")), ("wWOnetime", Constant("off")),
    ("wWDisinfecting", Constant("off")), ("wWReady", Constant("off")), ("wWRecharge", Constant("off")),
    ("wWTempOK", Constant("on")), ("burnGas", Switch("flame_on")), ("exhaustTemp", Measured("flue_temp_c", 1)),
    ("flameCurr", Measured("flame_current_ua", 1)),
    ("heatPump", Switch("pump_on")), ("fanWork", Switch("flame_on")), ("ignWork", Constant("off")),
    ("wWHeat", Constant("on")), ("heatingTemp", Constant(72)), ("pumpModMax", Constant(85)),
    ("pumpModMin", Constant(50)), ("pumpDelay", Constant(1)), ("burnMinPeriod", Constant(10)),
    ("burnMinPower", Constant(0)), ("burnMaxPower", Constant(70)), ("boilHystOn", Constant(-6)),
    ("boilHystOff", Constant(6)), ("wWStarts", Constant(176804)), ("wWWorkM", Constant(62646)),
    ("UBAuptime", Constant(2888960)), ("burnStarts", Measured("burner_starts", 0)),
    ("burnWorkMin", Measured("burner_hours", 0, 60)), ("heatWorkMin", Constant(252870)), ("serviceCode", "display"),
    ("serviceCodeNumber", "cause"),
)  # fmt: skip
_V34_MAIN: tuple[Field, ...] = (
    ("heatingactive", Switch("ch_active")), ("tapwateractive", Switch("dhw_active")),
    ("selflowtemp", Measured("flow_setpoint_c", 0)), ("selburnpow", Constant(0)),
    ("heatingpumpmod", Measured("pump_modulation_pct", 0)), ("outdoortemp", Measured("outdoor_temp_c", 1)),
    ("curflowtemp", Measured("flow_temp_c", 1)), ("burngas", Switch("flame_on")), ("burngas2", Constant("off")),
    ("exhausttemp", Measured("flue_temp_c", 1)),
    ("flamecurr", Measured("flame_current_ua", 1)), ("heatingpump", Switch("pump_on")),
    ("fanwork", Switch("flame_on")), ("ignwork", Constant("off")), ("oilpreheat", Constant("off")),
    ("heatingactivated", Constant("on")), ("heatingtemp", Constant(57)), ("pumpmodmax", Constant(95)),
    ("pumpmodmin", Constant(5)), ("pumpdelay", Constant(5)), ("burnminperiod", Constant(10)),
    ("burnminpower", Constant(0)), ("burnmaxpower", Constant(95)), ("boilhyston", Constant(-6)),
    ("boilhystoff", Constant(6)), ("setflowtemp", Constant(0)), ("setburnpow", Constant(0)),
    ("curburnpow", Measured("modulation_pct", 0)), ("burnstarts", Measured("burner_starts", 0)),
    ("burnworkmin", Measured("burner_hours", 0, 60)), ("heatworkmin", Constant(76051)),
    ("ubauptime", Constant(307473)), ("lastcode", Constant("0Y(276) 02.02.2023 06:14 (0 min)")),
    ("servicecode", "display"), ("servicecodenumber", "cause"), ("maintenancemessage", Constant("H00")),
    ("maintenance", Constant("date")), ("maintenancetime", Constant(4397)),
    ("maintenancedate", Constant("01.09.2026")), ("syspress", Measured("water_pressure_bar", 1)),
    ("rettemp", Measured("return_temp_c", 1)),
)  # fmt: skip
_V34_WW: tuple[Field, ...] = (
    ("wwsettemp", Measured("dhw_setpoint_c", 0)), ("wwseltemp", Constant(58)), ("wwtype", Constant("buffer")),
    ("wwcomfort", Constant("hot")), ("wwflowtempoffset", Constant(22)), ("wwcircpump", Constant("on")),
    ("wwchargetype", Constant("3-way valve")), ("wwhyston", Constant(-11)), ("wwhystoff", Constant(0)),
    ("wwdisinfectiontemp", Constant(67)), ("wwcircmode", Constant("2x3min")), ("wwcirc", Constant("off")),
    ("wwcurtemp", Measured("dhw_temp_c", 1)), ("wwcurtemp2", Constant(55.3)),
    ("wwcurflow", Measured("dhw_flow_lpm", 1)), ("wwstoragetemp1", Measured("dhw_temp_c", 1)),
    ("wwstoragetemp2", Constant(55.3)), ("wwactivated", Constant("on")), ("wwonetime", Constant("off")),
    ("wwdisinfecting", Constant("off")), ("wwcharging", Constant("off")), ("wwrecharging", Constant("off")),
    ("wwtempok", Constant("on")), ("wwactive", Constant("off")), ("ww3wayvalve", Constant("off")),
    ("wwstarts", Constant(21565)), ("wwworkm", Constant(140683)),
)  # fmt: skip
_V37_MAIN: tuple[Field, ...] = (
    ("reset", Constant("")), ("heatingoff", Constant("off")), ("heatingactive", Switch("ch_active")),
    ("tapwateractive", Switch("dhw_active")), ("selflowtemp", Measured("flow_setpoint_c", 0)),
    ("heatingpumpmod", Measured("pump_modulation_pct", 0)), ("outdoortemp", Measured("outdoor_temp_c", 1)), ("curflowtemp", Measured("flow_temp_c", 1)),
    ("rettemp", Measured("return_temp_c", 1)), ("switchtemp", Constant(0.0)),
    ("syspress", Measured("water_pressure_bar", 1)), ("boiltemp", Measured("flow_temp_c", 1)),
    ("burngas", Switch("flame_on")), ("burngas2", Constant("off")), ("exhausttemp", Measured("flue_temp_c", 1)),
    ("flamecurr", Measured("flame_current_ua", 1)),
    ("fanwork", Switch("flame_on")), ("ignwork", Constant("off")), ("oilpreheat", Constant("off")),
    ("burnminpower", Constant(0)), ("burnmaxpower", Constant(75)), ("burnminperiod", Constant(10)),
    ("boilhyston", Constant(-6)), ("boilhystoff", Constant(6)), ("heatingactivated", Constant("on")),
    ("heatingtemp", Constant(77)), ("heatingpump", Switch("pump_on")), ("pumpmodmax", Constant(95)),
    ("pumpmodmin", Constant(55)), ("pumpmode", Constant("proportional")), ("pumpdelay", Constant(12)),
    ("selburnpow", Constant(75)), ("curburnpow", Measured("modulation_pct", 0)),
    ("burnstarts", Measured("burner_starts", 0)), ("burnworkmin", Measured("burner_hours", 0, 60)),
    ("burn2workmin", Constant(0)), ("heatworkmin", Constant(727140)), ("heatstarts", Constant(78154)),
    ("ubauptime", Constant(6533137)), ("servicecode", "display"), ("servicecodenumber", "cause"),
    ("maintenancemessage", Constant("H00")), ("maintenance", Constant("off")), ("maintenancetime", Constant(4397)),
    ("maintenancedate", Constant("01.01.2004")), ("nompower", Constant(25)), ("nrgtotal", Constant(2.5)),
    ("nrgheat", Constant(2.5)), ("dhw.settemp", Measured("dhw_setpoint_c", 0)), ("dhw.seltemp", Constant(58)),
    ("dhw.type", Constant("buffer")), ("dhw.comfort", Constant("hot")), ("dhw.flowtempoffset", Constant(22)),
    ("dhw.circpump", Constant("on")), ("dhw.chargetype", Constant("3-way valve")), ("dhw.hyston", Constant(-11)),
    ("dhw.hystoff", Constant(0)), ("dhw.disinfectiontemp", Constant(67)), ("dhw.circmode", Constant("2x3min")),
    ("dhw.circ", Constant("off")), ("dhw.curtemp", Measured("dhw_temp_c", 1)), ("dhw.curtemp2", Constant(58.1)),
    ("dhw.curflow", Measured("dhw_flow_lpm", 1)), ("dhw.storagetemp1", Measured("dhw_temp_c", 1)),
    ("dhw.storagetemp2", Constant(58.1)), ("dhw.activated", Constant("on")), ("dhw.onetime", Constant("off")),
    ("dhw.disinfecting", Constant("off")), ("dhw.charging", Constant("off")), ("dhw.recharging", Constant("off")),
    ("dhw.tempok", Constant("on")), ("dhw.active", Constant("off")), ("dhw.3wayvalve", Constant("off")),
    ("dhw.starts", Constant(21576)), ("dhw.workm", Constant(140846)), ("dhw.nrg", Constant(0.0)),
)  # fmt: skip

#: Generation -> topic leaf -> its keys.
TABLES: dict[str, dict[str, tuple[Field, ...]]] = {
    "v20": {"boiler_data": _V20_MAIN},
    "v34": {"boiler_data": _V34_MAIN, "boiler_data_ww": _V34_WW},
    "v37": {"boiler_data": _V37_MAIN},
}
