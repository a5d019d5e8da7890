"""Six-hour means of pressure and water temperature, folded row by row in order of arrival.

A boiler's sensors tell of the circuit's water only while that flows past them: with the burner out they tell of what
stands in the boiler, with the diverter on hot water of a short loop. So a block's means are of the readings while the
burner heats the circuit, where there are some; else its pressure is the mean of all, and its water's temperature is not
known.

Sums run in whole micro-units, so that they are the same however rows were cut into batches. A boiler's block closes
when it reports from a later one; what comes for a closed block is late and counted.
"""

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Ints
from detectors.slots import Arrays

BLOCK_MS = 6 * 3_600_000
_MICRO = 1e6
#: Share of a block's readings that must be of heating, and how many, for the means to be theirs: fewer are a start. [-]
_LEAST_SHARE, _LEAST_HEATING = 1 / 12, 2
_SUMS = ("count", "pressure", "warm_count", "warm", "heating", "heating_pressure")


@dataclass(frozen=True, slots=True)
class Closed:
    """Blocks that ended, in order of event time within a boiler.

    Attributes
    ----------
    slot, block
        Boiler and number of the block since 1970, shape (n,).
    count
        Pressure readings in it, shape (n,).
    pressure_bar, water_temp_c
        Means, shape (n,); the temperature is NaN where none was measured with them.
    """

    slot: Ints
    block: Ints
    count: Ints
    pressure_bar: Floats
    water_temp_c: Floats


_EMPTY = np.zeros(0)


class Blocks:
    """The open block of each boiler."""

    def __init__(self) -> None:
        self._open = Arrays({name: (-1 if name == "block" else 0, np.int64, ()) for name in ("block", *_SUMS)})
        self.late = 0

    def fold(
        self,
        slot: Ints,
        ts_ms: Ints,
        pressure_bar: Floats,
        water_temp_c: Floats,
        is_heating: NDArray[np.bool_],
        slots: int,
    ) -> Closed:
        """Add rows; return the blocks that closed.

        All arrays have shape (n,); the temperature is NaN where nothing flows past the sensors.
        """
        self._open.grow(slots)
        known = ~np.isnan(pressure_bar)
        slot, block = slot[known], ts_ms[known] // BLOCK_MS
        order = np.argsort(slot, kind="stable")
        slot, block = slot[order], block[order]
        if not len(slot):
            return Closed(slot, block, slot, _EMPTY, _EMPTY)
        reached = running_max(slot, np.maximum(block, self._open["block"][slot]))
        fresh = block == reached
        self.late += int((~fresh).sum())
        rows = order[fresh]
        bar, warm_c, heats = (values[known][rows] for values in (pressure_bar, water_temp_c, is_heating))
        return self._add(slot[fresh], block[fresh], bar, warm_c, heats)

    def _add(
        self, slot: Ints, block: Ints, pressure_bar: Floats, water_temp_c: Floats, is_heating: NDArray[np.bool_]
    ) -> Closed:
        if not len(slot):
            return Closed(slot, block, slot, _EMPTY, _EMPTY)
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(slot) != 0) | (np.diff(block) != 0)]))
        warm = ~np.isnan(water_temp_c)
        bar = np.rint(pressure_bar * _MICRO).astype(np.int64)
        warm_c = np.rint(np.where(warm, water_temp_c, 0) * _MICRO).astype(np.int64)
        each = (np.ones(len(slot), np.int64), bar, warm, warm_c, is_heating, bar * is_heating)
        sums = {n: np.add.reduceat(v.astype(np.int64), starts) for n, v in zip(_SUMS, each, strict=True)}
        group_slot, group_block = slot[starts], block[starts]
        first = np.concatenate([[True], np.diff(group_slot) != 0])
        last = np.concatenate([np.diff(group_slot) != 0, [True]])
        state = self._open
        same = first & (state["block"][group_slot] == group_block)
        for name, values in sums.items():
            values[same] += state[name][group_slot[same]]
        ended = first & ~same & (state["block"][group_slot] >= 0)
        before = {name: state[name][group_slot[ended]] for name in ("block", *sums)}
        closed = [
            _means(group_slot[ended], before["block"], before),
            _means(group_slot[~last], group_block[~last], {name: values[~last] for name, values in sums.items()}),
        ]
        state["block"][group_slot[last]] = group_block[last]
        for name, values in sums.items():
            state[name][group_slot[last]] = values[last]
        parts = [np.concatenate(pair) for pair in zip(*map(astuple, closed), strict=True)]
        order = np.lexsort((parts[1], parts[0]))
        return Closed(*(part[order] for part in parts))

    def forget(self, slot: int) -> None:
        """Leave out the open block of a boiler: a service parts it in two."""
        self._open.grow(slot + 1)
        self._open.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the open blocks for a snapshot."""
        return self._open.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the open blocks of a snapshot."""
        self._open.load(data)


def _means(slot: Ints, block: Ints, sums: dict[str, Ints]) -> Closed:
    count = sums["count"]
    heats = (sums["heating"] >= _LEAST_HEATING) & (sums["heating"] >= _LEAST_SHARE * count)
    of = np.where(heats, sums["heating"], count)
    bar = np.where(heats, sums["heating_pressure"], sums["pressure"]) / _MICRO / np.maximum(of, 1)
    enough = sums["warm_count"] * 2 > of
    warm = np.where(enough, sums["warm"] / _MICRO / np.maximum(sums["warm_count"], 1), np.nan)
    return Closed(slot, block, count, bar, warm)


def running_max(slot: Ints, value: Ints) -> Ints:
    """Return the running maximum of `value` within each run of one slot, shape (n,)."""
    begins = np.concatenate([[True], np.diff(slot) != 0])
    run = np.cumsum(begins) - 1
    low = int(value.min())
    span = int(value.max()) - low + 1
    highest: Ints = np.maximum.accumulate(run * span + (value - low)) - run * span + low
    return highest
