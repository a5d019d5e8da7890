"""What is watched of each column: itself, and itself less what the other columns say it should be where they say anything.

A fault that all columns follow as they always did shows only in the first, one that breaks what ties them only in the second:
the two subspaces of principal component monitoring (T² and Q; Jackson and Mudholkar 1979), a column at a time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.expectation import Expectation

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Channels:
    """Which channels there are; the first are the columns themselves, in their order.

    Attributes
    ----------
    column
        Which column each is of, shape (channels,).
    """

    column: NDArray[np.int64]
    expectation: Expectation

    @classmethod
    def of(cls, expectation: Expectation) -> "Channels":
        """Return those of columns and of what is explained of them."""
        columns = np.arange(len(expectation.explained))
        return cls(np.concatenate([columns, columns[expectation.explained > 0]]), expectation)

    @property
    def own(self) -> int:
        """Return how many channels are columns themselves."""
        return len(self.expectation.explained)

    def rest(self, apart: Floats) -> Floats:
        """Return the channels of columns less their levels, shape (..., columns) to (..., channels)."""
        predicted = self.expectation.rest(apart)[..., self.column[self.own :]]
        result: Floats = np.concatenate([apart, predicted], axis=-1)
        return result

    def groups(self) -> Floats:
        """Return which channels are judged together, a row of zeros and ones a group, shape (2, channels).

        Columns as they are; and each as far as it is known: together in one they would count twice.
        """
        explained = self.expectation.explained > 0
        left = np.ones(len(self.column))
        left[: self.own][explained] = 0.0
        return np.stack([np.arange(len(self.column)) < self.own, left]).astype(np.float64)
