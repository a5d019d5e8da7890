"""Rows -> frames: what a boiler's minute, quarter of an hour or civil day came to, for every signal.

Rows wait until their minute closes, in the boiler's own event time. Closed minutes are added to quarters, and what
detectors measure to days, one whole part after another in order of time, so sums are the same bit for bit however rows
were cut into batches.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.model import Floats, Ints

MINUTE_MS, QUARTER_MS, DAY_MS = 60_000, 900_000, 86_400_000
Cadence = Literal["minute", "quarter", "day"]
Bucket = Callable[[Ints, Ints], Ints]


class Stats(NamedTuple):
    """One signal in each frame, arrays of shape (n,); NaN, and no readings, where nothing came."""

    total: Floats
    readings: Ints
    last: Floats
    low: Floats
    high: Floats


@dataclass(slots=True)
class Frames:
    """Closed frames of one cadence, sorted by slot and then time.

    Attributes
    ----------
    slot
        Boiler, shape (n,).
    start_ms
        Begin of the bucket, event time, shape (n,). [ms since 1970]
    newest_ms, received_at_ms
        Newest reading used, and its newest arrival, shape (n,). [ms since 1970]
    gap_s
        Since the boiler's previous frame began, NaN for its first, shape (n,). [s]
    flame_on_s
        Seconds of flame, NaN where it cannot be known, shape (n,). [s]
    starts
        Burner starts, NaN where they cannot be known, shape (n,). [-]
    stats
        Signal -> its statistics; not to be changed once the frames are shown.
    """

    cadence: Cadence
    slot: Ints
    start_ms: Ints
    newest_ms: Ints
    received_at_ms: Ints
    gap_s: Floats
    flame_on_s: Floats
    starts: Floats
    stats: dict[str, Stats] = field(default_factory=dict)
    _made: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, make: "Callable[[Frames], NDArray[Any]]") -> NDArray[Any]:
        """Return what was made of these frames under a name before, else make it: many detectors look at the same. Read-only."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = make(self)
            made.flags.writeable = False
        return made

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.slot)

    def has(self, signal: str) -> bool:
        """Return whether any frame has the signal."""
        return signal in self.stats

    def last(self, signal: str) -> Floats:
        """Return the newest value in each frame, shape (n,)."""
        return self.stats[signal].last if signal in self.stats else self._nothing()

    def low(self, signal: str) -> Floats:
        """Return the lowest value in each frame, shape (n,)."""
        return self.stats[signal].low if signal in self.stats else self._nothing()

    def high(self, signal: str) -> Floats:
        """Return the highest value in each frame, shape (n,)."""
        return self.stats[signal].high if signal in self.stats else self._nothing()

    def mean(self, signal: str) -> Floats:
        """Return the mean of each frame, shape (n,)."""
        return (
            self.once(signal, lambda frames: _mean(frames.stats[signal])) if signal in self.stats else self._nothing()
        )

    def count(self, signal: str) -> Ints:
        """Return how many readings had the signal, shape (n,)."""
        return self.stats[signal].readings if signal in self.stats else np.zeros(len(self), np.int64)

    def take(self, rows: NDArray[Any] | slice, signals: Collection[str] | None = None) -> "Frames":
        """Return these frames only.

        Parameters
        ----------
        signals
            Those of them that will be looked at; None for all.
        """
        stats = {
            name: Stats._make([array[rows] for array in one])
            for name, one in self.stats.items()
            if signals is None or name in signals
        }
        return Frames(
            self.cadence, self.slot[rows], self.start_ms[rows], self.newest_ms[rows], self.received_at_ms[rows],
            self.gap_s[rows], self.flame_on_s[rows], self.starts[rows], stats,
        )  # fmt: skip

    def _nothing(self) -> Floats:
        return self.once("", lambda frames: np.full(len(frames), np.nan))


def _mean(stats: Stats) -> Floats:
    return np.where(stats.readings > 0, stats.total / np.maximum(stats.readings, 1), np.nan)


def stats_of(values: Floats) -> Stats:
    """Return the statistics of single values, shape (n,)."""
    known = ~np.isnan(values)
    return Stats(np.where(known, values, 0.0), known.astype(np.int64), values, values, values)


def ranks(slot: Ints) -> Iterator[Ints]:
    """Return the row numbers of each slot's first frame, then of each slot's second, and so on.

    Parameters
    ----------
    slot
        Sorted, shape (n,).
    """
    if not len(slot):
        return
    begins = np.concatenate([[True], slot[1:] != slot[:-1]]).nonzero()[0]
    if len(begins) == len(slot):
        yield begins
        return
    sizes = np.diff(np.append(begins, len(slot)))
    for rank in range(int(sizes.max())):
        yield begins[sizes > rank] + rank


