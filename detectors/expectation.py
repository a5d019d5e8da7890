"""What the other columns of a row say that a column should be: ridge regressions that know how far to be trusted.

Columns are first brought to one scale. A regression is learned from swings within blocks of rows, never from levels:
two columns that only wander together explain nothing about each other. How much of a column's variance it explains is
measured on blocks it has not seen, and what explains nothing there is left out. A regressor counts no further than it
went in training: nobody knows how a relation goes on out there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLOCKS = 5
_RIDGES = (0.03, 0.3)  # of a row's variance; more regressors than 400 rows carry are held small
_LEAST_EXPLAINED = 0.05


@dataclass(frozen=True, slots=True)
class Scale:
    """Level and size of each column.

    Attributes
    ----------
    middle, size
        Shape (columns,); size is NaN for a column that says nothing: no two different values.
    """

    middle: Floats
    size: Floats

    def apply(self, values: Floats) -> Floats:
        """Return columns on one scale, NaN for those that say nothing, shape (rows, columns)."""
        return (values - self.middle) / self.size


def scale_of(values: Floats) -> Scale:
    """Learn it; a size is never below what the steps of a quantised column alone make."""
    columns = values.shape[1]
    middle, size = np.zeros(columns), np.full(columns, np.nan)
    for column in range(columns):
        known = values[:, column]
        known = known[np.isfinite(known)]
        levels = np.unique(known)
        if len(levels) < 2:
            continue
        low, middle[column], high = np.quantile(known, [0.25, 0.5, 0.75])
        spread = (high - low) / 1.349
        step = np.median(np.diff(levels))
        least = step / np.sqrt(12)
        size[column] = max(spread, least) if spread > 0 else max(float(known.std()), least)
    return Scale(middle, np.where(size > 0, size, np.nan))


def steps_of(values: Floats) -> Floats:
    """Return what each column moves by at least, 0 where it does not move, shape (columns,)."""
    levels = [np.unique(column[np.isfinite(column)]) for column in values.T]
    return np.array([np.median(np.diff(one)) if len(one) > 1 else 0.0 for one in levels])


@dataclass(frozen=True, slots=True)
class Expectation:
    """Linear predictions of each column from the others.

    Attributes
    ----------
    weights
        Row j predicts column j, with zeros on the diagonal, shape (columns, columns).
    reach
        How far a regressor counts, either way, shape (columns,).
    explained
        Share of each column's swings that is predicted out of sample, shape (columns,).
    """

    weights: Floats
    reach: Floats
    explained: Floats

    def rest(self, apart: Floats) -> Floats:
        """Return what is seen less what was to be expected; NaN where nothing was seen, shape of `apart`."""
        known = np.clip(np.where(np.isfinite(apart), apart, 0.0), -self.reach, self.reach)
        result: Floats = apart - known @ self.weights.T
        return result


def expectation_of(scaled: Floats, block_rows: int) -> Expectation:
    """Learn it from columns on one scale, shape (rows, columns)."""
    columns = scaled.shape[1]
    swings, block = _swings(scaled, block_rows)
    reach = np.nan_to_num(np.nanquantile(np.abs(np.nan_to_num(swings)), 0.99, axis=0)) + 1e-12
    clipped = np.clip(np.nan_to_num(swings), -reach, reach)
    weights, explained = np.zeros((columns, columns)), np.zeros(columns)
    if len(np.unique(block)) < 2 or columns < 2:
        return Expectation(weights, reach, explained)
    fold = block * _BLOCKS // (block.max() + 1)
    for column in range(columns):
        others = np.delete(np.arange(columns), column)
        rows = np.isfinite(swings[:, column])
        seen = clipped[:, column]
        if rows.sum() < 4 * columns or not np.any(seen):
            continue
        best = _best(clipped[:, others], seen, rows, fold)
        if best[1] >= _LEAST_EXPLAINED:
            weights[column, others], explained[column] = _ridge(clipped[rows][:, others], seen[rows], best[0]), best[1]
    return Expectation(weights, reach, explained)


def _swings(scaled: Floats, block_rows: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return values less their block's mean, and each row's block."""
    block = np.arange(len(scaled)) // max(block_rows, 2)
    known = np.isfinite(scaled)
    count = np.zeros((int(block.max()) + 1, scaled.shape[1]))
    total = count.copy()
    np.add.at(count, block, known)
    np.add.at(total, block, np.where(known, scaled, 0.0))
    return scaled - (total / np.maximum(count, 1))[block], block


def _best(others: Floats, seen: Floats, rows: NDArray[np.bool_], fold: NDArray[np.int64]) -> tuple[float, float]:
    """Return the ridge that explains most of unseen blocks, and the share it explains."""
    scores = []
    for ridge in _RIDGES:
        left = total = 0.0
        for one in np.unique(fold):
            out, within = rows & (fold == one), rows & (fold != one)
            if within.sum() < others.shape[1] or not out.any():
                continue
            left += float(((seen[out] - others[out] @ _ridge(others[within], seen[within], ridge)) ** 2).sum())
            total += float((seen[out] ** 2).sum())
        scores.append((1 - left / total if total > 0 else 0.0, ridge))
    share, ridge = max(scores)
    return ridge, share


def _ridge(others: Floats, seen: Floats, ridge: float) -> Floats:
    square = others.T @ others
    square[np.diag_indices_from(square)] += ridge * len(others)
    return np.asarray(np.linalg.solve(square, others.T @ seen), np.float64)
