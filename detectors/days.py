"""What detectors measure, added up over each boiler's civil day.

A civil day is the boiler's own: 23 or 25 hours at a change of the clocks, stamped with its start in UTC.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from boilerwatch.civil import day_starts
from boilerwatch.fold import DAY_MS, Coarser, Frames, stats_of
from boilerwatch.model import Ints
from detectors.catalogue.contract import DailyDetector, Days, World


class DayFeatures:
    """The open days of all detectors that measure one cadence.

    Parameters
    ----------
    detectors
        Those with this `source`.
    """

    def __init__(self, source: Literal["minute", "quarter"], detectors: Sequence[DailyDetector], world: World) -> None:
        self._detectors = [one for one in detectors if one.source == source]
        self._world = world
        self._days = Coarser("day", self._day_start)

    def add(self, frames: Frames) -> None:
        """Measure closed frames, and let each detector judge the days that closed with them."""
        if not self._detectors or not len(frames):
            return
        stats = {}
        for detector in self._detectors:
            for feature, values in detector.measure(frames, self._world).items():
                stats[f"{detector.name}/{feature}"] = stats_of(values)
        measured = Frames(
            "day", frames.slot, frames.start_ms, frames.newest_ms, frames.received_at_ms, frames.gap_s, frames.flame_on_s,
            frames.starts, stats,
        )  # fmt: skip
        closed = self._days.add(measured, len(self._world.slots))
        if len(closed):
            for detector in self._detectors:
                detector.judge(_days(closed, detector), self._world)

    def _day_start(self, slot: Ints, start_ms: Ints) -> Ints:
        zones: dict[str, int] = {}
        own, inverse = np.unique(slot, return_inverse=True)
        number = np.array([zones.setdefault(self._world.zone(int(one)), len(zones)) for one in own], np.int64)[inverse]
        return day_starts(list(zones), number, start_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the open days for a snapshot."""
        return self._days.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the open days of a snapshot."""
        self._days.load(data)


def _days(closed: Frames, detector: DailyDetector) -> Days:
    names = {feature: f"{detector.name}/{feature}" for feature in detector.features}
    return Days(
        closed.slot, closed.start_ms, closed.newest_ms, closed.received_at_ms, closed.gap_s * 1000 / DAY_MS,
        {feature: closed.count(name) for feature, name in names.items()},
        {feature: closed.mean(name) for feature, name in names.items()},
        {feature: closed.low(name) for feature, name in names.items()},
        {feature: closed.high(name) for feature, name in names.items()},
        closed.flame_on_s, closed.starts,
    )  # fmt: skip