def join(frames: Frames, bucket_ms: Ints, cadence: Cadence) -> Frames:
    """Return one frame for each run of equal (slot, bucket); parts are added in the order they stand.

    Parameters
    ----------
    bucket_ms
        Begin of each part's bucket, shape (n,). [ms since 1970]
    """
    slot = frames.slot
    begins = np.concatenate([[True], (slot[1:] != slot[:-1]) | (bucket_ms[1:] != bucket_ms[:-1])])
    starts = np.flatnonzero(begins)
    if len(starts) == len(slot):
        alone = frames.take(slice(None))
        alone.cadence, alone.start_ms = cadence, bucket_ms
        return alone
    group = np.cumsum(begins) - 1
    return Frames(
        cadence, slot[starts], bucket_ms[starts], np.maximum.reduceat(frames.newest_ms, starts),
        np.maximum.reduceat(frames.received_at_ms, starts), frames.gap_s[starts], _sum(frames.flame_on_s, group),
        _sum(frames.starts, group), {name: _join(stats, starts, group) for name, stats in frames.stats.items()},
    )  # fmt: skip


def _sum(values: Floats, group: Ints) -> Floats:
    """Add one after another (as `bincount` does); NaN where no part is known."""
    known = ~np.isnan(values)
    size = int(group[-1]) + 1
    total = np.bincount(group, np.where(known, values, 0.0), size)
    return np.where(np.bincount(group, known, size) > 0, total, np.nan)


def _join(stats: Stats, starts: Ints, group: Ints) -> Stats:
    newest = np.maximum.reduceat(np.where(stats.readings > 0, np.arange(len(group)), -1), starts)
    return Stats(
        np.bincount(group, stats.total, len(starts)).astype(np.float64),
        np.add.reduceat(stats.readings, starts),
        np.where(newest >= 0, stats.last[newest], np.nan),
        np.fmin.reduceat(stats.low, starts),
        np.fmax.reduceat(stats.high, starts),
    )


_PLAIN: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "start": (-1, np.int64, ()), "newest": (0, np.int64, ()), "received": (0, np.int64, ()),
    "flame": (np.nan, np.float64, ()), "starts": (np.nan, np.float64, ()), "before": (-1, np.int64, ()),
}  # fmt: skip
_STATS: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "total": (0.0, np.float64, ()), "count": (0, np.int64, ()), "last": (np.nan, np.float64, ()),
    "low": (np.nan, np.float64, ()), "high": (np.nan, np.float64, ()),
}  # fmt: skip


