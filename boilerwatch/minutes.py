"""Rows as they arrive -> closed minutes, each boiler in its own event time.

A minute closes 5 s of arrival time after its boiler reported a later one, or 90 s after its own row. A boiler that
speaks after ten minutes of silence waits ten more with what is new, so that hours sent late and newest first are still
seen in order.
What comes for a closed minute is late: counted and named, not folded.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.burner import Known, burnt
from boilerwatch.fold import MINUTE_MS, Frames, Stats, gaps_s, join, stats_of
from boilerwatch.model import Floats, Ints

_LATER_MS, _ALONE_MS = 5_000, 90_000
#: What waits is looked through once in this arrival time: sorting it at every beat would be most of the cost. [ms]
_LOOK_MS = 15_000
_GAP_MS = _WAIT_MS = 600_000
#: A reading stamped further ahead of its arrival than this is a clock set wrong.
_AHEAD_MS = 600_000
#: Boilers whose late readings are remembered by name.
_MOST_NAMED = 1_000
_SHIFT = 42  # milliseconds until 2109 in the low bits of a sorting key
_TIMES = ("slot", "ts_ms", "received_at_ms")


class Late(NamedTuple):
    """Readings of one boiler that came for minutes that had closed.

    Attributes
    ----------
    oldest_ms, newest_ms
        Of their times. [ms since 1970]
    """

    readings: int
    oldest_ms: int
    newest_ms: int


class Minutes:
    """The rows that wait.

    Attributes
    ----------
    late_of
        Boiler's slot -> what came too late since the start, of the first thousand boilers.
    late, ahead
        Rows that came for a closed minute, and rows from the future, so far.
    """

    def __init__(self) -> None:
        self._rows: dict[str, NDArray[Any]] = {name: np.zeros(0, np.int64) for name in _TIMES}
        self._signals: dict[str, Floats] = {}
        self._of = Arrays(
            {"closed": (-1, np.int64, ()), "heard": (0, np.int64, ()), "wait": (0, np.int64, ()), "since": (0, np.int64, ()),
             "before": (-1, np.int64, ()), "ts": (0, np.int64, ()), "flame": (np.nan, np.float64, ()),
             "counter": (np.nan, np.float64, ())}
        )  # fmt: skip
        self.late = 0
        self.late_of: dict[int, Late] = {}
        self.ahead = 0
        self._looked = -1

    def add(
        self, slot: Ints, ts_ms: Ints, received_at_ms: Ints, columns: dict[str, Floats], now_ms: int, slots: int
    ) -> Frames:
        """Add rows in order of arrival; return the minutes that closed until `now_ms`.

        Parameters
        ----------
        slot, ts_ms, received_at_ms
            Shape (n,).
        columns
            Signal -> values, shape (n,), NaN where nothing came.
        now_ms
            Arrival time reached. [ms since 1970]
        """
        self._of.grow(slots)
        ahead = ts_ms > received_at_ms + _AHEAD_MS
        late = ~ahead & (ts_ms // MINUTE_MS <= self._of["closed"][slot])
        self.ahead += int(ahead.sum())
        self.late += int(late.sum())
        self._name_late(slot[late], ts_ms[late])
        good = ~(ahead | late)
        self._hear(slot, received_at_ms)
        if not good.all():
            slot, ts_ms, received_at_ms = slot[good], ts_ms[good], received_at_ms[good]
            columns = {name: values[good] for name, values in columns.items()}
        self._append(slot, ts_ms, received_at_ms, columns)
        if now_ms // _LOOK_MS == self._looked:
            return _frames(slot[:0], slot[:0], slot[:0], {})
        self._looked = now_ms // _LOOK_MS
        return self._close(now_ms)

    def _hear(self, slot: Ints, received_at_ms: Ints) -> None:
        """Note who speaks after a gap: a backlog may follow."""
        if not len(slot):
            return
        order = np.argsort(slot, kind="stable")
        slot, arrival = slot[order], received_at_ms[order]
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        before = np.where(begins, self._of["heard"][slot], np.concatenate([[0], arrival[:-1]]))
        again = (before > 0) & (arrival - before > _GAP_MS)
        self._of["wait"][slot[again]] = arrival[again] + _WAIT_MS
        self._of["since"][slot[again]] = before[again]
        self._of["heard"][slot] = arrival

    def _append(self, slot: Ints, ts_ms: Ints, received_at_ms: Ints, columns: dict[str, Floats]) -> None:
        held, fresh = len(self._rows["slot"]), len(slot)
        if not fresh:
            return
        for name, times in zip(_TIMES, (slot, ts_ms, received_at_ms), strict=True):
            self._rows[name] = np.concatenate([self._rows[name], times])
        for name in self._signals.keys() | columns.keys():
            old = self._signals[name] if name in self._signals else np.full(held, np.nan)
            new = columns[name] if name in columns else np.full(fresh, np.nan)
            self._signals[name] = np.concatenate([old, new])

    def _close(self, now_ms: int) -> Frames:
        rows = self._rows
        order = np.argsort((rows["slot"] << _SHIFT) | rows["ts_ms"], kind="stable")
        slot, minute = rows["slot"][order], rows["ts_ms"][order] // MINUTE_MS
        if not len(slot):
            return _frames(slot, slot, slot, {})
        arrival = rows["received_at_ms"][order]
        starts = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
        waits = self._of["wait"][slot] > now_ms
        done = np.where(waits, arrival <= self._of["since"][slot], arrival <= now_ms - _ALONE_MS)
        passed = ~waits & (arrival <= now_ms - _LATER_MS)
        upto = np.maximum.reduceat(np.where(done, minute, np.where(passed, minute - 1, -1)), starts)
        own = slot[starts]
        self._of["closed"][own] = np.maximum(self._of["closed"][own], upto)
        ends = minute <= np.repeat(upto, np.diff(np.append(starts, len(slot))))
        closing, staying = order[ends], np.sort(order[~ends])
        folded = self._fold(
            rows["slot"][closing],
            rows["ts_ms"][closing],
            rows["received_at_ms"][closing],
            {name: values[closing] for name, values in self._signals.items()},
        )
        self._rows = {name: values[staying] for name, values in rows.items()}
        self._signals = {name: values[staying] for name, values in self._signals.items()}
        return folded

    def _fold(self, slot: Ints, ts_ms: Ints, received_at_ms: Ints, columns: dict[str, Floats]) -> Frames:
        """Make minutes of rows sorted by (slot, time); rows of one moment are one reading, the last to come wins."""
        rows = _frames(
            slot, ts_ms, received_at_ms, {n: stats_of(v) for n, v in columns.items() if np.isfinite(v).any()}
        )
        if not len(slot):
            return rows
        merged = join(rows, ts_ms, "minute")
        if len(merged) < len(rows):
            merged.stats = {name: stats_of(stats.last) for name, stats in merged.stats.items()}
        self._flame(merged)
        merged.newest_ms = merged.start_ms
        minutes = join(merged, merged.start_ms - merged.start_ms % MINUTE_MS, "minute")
        minutes.gap_s = gaps_s(minutes.slot, minutes.start_ms, self._of["before"])
        return minutes

    def _flame(self, rows: Frames) -> None:
        """Tell how long the flame burnt up to each reading, and whether it began to."""
        of, slot = self._of, rows.slot
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        ends = np.concatenate([begins[1:], [True]])
        never = np.zeros(len(slot), np.int64)
        before = Known(of["ts"][slot], of["flame"][slot], never, of["counter"][slot], never)
        told = burnt(begins, rows.start_ms, rows.last("flame_on"), rows.last("burner_starts"), before)
        rows.flame_on_s, rows.starts = told.flame_on_s, told.starts
        for name, values in (("ts", told.known.ts_ms), ("flame", told.known.flame), ("counter", told.known.starts)):
            of[name][slot[ends]] = values[ends]

    def _name_late(self, slot: Ints, ts_ms: Ints) -> None:
        """Remember whose readings came too late, and from when to when; of so many boilers that it stays small."""
        for one in np.unique(slot).tolist():
            mine = ts_ms[slot == one]
            before = self.late_of.get(one)
            if before is None and len(self.late_of) >= _MOST_NAMED:
                continue
            fresh = Late(len(mine), int(mine.min()), int(mine.max()))
            self.late_of[one] = fresh if before is None else Late(
                before.readings + fresh.readings, min(before.oldest_ms, fresh.oldest_ms), max(before.newest_ms, fresh.newest_ms)
            )  # fmt: skip

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return what waits, for a snapshot."""
        return {
            **{f"of.{name}": values for name, values in self._of.dump().items()},
            **{f"rows.{name}": values for name, values in self._rows.items()},
            **{f"signals.{name}": values for name, values in self._signals.items()},
            "counts": np.array([self.late, self.ahead, self._looked], np.int64),
        }

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take what waited in a snapshot."""
        self._of.load({name.removeprefix("of."): v for name, v in data.items() if name.startswith("of.")})
        self._rows = {name: data[f"rows.{name}"] for name in _TIMES}
        self._signals = {n.removeprefix("signals."): v for n, v in data.items() if n.startswith("signals.")}
        self.late, self.ahead, self._looked = (int(value) for value in data["counts"])


def _frames(slot: Ints, ts_ms: Ints, received_at_ms: Ints, stats: dict[str, Stats]) -> Frames:
    unknown = np.full(len(slot), np.nan)
    return Frames("minute", slot, ts_ms, ts_ms, received_at_ms, unknown, unknown, unknown, stats)
