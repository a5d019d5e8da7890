"""Draws of constants: from the usual ranges, or, for another world, from beyond them."""

from typing import Literal

import numpy as np

from boilerwatch.model import Floats

World = Literal["usual", "outside"]
#: Beyond a range lies so much of its width. [-]
_BEYOND = 0.35


class Draw:
    """A source of constants.

    Parameters
    ----------
    random
        Its numbers.
    world
        `usual`, or `outside`: below or above what detectors were tuned on, never within.
    """

    def __init__(self, random: np.random.Generator, world: World) -> None:
        self.random, self._outside = random, world == "outside"

    def some(self, low: float, high: float, count: int) -> Floats:
        """Return constants of a range; the lower flank stays above half of the range's low end."""
        share = self.random.random(count)
        if self._outside:
            above = self.random.random(count) < 0.5
            floor = low - min(_BEYOND * (high - low), abs(low) / 2)
            return np.where(above, high + share * _BEYOND * (high - low), low - share * (low - floor))
        return low + share * (high - low)

    def one(self, low: float, high: float) -> float:
        """Return one such constant."""
        return float(self.some(low, high, 1)[0])
