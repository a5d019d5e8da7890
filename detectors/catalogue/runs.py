"""Runs: what stays far off for an hour of readings is told then, not when its day ends: a path that clogs within hours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import ranks
from boilerwatch.model import Floats, Ints

#: A run lasts so long, is of so many readings, may pause so long, and is told once in so long: else days tell. [ms], [-]
_LASTS_MS, _LEAST, _PAUSE_MS, _AGAIN_MS = 3_600_000, 6, 86_400_000, 7 * 86_400_000
#: A reading this near to what is usual, as a share of the limit, ends it.
_ENDS = 0.5


class Runs:
    """How long each boiler's readings have been off on one side."""

    def __init__(self) -> None:
        self._run = Arrays(
            {"count": (0, np.uint8, ()), "sign": (0, np.int8, ()), "begin": (-1, np.int64, ()),
             "newest": (-1, np.int64, ()), "told": (-_AGAIN_MS, np.int64, ())}
        )  # fmt: skip

    def take(self, slot: Ints, start_ms: Ints, off: Floats, limit: float, slots: int) -> NDArray[np.bool_]:
        """Return at which readings a run has lasted, shape (n,).

        Parameters
        ----------
        slot, start_ms
            Sorted by slot and time, shape (n,).
        off
            How far each reading is off, NaN where that is not known, shape (n,).
        limit
            From which it counts, either way.
        """
        run = self._run
        run.grow(slots)
        lasts = np.zeros(len(slot), np.bool_)
        pick = np.flatnonzero(np.isfinite(off) & ((np.abs(off) >= limit) | (run["count"][slot] > 0)))
        far = np.flatnonzero(np.isfinite(off) & np.isin(slot, slot[pick]))  # sound readings end runs begun just now
        for rank in ranks(slot[far]):
            rows = far[rank]
            own, at, by = slot[rows], start_ms[rows], off[rows]
            odd, sign = np.abs(by) >= limit, np.sign(by).astype(np.int8)
            same = (run["count"][own] > 0) & (sign == run["sign"][own]) & (at - run["newest"][own] <= _PAUSE_MS)
            ends = (np.abs(by) < _ENDS * limit) | (~odd & ~same)
            count = np.where(odd, np.where(same, np.minimum(run["count"][own], 254) + 1, 1), run["count"][own])
            run["begin"][own] = np.where(odd & ~same, at, run["begin"][own])
            run["newest"][own] = np.where(odd, at, run["newest"][own])
            run["sign"][own] = np.where(odd, sign, run["sign"][own])
            run["count"][own] = np.where(ends, 0, count)
            lasting = odd & (run["count"][own] >= _LEAST) & (at - run["begin"][own] >= _LASTS_MS)
            lasts[rows] = lasting & (at - run["told"][own] >= _AGAIN_MS)
            run["told"][own] = np.where(lasts[rows], at, run["told"][own])
        return lasts

    def reset(self, slot: int) -> None:
        """Forget a boiler's run."""
        self._run.grow(slot + 1)
        self._run.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the runs."""
        return {f"run.{name}": values for name, values in self._run.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the runs."""
        self._run.load({name: data[f"run.{name}"] for name in self._run.dump()})
