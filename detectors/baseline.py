"""What is normal, learned from ordered rows of any table, and how odd the rows that follow are.

Each column is watched as it is and, where they say anything of it, less what the other columns predict; how restless it is
counts as a column of its own. Of each such channel the recent past says what a row should be (`level`), and what is left
is searched for lasting shifts over several lengths of time (`shifts`). Once there is one it is followed until its
channels are back (`stretch`). Nothing looks ahead: a row's score depends on it and the rows before it, so scores are not those
of shuffled or picked rows.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from detectors.channels import Channels
from detectors.expectation import Expectation, Scale, expectation_of, scale_of, steps_of
from detectors.level import Track, Ways, medians, ways_of
from detectors.shifts import Shifts, shifts_of, widened
from detectors.stretch import Stretch

Floats = NDArray[np.float64]

_BLOCK_ROWS = 50
_LEAST_ROWS = 2
_ROW_CLIP = 10.0
#: Of the false-alarm rate is for single rows: a fault that only they show is rare, and they cost as many false alarms.
_ROW_SHARE = 0.25
#: Rows at the beginning that levels are found from, which therefore say nothing about how healthy rows stray.
_FIRST_ROWS = 60
#: A shift is of the channels whose log odds are this share of the clearest one's, and this much at least.
_STRUCK_SHARE, _STRUCK_ODDS = 0.4, 0.7
#: A channel joins an alarm at these log odds, over the third length or more: a spike is no reason.
_JOIN_ODDS, _JOIN_FROM = 8.0, 2
#: A slow fault has moved levels before it is told: they are taken from so many rows ago.
_BEFORE_ROWS = 60
#: Odds asked of a shift, times the rate of false alarms: of several lengths the best is taken.
_ODDS = 4.0
#: What lasts this many times as long as training is the new normal.
_NEW_NORMAL = 5
#: After an alarm the limit is so many times as high, and falls back over as many rows as the alarm had: what was before it need
#: not be where it was, and a step back is the end of a fault more often than a new one.
_AGAIN = 1.5
#: Length whose degrees of freedom stand for an alarm's.
_MIDDLE = 3


class Baseline(OutlierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Tell rows that follow training rows but do not go on like them.

    Parameters
    ----------
    false_alarm_rate
        How many false alarms a healthy row may raise: log odds of 4 over it are asked of a shift, or more where healthy
        training rows came to more.
    windows
        Rows ago that a shift may have begun, shortest first. Less than 5 are spikes; 140 is a third of the 400 rows often
        trained on: a longer time cannot be told from wandering.
    wander
        What every level may do in a row, as a share of its noise's variance, though it stood still in training: over
        2,000 rows, a tenth of it.
    clip
        An innovation counts for no more standard deviations: rarer than one in 2,000 of normal noise.
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
        self, *, false_alarm_rate: float = 0.005, windows: tuple[int, ...] = (5, 10, 20, 40, 80, 140),
        wander: float = 5e-6, clip: float = 3.5, restless: bool = True,
    ) -> None:  # fmt: skip
        self.false_alarm_rate = false_alarm_rate
        self.windows = windows
        self.wander = wander
        self.clip = clip
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
        if not self.wander > 0:
            raise ValueError(f"wander must be a share of the noise's variance above 0, not {self.wander}.")

    def _table(self, values: Floats) -> Floats:
        """Return the columns to watch: the values, and the roots of their row-to-row changes."""
        values = np.clip(values, -1e150, 1e150)
        if not self.restless:
            return values
        changes = np.sqrt(np.abs(np.diff(values, axis=0, prepend=np.nan)))
        return np.hstack([values, changes])

    def _learn(self, scaled: Floats) -> None:
        rows, known = len(scaled), self.knowledge_
        longest = max(min(self.windows[-1], rows // 2), 1)
        lengths = tuple(sorted({max(min(one, longest), 1) for one in self.windows}))
        expectation = expectation_of(scaled, _BLOCK_ROWS)
        channels = Channels.of(expectation)
        seen = channels.rest(scaled)
        ways = ways_of(seen, self.wander, steps_of(scaled)[channels.column])
        shifts = shifts_of(ways, lengths, channels.groups(), rows)
        first = min(_FIRST_ROWS, rows // 3)
        tracks, scores, far = [], [], np.zeros(0)
        for way in (seen[::-1], seen):
            track, news, raw = self._through(ways, way, first)
            tracks.append((track, news[::-1][: lengths[-1]]))
            scores += [shifts.scores(_newest(news[: i + 1], lengths[-1])) for i in range(first, rows)]
            far = np.array([row_distance(one) for one in raw[first:]])
        shifts = widened(shifts, np.array(scores), lengths)
        told = [shifts.evidence(shifts.odds(one))[0] for one in scores]
        track, news = tracks[-1]
        known |= {
            "lengths": np.array(lengths), "weights": expectation.weights, "reach": expectation.reach,
            "explained": expectation.explained, "white": ways.white, "lasting": ways.lasting, "memory": ways.memory,
            "wander": ways.wander, "level": track.level, "unknown": track.unknown, "news": _newest(news[::-1], lengths[-1]),
            "widened": shifts.widened, "rows": np.array(rows),
            "limit": np.array(max(np.log(_ODDS / self.false_alarm_rate), np.quantile(told, 1 - self.false_alarm_rate))),
            "row_limit": np.array(max(float(np.quantile(far, 1 - _ROW_SHARE * self.false_alarm_rate)), 1.0)),
        }  # fmt: skip

    def _through(self, ways: Ways, rows: Floats, first: int) -> tuple[Track, Floats, Floats]:
        """Follow healthy rows; return where levels are then, and the innovations, shape (rows, channels)."""
        track = Track(ways, medians(rows[: max(first, 1)]), ways.long_run / max(first / 2, 1))
        steps = [track.step(row, self.clip) for row in rows]
        return track, np.array([one[0] for one in steps]), np.array([one[1] for one in steps])

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
        watch = Watch(known, self.clip)
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

    def __init__(self, known: dict[str, NDArray[Any]], clip: float) -> None:
        self._channels = Channels.of(Expectation(known["weights"], known["reach"], known["explained"]))
        ways = Ways(known["white"], known["lasting"], known["memory"], known["wander"])
        self._lengths = tuple(int(one) for one in known["lengths"])
        self._groups = self._channels.groups()
        plain = shifts_of(ways, self._lengths, self._groups, int(known["rows"]))
        self._shifts = Shifts(plain.shape, plain.signal, plain.freedom, known["widened"], self._groups)
        self._freedom = plain.freedom[min(_MIDDLE, len(self._lengths) - 1)]
        self._weight = self._groups.mean(axis=0)
        self._track = Track(ways, known["level"], known["unknown"])
        self._limit, self._row_limit, self._clip = float(known["limit"]), float(known["row_limit"]), clip
        self.column = self._channels.column
        kept = max(self._lengths[-1], _BEFORE_ROWS)
        self._news = known["news"].copy()
        self._rows = np.full((kept, len(self.column)), np.nan)
        self._levels = np.repeat(self._track.level[None], kept + 1, axis=0)
        self._unknown = np.repeat(self._track.unknown[None], kept + 1, axis=0)
        self._lasting = _NEW_NORMAL * int(known["rows"])
        self._stretch: Stretch | None = None
        self._wary, self._wary_rows = 0, 1
        self.by_column = np.zeros(len(self.column))

    def step(self, row: Floats) -> float:
        """Take a row on the training rows' scale; return how odd it is, 1 at the limit."""
        seen = self._channels.rest(row)
        news, raw = self._track.step(seen, self._clip)
        for kept, new in (
            (self._news, news), (self._rows, seen), (self._levels, self._track.level), (self._unknown, self._track.unknown),
        ):  # fmt: skip
            kept[1:] = kept[:-1]
            kept[0] = new
        odds = self._shifts.odds(self._shifts.scores(self._news))
        if self._stretch is not None:
            return self._go_on(self._stretch, seen, odds)
        evidence, best = self._shifts.evidence(odds)
        limit = self._limit * (1 + (_AGAIN - 1) * self._wary / self._wary_rows)
        self._wary = max(self._wary - 1, 0)
        self.by_column = odds.max(axis=0) / limit
        if evidence > limit:
            self._begin(odds, best)
        return max(evidence / limit, row_distance(raw) / self._row_limit)

    def _begin(self, odds: Floats, best: int) -> None:
        began = (odds[best] > _STRUCK_SHARE * odds[best].max()) & (odds[best] > _STRUCK_ODDS)
        length = self._lengths[best]
        before, unknown, during = self._around(length)
        self._stretch = Stretch(self._track.ways, began, before, unknown, during, length, self._weight)

    def _around(self, length: int) -> tuple[Floats, Floats, Floats]:
        """Return levels before a shift that began so many rows ago, their variance, and levels since."""
        ago = max(length, min(_BEFORE_ROWS, len(self._rows)))
        recent = self._rows[:length]
        there = np.isfinite(recent)
        count = there.sum(axis=0)
        mean = np.where(there, recent, 0.0).sum(axis=0) / np.maximum(count, 1)
        during = np.where(count > 0, mean, self._track.level)
        return self._levels[ago], self._unknown[ago] + self._track.ways.wander * ago, during

    def _go_on(self, stretch: Stretch, seen: Floats, odds: Floats) -> float:
        """Follow an alarm; return how odd its row is."""
        long = odds[_JOIN_FROM:] if len(odds) > _JOIN_FROM else odds[-1:]
        joining = (long.max(axis=0) > _JOIN_ODDS) & ~stretch.struck
        for index in np.unique(long.argmax(axis=0)[joining]):
            length = self._lengths[len(odds) - len(long) + index]
            stretch.join(joining & (long.argmax(axis=0) == index), *self._around(length), length)
        stretch.push(seen, self._freedom)
        self.by_column = stretch.odds / self._limit
        if stretch.returned:
            self._forget(stretch.struck | stretch.end_returned(self._track, self._rows))
        elif stretch.outlived(self._groups) or stretch.rows > self._lasting:
            stretch.end_outlived(self._track)
            self._forget(stretch.struck)
        else:
            return max(float((self._groups @ stretch.odds).max()) / self._limit, 1.001)
        self._stretch, self._wary, self._wary_rows = None, stretch.rows, stretch.rows
        self.by_column = np.zeros(len(self.column))
        return 0.0

    def _forget(self, which: NDArray[np.bool_]) -> None:
        """Let what was before an alarm's end say nothing of these channels."""
        self._news[:, which] = 0.0
        self._levels[:, which] = self._track.level[which]
        self._unknown[:, which] = self._track.unknown[which]


def row_distance(news: Floats) -> float:
    """Return how far a single row is from what was expected, over all channels."""
    return float(np.sqrt((np.clip(news, -_ROW_CLIP, _ROW_CLIP) ** 2).mean())) if len(news) else 0.0


def _newest(news: Floats, rows: int) -> Floats:
    """Return the last rows newest first, zeros where there were none, shape (rows, channels)."""
    out = np.zeros((rows, news.shape[1]))
    last = news[::-1][:rows]
    out[: len(last)] = last
    return out
