"""Failed ignitions as counts: few attempts a day, so a week of them is weighed together, against the boiler's own past.

A boiler starts ten to fifty times a day, so a share of failures per day is coarse; but three failures among thirty
attempts of a boiler that had none in a thousand are not chance. The newest 1, 2, 3, 5 and 7 days are tried, and the one that
speaks loudest counts: the log-likelihood by which past and newest failures are explained better by a rate each than by one
rate for both, so that a short past claims no more than it knows. A day becomes past when it leaves the week; bad days count
as well as good ones, up to what is calm, or a boiler that always fails now and then would be held to its best days.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, shifted
from boilerwatch.model import Floats, Ints

_KEPT = 7
_WINDOWS = (1, 2, 3, 5, 7)
#: Attempts after which an older one counts 1/e: about two months at thirty a day.
_MEMORY_DAYS = 60.0
#: What is supposed of a boiler without a past: one failure in two hundred attempts, as sure as so many make it.
_PRIOR_FAILS, _PRIOR_TRIES = 1.0, 200.0
#: No boiler is held to less than this, however many attempts it had without a failure. [-]
_LEAST_SHARE = 0.004
#: Some makers count starts in hundreds (Vaillant's HcStarts, devices guide 4.1): most days add none. [-]
_COARSE_STARTS = 50
#: Of a day no more than this share, or two failures, is learned from: what grows is not to become the normal; a day with
#: several times as many teaches nothing. [-]
_CALM_SHARE, _CALM_FAILS, _BAD_TIMES = 0.04, 2.0, 2.5


def excess(count: Floats, expected: Floats) -> Floats:
    """Return the Poisson log-likelihood by which counts are explained better by themselves than by what was expected, shape (n,).

    Examples
    --------
    >>> excess(np.array([8.0, 1.0]), np.array([1.0, 1.0])).round(1).tolist()
    [9.6, 0.0]
    """
    return np.where(count > expected, count * np.log(np.maximum(count, 1e-9) / expected) - (count - expected), 0.0)


def unlike(count: Floats, tries: Floats, before: Floats, tries_before: Floats) -> Floats:
    """Return the Poisson log-likelihood by which two rates explain newer and older counts better than one, shape (n,).

    Examples
    --------
    >>> tries = np.array([100.0, 100.0, 100.0])
    >>> unlike(np.array([8.0, 8.0, 1.0]), tries, np.array([1.0, 3.0, 5.0]), 3 * tries).round(1).tolist()
    [8.2, 5.5, 0.0]
    """
    both = (count + before) / (tries + tries_before)
    newer = count * np.log(np.maximum(count, 1e-9) / (both * tries))
    return np.where(count * tries_before > before * tries, newer + before * np.log(before / (both * tries_before)), 0.0)


class Failing(NamedTuple):
    """What the newest days say; all shape (n,).

    Attributes
    ----------
    share
        Of attempts that failed, in the window that speaks loudest. [-]
    failures, days
        In that window, and the days of it with a failure. [-]
    likelihood
        Log-likelihood against the boiler's own past rate. [-]
    newest
        Failures of the newest day: where it has none, what was is over. [-]
    lately
        Share of the attempts of the newest two days that failed. [-]
    """

    share: Floats
    failures: Floats
    days: Ints
    likelihood: Floats
    newest: Floats
    lately: Floats


class Attempts:
    """Attempts and failures of the last week, and the rate before."""

    def __init__(self) -> None:
        one = (0.0, np.float32, ())
        ring = (0, np.uint16, (_KEPT,))
        self._past = Arrays({"failed": ring, "tried": ring, "fails": one, "tries": one})

    def take(self, slot: Ints, gap: Ints, failed: Floats, starts: Floats, slots: int) -> Failing:
        """Add a day of some boilers and weigh their newest days.

        Parameters
        ----------
        gap
            Days since the one before, shape (n,). [days]
        failed, starts
            Failed and successful ignitions of the day, NaN where not counted, shape (n,). [-]
        """
        past = self._past
        past.grow(slots)
        failed, tried = np.nan_to_num(failed), np.nan_to_num(failed + starts)
        by, rings = np.clip(gap, 1, _KEPT), {}
        self._learn(slot, by)
        for name, value in (("failed", failed), ("tried", tried)):
            rings[name] = shifted(past[name][slot], by, 0)
            rings[name][:, -1] = np.clip(value, 0, 65_535)
            past[name][slot] = rings[name]
        return self._weigh(rings["failed"], rings["tried"], slot)

    def _learn(self, slot: Ints, by: Ints) -> None:
        """Take into the past the days that leave the week."""
        past = self._past
        failed, tried = (past[name][slot].astype(np.float64) for name in ("failed", "tried"))
        most = np.maximum(_CALM_SHARE * tried, _CALM_FAILS)
        calm, leaving = np.minimum(failed, most), (np.arange(_KEPT) < by[:, None]) & (failed <= _BAD_TIMES * most)
        keep = np.exp(-by / _MEMORY_DAYS)
        for name, value in (("fails", calm), ("tries", tried)):
            past[name][slot] = past[name][slot] * keep + np.where(leaving, value, 0.0).sum(axis=1)

    def _weigh(self, failed: NDArray[np.uint16], tried: NDArray[np.uint16], slot: Ints) -> Failing:
        past = self._past
        known = past["tries"][slot].astype(np.float64) + _PRIOR_TRIES
        before = np.maximum(past["fails"][slot].astype(np.float64) + _PRIOR_FAILS, _LEAST_SHARE * known)
        nought = np.zeros(len(slot))
        a_day = _coarse_starts_a_day(failed, tried)
        lately = failed[:, -2:].sum(axis=1) / np.maximum(tried[:, -2:].sum(axis=1), 1)
        best = Failing(nought, nought, np.zeros(len(slot), np.int64), nought, failed[:, -1].astype(np.float64), lately)
        for window in _WINDOWS:
            fails = failed[:, -window:].sum(axis=1).astype(np.float64)
            tries = np.maximum(tried[:, -window:].sum(axis=1).astype(np.float64), 1.0)
            tries = np.maximum(tries, fails + a_day * window)
            likelihood = unlike(fails, tries, before, known)
            days = (failed[:, -window:] > 0).sum(axis=1)
            louder = likelihood > best.likelihood
            best = Failing(
                np.where(louder, fails / tries, best.share), np.where(louder, fails, best.failures),
                np.where(louder, days, best.days), np.where(louder, likelihood, best.likelihood),
                best.newest, best.lately,
            )  # fmt: skip
        return best

    def starts_per_day(self, slot: int) -> float:
        """Return how often a boiler started on those of its last days on which it tried, 0 where none is known. [1/d]"""
        self._past.grow(slot + 1)
        tried, failed = (self._past[name][slot].astype(np.int64) for name in ("tried", "failed"))
        return float((tried - failed).sum() / max(int((tried > 0).sum()), 1))

    def reset(self, slot: int) -> None:
        """Forget a boiler's past."""
        self._past.grow(slot + 1)
        self._past.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the last week and the rates before."""
        return {f"attempts.{name}": values for name, values in self._past.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the last week and the rates before."""
        self._past.load({name: data[f"attempts.{name}"] for name in self._past.dump()})


def _coarse_starts_a_day(failed: NDArray[np.uint16], tried: NDArray[np.uint16]) -> Floats:
    """Return the week's starts per day of counters that count in large steps, 0 of others, shape (n,).

    Examples
    --------
    >>> failed = np.array([[0, 0, 1, 0, 0, 0, 2]] * 2, np.uint16)
    >>> starts = np.array([[100, 0, 0, 0, 0, 110, 0], [100, 0, 0, 0, 0, 250, 0]], np.uint16)
    >>> _coarse_starts_a_day(failed, starts + failed).tolist()
    [0.0, 50.0]
    """
    starts = tried.astype(np.int64) - failed
    coarse = (starts % _COARSE_STARTS == 0).all(axis=1)
    result: Floats = np.where(coarse, starts.mean(axis=1), 0.0)
    return result
