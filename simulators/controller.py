"""The boiler's own controller: what it blocks or locks out on, with its family's code; it knows only what it senses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boilerwatch.model import Floats
from simulators.models import Model, code_of
from simulators.plant import Bools, Plant

#: Pressure must rise so far above the cut-out for the burner to be free again. [bar]
_FREE_BAR = 0.2
#: Where a board warns of, or stops at, too much pressure (Vaillant S.41: about 2.8). [bar]
_HIGH_BAR, _NOT_HIGH_BAR = 2.8, 2.5
#: Air below which a pressure switch opens, fan speed that is no longer its set point. [-]
_LEAST_AIR, _FAN_OFF = 0.7, 0.18
#: How long a trouble must last. [s]
_LASTS_S = 120.0
#: Flame losses in a demand (Remeha: more than 5), of which one is forgotten in 25 minutes. [-]
_LOSSES = 5.0
#: Return over flow while firing (Bosch 347). [K], [s]
_REVERSED_K, _REVERSED_S = 4.0, 900.0

#: What is wrong -> problems a family may have a code for, the first it knows is shown.
PROBLEMS: dict[str, tuple[str, ...]] = {
    "board": ("pcb", "ignition_failure"),
    "sensor_flow": ("ntc_flow", "overheat"),
    "sensor_return": ("ntc_return", "sensor_plausibility", "ntc_flow"),
    "pressure_sensor": ("pressure_sensor", "low_water_pressure"),
    "low_pressure": ("low_water_pressure",),
    "overheat": ("overheat",),
    "flue": ("flue_temp", "overheat"),
    "no_circulation": ("no_circulation", "overheat"),
    "fan": ("fan_fault", "air_pressure_switch"),
    "air": ("flue_blocked", "air_pressure_switch", "fan_fault"),
    "reversed": ("sensor_plausibility",),
    "no_ignition": ("ignition_failure",),
    "gas": ("gas_supply", "ignition_failure"),
    "valve": ("gas_valve", "ignition_failure"),
    "flame_losses": ("flame_loss", "ignition_failure"),
    "hot_water": ("dhw_performance",),
    "diverter": ("diverter_valve", "dhw_performance"),
    "frost": ("freeze_protection",),
    "sensor_dhw": ("ntc_dhw",),
    "sensor_flue": ("ntc_flue",),
    "condensate": ("condensate", "flame_loss", "ignition_failure"),
}
#: Those that a reset does not help.
LASTING = frozenset({"board", "sensor_flow", "sensor_return", "pressure_sensor", "low_pressure"})


@dataclass(frozen=True, slots=True)
class Lock:
    """Why a boiler stands still, and the code it shows."""

    cause: str
    code: str


class Controller:
    """The controllers of all boilers.

    Parameters
    ----------
    models
        Of each boiler.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        count = len(models)
        self.locks: dict[int, Lock] = {}
        self.warnings: dict[int, str] = {}
        self.told: list[tuple[int, str, bool]] = []
        self.models = list(models)
        self.cutout_bar = np.array([model.cutout_bar for model in models])
        self.limit_c = np.array([model.limit_c for model in models])
        self.flue_limit_c = np.array([model.flue_limit_c for model in models])
        self._high_code = [code_of(model.family, "high_water_pressure") for model in models]
        self._can_warn = np.array([bool(code) for code in self._high_code])
        self._is_high = np.zeros(count, np.bool_)
        self._low = np.zeros(count, np.bool_)
        self.seen_bar_fixed = np.full(count, np.nan)
        self._troubled_s, self._reversed_s = np.zeros(count), np.zeros(count)
        self._can_reverse = np.array([bool(code_of(model.family, "sensor_plausibility")) for model in models])

    def seen_bar(self, plant: Plant) -> Floats:
        """Return the pressure controllers see. [bar]"""
        fixed = ~np.isnan(self.seen_bar_fixed)
        return np.where(fixed, self.seen_bar_fixed, plant.bar) if fixed.any() else plant.bar

    def check(self, plant: Plant, seconds: float) -> list[int]:
        """Lock out what is beyond a limit; return the boilers that were locked just now."""
        seen_c, seen_bar = plant.seen_flow_c, self.seen_bar(plant)
        return_c = plant.return_c + plant.return_offset_k
        low = seen_bar < np.where(self._low, self.cutout_bar + _FREE_BAR, self.cutout_bar)
        changed = low != self._low
        hot = (seen_c > self.limit_c) | (plant.flue_c > self.flue_limit_c)
        narrow = seen_c - return_c > plant.spread_limit_k
        bad_air = (plant.air_ratio < _LEAST_AIR) | (np.abs(plant.ratio - 1.0) > _FAN_OFF)
        lasting = plant.burning & (bad_air | (narrow & ~plant.tapping))
        self._troubled_s = np.where(lasting, self._troubled_s + seconds, 0.0)
        backwards = plant.burning & ~plant.tapping & (return_c - seen_c > _REVERSED_K)
        self._reversed_s = np.where(
            backwards, self._reversed_s + seconds, np.where(plant.burning, 0.0, self._reversed_s)
        )
        trouble = hot | plant.gave_up | (plant.bucket >= _LOSSES) | (self._troubled_s >= _LASTS_S)
        trouble |= (self._reversed_s >= _REVERSED_S) & self._can_reverse
        self._warn_high(seen_bar)
        locked = []
        if changed.any():
            locked += self._change_low(plant, np.flatnonzero(changed).tolist(), low)
        for i in np.flatnonzero(trouble).tolist():
            if i not in self.locks:
                self.lock(plant, i, self._cause(plant, i))
                locked.append(i)
        return locked

    def lock(self, plant: Plant, i: int, cause: str) -> None:
        """Stop a boiler and show its code."""
        code = code_of(self.models[i].family, *PROBLEMS[cause])
        self.locks[i] = Lock(cause, code)
        plant.stopped[i] = True
        self._troubled_s[i] = self._reversed_s[i] = 0.0
        if code:
            self.told.append((i, code, True))

    def reset(self, plant: Plant, i: int) -> None:
        """Let a boiler try again; the code goes."""
        lock = self.locks.pop(i, None)
        if lock is None:
            return
        plant.stopped[i] = False
        plant.bucket[i] = 0.0
        self._low[i] = False
        if lock.code:
            self.told.append((i, lock.code, False))

    def warn(self, i: int, cause: str) -> None:
        """Show a code that stops nothing, where the family has one, until somebody mends it."""
        code = code_of(self.models[i].family, *PROBLEMS[cause])
        if code and i not in self.warnings and i not in self.locks:
            self.warnings[i] = code
            self.told.append((i, code, True))

    def unwarn(self, i: int) -> None:
        """Let such a code go."""
        if i in self.warnings:
            self.told.append((i, self.warnings.pop(i), False))

    def _change_low(self, plant: Plant, places: Sequence[int], low: Bools) -> list[int]:
        """Block and free burners by their pressure; that needs nobody's hand."""
        locked = []
        for i in places:
            if low[i] and i not in self.locks:
                broken = not np.isnan(self.seen_bar_fixed[i])
                self.lock(plant, i, "pressure_sensor" if broken else "low_pressure")
                self._low[i] = True
                locked.append(i)
            elif not low[i] and i in self.locks and self.locks[i].cause == "low_pressure":
                self.reset(plant, i)
        return locked

    def _warn_high(self, seen_bar: Floats) -> None:
        """Tell of too much pressure, which stops nothing, where the family has a code for it."""
        high = (seen_bar > np.where(self._is_high, _NOT_HIGH_BAR, _HIGH_BAR)) & self._can_warn
        for i in np.flatnonzero(high != self._is_high).tolist():
            self.told.append((i, self._high_code[i], bool(high[i])))
        self._is_high = high

    def _cause(self, plant: Plant, i: int) -> str:
        if plant.gave_up[i] or plant.bucket[i] >= _LOSSES:
            return self._flame_cause(plant, i)
        if plant.flue_c[i] > self.flue_limit_c[i]:
            return "flue"
        if plant.seen_flow_c[i] > self.limit_c[i]:
            return "overheat"
        if self._reversed_s[i] >= _REVERSED_S:
            return "reversed"
        if plant.ratio[i] < 1 - _FAN_OFF:
            return "fan"
        return "air" if plant.air_ratio[i] < _LEAST_AIR else "no_circulation"

    def _flame_cause(self, plant: Plant, i: int) -> str:
        """Tell what a board that measures it would blame: gas pressure, valve, a full trap; else spark or flame."""
        if plant.health.inlet_mbar[i] < 12.0:
            return "gas"
        if plant.health.valve_delay_s[i] > 2.5:
            return "valve"
        if plant.level_l[i] > 0.9:
            return "condensate"
        return "no_ignition" if plant.gave_up[i] else "flame_losses"
