"""When the lines of a file came that do not tell it: the system clock plays no part.

It is the running maximum of the median of the last `ts` of the 31 boilers last heard, half of them before the line and half after
it: one fast clock does not make everyone late, and where a whole fleet speaks at once, each half an hour, nobody who speaks first
seems to be ahead of the others.
"""

from bisect import bisect_left, insort
from collections import OrderedDict

import numpy as np

from boilerwatch.model import Ints

_MEDIAN_OF = 31
_UNTOLD = -1


class Arrivals:
    """Tells when lines came, as soon as the lines after them are known."""

    def __init__(self) -> None:
        self._window = _Window()
        self._told = np.zeros(0, np.int64)
        self._number = np.zeros(0, np.int64)
        self._untold = 0

    def of(self, boiler: Ints, ts_ms: Ints, told: Ints | None = None) -> Ints:
        """Take more lines; return when those came that are decided, the earliest first, the others wait.

        Parameters
        ----------
        boiler
            Number of the boiler that a line is of, the same each time, shape (n,).
        told
            The line's own arrival, -1 where it has none; None for none at all, shape (n,). [ms since 1970]
        """
        told = np.full(len(boiler), _UNTOLD) if told is None else told
        is_untold = told == _UNTOLD
        number = self._untold + np.cumsum(is_untold)
        self._untold = int(number[-1]) if len(number) else self._untold
        now_ms, half = self._window.of(boiler[is_untold], ts_ms[is_untold])
        decides = number[is_untold] - half  # the line that each of these is the last to wait for; never goes back
        self._told, self._number = np.append(self._told, told), np.append(self._number, number)
        place = np.searchsorted(decides, self._number)
        waits = (place == len(decides)) & (self._told == _UNTOLD)
        ready = int(waits.argmax()) if waits.any() else len(waits)
        return self._take(ready, np.append(now_ms, 0)[place[:ready]])

    def finish(self) -> Ints:
        """Return when the lines came that still wait: no line follows them."""
        ready = len(self._told)
        return self._take(ready, np.full(ready, self._window.now_ms))

    def _take(self, ready: int, supposed_ms: Ints) -> Ints:
        told = self._told[:ready]
        self._told, self._number = self._told[ready:], self._number[ready:]
        arrivals: Ints = np.where(told == _UNTOLD, supposed_ms, told)
        return arrivals


class _Window:
    """The boilers last heard, and the median of what they told."""

    def __init__(self) -> None:
        self._last: OrderedDict[int, int] = OrderedDict()
        self._sorted: list[int] = []
        self.now_ms = 0

    def of(self, boiler: Ints, ts_ms: Ints) -> tuple[Ints, Ints]:
        """Return the running maximum of the median up to each line, and half of the boilers in it, shape (n,)."""
        begin = min(len(boiler), max(_MEDIAN_OF - len(self._last), 0))
        first = self._one_by_one(boiler[:begin], ts_ms[:begin])
        if begin == len(boiler):
            return first
        rest = self._at_once(boiler[begin:], ts_ms[begin:])
        if rest is None:
            rest = self._one_by_one(boiler[begin:], ts_ms[begin:])
        return np.append(first[0], rest[0]), np.append(first[1], rest[1])

    def _one_by_one(self, boilers: Ints, ts_ms: Ints) -> tuple[Ints, Ints]:
        last, ordered, now_ms = self._last, self._sorted, self.now_ms
        reached, half = [], []
        for boiler, ts in zip(boilers.tolist(), ts_ms.tolist(), strict=True):
            before = last.pop(boiler, None)
            if before is None and len(last) == _MEDIAN_OF:
                _, before = last.popitem(last=False)
            if before is not None:
                del ordered[bisect_left(ordered, before)]
            last[boiler] = ts
            insort(ordered, ts)
            median = ordered[(len(ordered) - 1) // 2]
            now_ms = max(now_ms, median)
            reached.append(now_ms)
            half.append(len(last) // 2)
        self.now_ms = now_ms
        return np.array(reached, np.int64), np.array(half, np.int64)

    def _at_once(self, boiler: Ints, ts_ms: Ints) -> tuple[Ints, Ints] | None:
        """Return the same for lines whose boilers take turns, or are one: the last boilers heard are the last lines; else None."""
        held = np.array(list(self._last), np.int64)
        if len(held) == 1 and (boiler == held[0]).all():
            middle, kept = ts_ms, 1
        elif len(held) == _MEDIAN_OF and _apart(np.concatenate([held, boiler])) >= _MEDIAN_OF:
            every = np.concatenate([np.array(list(self._last.values()), np.int64), ts_ms])
            windows = np.lib.stride_tricks.sliding_window_view(every, _MEDIAN_OF)[1:]
            place = (_MEDIAN_OF - 1) // 2
            middle, kept = np.partition(windows, place, axis=1)[:, place], _MEDIAN_OF
        else:
            return None
        fresh = zip(boiler[-kept:].tolist(), ts_ms[-kept:].tolist(), strict=True)
        newest = [*self._last.items(), *fresh][-kept:]
        self._last, self._sorted = OrderedDict(newest), sorted(ts for _, ts in newest)
        reached = np.maximum(np.maximum.accumulate(middle), self.now_ms)
        self.now_ms = int(reached[-1])
        return reached, np.full(len(reached), kept // 2)


def _apart(boiler: Ints) -> int:
    """Return the least number of lines from a boiler's line to its next, as many as there are where none has two."""
    order = np.argsort(boiler, kind="stable")
    return int(np.diff(order)[np.diff(boiler[order]) == 0].min(initial=len(boiler)))
