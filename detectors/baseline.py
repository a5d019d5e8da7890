"""What is normal, learned from ordered rows of any table, and how odd the rows that follow are.

For each column: a slow level is taken from what is seen, and in a second channel what the other columns predict as well; both
are brought to the noise of one row and averaged over windows, so that a small shift that lasts shows and a lone spike does
not. How restless a column is counts as a column of its own. Nothing looks ahead: a row's score depends on it and the rows
before it, so scores are not those of shuffled or picked rows.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from detectors.channels import Channels
from detectors.expectation import Expectation, Scale, expectation_of, scale_of
from detectors.level import STEP_CLIP, follow, growth_of, medians
from detectors.returning import Returning
from detectors.shifts import Shifts, shifts_of
from detectors.windows import Middle, Windows

Floats = NDArray[np.float64]

_BLOCK_ROWS = 50
_SPIKE_ROWS = 5
_LEAST_ROWS = 2
_ROW_CLIP = 10.0
#: Of the false-alarm rate is for single rows: a fault that only they show is rare, and they cost as many false alarms.
_ROW_SHARE = 0.25
#: Rows at the beginning that a first level comes from, which therefore say nothing about how far means stray from it.
_FIRST_ROWS = 60
#: A held level is outlived the sooner the longer it is held: a trend goes further than a random walk. [rows]
_AGEING_ROWS = 80.0
_FORGET_ROWS = 15


class Baseline(OutlierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Tell rows that follow training rows but do not go on like them.

    Parameters
    ----------
    false_alarm_rate
        Share of healthy rows that may be told odd, were they all to go on as the training rows did. Five in a thousand:
        nothing does, and where levels drift a strict limit costs few rows of a fault that lasts.
    windows
        Rows of the means, shortest first. 10 rows bring noise to a third and delay an alarm, and its end, by a few rows;
        50 is an eighth of the 400 rows often trained on: longer means are too few to know their spread.
    memory
        Rows that a level averages over: more than a fault takes to show, or it would be followed and not told.
    tolerance
        Shift of a column that is nobody's fault, as a share of its noise of one row: training rows cannot show how a
        process moves in a longer time than theirs.
    clip
        No row counts for more than this many times the noise: rarer than one row in 300 of normal noise, and a column that
        wandered off cannot outweigh all others.
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
        self, *, false_alarm_rate: float = 0.005, windows: tuple[int, ...] = (10, 25, 50), memory: float = 500.0,
        tolerance: float = 0.15, clip: float = 3.0, release: float = 0.7, hold: float = 0.4, correlation: float = 0.5, restless: bool = True,
    ) -> None:  # fmt: skip
        self.false_alarm_rate = false_alarm_rate
        self.windows = windows
        self.memory = memory
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
        if not self.windows or self.windows[0] < 1 or list(self.windows) != sorted(self.windows):
            raise ValueError(f"windows must be numbers of rows, the shortest first, not {self.windows}.")
        if not self.memory >= 1:
            raise ValueError(f"memory must be a number of rows, not {self.memory}.")

    def _table(self, values: Floats) -> Floats:
        """Return the columns to watch: the values, and the roots of their row-to-row changes."""
        values = np.clip(values, -1e150, 1e150)
        if not self.restless:
            return values
        changes = np.sqrt(np.abs(np.diff(values, axis=0, prepend=np.nan)))
        return np.hstack([values, changes])

    def _learn(self, scaled: Floats) -> None:
        rows, known = len(scaled), self.knowledge_
        longest = max(min(self.windows[-1], rows // 4), 1)
        lengths = tuple(max(one * longest // self.windows[-1], 1) for one in self.windows)
        expectation = expectation_of(scaled, _BLOCK_ROWS)
        channels, first = Channels.of(expectation), min(_FIRST_ROWS, rows // 3)
        rests = []
        for way in (scaled[::-1], scaled):
            levels = follow(way, medians(way[: max(first, 1)]), 1 / self.memory)
            rests.append(channels.rest(way - levels[:-1]))
        unit = _unit(np.concatenate(rests))
        means = np.concatenate([self._means(rest / unit, lengths)[first:] for rest in rests])
        groups = channels.groups(int((known["kept"] < self.n_features_in_).sum()))
        shifts = shifts_of(means, lengths, groups, self.false_alarm_rate, self.tolerance, self.correlation)
        far = np.array([row_distance(row, 0.0) for row in rests[1] / unit])
        self.knowledge_ |= {
            "lengths": np.array(lengths), "rate": np.array(1 / self.memory), "weights": expectation.weights,
            "reach": expectation.reach, "explained": expectation.explained, "unit": unit, "level": levels[-1],
            "growth": growth_of(scaled), "spread": shifts.spread, "inverse": shifts.inverse, "groups": groups,
            "limit": shifts.limit,
            "row_limit": np.array(max(float(np.quantile(far, 1 - _ROW_SHARE * self.false_alarm_rate)), 1e-9)),
        }  # fmt: skip

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
        column = known["kept"][watch.column] % columns
        for i, row in enumerate(scaled):
            scores[i] = -watch.step(row)
            np.fmin.at(by_column[i], column, -watch.by_column)
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
        self._channels = Channels.of(Expectation(known["weights"], known["reach"], known["explained"]))
        self._shifts = Shifts(known["spread"], known["inverse"], known["groups"], known["limit"])
        self._rate, self._growth, self._unit = float(known["rate"]), known["growth"], known["unit"]
        self._lengths = tuple(int(one) for one in known["lengths"])
        self._row_limit = float(known["row_limit"])
        self._clip, self._release, self._hold = clip, release, hold
        self.column = self._channels.column
        noise = np.maximum(self._lengths[0] * known["spread"][0], 0.3)
        own = self._channels.own
        self._noise = noise[:own] * self._unit[:own] ** 2
        self._windows = Windows(self._lengths, len(self._unit))
        self._middle = Middle(_SPIKE_ROWS, own)
        self._returning = Returning(noise)
        self._level = known["level"].copy()
        self._unknown = np.zeros(own)
        self._held_rows = 0.0
        self._odd = False
        self.by_column = np.zeros(len(self._unit))

    def step(self, row: Floats) -> float:
        """Take a row on the training rows' scale; return how odd it is, 1 at the limit."""
        rest = self._channels.rest(row - self._level) / self._unit
        unknown = self._unknown[self.column] / self._unit**2
        clipped = np.clip(rest, -self._clip, self._clip)
        means = self._windows.push(clipped)
        oddness, self.by_column = self._shifts.oddness(means, unknown)
        if self._odd:
            if self._returning.push(clipped, oddness):
                self._begin_anew()
                oddness = 0.0
            oddness /= self._release
        elif oddness > 1:
            self._returning.begin(means[0], oddness)
        self._odd = oddness > 1
        alone = row_distance(rest, unknown) / self._row_limit
        self._follow(row, float(np.clip((oddness - self._hold) / (1 - self._hold), 0.0, 1.0)))
        return max(oddness, alone)

    def _begin_anew(self) -> None:
        """Take what is left of the shift as how far levels wandered meanwhile: they are to be found again."""
        apart = self._middle.last() - self._level
        self._level += np.where(np.isfinite(apart), apart, 0.0)
        self._unknown = self._noise / _SPIKE_ROWS
        self._windows = Windows(self._lengths, len(self._unit))
        self._held_rows = 0.0

    def _follow(self, row: Floats, held: float) -> None:
        """Move levels towards the row as far as they are not held, and let what is not known grow as far as they are."""
        rate = np.maximum(self._rate, self._unknown / (self._unknown + self._noise)) * (1 - held)
        most = STEP_CLIP + 3 * np.sqrt(self._unknown)
        apart = np.clip(self._middle.push(row) - self._level, -most, most)
        self._level += rate * np.where(np.isfinite(apart), apart, 0.0)
        ageing = 1 + self._held_rows / _AGEING_ROWS
        self._unknown = self._unknown * (1 - rate) + held * ageing * self._growth
        self._held_rows = (self._held_rows + held) * (1 - (1 - held) / _FORGET_ROWS)


def row_distance(rest: Floats, unknown: Floats | float) -> float:
    """Return how far a single row is from what was expected, over all columns."""
    known = np.where(np.isfinite(rest), np.clip(rest, -_ROW_CLIP, _ROW_CLIP), 0.0)
    return float(np.sqrt((known**2 / (1 + unknown)).mean()))


def _unit(rests: Floats) -> Floats:
    """Return the noise of one row, robustly, shape (columns,)."""
    units = np.ones(rests.shape[1])
    for column, values in enumerate(rests.T):
        known = values[np.isfinite(values)]
        if len(known):
            low, high = np.quantile(known, [0.25, 0.75])
            units[column] = max((high - low) / 1.349, 0.3 * float(np.clip(known, -8, 8).std())) or 1.0
    return units
