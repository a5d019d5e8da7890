"""How well a lasting shift that began some rows ago explains what is seen, over all channels.

For each of some lengths the innovations are compared with what a shift so long ago would have left of itself: the
generalised likelihood ratio of Willsky and Jones (*IEEE Trans. Automatic Control* 21, 1976). A shift has a usual size, so the
ratio becomes a Bayes factor, and few channels have one: each counts as a mixture of having it and not (Xie and Siegmund,
*Annals of Statistics* 41, 2013). Models come from few rows, so ratios are Student's, and widened where training rows strayed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.level import Ways, step_response

Floats = NDArray[np.float64]

#: Chance that a channel is part of a fault, and how large its shift is then. [noise of a row]
_SHARE, _SIZE = 0.1, 2.0
#: Degrees of freedom that the model itself counts for, beside as many as windows fit into the training rows.
_PRIOR_FREEDOM = 30.0
_PRIOR_WINDOWS = 10.0
_MOST = 50.0


def in_odds(squares: Floats, signal: Floats, freedom: Floats) -> Floats:
    """Return log odds for a shift against none, with it in few channels only.

    Parameters
    ----------
    squares
        Squared standard scores.
    signal
        Variance of a usual shift against that of its estimate.
    freedom
        Degrees of freedom of the scores.
    """
    student = freedom * np.log1p(squares / freedom)
    factor = student * signal / (1 + signal) / 2 - np.log1p(signal) / 2
    result: Floats = np.log1p(_SHARE * np.expm1(np.minimum(factor, _MOST)))
    return result


def usual(variance: Floats, row: Floats) -> Floats:
    """Return a usual shift's variance against that of its estimate."""
    result: Floats = _SIZE**2 * row / variance
    return result


@dataclass(frozen=True, slots=True)
class Shifts:
    """What is looked for.

    Attributes
    ----------
    shape
        What innovations are weighed with, newest first, shape (lengths, rows, channels).
    signal
        As in `in_odds`, shape (lengths, channels).
    freedom, widened
        Degrees of freedom, and what healthy scores strayed by, shape (lengths, channels).
    groups
        Channels judged together, zeros and ones, shape (groups, channels).
    """

    shape: Floats
    signal: Floats
    freedom: Floats
    widened: Floats
    groups: Floats

    def scores(self, news: Floats) -> Floats:
        """Return standard scores of shifts, from innovations newest first, shape (rows, channels) to (lengths, channels)."""
        result: Floats = np.einsum("lrc,rc->lc", self.shape, news)
        return result

    def odds(self, scores: Floats) -> Floats:
        """Return log odds of each channel, shape of `scores`."""
        return in_odds((scores / self.widened) ** 2, self.signal, self.freedom)

    def evidence(self, odds: Floats) -> tuple[float, int]:
        """Return the log odds of the best length and group, and that length's index."""
        total = odds @ self.groups.T
        best = int(total.argmax())
        return float(total.flat[best]), best // total.shape[1]


def shifts_of(ways: Ways, lengths: tuple[int, ...], groups: Floats, rows: int) -> Shifts:
    """Return what to look for after so many training rows."""
    response = step_response(ways, lengths[-1])
    shape = np.zeros((len(lengths), *response.shape))
    energy = np.empty((len(lengths), response.shape[1]))
    for i, length in enumerate(lengths):
        energy[i] = (response[:length] ** 2).sum(axis=0)
        shape[i, :length] = response[:length][::-1] / np.sqrt(energy[i])
    memory = np.maximum(ways.long_run / ways.row, 1.0)
    apart = np.maximum(np.array(lengths, np.float64)[:, None], memory)
    freedom = rows / apart + _PRIOR_FREEDOM
    return Shifts(shape, usual(1 / energy, ways.row), freedom, np.ones_like(energy), groups)


def widened(shifts: Shifts, scores: Floats, lengths: tuple[int, ...]) -> Shifts:
    """Return shifts whose scores are as wide as those of healthy rows, shape (rows, lengths, channels)."""
    windows = len(scores) / np.array(lengths, np.float64)[:, None]
    seen = (scores**2).mean(axis=0) if len(scores) else np.ones_like(shifts.widened)
    wide = np.sqrt(np.maximum((seen * windows + _PRIOR_WINDOWS) / (windows + _PRIOR_WINDOWS), 1.0))
    return Shifts(shifts.shape, shifts.signal, shifts.freedom, wide, shifts.groups)
