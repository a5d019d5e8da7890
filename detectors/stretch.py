"""One stretch of odd rows: where its channels were before, where they are during it, and whether they have come back.

Levels from before are held and known less and less, those of the stretch are followed. It ends when rows say so: the log
likelihood ratio of `most of the way back` against `as it was of late` is summed from its lowest point (CUSUM; Page,
*Biometrika* 41, 1954). And it ends by itself once what is not known of the held levels hides the shift.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.level import Track, Ways
from detectors.shifts import in_odds, usual

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Held levels drift by this share of a row's variance in a row, beyond what was learned: 400 rows do not show what longer ones bring.
_DRIFT = 1e-4
#: Rows that the stretch's own level is averaged over, at most, and how far one row counts. [rows], [noise of a row]
_DURING_ROWS, _CLIP = 150, 6.0
#: Back is this share of the way: a fault rarely leaves a process exactly where it was.
_BACK = 0.6
#: Odds of e^5, no row saying more than e^2: two spikes do not end a stretch. A wrong end is told anew, a missed one lasts.
_RETURNED, _ROW_SAYS, _LEAST_ROWS = 5.0, 2.0, 4
#: Evidence from which the stretch's level is not followed, lest it follow the return.
_TURNING = 1.0
#: Log odds below which a shift is no longer told from what is not known: an alarm goes on while it is worth seven to one.
_OUTLIVED = 2.0
_MEAN_ROWS = 60
#: A fault that makes rows noisier makes each of them say less; its noise is averaged over so many.
_NOISE_ROWS = 40
#: A stretch of so many rows lets all other channels find their levels anew, from as far as their noise.
_LONG_ROWS, _ANEW, _REST = 30, 1.0, 1.5
#: A level that was odd for no lasting reason wanders more than was learned: so many times.
_WANDERS_MORE = 4.0
#: A fault rarely leaves a channel just where it was: a level after it is uncertain by this share of a row's variance more.
_LATER = 0.5


class Stretch:
    """Follows it.

    Parameters
    ----------
    began
        Channels that it began with, shape (channels,).
    before, unknown
        Levels before it and their variance.
    during, rows
        Levels since it began and from how many rows.
    weight
        What each channel counts for.
    """

    def __init__(
        self, ways: Ways, began: Flags, before: Floats, unknown: Floats, during: Floats, rows: int, weight: Floats
    ) -> None:
        self._ways, self._began, self._weight = ways, began, weight
        self.struck = began.copy()
        self._before, self._unknown, self._during = before.copy(), unknown.copy(), during.copy()
        self._rows = np.full(len(began), float(rows))
        self._evidence, self._turned, self._age = 0.0, 0, 0
        self._noisier = np.ones(len(began))
        self.odds = np.zeros(len(began))

    def join(self, which: Flags, before: Floats, unknown: Floats, during: Floats, rows: int) -> None:
        """Take in channels that were struck later."""
        self.struck |= which
        for own, new in ((self._before, before), (self._unknown, unknown), (self._during, during)):
            own[which] = new[which]
        self._rows[which] = rows

    def push(self, row: Floats, freedom: Floats) -> None:
        """Take a row of channels."""
        ways, seen = self._ways, np.isfinite(row)
        self._age += 1
        self._unknown += ways.wander + _DRIFT * ways.row
        self._rows += seen
        pace = np.maximum(1 / self._rows, np.maximum(1 / _DURING_ROWS, np.sqrt(ways.wander / ways.long_run)))
        if self._evidence <= _TURNING:
            most = _CLIP * np.sqrt(ways.row)
            noise = np.clip((row - self._during) ** 2 / ways.row, 0.0, _CLIP**2)
            self._noisier += np.where(seen, noise - self._noisier, 0.0) / _NOISE_ROWS
            self._during += pace * np.where(seen, np.clip(row - self._during, -most, most), 0.0)
        self._followed = ways.long_run * np.where(self._rows * pace > 1.5, pace / 2, pace)
        apart, variance = self._during - self._before, self._unknown + self._followed
        self.odds = in_odds(apart**2 / variance, usual(variance, ways.row), freedom) * self.struck
        there = self._during - _BACK * apart
        says = (self._during - there) * ((self._during + there) / 2 - np.where(seen, row, 0.0)) / ways.long_run
        says /= np.maximum(self._noisier, 1.0)
        told = float((says * self._weight)[self._began & seen].sum())
        self._evidence = max(self._evidence + float(np.clip(told, -_ROW_SAYS, _ROW_SAYS)), 0.0)
        self._turned = self._turned + 1 if self._evidence > 0 else 0

    @property
    def rows(self) -> int:
        """Return how many rows it has lasted."""
        return self._age

    @property
    def returned(self) -> bool:
        """Return whether its channels are back."""
        return self._evidence > _RETURNED and self._turned >= _LEAST_ROWS

    def outlived(self, groups: Floats) -> bool:
        """Return whether it can no longer be told from what is not known."""
        return float((groups @ self.odds).max()) < _OUTLIVED

    def end_returned(self, track: Track, recent: Floats) -> bool:
        """Put levels where rows of late are, newest first; return whether it was long enough to judge all channels anew."""
        ways = self._ways
        recent = recent[: min(self._turned, _MEAN_ROWS)]
        middle, half = (
            (self._during + self._before) / 2,
            np.abs(self._during - self._before) / 2 + 2.5 * np.sqrt(ways.row),
        )
        noise = ways.long_run / len(recent)
        inside = _mean(np.clip(recent, middle - half, middle + half), self._before)
        trust = self._unknown / (self._unknown + noise)
        level = np.where(self._began, self._before + trust * (inside - self._before), inside)
        unknown = np.where(self._began, self._unknown * (1 - trust), noise + _LATER * ways.row)
        track.begin_anew(self.struck, level, unknown)
        if self._age < _LONG_ROWS:
            return False
        wide = track.unknown + _ANEW * ways.row
        trust = wide / (wide + noise)
        level = track.level + trust * (_mean(recent, track.level) - track.level)
        track.begin_anew(~self.struck, level, wide * (1 - trust) + _REST * ways.row)
        return True

    def end_outlived(self, track: Track) -> None:
        """Put levels between before and now as far as either is known, and let them wander more from here on."""
        weights = 1 / self._unknown, 1 / self._followed
        level = (self._before * weights[0] + self._during * weights[1]) / (weights[0] + weights[1])
        track.begin_anew(self.struck, level, 1 / (weights[0] + weights[1]))
        ways = track.ways
        more = np.where(self.struck, _WANDERS_MORE * ways.wander, ways.wander)
        track.ways = Ways(ways.white, ways.lasting, ways.memory, more)


def _mean(rows: Floats, otherwise: Floats) -> Floats:
    seen = np.isfinite(rows)
    count = seen.sum(axis=0)
    return np.where(count > 0, np.where(seen, rows, 0.0).sum(axis=0) / np.maximum(count, 1), otherwise)
