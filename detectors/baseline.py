"""What is normal, learned from ordered rows of any table, and how odd the rows that follow are.

For each column: what the other columns of the row and the recent past predict is taken from what is seen; what is left is
brought to the noise of rows not used for fitting, and averaged over a short and a long window, so that a small shift
that lasts shows and a lone spike does not. How restless a column is counts as a column of its own. Nothing looks ahead:
a row's score depends on it and the rows before it, so scores are not those of shuffled or picked rows.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from detectors.expectation import Expectation, Scale, expectation_of, scale_of
from detectors.level import STEP_CLIP, Wander, follow, medians, wander_of
from detectors.shifts import Shifts, shifts_of
from detectors.windows import Middle, Windows

Floats = NDArray[np.float64]

_BLOCK_ROWS = 50
_SPIKE_ROWS = 5
_LEAST_ROWS = 2
_ROW_CLIP = 10.0
#: An alarm whose shift is down to a third of what it was has lost its cause; what is left is where levels wandered meanwhile.
_GONE_SHARE = 0.35
_HORIZON_SHARE = 0.4


class Baseline(OutlierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Tell rows that follow training rows but do not go on like them.

    Parameters
    ----------
    false_alarm_rate
        Share of healthy rows that may be told odd. One in a hundred: an alarm needs less than half its evidence from luck.
    windows
        Rows of the two means, shortest first. 15 rows bring noise to a quarter and delay an alarm, and its end,
        by a few rows; 40 is a tenth of the 400 rows often trained on: longer means are too few to know their spread.
    tolerance
        Shift of a column that is nobody's fault, as a share of its noise of one row: training rows cannot show how a
        process moves in a longer time than theirs.
    clip
        No row counts for more than this many times the noise: rarer than one row in 300 of normal noise.
    release
        Share of the limit below which an alarm ends, so that it does not flicker.
    hold
        Share of the limit from which levels begin to be held.
    correlation
        How far the correlation of window means is believed; the rest is as if they had none. Few windows, few proofs.
    restless
        Whether row-to-row changes of each column are watched as well.

    Attributes
    ----------
    knowledge_
        Plain arrays: all that was learned.
    offset_
        Score at the limit.
    """

    def __init__(
        self, *, false_alarm_rate: float = 0.01, windows: tuple[int, int] = (15, 40), tolerance: float = 0.25,
        clip: float = 3.0, release: float = 0.65, hold: float = 0.4, correlation: float = 0.5, restless: bool = True,
    ) -> None:  # fmt: skip
        self.false_alarm_rate = false_alarm_rate
        self.windows = windows
        self.tolerance = tolerance
        self.clip = clip
        self.release = release
        self.hold = hold
        self.correlation = correlation
        self.restless = restless

    def __sklearn_tags__(self) -> Any:
        """Say that gaps are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: N803 # scikit-learn's name
        """Learn from healthy rows in their order, shape (rows, columns), NaN where nothing was seen."""
        self._check()
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=_LEAST_ROWS)
        table = self._table(values)
        scale = scale_of(table)
        kept = np.flatnonzero(np.isfinite(scale.size))
        scale = Scale(scale.middle[kept], scale.size[kept])
        self.offset_ = -1.0
        self.knowledge_: dict[str, NDArray[Any]] = {"kept": kept, "middle": scale.middle, "size": scale.size}
        if len(kept):
            self._learn(scale.apply(table[:, kept]))
        return self

    def _check(self) -> None:
        if not 0 < self.false_alarm_rate < 0.5:
            raise ValueError(f"false_alarm_rate must be between 0 and 0.5, not {self.false_alarm_rate}.")
        if not 1 <= self.windows[0] <= self.windows[1]:
            raise ValueError(f"windows must be two numbers of rows, the shorter first, not {self.windows}.")

    def _table(self, values: Floats) -> Floats:
        """Return the columns to watch: the values, and the roots of their row-to-row changes."""
        values = np.clip(values, -1e150, 1e150)
        if not self.restless:
            return values
        changes = np.sqrt(np.abs(np.diff(values, axis=0, prepend=np.nan)))
        return np.hstack([values, changes])

    def _learn(self, scaled: Floats) -> None:
        rows = len(scaled)
        short = max(min(self.windows[0], rows // 8), 1)
        lengths = (short, max(min(self.windows[1], rows // 4), short))
        wander = wander_of(scaled, short, max(min(4 * lengths[1], int(_HORIZON_SHARE * rows)), 1))
        rests = [self._unseen(*halves, wander) for halves in _halves(scaled)]
        unit = _unit(np.concatenate(rests))
        passes = [self._means(rest / unit, lengths) for rest in rests]
        shifts = shifts_of(passes, lengths, self.false_alarm_rate, self.tolerance, self.correlation)
        expectation = expectation_of(scaled, _BLOCK_ROWS)
        begin = medians(scaled[: (rows + 1) // 2])
        self.knowledge_ |= {
            "lengths": np.array(lengths), "weights": expectation.weights, "reach": expectation.reach,
            "explained": expectation.explained, "rate": wander.rate, "growth": wander.growth, "unit": unit,
            "level": follow(scaled, begin, wander.rate)[-1], "spread": shifts.spread, "inverse": shifts.inverse,
            "limit": shifts.limit, "row_limit": np.array(np.inf),
        }  # fmt: skip
        rest = expectation.rest(scaled - follow(scaled, begin, wander.rate)[:-1]) / unit
        far = np.array([row_distance(row, 0.0) for row in rest])
        self.knowledge_["row_limit"] = np.array(max(float(np.quantile(far, 1 - self.false_alarm_rate)), 1e-9))

    def _unseen(self, known: Floats, unseen: Floats, wander: Wander) -> Floats:
        """Return what is left of rows that were not used for fitting, shape of `unseen`."""
        level = follow(known, medians(known), wander.rate)[-1]
        apart = unseen - follow(unseen, level, wander.rate)[:-1]
        return expectation_of(known, _BLOCK_ROWS).rest(apart)

    def _means(self, rests: Floats, lengths: tuple[int, ...]) -> Floats:
        windows = Windows(lengths, rests.shape[1])
        return np.stack([windows.push(np.clip(row, -self.clip, self.clip)) for row in rests])

    def score_samples(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return how ordinary each row is after the rows before it, shape (rows,): lower is odder, -1 at the limit."""
        return self._scores(X)[0]

    def column_scores(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return how ordinary each column is of late, shape of `X`: which of them an alarm is about; NaN if never learned."""
        return self._scores(X)[1]

    def _scores(self, table: ArrayLike) -> tuple[Floats, Floats]:
        check_is_fitted(self)
        values = validate_data(self, table, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        known, columns = self.knowledge_, values.shape[1]
        by_column = np.full(values.shape, np.nan)
        if not len(known["kept"]):
            return np.zeros(len(values)), by_column
        scaled = Scale(known["middle"], known["size"]).apply(self._table(values)[:, known["kept"]])
        watch = Watch(known, self.clip, self.release, self.hold)
        scores = np.empty(len(scaled))
        for i, row in enumerate(scaled):
            scores[i] = -watch.step(row)
            for column, oddness in zip(known["kept"] % columns, watch.by_column, strict=True):
                by_column[i, column] = np.fmin(by_column[i, column], -oddness)
        return scores, by_column

    def decision_function(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return scores less the limit's, shape (rows,): negative is odd."""
        scores: Floats = self.score_samples(X) - self.offset_
        return scores

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:  # noqa: N803
        """Return 1 for ordinary rows and -1 for odd ones, shape (rows,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)


class Watch:
    """Goes through rows that follow the training rows.

    Parameters
    ----------
    known
        What `Baseline.fit` learned.
    """

    def __init__(self, known: dict[str, NDArray[Any]], clip: float, release: float, hold: float) -> None:
        self._expectation = Expectation(known["weights"], known["reach"], known["explained"])
        self._shifts = Shifts(known["spread"], known["inverse"], known["limit"])
        self._rate, self._growth, self._unit = known["rate"], known["growth"], known["unit"]
        self._lengths = lengths = tuple(int(one) for one in known["lengths"])
        self._windows = Windows(lengths, len(self._unit))
        self._middle = Middle(_SPIKE_ROWS, len(self._unit))
        self._noise = np.maximum(lengths[0] * (known["spread"][0]), 0.3)
        self._horizon = 4.0 * lengths[1]
        self._clip, self._release, self._hold = clip, release, hold
        self._level = known["level"].copy()
        self._unknown = np.zeros(len(self._unit))
        self._held_rows = 0.0
        self._odd = False
        self.by_column = np.zeros(len(self._unit))
        self._row_limit = float(known["row_limit"])
        self._recent = Middle(_SPIKE_ROWS, len(self._unit))
        self._shift = np.zeros(len(self._unit))
        self._odd_rows = self._back_rows = 0

    def step(self, row: Floats) -> float:
        """Take a row on the training rows' scale; return how odd it is, 1 at the limit."""
        rest = self._expectation.rest(row - self._level) / self._unit
        means = self._windows.push(np.clip(rest, -self._clip, self._clip))
        oddness, self.by_column = self._shifts.oddness(means, self._unknown / self._unit**2)
        oddness /= self._release if self._odd else 1.0
        self._odd = oddness > 1
        if self._is_back(self._recent.push(rest)):
            self._begin_anew(row)
            oddness = 0.0
        alone = row_distance(rest, self._unknown / self._unit**2) / self._row_limit
        self._follow(row, float(np.clip((oddness - self._hold) / (1 - self._hold), 0.0, 1.0)))
        return max(oddness, alone)

    def _is_back(self, rest: Floats) -> bool:
        """Return whether most of the shift that raised the alarm is gone, for as long as a short window."""
        if not self._odd:
            self._odd_rows = self._back_rows = 0
            return False
        rest = np.where(np.isfinite(rest), rest, 0.0)
        self._odd_rows += 1
        left = float(self._shift @ rest) / max(float(self._shift @ self._shift), 1e-12)
        gone = left < _GONE_SHARE and self._odd_rows > 2 * self._lengths[0]
        self._back_rows = self._back_rows + 1 if gone else 0
        if not gone:
            self._shift = self._shift + (rest - self._shift) / min(self._odd_rows, 2 * self._lengths[1])
        return self._back_rows >= self._lengths[0]

    def _begin_anew(self, row: Floats) -> None:
        """Take what is left of the shift as how far levels wandered meanwhile: they are to be found again."""
        apart = self._middle.last() - self._level
        self._level += np.where(np.isfinite(apart), apart, 0.0)
        self._unknown += self._noise / _SPIKE_ROWS
        self._windows = Windows(self._lengths, len(self._unit))
        self._odd, self._odd_rows, self._back_rows, self._held_rows = False, 0, 0, 0.0

    def _follow(self, row: Floats, held: float) -> None:
        """Move levels towards the row as far as they are not held, and let what is not known grow as far as they are."""
        rate = np.maximum(self._rate, self._unknown / (self._unknown + self._noise)) * (1 - held)
        most = STEP_CLIP + 3 * np.sqrt(self._unknown)
        apart = np.clip(self._middle.push(row) - self._level, -most, most)
        self._level += rate * np.where(np.isfinite(apart), apart, 0.0)
        ageing = 1 + 2 * self._held_rows / self._horizon  # a trend goes further than a random walk
        self._unknown = self._unknown * (1 - rate) + held * ageing * self._growth
        self._held_rows = (self._held_rows + held) * (1 - (1 - held) / 15)


def row_distance(rest: Floats, unknown: Floats | float) -> float:
    """Return how far a single row is from what was expected, over all columns."""
    known = np.where(np.isfinite(rest), np.clip(rest, -_ROW_CLIP, _ROW_CLIP), 0.0)
    return float(np.sqrt((known**2 / (1 + unknown)).mean()))


def _halves(scaled: Floats) -> list[tuple[Floats, Floats]]:
    """Return what to fit on and what to go on to: the second half after the first, and time turned round."""
    half = (len(scaled) + 1) // 2
    back = scaled[::-1]
    return [(scaled[:half], scaled[half:]), (back[:half], back[half:])]


def _unit(rests: Floats) -> Floats:
    """Return the noise of one row, robustly, shape (columns,)."""
    units = np.ones(rests.shape[1])
    for column, values in enumerate(rests.T):
        known = values[np.isfinite(values)]
        if len(known):
            low, high = np.quantile(known, [0.25, 0.75])
            units[column] = max((high - low) / 1.349, 0.3 * float(np.clip(known, -8, 8).std())) or 1.0
    return units
