"""A seeded fleet, advanced all boilers at once: weather, households, boilers, water, faults, people, sensors.

Within a step physics goes on by at most a minute at a time; slow things are looked at every five minutes and whenever a
fault begins. Codes bear the time of the step in which they came.
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from boilerwatch.errors import InputError
from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Floats
from boilerwatch.service import What
from boilerwatch.signals import BY_NAME
from simulators.controller import Controller
from simulators.draw import Draw, World
from simulators.faults import Fault, check_kind, why_not
from simulators.health import Health
from simulators.homes import draw_homes
from simulators.household import draw_households
from simulators.models import Model, models_named
from simulators.nuisances import Nuisances
from simulators.people import People
from simulators.plant import Plant
from simulators.sensors import Sensors
from simulators.sites import SITES
from simulators.wear import Wear
from simulators.weather import Weather

SUBSTEP_S, LOOK_S = 60.0, 300.0
#: Share of repairs that the repair firm reports. [-]
_REPORTED = 0.6
_CURVES = (0.7, 1.8)
#: Shares of broken sensors: stands still, open, short.
_STANDS, _OPEN = 0.5, 0.75
_OPEN_C, _SHORT_C = -20.0, 125.0
_NTC = ("flow_temp_c", "return_temp_c", "dhw_temp_c", "flue_temp_c")


class Service(NamedTuple):
    """What somebody did to a boiler and told about."""

    boiler: int
    what: What
    problems: tuple[str, ...]


@dataclass(slots=True)
class Step:
    """What the fleet shows after a step.

    Attributes
    ----------
    columns
        Signal -> values, shape (boilers,), NaN where not fitted.
    codes
        (boiler, code, active) of those that came or went.
    services
        What was done and told about.
    """

    at_s: float
    columns: dict[str, Floats]
    codes: list[tuple[int, str, bool]] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)


class Fleet:
    """The boilers.

    Parameters
    ----------
    count
        How many.
    seed
        Equal seeds give equal fleets.
    start_s
        Beginning. [s since 1970]
    models
        Names of the boilers there are; none for all.
    world
        `usual`, or `outside`: constants, noise, weather and faults beyond what detectors were tuned on.

    Raises
    ------
    InputError
        If there is no such model.
    """

    def __init__(
        self, count: int, seed: int, start_s: float, models: Sequence[str] = (), world: World = "usual"
    ) -> None:  # fmt: skip
        pick = np.random.default_rng([seed, 1])
        draw = Draw(pick, world)
        kinds = models_named(models)
        shares = np.array([model.share for model in kinds])
        self.now_s = start_s
        self.ids = [f"boiler-{i + 1:04d}" for i in range(count)]
        self.models: list[Model] = [kinds[k] for k in pick.choice(len(kinds), count, p=shares / shares.sum())]
        self.site = pick.integers(0, len(SITES), count)
        self.weather = Weather(seed, world == "outside")
        self.faults: list[Fault] = []
        self._of: defaultdict[int, list[Fault]] = defaultdict(list)
        self._coming: list[float] = []
        self._draw_fault = Draw(np.random.default_rng([seed, 3]), world)
        homes = draw_homes(draw, self.models, self.site)
        households = draw_households(draw, self.site, start_s, homes.tank_l > 0)
        health = Health.well(count, draw)
        self._random = np.random.default_rng([seed, 4])
        self._plant = Plant(homes, households, health, self.models, self._random, self._outdoor())
        self._controller = Controller(self.models)
        self._sensors = Sensors(self.models, np.random.default_rng([seed, 5]), world)
        self._sensors.starts = pick.integers(5_000, 90_000, count).astype(np.float64)
        self._sensors.hours = np.floor(self._sensors.starts / draw.some(3, 12, count))
        self._people = People(np.random.default_rng([seed, 6]))
        self._wear = Wear(self._plant, self._controller, self._sensors, health.copy())
        self._nuisances = Nuisances(
            np.random.default_rng([seed, 7]), self._plant, self._sensors, self.models, self.site
        )
        self._services: list[Service] = []
        self._failed: list[Fault] = []
        self._looked_s = start_s - LOOK_S
        self._look()

    def add_fault(
        self, boiler: int, kind: str, onset_s: float, *, end: float | None = None, days: float | None = None,
        most_days: float = np.inf,
    ) -> Fault:  # fmt: skip
        """Let a fault begin.

        Parameters
        ----------
        onset_s
            When; not before now. [s since 1970]
        end
            Value it ends at, in the mechanism's unit; drawn without one.
        days
            How long that takes, drawn without one, and then at most `most_days`. [d]

        Raises
        ------
        InputError
            If there is no such fault, the boiler cannot have it, or the value is physically impossible.
        """
        mechanism = check_kind("fault", kind)
        if why := why_not(kind, self.models[boiler]):
            raise InputError(f"{kind}: {self.ids[boiler]} ({self.models[boiler].name}) cannot have it: {why}")
        drawn = self._draw_fault
        ends, takes_d = drawn.one(*mechanism.ends), drawn.one(*mechanism.days)
        curve, sensor = drawn.one(*_CURVES), ""
        low, high = mechanism.allowed
        ends = min(max(ends, low), high)
        if not mechanism.parameter:
            ends, sensor = self._sensor_fault(boiler, kind, ends)
        if end is not None:
            if not low <= end <= high:
                raise InputError(f"{kind}: {mechanism.argument}={end:g} is impossible; from {low:g} to {high:g}")
            ends = end
        takes_d = min(takes_d, most_days) if days is None else days
        fault = Fault(boiler, kind, max(onset_s, self.now_s), ends, takes_d, curve, sensor)
        self.faults.append(fault)
        self._of[boiler].append(fault)
        heapq.heappush(self._coming, fault.onset_s)
        return fault

    def step(self, seconds: float) -> Step:
        """Advance all boilers. [s]"""
        until_s = self.now_s + seconds
        while self.now_s < until_s - 1e-6:
            next_s = min(until_s, self.now_s + SUBSTEP_S, self._next_look_s())
            self._plant.advance(next_s - self.now_s)
            passed_s, self.now_s = next_s - self.now_s, next_s
            for i in self._controller.check(self._plant, passed_s):
                self._stopped(i)
            if self.now_s >= self._next_look_s() - 1e-6:
                self._look()
        self.now_s = until_s
        for fault in self._failed:
            fault.failed_s = self.now_s
        self._failed.clear()
        columns = self._sensors.read(self._plant)
        if self._plant.unplugged.any():
            columns = {name: np.where(self._plant.unplugged, np.nan, values) for name, values in columns.items()}
        codes, services = list(self._controller.told), list(self._services)
        self._controller.told.clear()
        self._services.clear()
        return Step(self.now_s, columns, codes, services)

    def _next_look_s(self) -> float:
        """Return when to look again: in five minutes, or when a fault begins. [s since 1970]"""
        while self._coming and self._coming[0] <= self._looked_s:
            heapq.heappop(self._coming)
        return min(self._looked_s + LOOK_S, self._coming[0] if self._coming else np.inf)

    def _look(self) -> None:
        """Take in weather, wear and what people do."""
        passed_s, self._looked_s = self.now_s - self._looked_s, self.now_s
        plant, controller = self._plant, self._controller
        for fault in self.faults:
            if fault.repaired_s is None and fault.onset_s <= self.now_s:
                self._wear.progress(fault, self.now_s)
                if fault.failed_s is None and fault not in self._failed and self._has_failed(fault):
                    self._failed.append(fault)
                    self._wear.warn(fault)
                    self._people.call(fault.boiler, self.now_s)
        dip_mbar = self._nuisances.happen(self.now_s, passed_s, controller)
        for i in self._nuisances.replaced:
            if self._random.random() < _REPORTED:
                self._services.append(Service(i, "part_replaced", ()))
        self._nuisances.replaced.clear()
        plant.refresh(self.now_s, passed_s, self._outdoor(), self.weather.gust(self.now_s)[self.site], dip_mbar)
        self._people.look(plant, plant.stopped, self.now_s, passed_s)
        for one in self._people.due(self.now_s):
            if one.deed == "reset":
                if (lock := controller.locks.get(one.boiler)) is not None and lock.cause != "board":
                    controller.reset(plant, one.boiler)
            elif one.deed == "fill":
                self._people.fill(plant, one.boiler, self.now_s)
            else:
                self.repair(one.boiler)

    def _stopped(self, i: int) -> None:
        """Note that a boiler was locked: the fault it has has failed, and people react."""
        for fault in self._present(i):
            if fault.failed_s is None and fault not in self._failed:
                self._failed.append(fault)
        self._people.react(i, self.now_s, self._controller)

    def _present(self, boiler: int) -> list[Fault]:
        return [one for one in self._of[boiler] if one.onset_s <= self.now_s and one.repaired_s is None]

    def _has_failed(self, fault: Fault) -> bool:
        return fault.boiler in self._controller.locks or self._wear.has_failed(fault)

    def repair(self, boiler: int) -> None:
        """Mend everything of one boiler and leave it as an installer does; the step tells which codes go."""
        problems: tuple[str, ...] = ()
        for fault in self._present(boiler):
            self._wear.mend(fault)
            fault.repaired_s = self.now_s
            problems += KIND_BY_NAME[fault.kind].problems[:1]
        self._plant.service(boiler)
        self._controller.unwarn(boiler)
        self._controller.reset(self._plant, boiler)
        self._people.been(boiler)
        if self._random.random() < _REPORTED:
            self._services.append(Service(boiler, "repaired", problems))

    def _outdoor(self) -> Floats:
        found: Floats = self.weather.outdoor(self.now_s)[self.site]
        return found

    def _sensor_fault(self, boiler: int, kind: str, ends: float) -> tuple[float, str]:
        """Return where a sensor ends and which it is."""
        random = self._draw_fault.random
        way, fitted = random.random(), [name for name in _NTC if name in self.models[boiler].signals]
        if kind == "ntc_drift":
            return ends * (1 if random.random() < 0.5 else -1), str(random.choice(_NTC[:2]))
        if kind == "pressure_sensor_failed":
            return (np.nan if way < _STANDS else 0.0 if way < _OPEN else 5.0), "water_pressure_bar"
        sensor = str(random.choice(fitted))
        rail_c = float(np.clip(_OPEN_C if way < _OPEN else _SHORT_C, BY_NAME[sensor].low, BY_NAME[sensor].high))
        return (np.nan if way < _STANDS else rail_c), sensor