class Coarser:
    """Adds closed frames to larger ones; a larger one closes when its boiler has a frame of a later one.

    Parameters
    ----------
    cadence
        Of what it makes.
    bucket
        (slot, start_ms) -> begin of the larger frame.
    """

    def __init__(self, cadence: Cadence, bucket: Bucket) -> None:
        self._cadence: Cadence = cadence
        self._bucket = bucket
        self._open = Arrays(_PLAIN)
        self._stats: dict[str, Arrays] = {}

    def add(self, frames: Frames, slots: int) -> Frames:
        """Add frames; return those that closed, sorted by slot and time."""
        self._open.grow(slots)
        for name in frames.stats.keys() - self._stats.keys():
            self._stats[name] = Arrays(_STATS)
        for arrays in self._stats.values():
            arrays.grow(slots)
        if not len(frames):
            return frames.take(np.zeros(0, np.int64))
        bucket_ms = self._bucket(frames.slot, frames.start_ms)
        ends = np.concatenate([frames.slot[1:] != frames.slot[:-1], [True]])
        spoke = frames.slot[ends]
        parts, bucket_ms = self._with_open(frames, bucket_ms, spoke[self._open["start"][spoke] >= 0])
        joined = join(parts, bucket_ms, self._cadence)
        stays = np.concatenate([joined.slot[1:] != joined.slot[:-1], [True]])
        self._keep(joined.take(stays))
        return self._with_gaps(joined.take(~stays))

    def begun_ms(self, slot: Ints) -> Ints:
        """Return when what is open of these boilers begins, -1 without any, shape (n,). [ms since 1970]"""
        begun: Ints = self._open["start"][slot]
        return begun

    def open(self, slot: Ints) -> Frames:
        """Return what is open of these boilers, sorted as they are; those with nothing open are left out."""
        slot = slot[self._open["start"][slot] >= 0]
        nothing = np.full(len(slot), np.nan)
        own = self._open
        return Frames(
            self._cadence, slot, own["start"][slot], own["newest"][slot], own["received"][slot], nothing, own["flame"][slot],
            own["starts"][slot],
            {name: Stats._make(arrays[part][slot] for part in _STATS) for name, arrays in self._stats.items()},
        )  # fmt: skip

    def with_open(self, frames: Frames) -> Frames:
        """Return what larger frames these make with what is open, and leave that as it is.

        Parameters
        ----------
        frames
            At least one, of boilers that were added before.
        """
        for name in frames.stats.keys() - self._stats.keys():
            self._stats[name] = Arrays(_STATS)
            self._stats[name].grow(len(self._open["start"]))
        slot = frames.slot[np.concatenate([frames.slot[1:] != frames.slot[:-1], [True]])]
        bucket_ms = self._bucket(frames.slot, frames.start_ms)
        return join(*self._with_open(frames, bucket_ms, slot[self._open["start"][slot] >= 0]), self._cadence)

    def forget(self, slot: Ints) -> None:
        """Forget what is open of these boilers."""
        for arrays in (self._open, *self._stats.values()):
            arrays.reset(slot[slot < len(arrays)])

    def _with_open(self, frames: Frames, bucket_ms: Ints, slot: Ints) -> tuple[Frames, Ints]:
        """Put what is open in front of what came, boiler by boiler."""
        own, n = self._open, len(slot)
        order = np.argsort(np.concatenate([slot, frames.slot]), kind="stable")

        def with_own(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([old, new])[order] if n else new

        stats = {}
        for name, arrays in self._stats.items():
            new = frames.stats.get(name) or stats_of(np.full(len(frames), np.nan))
            stats[name] = Stats._make(with_own(arrays[f][slot], array) for f, array in zip(_STATS, new, strict=True))
        return Frames(
            self._cadence, with_own(slot, frames.slot), with_own(own["start"][slot], frames.start_ms),
            with_own(own["newest"][slot], frames.newest_ms), with_own(own["received"][slot], frames.received_at_ms),
            with_own(np.full(n, np.nan), frames.gap_s), with_own(own["flame"][slot], frames.flame_on_s),
            with_own(own["starts"][slot], frames.starts), stats,
        ), with_own(own["start"][slot], bucket_ms)  # fmt: skip

    def _keep(self, last: Frames) -> None:
        own = self._open
        own["start"][last.slot] = last.start_ms
        own["newest"][last.slot] = last.newest_ms
        own["received"][last.slot] = last.received_at_ms
        own["flame"][last.slot] = last.flame_on_s
        own["starts"][last.slot] = last.starts
        for name, stats in last.stats.items():
            for part, values in zip(_STATS, stats, strict=True):
                self._stats[name][part][last.slot] = values

    def _with_gaps(self, closed: Frames) -> Frames:
        closed.gap_s = gaps_s(closed.slot, closed.start_ms, self._open["before"])
        return closed

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return what is open, for a snapshot."""
        data = {f"open.{name}": values for name, values in self._open.dump().items()}
        for signal, arrays in self._stats.items():
            data |= {f"stats.{signal}.{name}": values for name, values in arrays.dump().items()}
        return data

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take what was open in a snapshot."""
        self._open.load({name.removeprefix("open."): v for name, v in data.items() if name.startswith("open.")})
        parts: dict[str, dict[str, NDArray[Any]]] = {}
        for name, values in data.items():
            if name.startswith("stats."):
                signal, _, part = name.removeprefix("stats.").rpartition(".")
                parts.setdefault(signal, {})[part] = values
        for signal, arrays in parts.items():
            self._stats[signal] = Arrays(_STATS)
            self._stats[signal].load(arrays)


def gaps_s(slot: Ints, start_ms: Ints, before: Ints) -> Floats:
    """Return seconds since the previous frame of the same slot began, NaN for its first, and remember the newest.

    Parameters
    ----------
    slot, start_ms
        Sorted by slot and time, shape (n,).
    before
        Begin of each slot's newest frame so far, -1 without one; written to, shape (slots,). [ms since 1970]
    """
    if not len(slot):
        return np.zeros(0)
    begins = np.concatenate([[True], slot[1:] != slot[:-1]])
    previous = np.where(begins, before[slot], np.concatenate([[-1], start_ms[:-1]]))
    before[slot] = start_ms  # sorted by time: the last assignment of a slot is its newest
    return np.where(previous >= 0, (start_ms - previous) / 1000, np.nan)


def quarter_of(_slot: Ints, start_ms: Ints) -> Ints:
    """Return the begin of the quarter of an hour, whoever the boiler is."""
    return start_ms - start_ms % QUARTER_MS
