"""What a track's last days say of boilers: how far it came, whether by growing, and how grave that is.

A fault is told when three of the last four days with data lie beyond an effect that matters physically and beyond a
multiple of the boiler's own day-to-day scatter, whose floor is stated per quantity, and when the way there was gradual;
two days suffice where both are far beyond, or for an advisory where both are clear of scatter, and one where a track says so,
or where it ends three days of which each rose more than the one before: faults that feed on themselves stop a boiler in days.
The way is gradual where no two days made most of it, or where growth explains the days better than one jump does: from some
day on (`ways`), or on and on after the jump.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import filled
from boilerwatch.model import Floats, Ints, Severity
from detectors.catalogue.track import POOL_DAYS, Levels, Track
from detectors.catalogue.ways import grows
from detectors.forecast import Forecast, forecast

_ADVISE_Z, _WARN_Z = 4.0, 5.0
#: Where two days suffice: shares of what is worth a visit, and standard deviations.
_FAR, _FAR_Z = 1.3, 9.0
#: Standard deviations beyond which two days suffice to know of it.
_SOON_Z = 5.0
#: Standard deviations of the newest of three rising days; own ones by which each rises, and a share of scatter they are no less than.
_RISEN_Z, _RISES_Z, _LEAST_OWN = 6.0, 2.0, 0.2
#: Days before the three that a boiler's own scatter is taken from.
_CALM_DAYS = 4
#: Steps over two days in which a jump is looked for.
_JUMP_STEPS = 10
#: Below this share of what is worth knowing a boiler is as it was.
_BACK_SHARE = 0.4


@dataclass(slots=True)
class Verdict:
    """What a track says of some boilers; all shape (n,). It is known where enough of the last days have data.

    `past` and `age` are the last days' deviations, newest first, and how many days ago they were, shape (n, days).
    """

    known: NDArray[np.bool_]
    effect: Floats
    towards: Floats
    score: Floats
    z: Floats
    level: Ints
    back: NDArray[np.bool_]
    stop: Floats
    past: Floats
    age: Floats
    scatter: Floats

    def left(self, i: int) -> Forecast:
        """Return when the boiler of row i is expected to stop, each of shape (1,)."""
        only = slice(i, i + 1)
        return forecast(self.past[only], self.age[only], self.effect[only], self.stop[only])

    def severity(self, i: int) -> Severity:
        """Return the severity a level stands for."""
        return "warning" if self.level[i] > 1 else "advisory"


class Past(NamedTuple):
    """The last days of some boilers, less what their sites show.

    Attributes
    ----------
    towards
        +1 or -1: which way the fault goes, shape (n,).
    ring
        Deviations towards the fault, oldest first, NaN without data, shape (n, days).
    back, age
        The same, newest first and days without data last, and how many days ago they were, shape (n, days).
    recent
        The days that count, least first, shape (n, persist).
    enough
        Whether there are enough of them, and of late, shape (n,).
    effect
        What all of these days but one show, shape (n,).
    """

    towards: Floats
    ring: Floats
    back: Floats
    age: Floats
    recent: Floats
    enough: NDArray[np.bool_]
    effect: Floats


def unheard(number: int, days: int, levels: Levels, track: Track) -> Verdict:
    """Return what is said of so many boilers that never told what the track looks at: nothing."""
    none = np.zeros(number, np.bool_)
    return Verdict(
        known=none, effect=np.zeros(number), towards=np.full(number, float(track.sign or 1)), score=np.zeros(number),
        z=np.zeros(number), level=np.zeros(number, np.int64), back=none.copy(), stop=np.broadcast_to(levels.stop, (number,)),
        past=np.full((number, days), np.nan), age=np.tile(np.arange(days, dtype=np.float64), (number, 1)),
        scatter=np.full(number, track.floor),
    )  # fmt: skip


def past_of(ring: Floats, common: Floats, track: Track) -> Past:
    """Return the last days less what the whole site shows; `ring` is as measured, oldest first, shape (n, days)."""
    ring = _less(ring, common[:, None])
    kept = ring.shape[1]
    newest = ring[np.arange(len(ring)), kept - 1 - np.isfinite(ring[:, ::-1]).argmax(axis=1)]
    towards = np.where(newest < 0, -1.0, 1.0) if track.sign == 0 else np.full(len(ring), float(track.sign))
    ring *= towards[:, None]
    back, age = newest_first(ring)
    recent = np.sort(back[:, : track.persist], axis=1)
    newest_days, oldest_days = (POOL_DAYS, kept) if track.pooled else (1, 2 * track.persist)
    enough: NDArray[np.bool_] = np.isfinite(recent).all(axis=1) & (age[:, 0] < newest_days)
    enough &= age[:, track.persist - 1] < oldest_days
    return Past(towards, ring, back, age, recent, enough, np.where(enough, recent[:, 1], 0.0))


def newest_first(ring: Floats) -> tuple[Floats, Floats]:
    """Return days newest first, those without data last, and how many days ago they were, shape (n, days)."""
    order = np.argsort(np.isnan(ring[:, ::-1]), axis=1, kind="stable")
    return ring[:, ::-1][np.arange(len(ring))[:, None], order], order.astype(np.float64)


def way_of(past: Past, scatter: Floats, levels: Levels, track: Track) -> tuple[NDArray[np.bool_], Ints]:
    """Return whether boilers came gradually to where they are, and how long ago their greatest jump was, shape (n,)."""
    jumps = filled(past.back[:, :-2] - past.back[:, 2:], nan=-np.inf)
    place = jumps[:, :_JUMP_STEPS].argmax(axis=1)
    jump = jumps[np.arange(len(place)), place]
    far = np.maximum(past.effect, filled(past.back[:, 0], nan=-np.inf))  # of what it came to, not of where it was
    gradual: NDArray[np.bool_] = jump <= track.jump_share * np.maximum(far, 1e-9)
    unclear = np.flatnonzero(~gradual & (far > levels.advise / 2))
    if len(unclear):
        advise = np.broadcast_to(levels.advise, far.shape)[unclear]
        gradual[unclear] = grows(past.ring[unclear], scatter[unclear], advise)
    return gradual, place


def verdict_of(past: Past, gradual: NDArray[np.bool_], scatter: Floats, levels: Levels, track: Track) -> Verdict:
    """Return how grave it is."""
    effect, z = past.effect, past.effect / scatter
    level = np.where(gradual & (effect >= levels.advise) & (z >= _ADVISE_Z), 1, 0)
    level = np.where(gradual & (effect >= levels.warn) & (z >= _WARN_Z), 2, level)
    two, one = filled(past.back[:, :2], nan=-np.inf).min(axis=1), filled(past.ring[:, -1], nan=-np.inf)
    newly = gradual & (past.age[:, 1] <= 2)
    soon = newly & (level == 0) & (two >= levels.advise) & (two >= _SOON_Z * scatter)
    level, effect = np.where(soon, 1, level), np.where(soon, two, effect)
    at_once = (one >= track.at_once) & (one >= _FAR_Z * scatter)
    fast = (newly & (two >= _FAR * levels.warn) & (two >= _FAR_Z * scatter)) | at_once
    effect = np.where(fast & (level < 2), np.maximum(effect, np.where(one >= track.at_once, one, two)), effect)
    risen = (one >= levels.warn) & (one >= _RISEN_Z * scatter)
    risen[risen] = _speeds_up(past.back[risen], past.age[risen], scatter[risen])
    effect = np.where(risen & (level == 0) & ~fast, np.maximum(effect, one), effect)
    level = np.where(risen & (level == 0), 1, level)
    calm = (
        past.enough
        & (past.recent[:, 2] < _BACK_SHARE * levels.advise)
        & (past.back[:, 0] < _BACK_SHARE * levels.advise)
    )
    return Verdict(
        known=past.enough, effect=effect, towards=past.towards, score=effect / levels.warn, z=effect / scatter,
        level=np.where(fast, 2, level), back=calm, stop=np.broadcast_to(levels.stop, effect.shape), past=past.back,
        age=past.age, scatter=scatter,
    )  # fmt: skip


def _speeds_up(back: Floats, age: Floats, scatter: Floats) -> NDArray[np.bool_]:
    """Return where the last three days each rose, and ever more, shape (n,).

    A jump moves the day it falls in and those after it; the day before that one stays within the boiler's own scatter,
    which is taken from the days before, as the floor of scatter would hide the first of three.

    Parameters
    ----------
    back, age
        Deviations towards the fault, newest first, days without data last, and how many days ago, shape (n, days).
    scatter
        With its floor, shape (n,).

    Examples
    --------
    >>> days = np.array([[0.46, 0.19, 0.05, -0.01, -0.01, 0.01, 0.02], [0.46, 0.19, 0.01, -0.01, -0.01, 0.01, 0.02]])
    >>> _speeds_up(days, np.arange(7.0) * np.ones((2, 1)), np.full(2, 0.05)).tolist()
    [True, False]
    """
    earlier = back[:, 3:]
    there = np.isfinite(earlier)
    own = np.sqrt((filled(earlier) ** 2).sum(axis=1) / np.maximum(there.sum(axis=1), 1))
    least = _RISES_Z * np.minimum(np.maximum(own, _LEAST_OWN * scatter), scatter)
    one, two, three = back[:, 0], back[:, 1], back[:, 2]
    result: NDArray[np.bool_] = (there.sum(axis=1) >= _CALM_DAYS) & (age[:, 0] == 0) & (age[:, 2] <= 3)
    result &= (three >= least) & (two - three >= least) & (one - two >= two - three)
    return result


def _less(value: Floats, common: Floats) -> Floats:
    """Return deviations less what the whole site shows, never past zero, shape (n, days).

    A boiler that stands still while its neighbours move has not moved: only what it shares with them is explained.

    Examples
    --------
    >>> _less(np.array([[5.0, 2.0, 0.0, -1.0]]), np.array([[3.0]])).tolist()
    [[2.0, 0.0, 0.0, -1.0]]
    """
    left: Floats = value - np.minimum(np.maximum(common, np.minimum(value, 0)), np.maximum(value, 0))
    return left
