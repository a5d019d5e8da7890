"""What detectors measure, added up over each boiler's civil day.

A civil day is the boiler's own: 23 or 25 hours at a change of the clocks, stamped with its start in UTC.
"""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import DAY_MS, QUARTER_MS, Coarser, Frames, stats_of
from boilerwatch.model import Ints
from boilerwatch.register import DEFAULT_ZONE
from detectors.catalogue.contract import DailyDetector, Days, World

_ZONE_SHIFT = 32


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
        names = list(zones)
        keys, place = np.unique((number << _ZONE_SHIFT) | (start_ms // QUARTER_MS), return_inverse=True)
        starts = [
            day_start_ms(names[key >> _ZONE_SHIFT], (key & ((1 << _ZONE_SHIFT) - 1)) * QUARTER_MS)
            for key in keys.tolist()
        ]
        return np.array(starts, np.int64)[place]

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


@lru_cache(maxsize=200_000)
def day_start_ms(zone: str, at_ms: int) -> int:
    """Return the local midnight before a moment, as UTC. [ms since 1970]

    Examples
    --------
    >>> (day_start_ms("Europe/Berlin", 1_774_828_800_000) - day_start_ms("Europe/Berlin", 1_774_742_400_000)) / 3_600_000
    23.0
    """
    local = dt.datetime.fromtimestamp(at_ms / 1000, _zone(zone))
    return round(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp() * 1000)


@lru_cache(maxsize=1000)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)
