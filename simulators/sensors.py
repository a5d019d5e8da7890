"""What sensors tell: noise, resolution, what is not fitted, and the faults of sensors themselves."""

from collections.abc import Callable, Sequence

import numpy as np

from boilerwatch.model import Floats, Ints
from boilerwatch.signals import SIGNALS
from simulators.draw import World
from simulators.models import Model
from simulators.plant import Plant

#: Deviation of noise, in the signal's unit: NTC with a 12-bit converter, ratiometric pressure sensor, tacho.
_NOISE = {
    "water_pressure_bar": 0.006, "flow_temp_c": 0.12, "return_temp_c": 0.12, "dhw_temp_c": 0.15, "flue_temp_c": 0.5,
    "outdoor_temp_c": 0.15, "flame_current_ua": 0.45, "fan_speed_rpm": 18.0, "ignition_time_s": 0.03, "dhw_flow_lpm": 0.08,
}  # fmt: skip
#: Accuracy: each sensor is off by a constant of this deviation. [signal's unit]
_OFF = {
    "water_pressure_bar": 0.03, "flow_temp_c": 0.35, "return_temp_c": 0.35, "dhw_temp_c": 0.4, "flue_temp_c": 1.0, "outdoor_temp_c": 0.7,
}  # fmt: skip
_DECIMALS = 3


class Sensors:
    """The sensors of all boilers.

    Parameters
    ----------
    models
        Of each boiler.
    world
        In another world sensors are half as noisy again.
    """

    def __init__(self, models: Sequence[Model], random: np.random.Generator, world: World) -> None:
        fitted = {name for model in models for name in model.signals}
        self.names = [signal.name for signal in SIGNALS if signal.name in fitted]
        self._random = random
        count = len(models)
        self._step = np.ones((len(self.names), count))
        self._fitted = np.zeros((len(self.names), count), np.bool_)
        self._noisy = [place for place, name in enumerate(self.names) if name in _NOISE]
        scale = 1.5 if world == "outside" else 1.0
        self._noise = np.array([_NOISE[self.names[place]] * scale for place in self._noisy]).reshape(-1, 1)
        self._off = np.zeros((len(self.names), count))
        for i, model in enumerate(models):
            self.fit(i, model)
        for name, deviation in _OFF.items():
            if name in self.names:
                self._off[self.names.index(name)] = random.normal(0, deviation * scale, count)
        #: (boiler, signal) -> what a broken sensor tells, NaN where the board leaves it out.
        self.broken: dict[tuple[int, str], float] = {}
        #: Boilers whose gateway starts anew and for once tells noughts.
        self.hiccup: Ints = np.zeros(0, np.int64)
        self.starts, self.hours = np.zeros(count), np.zeros(count)

    def fit(self, i: int, model: Model) -> None:
        """Give a boiler the sensors of a model; signals no other boiler of the fleet has stay untold."""
        for place, name in enumerate(self.names):
            self._fitted[place, i] = name in model.signals
            self._step[place, i] = model.step_of(name)

    def set_step(self, i: int, signal: str, step: float) -> None:
        """Tell a signal in other steps from now on, as new firmware may."""
        if signal in self.names:
            self._step[self.names.index(signal), i] = step

    def read(self, plant: Plant) -> dict[str, Floats]:
        """Return signal -> values at their resolution, shape (n,), NaN where not fitted."""
        table = np.array([self._true(plant, name) for name in self.names], np.float64)
        table += self._off
        table[self._noisy] += self._random.standard_normal((len(self._noisy), table.shape[1])) * self._noise
        for name, there in (
            ("flame_current_ua", plant.burning),
            ("fan_speed_rpm", plant.on),
            ("dhw_flow_lpm", plant.tapping),
        ):
            if name in self.names:
                table[self.names.index(name)] *= there
        table = np.round(np.rint(table / self._step) * self._step, _DECIMALS)
        table += 0.0  # no negative nought
        table[~self._fitted] = np.nan
        columns = {name: self._within(name, table[place]) for place, name in enumerate(self.names)}
        for name in ("water_pressure_bar", "flow_temp_c", "return_temp_c"):
            if name in columns and len(self.hiccup):
                columns[name][self.hiccup] *= 0.0  # what is not fitted stays untold
        for (i, name), told in self.broken.items():
            if name in columns:
                columns[name][i] = told
        return columns

    def _within(self, name: str, values: Floats) -> Floats:
        return np.maximum(values, 0.0) if name in _NEVER_NEGATIVE else values

    def _true(self, plant: Plant, name: str) -> Floats:
        """Return what a perfect sensor would tell."""
        value: Floats = getattr(plant, _PLAIN[name]) if name in _PLAIN else _MADE[name](plant)
        if name == "burner_starts":
            return self.starts + value
        return np.floor(self.hours + value) if name == "burner_hours" else value


def _wanted_rpm(plant: Plant) -> Floats:
    wanted: Floats = (plant.homes.slow_rpm + (plant.homes.fast_rpm - plant.homes.slow_rpm) * plant.load) * plant.on
    return wanted


_MADE: dict[str, Callable[[Plant], Floats]] = {
    "flow_temp_c": lambda plant: plant.flow_c + plant.flow_offset_k,
    "return_temp_c": lambda plant: plant.return_c + plant.return_offset_k,
    "modulation_pct": lambda plant: 100.0 * plant.load * plant.burning,
    "fan_setpoint_rpm": _wanted_rpm,
    "fan_speed_rpm": lambda plant: _wanted_rpm(plant) * plant.ratio,
    "pump_modulation_pct": lambda plant: 100.0 * plant.pump * plant.pump_on,
    "dhw_setpoint_c": lambda plant: plant.people.tap_c,
    "dhw_flow_lpm": lambda plant: plant.tap_lpm * plant.tapping,
}
_PLAIN = {
    "dhw_temp_c": "dhw_c", "flue_temp_c": "flue_c", "outdoor_temp_c": "outdoor_c", "flame_current_ua": "current_ua",
    "flow_setpoint_c": "flow_set_c", "flame_on": "burning", "pump_on": "pump_on", "ch_active": "ch_active", "dhw_active": "tapping",
    "ignition_failures": "failures", "flame_losses": "losses", "ignition_time_s": "ignition_s",
    "water_pressure_bar": "bar", "burner_starts": "starts", "burner_hours": "hours",
}  # fmt: skip
_NEVER_NEGATIVE = (
    "water_pressure_bar",
    "dhw_temp_c",
    "flame_current_ua",
    "fan_speed_rpm",
    "dhw_flow_lpm",
    "ignition_time_s",
)
