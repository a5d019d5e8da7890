"""How a quantity came to where it is: growing, or by one jump that then stands still.

Three ways are fitted to the last days by least squares: level up to some day and growing evenly from it on (a fault); level,
one day between, and another level (a set point, a service, new firmware); level, one day between, and growing afterwards (a
fault that began at once, or one that goes on through a change). A way counts where it explains the days better than the jump
by more than the boiler's scatter lets happen by chance.
"""

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats

#: Log-likelihood by which growth must beat the jump: odds of 7, and, where it has one more value to fit, of 90 (3 sigma).
_BETTER, _MUCH_BETTER = 2.0, 4.5
#: Days after a jump before its going on is believed.
_GOES_ON_DAYS = 4
_NO_FIT = 1e300


def grows(ring: Floats, scatter: Floats, effect: Floats) -> NDArray[np.bool_]:
    """Return whether growth explains the days better than one jump, shape (n,).

    Parameters
    ----------
    ring
        Deviations, oldest first, positive towards the fault, NaN without data, shape (n, days).
    scatter, effect
        Day-to-day scatter, and the effect worth knowing: a growth after a jump makes half of it at least, shape (n,).

    Examples
    --------
    >>> days = [[0, 0, 0, 0, 0, 0, 3, 6, 9, 12], [0, 0, 0, 0, 0, 5, 10, 10, 10, 10], [0, 0, 0, 0, 0, 9, 11, 13, 15, 17]]
    >>> grows(np.array(days, float), np.ones(3), 3 * np.ones(3)).tolist()
    [True, False, True]
    """
    there = np.isfinite(ring)
    value = np.where(there, ring, 0.0)
    by_growth = np.full(len(ring), _NO_FIT)
    by_jump, by_both = by_growth.copy(), by_growth.copy()
    days = ring.shape[1]
    time = np.arange(days, dtype=np.float64)
    for place in range(days - 1):
        left, slope, _ = _line(np.maximum(time - place, 0.0)[None, :], value, there)
        by_growth = np.where(slope > 0, np.fmin(by_growth, left), by_growth)
    for place in range(1, days - 1):  # the day between counts for nothing: it may hold both
        before, _ = _level(value, there & (time < place))
        after, number = _level(value, there & (time > place))
        ahead, slope, ran = _line(time[None, :], value, there & (time > place))
        known = number > 0
        by_jump = np.where(known, np.fmin(by_jump, before + after), by_jump)
        goes_on = (number >= _GOES_ON_DAYS) & (slope * ran >= effect / 2)
        by_both = np.where(goes_on, np.fmin(by_both, before + ahead), by_both)
    chance = 2 * np.maximum(scatter, 1e-9) ** 2
    better: NDArray[np.bool_] = by_jump - by_growth > _BETTER * chance
    better |= by_jump - by_both > _MUCH_BETTER * chance
    return better


def _level(value: Floats, used: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the squares that a level leaves and the number of days, shape (n,)."""
    number = used.sum(axis=1).astype(np.float64)
    total = np.where(used, value, 0.0).sum(axis=1)
    left: Floats = np.where(used, value**2, 0.0).sum(axis=1) - total**2 / np.maximum(number, 1)
    return left, number


def _line(along: Floats, value: Floats, used: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return the squares that a line leaves, its slope, and how far its days run, shape (n,)."""
    number = np.maximum(used.sum(axis=1), 1)
    x = np.where(used, along, 0.0)
    y = np.where(used, value, 0.0)
    x = np.where(used, x - (x.sum(axis=1) / number)[:, None], 0.0)
    y = np.where(used, y - (y.sum(axis=1) / number)[:, None], 0.0)
    spread = (x**2).sum(axis=1)
    slope = (x * y).sum(axis=1) / np.maximum(spread, 1e-12)
    left: Floats = (y**2).sum(axis=1) - slope * (x * y).sum(axis=1)
    return left, slope, x.max(axis=1) - x.min(axis=1)
