"""Whether window means of what is left of rows are more than chance: spread, correlation and limits from unseen rows.

Each length of window is judged by all columns together and by the one that is furthest off, because a fault may move
everything a little or one thing much. A limit is the higher of what the stated rate of false alarms gives for the spread
measured, and what the rows not used for fitting came to: training rows are few, and their windows overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

Floats = NDArray[np.float64]

#: As many windows as the prior counts for, when a longer window's spread is guessed from the shorter's.
_PRIOR_WINDOWS = 12.0


@dataclass(frozen=True, slots=True)
class Shifts:
    """What window means of healthy rows look like.

    Attributes
    ----------
    spread
        Their variance, shape (lengths, columns).
    inverse
        Inverse of their correlation, shape (lengths, columns, columns).
    limit
        Of the two statistics of each length, shape (lengths, 2).
    """

    spread: Floats
    inverse: Floats
    limit: Floats

    def oddness(self, means: Floats, unknown: Floats) -> tuple[float, Floats]:
        """Return how odd window means are, 1 at the limit, and how odd each column alone, shape (columns,).

        Parameters
        ----------
        means
            Shape (lengths, columns), the shortest first.
        unknown
            Variance that levels have gained while they were held, shape (columns,).
        """
        spread = self.spread + unknown
        alone = (np.abs(means) / np.sqrt(spread) / self.limit[:, 1:]).max(axis=0)
        return float((statistics(means, spread, self.inverse) / self.limit).max()), alone


def statistics(means: Floats, spread: Floats, inverse: Floats) -> Floats:
    """Return for each length the distance over all columns and the furthest column's, shape (lengths, 2).

    A longer window counts only as far as the shortest still shows its shift: so an alarm ends when its cause does.
    """
    scores = means / np.sqrt(spread)
    together = np.sqrt(np.maximum(np.einsum("li,lij,lj->l", scores, inverse, scores), 0.0))
    along = means / spread
    still = np.clip(2 * (along @ means[0]) / np.maximum((along * means).sum(axis=1), 1e-12), 0.0, 1.0)
    still[0] = 1.0
    result: Floats = np.column_stack([together, np.abs(scores).max(axis=1)]) * still[:, None]
    return result


def shifts_of(
    passes: Sequence[Floats], lengths: tuple[int, ...], false_alarm_rate: float, tolerance: float, correlation: float
) -> Shifts:
    """Learn it from window means of rows that were not used for fitting, each shape (rows, lengths, columns)."""
    means = np.concatenate(list(passes))
    columns = means.shape[2]
    spread, inverse = np.empty((len(lengths), columns)), np.empty((len(lengths), columns, columns))
    before = np.zeros(columns)
    for i, length in enumerate(lengths):
        windows = max(len(means) / length, 2.0)
        seen = (means[:, i] ** 2).mean(axis=0)
        if i == 0:
            before = np.maximum(seen, 1 / length)
        else:  # between white noise, whose variance falls with the length, and a wander, whose variance stays
            guess = before * np.sqrt(lengths[i - 1] / length)
            before = (windows * seen + _PRIOR_WINDOWS * guess) / (windows + _PRIOR_WINDOWS)
        spread[i] = before + tolerance**2
        unit = means[:, i] / np.sqrt(np.maximum(seen, 1e-12))
        trust = correlation * windows / (windows + columns)
        inverse[i] = np.linalg.inv(trust * unit.T @ unit / len(unit) + (1 - trust) * np.eye(columns))
    told = np.stack([statistics(one, spread, inverse) for one in means])
    theory = [np.sqrt(chi2.ppf(1 - false_alarm_rate, columns)), norm.ppf(1 - false_alarm_rate / 2 / columns)]
    limit = np.maximum(np.quantile(told, 1 - false_alarm_rate, axis=0), theory)
    return Shifts(
        spread, inverse, limit * max(float(np.quantile((told / limit).max(axis=(1, 2)), 1 - false_alarm_rate)), 1.0)
    )
