"""Means and medians over the last rows of a table, a row at a time."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Windows:
    """Means over the last rows, for several lengths.

    Parameters
    ----------
    lengths
        How many rows each mean covers.
    """

    def __init__(self, lengths: tuple[int, ...], columns: int) -> None:
        self._lengths = lengths
        self._full = np.array(lengths, np.float64)[:, None]
        self._ring = np.zeros((max(lengths), columns))
        self._known = np.zeros((max(lengths), columns))
        self._at = 0

    def push(self, row: Floats) -> Floats:
        """Take a row, NaN where nothing was seen; return the means, shape (lengths, columns).

        A mean of fewer rows than its length is shrunk, so that noise spreads it no further than a full one.
        """
        known = np.isfinite(row)
        place = self._at % len(self._ring)
        self._ring[place], self._known[place] = np.where(known, row, 0.0), known
        self._at += 1
        newest_first = (self._at - 1 - np.arange(max(self._lengths))) % len(self._ring)
        values, there = self._ring[newest_first], self._known[newest_first]
        total = np.stack([values[:length].sum(axis=0) for length in self._lengths])
        count = np.stack([there[:length].sum(axis=0) for length in self._lengths])
        result: Floats = total / np.sqrt(np.maximum(count, 1) * self._full)
        return result


class Middle:
    """The median of the last rows of each column: what a lone spike cannot move."""

    def __init__(self, rows: int, columns: int) -> None:
        self._ring = np.full((rows, columns), np.nan)
        self._at = 0

    def push(self, row: Floats) -> Floats:
        """Take a row; return the medians, NaN where nothing was seen lately, shape (columns,)."""
        self._ring[self._at % len(self._ring)] = row
        self._at += 1
        return self.last()

    def last(self) -> Floats:
        """Return the medians as they are."""
        count = np.isfinite(self._ring).sum(axis=0)
        result: Floats = np.sort(self._ring, axis=0)[np.maximum(count - 1, 0) // 2, np.arange(self._ring.shape[1])]
        return result
