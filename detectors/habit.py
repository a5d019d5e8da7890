"""What a boiler's days are like, learned from its own past, for many boilers at once: the baseline's idea in arrays.

Each column of a day (means of signals) has a level that follows slowly and is held while days look odd. What the other
columns of the day, weather and load among them, predict of it is taken off; what is left is averaged over three and ten
days. Columns are counted in their floors, the least day-to-day scatter that physics and resolution allow, so that nobody is
odd for being steady. A driver (weather, load, what people set) predicts and is never odd itself; where it goes beyond what
was learned, all else counts less. A jump that stays moves the level: that is a top-up, a setting, new firmware.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, shifted
from boilerwatch.model import Floats, Ints

#: Days before a boiler gets a model, days it learns from, and days whose means then show how far healthy ones wander.
FIRST_DAYS, LEARN_DAYS, PROVE_DAYS = 7, 28, 14
_KEPT, _LONG, _SHORT = 12, 10, 3
#: Shift that may be nobody's fault. [scatters of a day]
_TOLERANCE = 0.5
#: What a day counts for at most: in moving a level, of what is left, of what was seen. [floors], [scatters], [floors]
_CLIP, _FAR, _SEEN = 4.0, 8.0, 30.0
#: Rates at which a level, and what is known of scatter, follow. [1/day]
_FOLLOW, _SCATTER_FOLLOW = 1 / 60, 1 / 120
#: Growth of a held level's variance: in half a year as much as a day's scatter. [1/day]
_GROWTH = 1 / 180
_HELD_FROM = 0.5
#: Scatter is learned only from days this calm, as shares of the limit: else a slow fault widens what hides it.
_SURE_BELOW = 0.2
#: A jump makes this share of the whole way, beyond what noise makes of the means of three days. [-], [scatters]
_JUMP_SHARE, _JUMP_LEAST = 0.5, 0.5
#: Only what has just become odd may be a jump: what is told must not be made normal by a noisy week. [days]
_NEW_DAYS = 2

#: Products kept as float32 may leave a matrix a hair from definite; no column is explained beyond this by the others.
_LEAST_PRECISION = 1e-3


class Look(NamedTuple):
    """What the last days say; shape (n,) or (n, columns).

    Attributes
    ----------
    odd
        How far each column's ten days are off, in standard deviations of healthy ones; 0 where nothing is known.
    apart
        How far they are off, in floors.
    jumped
        Whether it came at once.
    judged
        Whether the model is old enough to be believed.
    """

    odd: Floats
    apart: Floats
    jumped: NDArray[np.bool_]
    judged: NDArray[np.bool_]


class Habit:
    """Models of boilers that have said enough; the others take four bytes each.

    Parameters
    ----------
    floors
        Least day-to-day scatter of each column, in its unit, shape (columns,).
    drives
        Which columns are drivers, shape (columns,).
    """

    def __init__(self, floors: Floats, drives: NDArray[np.bool_]) -> None:
        self._floors, self._drives = floors, drives
        columns = len(floors)
        self._of = Arrays({"place": (-1, np.int32, ()), "heard": (0, np.uint8, ())})
        self._used = 0
        self._model = Arrays(
            {
                "days": (0, np.int32, ()), "odd_days": (0, np.uint8, ()), "level": (np.nan, np.float64, (columns,)), "reach": (0.0, np.float32, (columns,)),
                "products": (0.0, np.float32, (columns, columns)), "unknown": (0.0, np.float32, (columns,)),
                "wander": (0.0, np.float32, (columns,)), "ring": (np.nan, np.float16, (_KEPT, columns)),
            }
        )  # fmt: skip

    def forget(self, slot: int | Ints) -> None:
        """Learn these boilers anew."""
        slot = np.atleast_1d(np.asarray(slot, np.int64))
        self._of.grow(int(slot.max(initial=-1)) + 1)
        place = self._of["place"][slot]
        self._model.reset(place[place >= 0].astype(np.int64))

    def shift(self, slot: int, column: int) -> None:
        """Take a column's next day as its level: something was set."""
        self._of.grow(slot + 1)
        place = int(self._of["place"][slot])
        if place >= 0:
            self._model["level"][place, column] = np.nan
            self._model["ring"][place, :, column] = np.nan

    def days(self, slot: Ints) -> Ints:
        """Return of how many days each boiler's model is, shape (n,)."""
        place = self._of["place"][slot]
        return np.where(place >= 0, self._model["days"][place] if self._used else 0, 0).astype(np.int64)

    def take(self, slot: Ints, gap_days: Floats, values: Floats, limit: Floats) -> tuple[Ints, Look]:
        """Take a day of each of some boilers; return which of them have a model, and what their last days say.

        Parameters
        ----------
        values
            NaN where nothing was measured, shape (n, columns).
        limit
            Standard deviations at which a level is wholly held, shape () or (n,).
        """
        mine = self._placed(slot, np.asarray(np.isfinite(values).any(axis=1)))
        place = self._of["place"][slot[mine]].astype(np.int64)
        known, bound = values[mine], np.broadcast_to(limit, slot.shape)[mine]
        gone = np.nan_to_num(gap_days[mine], nan=1.0) > LEARN_DAYS
        self._model.reset(place[gone])
        level = self._model["level"][place]
        level = np.where(np.isnan(level), known, level)
        apart = np.clip((known - level) / self._floors, -_SEEN, _SEEN)
        look = self._look(place, apart, gap_days[mine])
        self._learn(place, known, level, apart, look, bound)
        return mine, look

    def _placed(self, slot: Ints, said: NDArray[np.bool_]) -> Ints:
        """Return which boilers have a model, giving one to those that have been heard for long enough."""
        self._of.grow(int(slot.max()) + 1)
        heard = np.minimum(self._of["heard"][slot].astype(np.int64) + said, 255)
        self._of["heard"][slot] = heard
        fresh = slot[(heard >= FIRST_DAYS) & (self._of["place"][slot] < 0)]
        self._of["place"][fresh] = self._used + np.arange(len(fresh))
        self._used += len(fresh)
        self._model.grow(self._used)
        return np.flatnonzero(self._of["place"][slot] >= 0)

    def _look(self, place: Ints, apart: Floats, gap_days: Floats) -> Look:
        model = self._model
        days = model["days"][place]
        rest, per_floor = self._rest(place, apart, days)
        ring = self._pushed(place, gap_days, rest)
        long, short = (_mean_of_last(ring, number) for number in (_LONG, _SHORT))
        theory = 1 / _LONG + _TOLERANCE**2
        proved = days >= LEARN_DAYS + PROVE_DAYS
        spread = np.maximum(theory, model["wander"][place]) + model["unknown"][place]
        still = np.clip(2 * np.nan_to_num(short) * np.sign(long) / np.maximum(np.abs(long), 1e-9), 0, 1)
        odd = np.nan_to_num(np.abs(long) / np.sqrt(spread) * still) * (proved[:, None] & ~self._drives)
        column = odd.argmax(axis=1)[:, None, None]
        jumped = _jumped(np.take_along_axis(ring, column, axis=2)[:, :, 0]) & (model["odd_days"][place] <= _NEW_DAYS)
        judging = (days >= LEARN_DAYS) & ~proved
        seen = np.where(np.isfinite(long), long.astype(np.float64) ** 2, 0.0)
        model["wander"][place] = np.where(
            judging[:, None], np.maximum(model["wander"][place], seen), model["wander"][place]
        )
        return Look(odd, np.nan_to_num(long) / per_floor, jumped, proved)

    def _rest(self, place: Ints, apart: Floats, days: Ints) -> tuple[Floats, Floats]:
        """Return what the other columns do not explain, with a spread of one where all is well, and how much a floor is."""
        model, columns = self._model, len(self._floors)
        number = np.maximum(np.minimum(days, round(1 / _SCATTER_FOLLOW)), 1).astype(np.float64)
        scatter = model["products"][place].astype(np.float64) / number[:, None, None] + np.eye(columns)
        precise = np.linalg.inv(scatter)
        own = np.maximum(np.diagonal(precise, axis1=1, axis2=2), _LEAST_PRECISION)
        seen, reach = np.nan_to_num(apart), model["reach"][place].astype(np.float64)
        within = np.clip(seen, -reach, reach)
        others = (precise * within[:, None, :]).sum(axis=2) - own * within
        beyond = (np.where(self._drives, np.abs(seen) - np.abs(within), 0.0) ** 2).sum(axis=1)
        rest = (own * seen + others) / np.sqrt(own) / np.sqrt(1 + beyond)[:, None]
        ready = np.isfinite(apart) & (days >= LEARN_DAYS)[:, None]
        return np.where(ready, np.clip(rest, -_FAR, _FAR), np.nan), np.sqrt(own)

    def _pushed(self, place: Ints, gap_days: Floats, rest: Floats) -> Floats:
        gap = np.clip(np.rint(np.nan_to_num(gap_days, nan=1.0)), 1, _KEPT).astype(np.int64)
        old = shifted(self._model["ring"][place], gap, np.nan)
        old[:, -1] = rest
        self._model["ring"][place] = old
        return self._model["ring"][place].astype(np.float64)

    def _learn(self, place: Ints, known: Floats, level: Floats, apart: Floats, look: Look, limit: Floats) -> None:
        model = self._model
        days = model["days"][place]
        learning = days < LEARN_DAYS
        odd = look.odd.max(axis=1) / limit
        held = np.clip((odd - _HELD_FROM) / (1 - _HELD_FROM), 0, 1)
        rate = np.where(learning, 1 / (days + 1.0), _FOLLOW * (1 - held))[:, None]
        there = np.isfinite(apart)
        step = np.where(there, np.clip(apart, -_CLIP, _CLIP), 0.0) * rate
        moved = level + step * self._floors
        model["level"][place] = np.where(np.isfinite(known), moved, model["level"][place])
        left = np.where(there, apart, 0.0)
        calm = (learning | (odd < _SURE_BELOW)).astype(np.float64)[:, None, None]
        before, after = left, left - step
        full = days >= round(1 / _SCATTER_FOLLOW)
        kept = np.where(full, 1 - _SCATTER_FOLLOW, 1.0)[:, None, None]
        products = model["products"][place].astype(np.float64)
        more = before[:, :, None] * after[:, None, :]
        more = (more + np.swapaxes(more, 1, 2)) / 2
        model["products"][place] = np.where(calm > 0, products * kept + more, products)
        reach = np.where(learning[:, None], np.maximum(model["reach"][place], np.abs(left)), model["reach"][place])
        model["reach"][place] = reach + np.where(calm[:, :, 0] > 0, np.clip(np.abs(left) - reach, 0, None) * _FOLLOW, 0)
        model["unknown"][place] = np.where(
            learning[:, None], 0.0, model["unknown"][place] * (1 - rate) + held[:, None] * _GROWTH
        )
        self._move(place, look, odd)
        model["days"][place] = days + there.any(axis=1)

    def _move(self, place: Ints, look: Look, odd: Floats) -> None:
        """Take a jump that stayed as the new level of the columns that made it."""
        model = self._model
        model["odd_days"][place] = np.where(odd >= 1, np.minimum(model["odd_days"][place], 254) + 1, 0)
        rows = np.flatnonzero(look.jumped & (odd >= 1))
        columns = look.odd[rows] >= _HELD_FROM * look.odd[rows].max(axis=1, keepdims=True)
        model["level"][place[rows]] = np.where(columns, np.nan, model["level"][place[rows]])
        model["ring"][place[rows]] = np.where(columns[:, None, :], np.nan, model["ring"][place[rows]])

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the models for a snapshot."""
        own = {f"of.{name}": values for name, values in self._of.dump().items()}
        return (
            own
            | {f"model.{name}": values for name, values in self._model.dump().items()}
            | {"used": np.array(self._used)}
        )

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the models of a snapshot."""
        for prefix, part in (("of.", self._of), ("model.", self._model)):
            part.load({name.removeprefix(prefix): v for name, v in data.items() if name.startswith(prefix)})
        self._used = int(data["used"])


