"""Whether window means of what is left of rows are more than chance: spread, correlation and limits from unseen rows.

Each length of window is judged by groups of channels together (Hotelling's T² of moving means) and by the channel that is
furthest off, because a fault may move everything a little or one thing much. A spread is as uncertain as the windows it
comes from are few, and windows of a channel that wanders are fewer than its rows let think: so limits are Student's, with
as many degrees of freedom as there are windows apart by the channel's own memory. A limit is never below what the training
rows came to.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm, t

Floats = NDArray[np.float64]

#: As many windows as the prior counts for, when a longer window's spread is guessed from the shorter's.
_PRIOR_WINDOWS = 12.0
#: Between white noise, whose variance falls with the length (1), and a wander, whose variance stays (0).
_FALL = 0.7
#: Degrees of freedom that the guess counts for.
_PRIOR_FREEDOM = 3.0
#: Regressions and levels come from the very rows that spreads are measured on.
_FITTED = 1.05**2


@dataclass(frozen=True, slots=True)
class Shifts:
    """What window means of healthy rows look like.

    Attributes
    ----------
    spread
        Their variance, shape (lengths, channels).
    inverse
        Inverse of their correlation, shape (lengths, channels, channels).
    groups
        Which channels are judged together, zeros and ones, shape (groups, channels).
    limit
        Of each group and of the furthest channel, shape (lengths, groups + 1).
    """

    spread: Floats
    inverse: Floats
    groups: Floats
    limit: Floats

    def oddness(self, means: Floats, unknown: Floats) -> tuple[float, Floats]:
        """Return how odd window means are, 1 at the limit, and how odd each channel alone, shape (channels,).

        Parameters
        ----------
        means
            Shape (lengths, channels), the shortest first.
        unknown
            Variance that levels have gained while they were held, shape (channels,).
        """
        spread = self.spread + unknown
        alone = (np.abs(means) / np.sqrt(spread) / self.limit[:, -1:]).max(axis=0)
        return float((statistics(means, spread, self.inverse, self.groups) / self.limit).max()), alone


def statistics(means: Floats, spread: Floats, inverse: Floats, groups: Floats) -> Floats:
    """Return for each length the distance over each group and the furthest channel's, shape (lengths, groups + 1).

    A longer window counts only as far as the shortest still shows its shift: so an alarm ends when its cause does.
    """
    scores = means / np.sqrt(spread)
    grouped = scores[:, None] * groups
    together = np.sqrt(np.maximum(np.einsum("lgi,lij,lgj->lg", grouped, inverse, grouped), 0.0))
    along = means / spread
    still = np.clip(2 * (along @ means[0]) / np.maximum((along * means).sum(axis=1), 1e-12), 0.0, 1.0)
    still[0] = 1.0
    result: Floats = np.column_stack([together, np.abs(scores).max(axis=1)]) * still[:, None]
    return result


def shifts_of(
    means: Floats,
    lengths: tuple[int, ...],
    groups: Floats,
    false_alarm_rate: float,
    tolerance: float,
    correlation: float,
) -> Shifts:
    """Learn it from window means of healthy rows, gone through forwards and backwards, shape (rows, lengths, channels)."""
    channels = means.shape[2]
    rows = len(means) / 2
    alone = false_alarm_rate / 2 / channels
    spread, inverse = np.empty((len(lengths), channels)), np.empty((len(lengths), channels, channels))
    before = np.zeros(channels)
    for i, length in enumerate(lengths):
        windows = max(rows / length, 2.0)
        seen = (means[:, i] ** 2).mean(axis=0)
        if i == 0:
            before = np.maximum(seen, 1 / length)
        else:
            guess = before * (lengths[i - 1] / length) ** _FALL
            before = (windows * seen + _PRIOR_WINDOWS * guess) / (windows + _PRIOR_WINDOWS)
        memory = length * before  # rows between independent ones: what a mean's variance is above a white one's
        freedom = rows / np.maximum(length, memory) + _PRIOR_FREEDOM
        uncertain = (t.isf(alone, freedom) / norm.isf(alone)) ** 2
        spread[i] = before * _FITTED * uncertain + tolerance**2
        unit = means[:, i] / np.sqrt(np.maximum(seen, 1e-12))
        trust = correlation * windows / (windows + channels)
        inverse[i] = np.linalg.inv(trust * unit.T @ unit / len(unit) + (1 - trust) * np.eye(channels))
    told = np.stack([statistics(one, spread, inverse, groups) for one in means])
    theory = [*np.sqrt(chi2.isf(false_alarm_rate / len(groups), groups.sum(axis=1))), norm.isf(alone)]
    limit = np.maximum(np.quantile(told, 1 - false_alarm_rate, axis=0), theory)
    above = float(np.quantile((told / limit).max(axis=(1, 2)), 1 - false_alarm_rate))
    return Shifts(spread, inverse, groups, limit * max(above, 1.0))
