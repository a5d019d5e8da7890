"""How long the flame burnt up to each reading, and whether it was lit: from flags and counters that are held."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Ints

#: A state of the flame is held no longer than this, and a counter that jumped by more was set anew.
_FLAME_HELD_S, _JUMP = 900.0, 1000.0
_FOR_EVER_MS = 2**62


class Known(NamedTuple):
    """What was known of each row's boiler before these rows, shape (n,): its newest reading, flame and counter.

    Attributes
    ----------
    ts_ms
        0 without a reading. [ms since 1970]
    flame, starts
        NaN where unknown.
    flame_ms, starts_ms
        When they were told. [ms since 1970]
    """

    ts_ms: Ints
    flame: Floats
    flame_ms: Ints
    starts: Floats
    starts_ms: Ints


class Burnt(NamedTuple):
    """What readings tell, shape (n,); NaN where it cannot be known. `known` is what is known after each of them."""

    flame_on_s: Floats
    starts: Floats
    known: Known


def burnt(
    begins: NDArray[np.bool_], ts_ms: Ints, flame: Floats, starts: Floats, before: Known, held_ms: int = _FOR_EVER_MS
) -> Burnt:
    """Return seconds of flame since the reading before each, and burner starts since then.

    Parameters
    ----------
    begins
        Whether a row is its boiler's first, shape (n,); rows are sorted by boiler and time.
    flame, starts
        Flag and counter of the reading, shape (n,), NaN where none came.
    held_ms
        How long what was told is taken to hold. [ms]
    """

    def previous(values: NDArray[Any], first: NDArray[Any]) -> NDArray[Any]:
        return np.where(begins, first, np.concatenate([values[:1], values[:-1]]))

    burns, burns_ms = _held(flame, ts_ms, begins, before.flame, before.flame_ms)
    counter, counter_ms = _held(starts, ts_ms, begins, before.starts, before.starts_ms)

    def still(values: NDArray[Any], told_ms: Ints) -> Floats:
        return np.where(ts_ms - told_ms <= held_ms, values, np.nan)

    ts_before = previous(ts_ms, before.ts_ms)
    passed_s = np.where(ts_before > 0, (ts_ms - ts_before) / 1000, np.nan)
    burnt_before = still(previous(burns, before.flame), previous(burns_ms, before.flame_ms))
    more = counter - still(previous(counter, before.starts), previous(counter_ms, before.starts_ms))
    now = still(burns, burns_ms)
    lit = np.where(np.isnan(now) | np.isnan(burnt_before), np.nan, (now > 0) & ~(burnt_before > 0))
    return Burnt(
        np.where(passed_s <= _FLAME_HELD_S, burnt_before * passed_s, np.nan),
        np.where((more >= 0) & (more <= _JUMP), more, lit),
        Known(ts_ms, burns, burns_ms, counter, counter_ms),
    )


def _held(
    values: Floats, ts_ms: Ints, begins: NDArray[np.bool_], before: Floats, before_ms: Ints
) -> tuple[Floats, Ints]:
    """Return the values with gaps filled by the boiler's last one, and when each was told."""
    place = np.arange(len(values))
    first = np.maximum.accumulate(np.where(begins, place, 0))
    known = np.maximum.accumulate(np.where(np.isnan(values), -1, place))
    own = known >= first
    return np.where(own, values[known], before), np.where(own, ts_ms[known], before_ms)
