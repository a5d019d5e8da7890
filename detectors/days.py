"""What detectors measure, added up over each boiler's civil day.

A civil day is the boiler's own: 23 or 25 hours at a change of the clocks, stamped with its start in UTC. Sums run in
float64, one minute after another, so they are the same bit for bit however rows were cut into batches.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.civil import day_starts
from boilerwatch.fold import DAY_MS, MINUTE_MS, Frames
from boilerwatch.model import Floats, Ints
from detectors.catalogue.contract import Banded, DailyDetector, Days, World

_FLAME, _STARTS = "flame_on_s", "starts"
_TIMES = ("start", "newest", "received")
#: Minutes added in one call: so few that what they are added to stays in the processor's cache.
_AT_ONCE = 3_000


class Closed(NamedTuple):
    """Civil days that closed together, sorted by slot and then day.

    Attributes
    ----------
    times
        `slot`, `start`, `newest`, `received`, and `before`: begin of the boiler's previous day, -1 without one; shape (n,).
    totals, counts
        `detector/feature` -> sum and minutes, shape (n, bands); what nobody measured may be missing.
    """

    times: dict[str, Ints]
    totals: dict[str, Floats]
    counts: dict[str, NDArray[np.int16]]


class DayFeatures:
    """The open days of all detectors that measure.

    Attributes
    ----------
    tell
        Called with days that closed, before they are judged.

    Parameters
    ----------
    detectors
        Those that measure minutes and judge days.
    """

    def __init__(self, detectors: Sequence[DailyDetector], world: World) -> None:
        self.tell: Callable[[Closed], None] | None = None
        self._detectors = list(detectors)
        self._world = world
        self._bands = {f"{one.name}/{name}": bands for one in detectors for name, bands in one.features.items()}
        self._bands |= {_FLAME: 1, _STARTS: 1}
        zero = (-1, np.int64, ())
        self._open = Arrays(
            {
                "start": zero,
                "end": zero,
                "newest": zero,
                "received": zero,
                "before": zero,
                "serviced": (-1, np.int32, ()),
            }
        )
        ends = np.cumsum(list(self._bands.values())).tolist()
        self._place = {
            name: slice(end - bands, end) for (name, bands), end in zip(self._bands.items(), ends, strict=True)
        }
        self._width = width = ends[-1]
        self._sums = Arrays({"total": (0.0, np.float64, (width,)), "count": (0, np.int16, (width,))})

    def add(self, frames: Frames) -> None:
        """Measure closed minutes, and let each detector judge the days that closed with them."""
        if not self._detectors or not len(frames):
            return
        for part in (self._open, self._sums):
            part.grow(len(self._world.slots))
        measured = {_FLAME: Banded(frames.flame_on_s), _STARTS: Banded(frames.starts)}
        for detector in self._detectors:
            for name, one in detector.measure(frames, self._world).items():
                measured[f"{detector.name}/{name}"] = one
        own = frames.start_ms // MINUTE_MS > self._open["serviced"][frames.slot]
        if not own.all():
            measured = {name: one._replace(values=np.where(own, one.values, np.nan)) for name, one in measured.items()}
        start, end = self._day_of(frames)
        closed = self._take(frames, start, end, measured)
        if closed is not None:
            if self.tell is not None:
                self.tell(closed)
            for detector in self._detectors:
                detector.judge(days_of(closed, detector), self._world)

    def forget(self, slot: int, before_ms: int) -> None:
        """Leave out what the open day measured before a service: it is of another boiler than what follows."""
        for part in (self._open, self._sums):
            part.grow(slot + 1)
        self._open["serviced"][slot] = before_ms // MINUTE_MS
        if self._open["start"][slot] < before_ms:
            self._sums.reset(slot)

    def _day_of(self, frames: Frames) -> tuple[Ints, Ints]:
        """Return when the day of each minute begins and ends, shape (n,). [ms since 1970]"""
        start, end = self._open["start"][frames.slot], self._open["end"][frames.slot]
        outside = np.flatnonzero((frames.start_ms < start) | (frames.start_ms >= end))
        if len(outside):
            start[outside], end[outside] = self._civil_day(frames.slot[outside], frames.start_ms[outside])
        return start, end

    def _civil_day(self, slot: Ints, at_ms: Ints) -> tuple[Ints, Ints]:
        own, inverse = np.unique(slot, return_inverse=True)
        zones, number = self._world.zones(own)
        number = number[inverse]
        starts = day_starts(zones, number, at_ms)
        return starts, day_starts(zones, number, starts + DAY_MS + DAY_MS // 12)

    def _take(self, frames: Frames, start: Ints, end: Ints, measured: dict[str, Banded]) -> Closed | None:
        """Add the minutes, one day of each boiler after another; return what closed, sorted by slot and day."""
        slot = frames.slot
        begins = np.concatenate([[True], (slot[1:] != slot[:-1]) | (start[1:] != start[:-1])])
        first = np.flatnonzero(begins)
        own = slot[first]
        new_slot = np.concatenate([[True], own[1:] != own[:-1]])
        number = np.arange(len(own))
        rank = number - np.maximum.accumulate(np.where(new_slot, number, 0))
        run = np.cumsum(begins) - 1
        closed = []
        for one in range(int(rank.max()) + 1):
            mine = first[rank == one]
            fresh = mine[self._open["start"][slot[mine]] != start[mine]]
            ended = slot[fresh][self._open["start"][slot[fresh]] >= 0]
            if len(ended):
                closed.append(self._emit(ended))
            self._begin(slot[fresh], start[fresh], end[fresh])
            self._sum(frames, measured, slice(None) if rank.max() == 0 else np.flatnonzero(rank[run] == one))
        if not closed:
            return None
        slot = np.concatenate([part[0] for part in closed])
        start = np.concatenate([part[1]["start"] for part in closed])
        order = np.lexsort((start, slot))
        times = {name: np.concatenate([part[1][name] for part in closed])[order] for name in closed[0][1]}
        total, count = (np.concatenate([part[number] for part in closed])[order] for number in (2, 3))
        return Closed(
            {"slot": slot[order], **times},
            {name: total[:, place] for name, place in self._place.items()},
            {name: count[:, place] for name, place in self._place.items()},
        )

    def _emit(self, slot: Ints) -> tuple[Ints, dict[str, Ints], Floats, NDArray[np.int16]]:
        times = {name: self._open[name][slot] for name in (*_TIMES, "before")}
        return slot, times, self._sums["total"][slot], self._sums["count"][slot]

    def _begin(self, slot: Ints, start: Ints, end: Ints) -> None:
        self._open["before"][slot] = self._open["start"][slot]
        used = slot[self._open["start"][slot] >= 0]  # what never began is all zeros
        self._open["start"][slot], self._open["end"][slot], self._open["received"][slot] = start, end, -1
        self._sums["total"][used] = 0.0
        self._sums["count"][used] = 0

    def _sum(self, frames: Frames, measured: dict[str, Banded], rows: Ints | slice) -> None:
        slot = frames.slot[rows]
        self._open["newest"][slot] = frames.newest_ms[rows]  # sorted by time: the last assignment is the newest
        np.maximum.at(self._open["received"], slot, frames.received_at_ms[rows])
        first = np.array([self._place[name].start for name in measured])
        for begin in range(0, len(slot), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            self._add(slot[part], first, measured, part if isinstance(rows, slice) else rows[part])

    def _add(self, slot: Ints, first: Ints, measured: dict[str, Banded], rows: Ints | slice) -> None:
        """Add some minutes, one after another, all features in one table.

        Parameters
        ----------
        first
            Where each feature's sums begin, shape (features,).
        """
        table = np.array([one.values[rows] for one in measured.values()])
        feature, row = (~np.isnan(table)).nonzero()
        place = slot[row] * self._width + first[feature]
        bands = np.zeros(table.shape, np.int64)
        for number, one in enumerate(measured.values()):
            if one.band is not None:
                bands[number] = one.band[rows]
        place += bands[feature, row]
        np.add.at(self._sums["total"].reshape(-1), place, table[feature, row])
        np.add.at(self._sums["count"].reshape(-1), place, np.ones(len(place), np.int16))

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the open days for a snapshot."""
        names = np.frombuffer(json.dumps(self._bands).encode(), np.uint8)
        return {f"open.{name}": v for name, v in self._open.dump().items()} | self._sums.dump() | {"names": names}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the open days of a snapshot; what a detector of another version measured is left out."""
        nobody = np.full(len(data["total"]), -1, np.int32)  # snapshots of before know of no service
        self._open.load({name: data.get(f"open.{name}", nobody) for name in self._open.dump()})
        self._sums.grow(len(data["total"]))
        fresh = {name: values[: len(data["total"])] for name, values in self._sums.dump().items()}
        begin = 0
        for name, bands in json.loads(data["names"].tobytes()).items():
            if self._bands.get(name) == bands:
                for part in ("total", "count"):
                    fresh[part][:, self._place[name]] = data[part][:, begin : begin + bands]
            begin += bands
        self._sums.load(fresh)


def days_of(closed: Closed, detector: DailyDetector) -> Days:
    """Return closed days as a detector is shown them; a feature that was not measured has no minutes."""
    times, totals, counts = closed
    n = len(times["slot"])

    def count(name: str, bands: int) -> Ints:
        return counts[name].astype(np.int64) if name in counts else np.zeros((n, bands), np.int64)

    def mean(name: str, bands: int) -> Floats:
        if name not in counts:
            return np.full((n, bands), np.nan)
        return np.where(counts[name] > 0, totals[name] / np.maximum(counts[name], 1), np.nan)

    def total(name: str) -> Floats:
        if name not in counts:
            return np.full(n, np.nan)
        return np.where(counts[name][:, 0] > 0, totals[name][:, 0], np.nan)

    before = times["before"]
    gap = np.where(before >= 0, (times["start"] - before) / DAY_MS, np.nan)
    names = {feature: (f"{detector.name}/{feature}", bands) for feature, bands in detector.features.items()}
    return Days(
        times["slot"], times["start"], times["newest"], times["received"], gap,
        {feature: count(*name) for feature, name in names.items()},
        {feature: mean(*name) for feature, name in names.items()}, total(_FLAME), total(_STARTS),
    )  # fmt: skip
