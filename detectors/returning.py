"""When an alarm's cause is gone although its rows do not look healthy: levels wandered while they were held.

An alarm begins with a jump; that jump taken back ends it, wherever else columns have come meanwhile. Rows are held against
what the alarm's rows are of late: as they are, or less by what the alarm began with. The log likelihood ratio of the two is
summed from its lowest point (CUSUM; Page 1954, Hawkins and Olwell 1998).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Odds of e^10: noise with a memory of some rows exaggerates, and an alarm of 350 rows must not end by chance.
_EVIDENCE = 10.0
#: No row says more than this: single rows spike, so ten have to agree.
_ROW_EVIDENCE = 1.0
#: Rows that the jump, and what the alarm's rows are of late, are averaged over; and how many of them the first mean counts for.
_MEAN_ROWS, _FIRST_ROWS = 60, 15
_LEAST_ROWS = 30
#: As what is odd about rows must have become less, too: columns that swing widely take a jump back by chance.
_STILL_ODD = 0.6


class Returning:
    """Follows one alarm.

    Parameters
    ----------
    noise
        Variance of a row, such that means of rows have it divided by their number, shape (channels,).
    """

    def __init__(self, noise: Floats) -> None:
        self._noise = noise
        self.begin(np.zeros(len(noise)), 0.0)

    def begin(self, shift: Floats, oddness: float) -> None:
        """Begin an alarm, with the mean of the rows that raised it, shape (channels,)."""
        self._jump, self._late, self._usual = shift, shift, oddness
        self._rows, self._evidence = 0, 0.0

    def push(self, rest: Floats, oddness: float) -> bool:
        """Take a row of the alarm, shape (channels,); return whether the alarm's cause is gone."""
        rest = np.where(np.isfinite(rest), rest, 0.0)
        self._rows += 1
        if self._evidence == 0.0:
            self._usual += (oddness - self._usual) / min(self._rows, _MEAN_ROWS)
        along = self._jump / self._noise
        gain = -float(along @ (rest - self._late)) - float(along @ self._jump) / 2
        self._evidence = max(self._evidence + float(np.clip(gain, -_ROW_EVIDENCE, _ROW_EVIDENCE)), 0.0)
        weight = 1 / min(self._rows + _FIRST_ROWS, _MEAN_ROWS)
        if self._rows <= _MEAN_ROWS:
            self._jump = self._jump + weight * (rest - self._jump)
        if self._evidence == 0.0 or self._rows < _LEAST_ROWS // 4:
            self._late = self._late + weight * (rest - self._late)
        return self._rows > _LEAST_ROWS and self._evidence > _EVIDENCE and oddness < _STILL_ODD * self._usual
