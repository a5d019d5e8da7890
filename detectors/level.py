"""How a column's level goes on: it follows the column slowly, is held while rows look odd, and is then known less and less.

The same slow pace for all: what a column did in 400 rows does not tell well enough how it wanders, and a level that
follows quickly follows faults too. How far windows of healthy rows stray from such a level is measured where it is needed.
How far a column goes in a time as long as half the training rows says how soon a held level is no longer known; so an alarm
ends by itself when it has outlived what is known.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A row moves a level by no more than its rate times this: a spike is no news. [sizes]
STEP_CLIP = 2.0
#: Least growth of a held level's variance: in 50,000 rows every column may have moved by its own noise. [1/row]
_LEAST_GROWTH = 2e-5
_MEAN_ROWS = 20
_ROW_CLIP = 5.0


def medians(scaled: Floats) -> Floats:
    """Return the lower median along the rows, 0 where nothing was seen; shape (..., rows, columns) to (..., columns)."""
    count = np.isfinite(scaled).sum(axis=-2, keepdims=True)
    ordered = np.sort(scaled, axis=-2)  # NaN last
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-2)
    result: Floats = np.nan_to_num(middle[..., 0, :])
    return result


def follow(scaled: Floats, level: Floats, rate: float) -> Floats:
    """Return the level before each row and after the last, shape (rows + 1, columns)."""
    levels = np.empty((len(scaled) + 1, len(level)))
    levels[0] = level
    for i, row in enumerate(scaled):
        apart = np.clip(row - levels[i], -STEP_CLIP, STEP_CLIP)
        levels[i + 1] = levels[i] + rate * np.where(np.isfinite(apart), apart, 0.0)
    return levels


def growth_of(scaled: Floats) -> Floats:
    """Return how quickly a held level's variance grows, from how means of rows part with time, shape (columns,). [sizes²/row]

    What may be chance is no growth: else a steady column's noise would let its faults be outlived.
    """
    rows = len(scaled)
    length, near, far = min(_MEAN_ROWS, rows // 4), rows // 10, rows // 2
    if length < 1 or near < 1:
        return np.full(scaled.shape[1], _LEAST_GROWTH)
    known = np.clip(np.nan_to_num(scaled), -_ROW_CLIP, _ROW_CLIP)
    total = np.cumsum(np.vstack([np.zeros(scaled.shape[1]), known]), axis=0)
    means = (total[length:] - total[:-length]) / length
    apart = [((means[lag:] - means[:-lag]) ** 2).mean(axis=0) for lag in (near, far)]
    chance = np.sqrt(2 * length / (rows - far))  # standard error of a variance from as many means as do not overlap
    result: Floats = np.maximum(apart[1] - (1 + chance) * apart[0], 0.0) / (far - near) + _LEAST_GROWTH
    return result