def _jumped(way: Floats) -> NDArray[np.bool_]:
    """Return whether most of where a column is came between three days and the next three, shape (n, days) to (n,)."""
    known = np.isfinite(way)
    total, count = (
        np.cumsum(np.pad(one, ((0, 0), (1, 0))), axis=1) for one in (np.where(known, way, 0.0), known * 1.0)
    )
    means = (total[:, _SHORT:] - total[:, :-_SHORT]) / np.maximum(count[:, _SHORT:] - count[:, :-_SHORT], 1)
    there = count[:, _SHORT:] > count[:, :-_SHORT]
    apart = _SHORT + 1
    jump = np.where(there[:, apart:] & there[:, :-apart], np.abs(means[:, apart:] - means[:, :-apart]), 0.0)
    result: NDArray[np.bool_] = jump.max(axis=1) > _JUMP_SHARE * np.abs(means[:, -1]) + _JUMP_LEAST
    return result


def _mean_of_last(ring: Floats, number: int) -> Floats:
    """Return the mean of the last days, NaN with fewer than half of them, shape (n, columns)."""
    last = ring[:, -number:]
    count = np.isfinite(last).sum(axis=1)
    total = np.where(np.isfinite(last), last, 0.0).sum(axis=1)
    return np.where(2 * count > number, total / np.maximum(count, 1), np.nan)
