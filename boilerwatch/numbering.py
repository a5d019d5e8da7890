"""Publications that number themselves: how many came, how many never did, whatever their order."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Ints

_WRAP = 2**32
_HALF = _WRAP // 2


class Counted(NamedTuple):
    """What numbers told, by boiler, shape (n_boilers,).

    Attributes
    ----------
    slot
        Boilers that numbered anything, each once.
    numbered, lost, gaps
        Publications with a number, numbers skipped less those that came late, and how often some were skipped.
    boot, highest
        Where each boiler's counting is now.
    """

    slot: Ints
    numbered: Ints
    lost: Ints
    gaps: Ints
    boot: Ints
    highest: Ints


def count(slot: Ints, boot: Ints, number: Ints, boot_before: Ints, highest_before: Ints) -> Counted:
    """Count numbered publications, in order of arrival within each boiler.

    A number above the highest leaves those between as lost until they come; one below it was counted as lost and is taken
    back. The first number of a boot is where its counting starts; 32 bits wrap.

    Parameters
    ----------
    slot
        Boiler of each publication, shape (n,).
    boot, number
        Of the publication, shape (n,).
    boot_before, highest_before
        Where the counting of its boiler was; -1 before the first number, shape (n,).
    """
    order = np.argsort(slot, kind="stable")
    slot, boot, number = slot[order], boot[order], number[order]
    before, known = boot_before[order], highest_before[order]
    own = _begins(slot)
    segment = own | _begins(boot)
    starts = np.flatnonzero(segment)
    run = np.cumsum(segment) - 1
    goes_on = own[starts] & (before[starts] == boot[starts]) & (known[starts] >= 0)
    base = np.where(goes_on, known[starts], number[starts])
    ahead = (number - base[run] + _HALF) % _WRAP - _HALF
    reached = np.maximum(_running_max(run, ahead), 0)
    previous = np.where(segment, 0, np.concatenate([[0], reached[:-1]]))
    skipped = np.where(ahead > previous, ahead - previous - 1, np.where(ahead < previous, -1, 0))
    ends = np.concatenate([own[1:], [True]])
    boilers = np.flatnonzero(own)
    return Counted(
        slot[boilers], np.diff(np.append(boilers, len(slot))), np.add.reduceat(skipped, boilers),
        np.add.reduceat((skipped > 0).astype(np.int64), boilers), boot[ends], (base[run][ends] + reached[ends]) % _WRAP,
    )  # fmt: skip


def _begins(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.concatenate([[True], values[1:] != values[:-1]])


def _running_max(run: Ints, value: Ints) -> Ints:
    """Return the running maximum of `value` within each run, shape (n,)."""
    low = int(value.min())
    span = int(value.max()) - low + 1
    highest: Ints = np.maximum.accumulate(run * span + (value - low)) - run * span + low
    return highest
