"""What happens to boilers and is no fault: a top-up, bleeding, a code that comes and goes, other set points, new firmware."""

from collections.abc import Sequence

import numpy as np

from boilerwatch.model import Floats, Ints
from simulators.controller import Controller
from simulators.models import Model, code_of
from simulators.plant import Plant
from simulators.sensors import Sensors
from simulators.sites import DAY_S, SITES

_HOUR_S = 3_600.0
#: How often a boiler has each. [1/day]
RATES = {
    "top_up": 0.002, "bleeding": 0.002, "transient_code": 0.002, "curve": 0.004, "room": 0.006, "tap": 0.003, "firmware": 0.0006,
    "replaced": 0.0003, "hiccup": 0.01,
}  # fmt: skip
_TO_BAR = (0.1, 0.35)
_BLED_L = (0.15, 0.6)
#: A code that comes and goes lasts so long. [s]
_TRANSIENT_S = (120.0, 1_500.0)
#: A neighbourhood's gas sags on so many days, by so much and for so long, in the evening. [1/day], [mbar], [h]
_DIPS_A_DAY, _DIP_MBAR, _DIP_H = 0.03, (3.0, 7.0), (0.5, 2.5)
_EVENING_H = 10.5  # 18:30 in Beijing, UTC
_FIRMWARE_STEPS = {
    "water_pressure_bar": (0.01, 0.05, 0.1),
    "flow_temp_c": (0.1, 0.5, 1.0),
    "return_temp_c": (0.1, 0.5, 1.0),
}
#: Mains and gateway are off while a boiler is replaced. [s]
_REPLACING_S = (3 * _HOUR_S, 8 * _HOUR_S)
_TRANSIENT = ("ignition_failure", "flame_loss", "comms", "power_supply")


class Nuisances:
    """The little things of a fleet.

    Parameters
    ----------
    site
        Of each boiler.
    """

    def __init__(
        self, random: np.random.Generator, plant: Plant, sensors: Sensors, models: Sequence[Model], site: Ints
    ) -> None:
        self._random, self._plant, self._sensors, self._models, self._site = random, plant, sensors, models, site
        self._rates = np.array(list(RATES.values())).reshape(-1, 1)
        self._passing: list[tuple[float, int, str]] = []
        self._dips = np.zeros((len(SITES), 3))  # from, to [s since 1970], depth [mbar]
        self._day = -1
        #: Boilers that were replaced, until somebody takes note.
        self.replaced: list[int] = []

    def happen(self, now_s: float, seconds: float, controller: Controller) -> Floats:
        """Let happen what happens within so long; return by how much gas sags at each boiler, shape (n,). [mbar]"""
        self._end_codes(now_s, controller)
        self._sensors.hiccup = np.zeros(0, np.int64)
        chance = self._random.random((len(RATES), len(self._models)))
        kinds, places = np.nonzero(chance < self._rates * seconds / DAY_S)
        for kind, i in zip(kinds.tolist(), places.tolist(), strict=True):
            self._happen_to(list(RATES)[kind], i, now_s, controller)
        return self._dip(now_s)

    def _happen_to(self, kind: str, i: int, now_s: float, controller: Controller) -> None:
        plant, random, one = self._plant, self._random, np.array([i])
        if kind == "top_up":
            plant.fill(one, np.minimum(plant.bar[one] + random.uniform(*_TO_BAR), 1.9))
        elif kind == "bleeding":
            plant.lost_l[i] += random.uniform(*_BLED_L)
        elif kind == "curve":
            change_k = float(random.integers(-4, 5))
            highest = 46.0 if plant.homes.floor[i] else 70.0
            plant.homes.fixed_c[i] = min(plant.homes.fixed_c[i] + change_k, highest)
            plant.homes.hot_c[i] = min(plant.homes.hot_c[i] + change_k, highest)
        elif kind == "room":
            change_k = float(random.choice((-1.0, -0.5, 0.5, 1.0)))
            plant.people.day_c[i] = min(max(plant.people.day_c[i] + change_k, 17.0), 24.0)
        elif kind == "tap":
            low_c, high_c = (48.0, 62.0) if plant.homes.tank_l[i] else (40.0, 55.0)
            plant.people.tap_c[i] = min(max(plant.people.tap_c[i] + float(random.integers(-3, 4)), low_c), high_c)
        elif kind == "firmware":
            for signal, steps in _FIRMWARE_STEPS.items():
                self._sensors.set_step(i, signal, float(random.choice(steps)))
        elif kind == "replaced":
            self._replace(i, now_s)
        elif kind == "hiccup":
            self._sensors.hiccup = np.append(self._sensors.hiccup, i)
        elif code := code_of(self._models[i].family, str(random.choice(_TRANSIENT)), "ignition_failure"):
            self._show(i, code, now_s, controller)

    def _show(self, i: int, code: str, now_s: float, controller: Controller) -> None:
        if i in controller.locks or any(boiler == i for _, boiler, _ in self._passing):
            return
        controller.told.append((i, code, True))
        self._passing.append((now_s + self._random.uniform(*_TRANSIENT_S), i, code))

    def _end_codes(self, now_s: float, controller: Controller) -> None:
        for one in [one for one in self._passing if one[0] <= now_s]:
            self._passing.remove(one)
            lock = controller.locks.get(one[1])
            if lock is None or lock.code != one[2]:
                controller.told.append((one[1], one[2], False))

    def _replace(self, i: int, now_s: float) -> None:
        """Hang a new boiler of the same model: counters at nought, other sensors, a burner with its own scatter."""
        plant, random = self._plant, self._random
        plant.starts[i] = plant.hours[i] = plant.failures[i] = plant.losses[i] = 0.0
        self._sensors.starts[i] = self._sensors.hours[i] = 0.0
        plant.homes.current_gain[i] *= random.uniform(0.85, 1.15)
        plant.homes.units[i] *= random.uniform(0.95, 1.05)
        plant.homes.fast_rpm[i] *= random.uniform(0.96, 1.04)
        plant.lost_l[i] = random.uniform(-0.3, 0.3)
        plant.out_until_s[i] = now_s + random.uniform(*_REPLACING_S)
        self.replaced.append(i)

    def _dip(self, now_s: float) -> Floats:
        day = int(now_s // DAY_S)
        if day != self._day:
            self._day = day
            for site in range(len(SITES)):
                chance, depth, length, shift = self._random.random(4)
                if chance < _DIPS_A_DAY:
                    from_s = day * DAY_S + (_EVENING_H + 2 * (shift - 0.5)) * _HOUR_S
                    hours = _DIP_H[0] + length * (_DIP_H[1] - _DIP_H[0])
                    self._dips[site] = (
                        from_s,
                        from_s + hours * _HOUR_S,
                        _DIP_MBAR[0] + depth * (_DIP_MBAR[1] - _DIP_MBAR[0]),
                    )
        sags = np.where((self._dips[:, 0] <= now_s) & (now_s < self._dips[:, 1]), self._dips[:, 2], 0.0)
        found: Floats = sags[self._site]
        return found
