"""When gateways speak, and what those that tell changes only leave out."""

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Ints

Bools = NDArray[np.bool_]
#: A gateway that tells changes only tells everything so often. [ms]
WHOLE_MS = 1_800_000


class Habits:
    """The habits of a fleet's gateways.

    Parameters
    ----------
    intervals_ms
        How often each speaks, shape (boilers,). [ms]
    start_ms
        From when that is counted. [ms since 1970]
    on_change
        Who leaves out what did not change, but for a whole reading every half hour, shape (boilers,).
    """

    def __init__(self, intervals_ms: Ints, start_ms: int, on_change: Bools) -> None:
        self._intervals_ms, self._start_ms, self.on_change = intervals_ms, start_ms, on_change
        self._told: dict[str, Floats] = {}
        self._whole_ms = np.full(len(intervals_ms), -WHOLE_MS)

    def due(self, at_ms: Ints, step_ms: int) -> Bools:
        """Return who speaks in steps that end at these times, shape (steps, boilers): those whose interval ends in them."""
        found: Bools = (at_ms[:, None] - self._start_ms) % self._intervals_ms[None, :] < step_ms
        return found

    def changes(
        self, columns: dict[str, Floats], due: Bools, at_ms: int, whole: Bools | None = None
    ) -> dict[str, Floats]:  # fmt: skip
        """Return a step's columns without what gateways that tell changes only have told already.

        Parameters
        ----------
        whole
            Who tells everything, whatever changed.
        """
        if not self.on_change.any():
            return columns
        everything = due & (at_ms - self._whole_ms >= WHOLE_MS)
        if whole is not None:
            everything |= due & whole
        self._whole_ms[everything] = at_ms
        quiet = due & self.on_change & ~everything
        found = {}
        for name, values in columns.items():
            told = self._told.setdefault(name, np.full(len(values), np.nan))
            found[name] = np.where(quiet & (values == told), np.nan, values)
            told[due] = values[due]
        return found
