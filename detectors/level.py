"""How a column's level goes on: what the recent past says it should be, and how soon that is no longer known.

A level follows the column at a rate that its own training rows chose: quickly where it wanders, hardly where it stays.
While rows look odd it is held, so that a fault does not become the new normal. How far a column wanders in such a time is
measured on the training rows too; the longer a level is held, the less a deviation from it counts, and the quicker it is
found again. So an alarm ends by itself when it has outlived what is known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Rates that a column may choose from, a factor of four apart. [1/row]
RATES = (1 / 15, 1 / 60, 1 / 240, 1 / 1000)
#: A quicker rate must make this share of the slower one's error: else it follows faults, for nothing.
_WORTH_IT = 0.8
#: A row moves a level by no more than its rate times this: a spike is no news. [sizes]
STEP_CLIP = 2.0
#: Least growth of a held level's variance: in 50,000 rows every column may have moved by its own noise. [1/row]
_LEAST_GROWTH = 2e-5
_STRIDE = 5


@dataclass(frozen=True, slots=True)
class Wander:
    """How levels wander; all shape (columns,).

    Attributes
    ----------
    rate
        How quickly each level follows. [1/row]
    growth
        Of a held level's variance. [sizes²/row]
    """

    rate: Floats
    growth: Floats


def medians(scaled: Floats) -> Floats:
    """Return the lower median along the rows, 0 where nothing was seen; shape (..., rows, columns) to (..., columns)."""
    count = np.isfinite(scaled).sum(axis=-2, keepdims=True)
    ordered = np.sort(scaled, axis=-2)  # NaN last
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-2)
    result: Floats = np.nan_to_num(middle[..., 0, :])
    return result


def follow(scaled: Floats, level: Floats, rate: Floats) -> Floats:
    """Return the level before each row and after the last, shape (rows + 1, columns)."""
    levels = np.empty((len(scaled) + 1, len(level)))
    levels[0] = level
    for i, row in enumerate(scaled):
        apart = np.clip(row - levels[i], -STEP_CLIP, STEP_CLIP)
        levels[i + 1] = levels[i] + rate * np.where(np.isfinite(apart), apart, 0.0)
    return levels


def wander_of(scaled: Floats, window: int, horizon: int) -> Wander:
    """Learn it from training rows, forward and backward; shape of `scaled` (rows, columns)."""
    errors = [_error(scaled, np.full(scaled.shape[1], rate), window, 0) for rate in RATES]
    rate, best = np.full(scaled.shape[1], RATES[-1]), errors[-1]
    for other, error in zip(RATES[-2::-1], errors[-2::-1], strict=True):
        better = error < _WORTH_IT * best
        rate, best = np.where(better, other, rate), np.where(better, error, best)
    now, later = (_error(scaled, rate, window, ahead) for ahead in (0, horizon))
    return Wander(rate, np.maximum(later - now, 0.0) / max(horizon, 1) + _LEAST_GROWTH)


def _error(scaled: Floats, rate: Floats, window: int, ahead: int) -> Floats:
    """Return the mean square of a later window's middle less the level known before, shape (columns,)."""
    begin = min(4 * window, len(scaled) // 3)
    total, count = np.zeros(scaled.shape[1]), 0
    for rows in (scaled, scaled[::-1]):
        levels = follow(rows, medians(rows[: max(begin, 1)]), rate)
        at = np.arange(begin, len(rows) - ahead - window + 1, _STRIDE)
        if not len(at):
            continue
        later = np.stack([rows[one + ahead : one + ahead + window] for one in at])
        total += np.minimum(medians(later - levels[at][:, None]) ** 2, 1e6).sum(axis=0)
        count += len(at)
    return total / max(count, 1)
