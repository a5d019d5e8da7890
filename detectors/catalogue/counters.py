"""Counters that only rise: what was added since the boiler's last reading of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import Frames
from boilerwatch.model import Floats

#: A counter that jumped by more was set anew, or is another boiler's.
_JUMP = 200.0


class Counters:
    """The newest value of some counters of each boiler.

    Parameters
    ----------
    signals
        Their names.
    """

    def __init__(self, signals: tuple[str, ...]) -> None:
        self._signals = signals
        self._last = Arrays(dict.fromkeys(signals, (np.nan, np.float64, ())))

    def more(self, frames: Frames, slots: int) -> dict[str, Floats]:
        """Return what each frame added, NaN where that cannot be known, shape (n,)."""
        self._last.grow(slots)
        added = {}
        for name in self._signals:
            value = frames.last(name)
            rows = np.flatnonzero(~np.isnan(value))
            result = np.full(len(frames), np.nan)
            if len(rows):
                slot, told = frames.slot[rows], value[rows]
                begins = np.concatenate([[True], slot[1:] != slot[:-1]])
                before = np.where(begins, self._last[name][slot], np.concatenate([[np.nan], told[:-1]]))
                more = told - before
                result[rows] = np.where((more >= 0) & (more <= _JUMP), more, np.nan)
                self._last[name][slot] = told  # sorted by time: the last assignment is the newest
            added[name] = result
        return added

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the newest values."""
        return {f"counter.{name}": values for name, values in self._last.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the newest values."""
        self._last.load({name: data[f"counter.{name}"] for name in self._signals})
