"""Boilers as they are in the field: what each model can do, which sensors it has and how finely it tells them.

Names are made up after ranges that exist; a family is a vendor of the code table, so codes mean what they mean there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from boilerwatch.codes import table
from boilerwatch.errors import InputError

#: Sensors nearly every board has.
_BASIC = (
    "flow_temp_c",
    "return_temp_c",
    "flow_setpoint_c",
    "modulation_pct",
    "flame_on",
    "ch_active",
    "burner_starts",
    "burner_hours",
)
_TAP = ("dhw_temp_c", "dhw_setpoint_c", "dhw_active")
_FAN = ("fan_speed_rpm", "fan_setpoint_rpm")
_FLAME = ("ignition_failures", "flame_losses")

#: How finely a signal is told where a model does not say otherwise, in the signal's unit.
STEPS: Mapping[str, float] = MappingProxyType({
    "water_pressure_bar": 0.01, "flow_temp_c": 0.1, "return_temp_c": 0.1, "flow_setpoint_c": 1, "dhw_temp_c": 0.1,
    "dhw_setpoint_c": 1, "dhw_flow_lpm": 0.1, "flue_temp_c": 0.1, "outdoor_temp_c": 0.1, "modulation_pct": 1,
    "flame_current_ua": 0.1, "fan_speed_rpm": 10, "fan_setpoint_rpm": 10, "pump_modulation_pct": 1, "ignition_time_s": 0.1,
    "flame_on": 1, "pump_on": 1, "ch_active": 1, "dhw_active": 1, "burner_starts": 1, "burner_hours": 1,
    "ignition_failures": 1, "flame_losses": 1,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """One model of boiler with its gateways.

    Attributes
    ----------
    dialects
        What its gateways speak.
    signals
        Sensors that are fitted and told.
    steps
        Resolution where it differs from `STEPS`.
    intervals_s
        How often its gateways speak, each one of these. [s]
    on_change
        Whether they leave out what did not change.
    heat_w, tap_w, least
        Greatest power to heating and to hot water, 0 for a boiler without hot water [W], and least load [-].
    tank_l
        Storage tank for hot water, 0 for plates that warm it as it runs. [litres]
    vessel_l
        Built-in expansion vessel. [litres]
    cutout_bar
        Below it the burner is blocked. [bar]
    limit_c, flue_limit_c, spread_limit_k
        Flow, flue gas and spread at which it locks out. [degrees C, K]
    attempts
        At ignition before it locks out. [-]
    share
        Of boilers in a mixed fleet, relative.
    """

    name: str
    family: str
    dialects: tuple[str, ...]
    signals: tuple[str, ...]
    steps: Mapping[str, float] = field(default_factory=dict)
    intervals_s: tuple[int, ...] = (60,)
    on_change: bool = False
    heat_w: float = 20_000.0
    tap_w: float = 24_000.0
    least: float = 0.22
    tank_l: float = 0.0
    vessel_l: float = 8.0
    cutout_bar: float = 0.5
    limit_c: float = 105.0
    flue_limit_c: float = 105.0
    spread_limit_k: float = 35.0
    attempts: int = 4
    condensing: bool = True
    pump_modulates: bool = False
    share: float = 1.0

    def step_of(self, signal: str) -> float:
        """Return how finely a signal is told, in its unit."""
        return self.steps.get(signal, STEPS[signal])


MODELS: tuple[Model, ...] = (
    Model(
        "Condens 24", "bosch_ems", ("ems_esp_v37", "ems_esp_v34", "native", "ems_esp_v20"),
        (*_BASIC, *_TAP, "dhw_flow_lpm", "water_pressure_bar", "flame_current_ua", "flue_temp_c", "outdoor_temp_c", "pump_on",
         "pump_modulation_pct"),
        {"water_pressure_bar": 0.1}, intervals_s=(10, 60), heat_w=20_000, tap_w=25_000, least=0.2, pump_modulates=True,
        flue_limit_c=110, share=1.6,
    ),
    Model(
        "Condens 18 S", "bosch_ems", ("ems_esp_v37", "ems_esp_v20", "native"),
        (*_BASIC, "water_pressure_bar", "flame_current_ua", "outdoor_temp_c", "pump_on"),
        {"water_pressure_bar": 0.1}, intervals_s=(60,), heat_w=18_000, tap_w=0, least=0.24, vessel_l=12, share=0.6,
    ),
    Model(
        "ecoTEC 25", "vaillant", ("ebusd_json", "ebusd_plain", "ebusd_short", "native"),
        (*_BASIC, *_TAP, *_FAN, "dhw_flow_lpm", "water_pressure_bar", "outdoor_temp_c", "pump_on", "ignition_time_s",
         "ignition_failures"),
        {"flow_temp_c": 0.06, "return_temp_c": 0.06, "dhw_temp_c": 0.06, "fan_speed_rpm": 1, "fan_setpoint_rpm": 1},
        intervals_s=(60, 300), heat_w=19_000, tap_w=25_000, least=0.2, vessel_l=10, limit_c=108, spread_limit_k=32, attempts=5,
        share=1.4,
    ),
    Model(
        "turboMAG 24", "vaillant", ("ebusd_plain", "native"),
        (*_BASIC, *_TAP, "pump_on", "ignition_failures", "flue_temp_c"), {"flow_temp_c": 0.5, "return_temp_c": 0.5},
        intervals_s=(60,), heat_w=24_000, tap_w=24_000, least=0.35, limit_c=105, flue_limit_c=260, attempts=3,
        condensing=False, share=0.6,
    ),
    Model(
        "Genus 28", "ariston", ("native", "thingsboard"),
        (*_BASIC, *_TAP, *_FAN, *_FLAME, "dhw_flow_lpm", "water_pressure_bar", "flame_current_ua", "flue_temp_c", "outdoor_temp_c",
         "pump_on", "pump_modulation_pct", "ignition_time_s"),
        intervals_s=(60, 300), heat_w=22_000, tap_w=28_000, least=0.16, limit_c=102, flue_limit_c=110, pump_modulates=True,
    ),
    Model(
        "GB 24", "siemens_bsb", ("otgw", "thingsboard", "native"),
        (*_BASIC, *_TAP, *_FAN, *_FLAME, "water_pressure_bar", "flue_temp_c", "flame_current_ua", "outdoor_temp_c", "pump_on"),
        {"water_pressure_bar": 0.05, "flue_temp_c": 1}, intervals_s=(300,), heat_w=20_000, tap_w=24_000, least=0.2, limit_c=105,
        flue_limit_c=105, share=1.2,
    ),
    Model(
        "Duo 24", "baxi", ("otgw", "native"),
        (*_BASIC, *_TAP, *_FAN, *_FLAME, "dhw_flow_lpm", "water_pressure_bar", "flame_current_ua"),
        {"fan_speed_rpm": 60, "fan_setpoint_rpm": 60, "flame_current_ua": 0.01}, intervals_s=(60,), on_change=True,
        heat_w=20_000, tap_w=24_000, least=0.25, spread_limit_k=30, vessel_l=7,
    ),
    Model(
        "Vitola 100", "viessmann", ("native", "thingsboard"),
        (*_BASIC, *_TAP, "fan_speed_rpm", "water_pressure_bar", "flue_temp_c", "flame_current_ua", "outdoor_temp_c",
         "flame_losses", "pump_on", "pump_modulation_pct"),
        intervals_s=(300,), heat_w=19_000, tap_w=26_000, least=0.17, vessel_l=8, limit_c=110, flue_limit_c=105,
        pump_modulates=True,
    ),
    Model(
        "Victrix 24", "immergas", ("mapped",),
        ("flow_temp_c", "return_temp_c", "flow_setpoint_c", "modulation_pct", "flame_on", "burner_starts", "burner_hours",
         "dhw_temp_c", "water_pressure_bar", "fan_speed_rpm"),
        {"water_pressure_bar": 0.05, "flow_setpoint_c": 1, "fan_speed_rpm": 60}, intervals_s=(1_800,), heat_w=20_000,
        tap_w=24_000, least=0.25, cutout_bar=0.6, attempts=3, flue_limit_c=110, share=0.8,
    ),
    Model(
        "RBF 20", "rinnai", ("native", "mapped"),
        (*_BASIC, *_TAP, *_FLAME, "fan_speed_rpm", "dhw_flow_lpm", "pump_on"),
        {"flow_temp_c": 1, "return_temp_c": 1, "dhw_temp_c": 1}, intervals_s=(300, 600), on_change=True, heat_w=20_000,
        tap_w=20_000, least=0.3, limit_c=95, flue_limit_c=260, condensing=False, attempts=3, share=0.8,
    ),
    Model(
        "Vitola 160 T", "viessmann", ("native", "thingsboard"),
        (*_BASIC, *_TAP, *_FAN, *_FLAME, "water_pressure_bar", "flue_temp_c", "flame_current_ua", "outdoor_temp_c", "pump_on"),
        intervals_s=(60,), heat_w=19_000, tap_w=22_000, least=0.17, tank_l=160, vessel_l=10, limit_c=110, flue_limit_c=105,
        share=0.6,
    ),
)  # fmt: skip


def models_named(names: Sequence[str]) -> tuple[Model, ...]:
    """Return models by name, case and spaces aside; all of them for no name.

    Raises
    ------
    InputError
        If there is no such model.
    """
    by_name = {_plain(model.name): model for model in MODELS}
    for name in names:
        if _plain(name) not in by_name:
            known = ", ".join(model.name for model in MODELS)
            raise InputError(f"--models {name!r}: there is no such model; known: {known}")
    return tuple(by_name[_plain(name)] for name in names) or MODELS


def _plain(name: str) -> str:
    return name.lower().replace(" ", "").replace("-", "")


#: The code a family shows where its table has several for a problem.
_PREFERRED = {
    ("bosch_ems", "overheat"): "4F/219", ("bosch_ems", "no_circulation"): "2U/213", ("bosch_ems", "ignition_failure"): "6A/227",
    ("bosch_ems", "flame_loss"): "6L/229", ("bosch_ems", "fan_fault"): "3P/216", ("bosch_ems", "flue_temp"): "1A/316",
    ("bosch_ems", "sensor_plausibility"): "4E/347", ("bosch_ems", "dhw_performance"): "A01/810", ("bosch_ems", "pcb"): "7L/261",
    ("bosch_ems", "ntc_flow"): "4Y/223", ("bosch_ems", "ntc_return"): "CY/241", ("bosch_ems", "ntc_flue"): "1Y/318",
    ("bosch_ems", "ntc_dhw"): "A01/808", ("bosch_ems", "pressure_sensor"): "C0/288",
    ("vaillant", "ntc_flow"): "F.00", ("vaillant", "no_circulation"): "F.23", ("vaillant", "gas_valve"): "F.62",
    ("vaillant", "flame_loss"): "F.29", ("vaillant", "pressure_sensor"): "F.73", ("vaillant", "sensor_plausibility"): "F.84",
    ("siemens_bsb", "overheat"): "110", ("siemens_bsb", "low_water_pressure"): "118", ("siemens_bsb", "fan_fault"): "160",
    ("siemens_bsb", "ignition_failure"): "133", ("siemens_bsb", "flame_loss"): "128", ("siemens_bsb", "ntc_flow"): "20",
    ("siemens_bsb", "no_circulation"): "208", ("siemens_bsb", "pcb"): "151", ("siemens_bsb", "high_water_pressure"): "117",
    ("siemens_bsb", "flue_temp"): "115", ("siemens_bsb", "air_pressure_switch"): "162", ("siemens_bsb", "ntc_dhw"): "50",
    ("viessmann", "low_water_pressure"): "E6", ("viessmann", "no_circulation"): "A8", ("viessmann", "ignition_failure"): "F4",
    ("viessmann", "ntc_flow"): "30", ("viessmann", "ntc_dhw"): "51", ("viessmann", "pcb"): "FD", ("viessmann", "flame_loss"): "EF",
    ("immergas", "ignition_failure"): "01", ("immergas", "overheat"): "02", ("immergas", "fan_fault"): "11",
    ("rinnai", "fan_fault"): "61", ("rinnai", "low_water_pressure"): "43", ("rinnai", "overheat"): "16",
}  # fmt: skip
_GRAVITY = ("lockout", "blocking", "warning")


def code_of(family: str, *problems: str) -> str:
    """Return the code a family shows for the first of these problems that it has a code for, empty for none.

    Examples
    --------
    >>> code_of("bosch_ems", "low_water_pressure"), code_of("haier", "no_circulation", "overheat")
    ('2E/207', 'E2')
    """
    for problem in problems:
        if (family, problem) in _PREFERRED:
            return _PREFERRED[family, problem]
        rows = [
            row
            for row in table().values()
            if row.vendor == family and row.problem == problem and row.severity in _GRAVITY
        ]
        if rows:
            return min(rows, key=lambda row: _GRAVITY.index(row.severity)).code
    return ""
