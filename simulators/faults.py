"""Faults as processes: each moves one physical parameter from what it was to where it ends, at a pace of its own.

A fault never touches what is published; only sensor faults change what a sensor tells. Time scales, and what each leaves
in telemetry, are those of the reference (fault modes, 7); lock-outs come from the controller.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from boilerwatch.errors import InputError
from boilerwatch.kinds import KIND_BY_NAME
from simulators.models import Model

_DROP = ("water_pressure_bar",)


@dataclass(frozen=True, slots=True)
class Mechanism:
    """How one kind of fault develops.

    Attributes
    ----------
    parameter
        Of `health` that it moves; empty for a sensor's fault.
    argument
        Name of the value it ends at, with its unit.
    ends
        Range of that value.
    allowed
        What is physically possible.
    days
        From onset to the end, range; nought for what comes at once. [d]
    steady
        Whether it stands at its end from the onset on: a rate, or a break.
    shows
        Sets of signals, one of which must be fitted for it to leave a trace; planned only where it does.
    """

    kind: str
    parameter: str
    argument: str
    ends: tuple[float, float]
    allowed: tuple[float, float]
    days: tuple[float, float] = (0.0, 0.0)
    steady: bool = False
    shows: tuple[tuple[str, ...], ...] = ()


_FAILURES = (("ignition_failures",), ("ignition_time_s",))
_ALL: tuple[Mechanism, ...] = (
    Mechanism("slow_leak", "leak_l_per_day", "litres_per_day", (0.06, 0.5), (0, 5_000), steady=True, shows=(_DROP,)),
    Mechanism("burst_leak", "leak_l_per_day", "litres_per_day", (30, 110), (0, 5_000), steady=True, shows=(_DROP,)),
    Mechanism("relief_valve_weeping", "seat_bar", "seat_bar", (0.05, 0.3), (0, 3), (8, 22), shows=(_DROP,)),
    Mechanism("vessel_flat", "gas_share", "gas_share", (0.05, 0.2), (0.01, 1), (8, 28), shows=(_DROP,)),
    Mechanism("filling_loop_passing", "filling_l_per_day", "litres_per_day", (0.15, 0.8), (0, 500), steady=True, shows=(_DROP,)),
    Mechanism("circulation_loss", "flow_share", "flow_share", (0.03, 0.08), (0.01, 1), (6, 24),
              shows=(("flow_temp_c", "return_temp_c"),)),
    Mechanism("exchanger_scale", "fouling", "fouling", (0.7, 1.3), (0, 10), (14, 36),
              shows=(("flue_temp_c", "return_temp_c"),)),
    Mechanism("ignition_wear", "spark_per_s", "sparks_per_s", (0.03, 0.1), (0.001, 5), (7, 26), shows=_FAILURES),
    Mechanism("flame_signal_decay", "flame_share", "flame_share", (0.02, 0.05), (0.001, 1), (8, 28), shows=(("flame_current_ua",),)),
    Mechanism("gas_supply_low", "inlet_mbar", "inlet_mbar", (4.0, 5.2), (0, 50), (6, 18),
              shows=(("flame_current_ua", "modulation_pct"), ("ignition_failures",))),
    Mechanism("gas_valve_ageing", "valve_delay_s", "delay_s", (4.0, 5.0), (0, 10), (8, 28), shows=_FAILURES),
    Mechanism("condensate_blocked", "drain_share", "drain_share", (0.0, 0.02), (0, 1), (4, 14),
              shows=(("flame_losses",), ("ignition_failures",))),
    Mechanism("fan_wear", "friction", "friction", (1.0, 1.6), (0, 5), (6, 24), shows=(("fan_speed_rpm",),)),
    Mechanism("flue_restricted", "resistance", "resistance", (6, 12), (0.5, 50), (4, 18), shows=(("fan_speed_rpm",),)),
    Mechanism("plate_scale", "plate_fouling", "fouling", (4.5, 8.0), (0, 20), (12, 30), shows=(("dhw_temp_c", "flow_temp_c"),)),
    Mechanism("diverter_passing", "passing", "passing", (0.7, 0.9), (0, 0.95), (7, 24), shows=(("dhw_temp_c",),)),
    Mechanism("ntc_drift", "", "kelvin", (14, 24), (-100, 100), (10, 28), shows=(("flow_temp_c", "return_temp_c"),)),
    Mechanism("ntc_failed", "", "reads_c", (-20, 125), (-40, 300), steady=True, shows=(("flow_temp_c",),)),
    Mechanism("pressure_sensor_failed", "", "reads_bar", (0, 5), (0, 6), steady=True, shows=(_DROP,)),
    Mechanism("short_cycling", "bypass", "bypass", (0.84, 0.92), (0, 0.98), (5, 18), shows=(("burner_starts", "flame_on"),)),
    Mechanism("frost_risk", "draught", "draught", (1, 1), (0, 1), steady=True, shows=(("flow_temp_c", "outdoor_temp_c"),)),
    Mechanism("lockout_code", "board", "board", (1, 1), (1, 1), steady=True),
)  # fmt: skip
MECHANISMS: Mapping[str, Mechanism] = MappingProxyType({one.kind: one for one in _ALL})


@dataclass(slots=True, eq=False)
class Fault:
    """One fault of one boiler.

    Attributes
    ----------
    onset_s
        When the parameter begins to move. [s since 1970]
    end
        Where it ends, in the mechanism's unit; NaN for a sensor that stands where it stood.
    days
        How long that takes. [d]
    curve
        Exponent of its way there: below 1 fast at first, above 1 fast at last.
    sensor
        Signal of a sensor's fault.
    begun
        Where it began, once it has.
    failed_s, repaired_s
        When the boiler stopped, or could not do its work any more; when it was mended. [s since 1970]
    """

    boiler: int
    kind: str
    onset_s: float
    end: float
    days: float = 0.0
    curve: float = 1.0
    sensor: str = ""
    begun: float | None = None
    failed_s: float | None = None
    repaired_s: float | None = None

    @property
    def mechanism(self) -> Mechanism:
        """How it develops."""
        return MECHANISMS[self.kind]

    def value(self, at_s: float, begun: float) -> float:
        """Return the parameter at a time after the onset. [the mechanism's unit]"""
        if self.mechanism.steady or self.days <= 0:
            return self.end
        way = min(max((at_s - self.onset_s) / (self.days * 86_400), 0.0), 1.0)
        return begun + (self.end - begun) * float(way**self.curve)


_NEEDS: tuple[tuple[tuple[str, ...], Callable[[Model], bool], str], ...] = (
    (("plate_scale", "diverter_passing"), lambda model: model.tap_w > 0, "it makes no hot water"),
    (("plate_scale",), lambda model: not model.tank_l, "its hot water comes from a tank, not through plates"),
    (("condensate_blocked",), lambda model: model.condensing, "it does not condense"),
    (("pressure_sensor_failed",), lambda model: "water_pressure_bar" in model.signals, "it has no pressure sensor"),
)  # fmt: skip


def why_not(kind: str, model: Model) -> str:
    """Return why a model cannot have a fault, empty where it can."""
    for kinds, can, why in _NEEDS:
        if kind in kinds and not can(model):
            return why
    return ""


def shows(kind: str, model: Model) -> bool:
    """Return whether a fault leaves a trace in what a model tells."""
    asked = MECHANISMS[kind].shows
    return not asked or any(set(signals) <= set(model.signals) for signals in asked)


def check_kind(option: str, kind: str) -> Mechanism:
    """Return the mechanism of a kind.

    Raises
    ------
    InputError
        If there is no such fault.
    """
    if kind not in MECHANISMS:
        why = "this fleet cannot have it" if kind in KIND_BY_NAME else "there is no such fault"
        raise InputError(f"{option}: {kind!r}: {why}; known: {', '.join(MECHANISMS)}")
    return MECHANISMS[kind]
