"""How each channel goes: a level that wanders, noise that remembers its last values, and noise that does not.

A state-space model a channel (local level plus autoregressive noise; Durbin and Koopman, *Time Series Analysis by State Space
Methods*, 2012), its four variances by likelihood over a grid. Its Kalman filter leaves of a row what nobody could have
known, white and of one variance, so a shift is looked for where the process' own slow ways are taken out, and a steady
channel keeps its full sensitivity beside one that wanders.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: What the likelihood is tried on: memory, share of the noise that has it, wander in a row as a share of the noise's variance.
_MEMORIES = (0.3, 0.5, 0.7, 0.8, 0.88, 0.94, 0.975)
_SHARES = (0.3, 0.7, 1.0)
_WANDERS = (0.0, 1e-3, 4e-3, 0.016, 0.06, 0.25, 1.0, 4.0)
#: Log likelihood that e times as much wander has to be worth: 400 rows find some by chance, and a level that follows hides faults.
_WANDER_COST = 0.4
#: A first level is as unknown as the mean of so few rows.
_FIRST_ROWS = 30
_SKIPPED_ROWS = 10
#: Beyond this many usual changes a row is a spike, and would be taken for wander.
_SPIKE = 9.0
_FEW_ROWS = 30


@dataclass(frozen=True, slots=True)
class Ways:
    """Variances of each channel; shapes broadcast.

    Attributes
    ----------
    white, lasting
        Of noise without memory, and of noise with it.
    memory
        Share of its last value that the lasting noise keeps.
    wander
        By how much a row moves the level.
    """

    white: Floats
    lasting: Floats
    memory: Floats
    wander: Floats

    @property
    def row(self) -> Floats:
        """Return the variance of one row's noise."""
        return self.white + self.lasting

    @property
    def long_run(self) -> Floats:
        """Return the variance of a long mean's noise, times its rows."""
        result: Floats = self.white + self.lasting * (1 + self.memory) / (1 - self.memory)
        return result


class Track:
    """The Kalman filter of some channels.

    Parameters
    ----------
    level
        First levels, shape (channels,).
    unknown
        Their variance.
    """

    def __init__(self, ways: Ways, level: Floats, unknown: Floats) -> None:
        self.ways = ways
        self.level = level.astype(np.float64)
        self._lasting = np.zeros_like(ways.row)
        self.unknown = unknown.astype(np.float64)
        self._shared = np.zeros_like(ways.row)
        self._lasting_unknown = ways.lasting.copy()

    def step(self, row: Floats, clip: float) -> tuple[Floats, Floats]:
        """Take a row, NaN where nothing was seen; return its innovations in standard deviations, clipped and as they are."""
        ways = self.ways
        self._lasting = self._lasting * ways.memory
        self.unknown = self.unknown + ways.wander
        self._shared = self._shared * ways.memory
        self._lasting_unknown = self._lasting_unknown * ways.memory**2 + ways.lasting * (1 - ways.memory**2)
        of_level, of_lasting = self.unknown + self._shared, self._shared + self._lasting_unknown
        variance = of_level + of_lasting + ways.white
        size = np.sqrt(variance)
        seen = np.isfinite(row)
        raw = np.where(seen, (row - self.level - self._lasting) / size, 0.0)
        news = np.clip(raw, -clip, clip)
        gain, gain_lasting = seen * of_level / variance, seen * of_lasting / variance
        self.level = self.level + gain * news * size
        self._lasting = self._lasting + gain_lasting * news * size
        self.unknown = self.unknown - gain * of_level
        self._shared = self._shared - gain * of_lasting
        self._lasting_unknown = self._lasting_unknown - gain_lasting * of_lasting
        return news, raw

    def begin_anew(self, which: NDArray[np.bool_], level: Floats, unknown: Floats) -> None:
        """Put some channels' levels elsewhere, with the variance that they are known to."""
        self.level = np.where(which, level, self.level)
        self.unknown = np.where(which, unknown, self.unknown)
        self._lasting = np.where(which, 0.0, self._lasting)
        self._shared = np.where(which, 0.0, self._shared)
        self._lasting_unknown = np.where(which, self.ways.lasting, self._lasting_unknown)


