"""Days that something came late for, until they are folded anew from the store."""

from typing import NamedTuple

import msgspec
import numpy as np

from boilerwatch.fold import QUARTER_MS
from boilerwatch.model import Ints
from collector.storing.boilers import Boilers
from collector.storing.folding import HELD_MS

#: A day waits until nothing more has come for it this long, for a backlog comes in many pieces; and never longer than ...
CALM_MS, PATIENCE_MS = 30_000, 600_000
#: From a midnight to a moment of the next day.
_ON_MS = 30 * 3_600_000
_SHIFT = 22  # quarters of an hour until 2089 in the low bits of a key


class Day(NamedTuple):
    """A boiler's civil day."""

    slot: int
    start_ms: int


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """Which quarters of a day are wrong, by their starts, and when that was learned, by arrival. [ms since 1970]"""

    low_ms: int
    high_ms: int
    first_ms: int
    last_ms: int


def both(one: Mark, other: Mark) -> Mark:
    """Return a mark that covers two."""
    return Mark(
        min(one.low_ms, other.low_ms), max(one.high_ms, other.high_ms), min(one.first_ms, other.first_ms),
        max(one.last_ms, other.last_ms),
    )  # fmt: skip


class Late:
    """The marks.

    Parameters
    ----------
    boilers
        Know when their days begin.
    """

    def __init__(self, boilers: Boilers) -> None:
        self._boilers = boilers
        self._marks: dict[Day, Mark] = {}

    def __len__(self) -> int:
        """Return how many days wait."""
        return len(self._marks)

    def mark(self, slot: Ints, ts_ms: Ints, now_ms: int) -> None:
        """Mark what rows of these moments change, shape (n,): their own quarters, and those within the hour after."""
        keys = np.unique((slot << _SHIFT) | (ts_ms // QUARTER_MS))
        slot, low = keys >> _SHIFT, (keys & ((1 << _SHIFT) - 1)) * QUARTER_MS
        high = low + HELD_MS
        first, last = self._boilers.days_of(slot, low), self._boilers.days_of(slot, high)
        for place in range(len(slot)):
            for start in {int(first[place]), int(last[place])}:
                self._note(Day(int(slot[place]), start), int(low[place]), int(high[place]), now_ms)

    def whole_day(self, slot: int, at_ms: int, now_ms: int) -> None:
        """Mark all of a boiler's day, and of the one after, into which it may reach."""
        one = np.array([slot])
        (start,) = self._boilers.days_of(one, np.array([at_ms])).tolist()
        (following,) = self._boilers.days_of(one, np.array([start + _ON_MS])).tolist()
        self._note(Day(slot, start), start, following + HELD_MS, now_ms)
        self._note(Day(slot, following), start, following + HELD_MS, now_ms)

    def due(self, now_ms: int, limit: int, *, all_of_it: bool = False) -> dict[Day, Mark]:
        """Return days that are calm, the longest waiting first."""
        found = {
            day: mark for day, mark in self._marks.items()
            if all_of_it or now_ms >= mark.last_ms + CALM_MS or now_ms >= mark.first_ms + PATIENCE_MS
        }  # fmt: skip
        return dict(sorted(found.items(), key=lambda one: one[1].first_ms)[:limit])

    def done(self, days: list[Day]) -> None:
        """Take marks away."""
        for day in days:
            self._marks.pop(day, None)

    def plain(self) -> list[tuple[Day, Mark]]:
        """Return the marks for a snapshot."""
        return list(self._marks.items())

    def load(self, plain: list[tuple[Day, Mark]]) -> None:
        """Take the marks of a snapshot."""
        self._marks = dict(plain)

    def _note(self, day: Day, low_ms: int, high_ms: int, now_ms: int) -> None:
        mark = Mark(low_ms, high_ms, now_ms, now_ms)
        self._marks[day] = both(mark, self._marks.get(day, mark))
