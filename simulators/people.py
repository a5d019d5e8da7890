"""What people do about a boiler: the household resets it and fills it up, a technician comes and mends it."""

import heapq
from collections import Counter
from typing import Literal, NamedTuple

import numpy as np

from simulators.controller import LASTING, Controller
from simulators.plant import Bools, Plant

Deed = Literal["reset", "fill", "visit"]
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_RESET_H, _FILL_H, _VISIT_D = (0.1, 6.0), (0.3, 12.0), (0.3, 1.8)
#: A household resets so often at most, and fills up so often before it calls somebody.
_MOST_RESETS, _MOST_FILLS = 3, 3
#: Chance that a household knows how to fill up after a lock-out. [-]
_KNOWS_HOW = 0.45


class Appointment(NamedTuple):
    """Something that will be done."""

    at_s: float
    boiler: int
    deed: Deed


class People:
    """Everybody's appointments.

    Parameters
    ----------
    random
        Source of their pace.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._due: list[Appointment] = []
        self._visits: set[int] = set()
        self._resets: Counter[int] = Counter()
        self._fills: Counter[int] = Counter()

    def react(self, boiler: int, now_s: float, controller: Controller) -> None:
        """Let the household of a boiler that was just locked do what households do."""
        lock = controller.locks.get(boiler)
        if lock is None:
            return
        if lock.cause == "low_pressure" and self._random.random() < _KNOWS_HOW and self._fills[boiler] < _MOST_FILLS:
            self._book(boiler, "fill", now_s + self._between(*_FILL_H) * _HOUR_S)
        elif lock.cause not in LASTING and self._resets[boiler] < _MOST_RESETS:
            self._resets[boiler] += 1
            self._book(boiler, "reset", now_s + self._between(*_RESET_H) * _HOUR_S)
        self.call(boiler, now_s)

    def call(self, boiler: int, now_s: float) -> None:
        """Call the technician, once."""
        if boiler not in self._visits:
            self._visits.add(boiler)
            self._book(boiler, "visit", now_s + self._between(*_VISIT_D) * _DAY_S)

    def look(self, plant: Plant, stopped: Bools, now_s: float, seconds: float) -> None:
        """Let those who mind the gauge fill up when it is low, and call somebody when that comes again and again."""
        people = plant.people
        low = people.minds & (plant.bar < people.fills_at_bar) & ~stopped
        for i in np.flatnonzero(low).tolist():
            if self._random.random() < people.looks_per_h[i] * seconds / _HOUR_S:
                self._book(i, "fill", now_s)

    def due(self, now_s: float) -> list[Appointment]:
        """Return what is to be done by now."""
        found = []
        while self._due and self._due[0].at_s <= now_s:
            found.append(heapq.heappop(self._due))
        return found

    def fill(self, plant: Plant, boiler: int, now_s: float) -> None:
        """Fill up a boiler."""
        one = np.array([boiler])
        if plant.bar[boiler] < plant.people.fills_to_bar[boiler]:
            plant.fill(one, plant.people.fills_to_bar[one])
            self._fills[boiler] += 1
            if self._fills[boiler] >= _MOST_FILLS and plant.health.gas_share[boiler] > 0.99:
                self.call(boiler, now_s)

    def been(self, boiler: int) -> None:
        """Forget what was, after the technician's visit."""
        self._visits.discard(boiler)
        self._resets.pop(boiler, None)
        self._fills.pop(boiler, None)
        self._due = [one for one in self._due if one.boiler != boiler]
        heapq.heapify(self._due)

    def _book(self, boiler: int, deed: Deed, at_s: float) -> None:
        heapq.heappush(self._due, Appointment(at_s, boiler, deed))

    def _between(self, low: float, high: float) -> float:
        return float(self._random.uniform(low, high))