def gains(ways: Ways, rows: int) -> tuple[Floats, Floats, Floats]:
    """Return what a row moves level and lasting noise by, and a row's variance, were every row seen, shape (rows, ...)."""
    unknown, shared, lasting = ways.long_run, np.zeros_like(ways.row), ways.lasting.copy()
    out = np.empty((3, rows, *ways.row.shape))
    for i in range(rows):
        unknown, shared = unknown + ways.wander, shared * ways.memory
        lasting = lasting * ways.memory**2 + ways.lasting * (1 - ways.memory**2)
        of_level, of_lasting = unknown + shared, shared + lasting
        variance = of_level + of_lasting + ways.white
        out[:, i] = of_level / variance, of_lasting / variance, variance
        unknown, shared = unknown - out[0, i] * of_level, shared - out[0, i] * of_lasting
        lasting = lasting - out[1, i] * of_lasting
    return out[0], out[1], out[2]


def step_response(ways: Ways, rows: int) -> Floats:
    """Return what a lasting shift of one makes of the innovations of the rows from its first on, shape (rows, channels)."""
    of_level, of_lasting, variance = (one[-1] for one in gains(ways, max(2 * rows, 400)))
    level, lasting = np.zeros_like(ways.row), np.zeros_like(ways.row)
    out = np.empty((rows, *ways.row.shape))
    for i in range(rows):
        lasting = lasting * ways.memory
        left = 1 - level - lasting
        level, lasting = level + of_level * left, lasting + of_lasting * left
        out[i] = left / np.sqrt(variance)
    return out


def medians(values: Floats) -> Floats:
    """Return the lower median along the rows, 0 where nothing was seen, shape (rows, columns) to (columns,)."""
    count = np.isfinite(values).sum(axis=0)
    ordered = np.sort(values, axis=0)  # NaN last
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[None] // 2, axis=0)
    result: Floats = np.nan_to_num(middle[0])
    return result


def ways_of(values: Floats, least_wander: float, steps: Floats) -> Ways:
    """Learn them from healthy rows, shape (rows, channels).

    Parameters
    ----------
    least_wander
        What every level does in a row, as a share of a row's variance.
    steps
        What each channel's readings move by at least, shape (channels,): rounding is noise too.
    """
    grid = np.array(
        [(0.0, 0.0, wander) for wander in _WANDERS]
        + [(memory, share, wander) for memory in _MEMORIES for share in _SHARES for wander in _WANDERS]
    )
    memory, share, wander = grid.T
    tried = Ways(1 - share + 1e-4, share, memory, wander + least_wander)
    variance, likelihood = _likelihood(tried, values)
    likelihood -= _WANDER_COST * np.log1p(wander / least_wander)[:, None]
    best = likelihood.argmax(axis=0)
    size = variance[best, np.arange(values.shape[1])]
    white = np.maximum((1 - share[best]) * size, np.maximum(steps**2 / 12, 1e-6))
    return Ways(white, share[best] * size, memory[best], (wander[best] + least_wander) * size)


def _likelihood(tried: Ways, values: Floats) -> tuple[Floats, Floats]:
    """Return the noise's variance and the log likelihood of each way and channel, shape (ways, channels)."""
    rows = len(values)
    skipped = min(_SKIPPED_ROWS, rows // 4)
    change = np.abs(np.diff(values, axis=0))
    most = _SPIKE * np.maximum(medians(change), 1e-9)
    of_level, of_lasting, variance = gains(tried, rows)
    level = np.repeat(medians(values[:_FIRST_ROWS])[None], len(tried.white), axis=0)
    lasting, squares = np.zeros_like(level), np.zeros_like(level)
    for i, row in enumerate(values):
        lasting *= tried.memory[:, None]
        news = np.nan_to_num(np.clip(row - level - lasting, -most, most))
        level += of_level[i][:, None] * news
        lasting += of_lasting[i][:, None] * news
        if i >= skipped:
            squares += news**2 / variance[i][:, None]
    count = np.isfinite(values[skipped:]).sum(axis=0)
    known = (squares + 1e-12 + (count < _FEW_ROWS)) / np.maximum(count + (count < _FEW_ROWS), 1)
    spread = np.log(variance[skipped:]).mean(axis=0)[:, None]
    return known, -count / 2 * (np.log(known) + spread)
