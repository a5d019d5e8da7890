"""When a boiler that drifts will stop: an interval, from how far it came, in what time, and at what effect boilers stop.

A limit is told for the worst moment, and a boiler stops at its worst moment, but what is seen is the mean of a day: over a
day's loads the mean lies at a third to all of it. Wear may go on evenly or ever faster (degradation paths of prognostics,
Meeker & Escobar, Statistical Methods for Reliability Data, ch. 13: linear and convex ones).

Ignitions are chance: a boiler locks out at the first start all of whose attempts fail, so what is told is when that is likely,
by the share that fails, how many starts there are, and how many attempts boards allow.
"""

import math
from typing import NamedTuple

import numpy as np

from boilerwatch.model import Floats

#: Mean of a day over the limit of the worst moment: soonest, expected, latest. [-]
_SHARES = (1 / 3, 1 / 2, 1.0)
#: Exponent of the way there over time: soonest, expected, latest. [-]
_EXPONENTS = (2.0, 1.5, 1.0)
#: What is judged once a day is not known better. [d]
_LEAST_LATEST_D, _MOST_D = 1.0, 365.0
#: The highest cut-out known (Immergas code 10), and a least one that keeps the logarithm finite. [bar]
_EARLY_CUT_OUT_BAR, _LEAST_BAR = 0.9, 0.05
_HOT_RISE_BAR = (0.3, 0.5)
_ATMOSPHERE_BAR = 1.013
#: Attempts at a start before boards lock out (four: Worcester; some three, some five), and how likely it then has happened, as
#: an integrated hazard: 5 %, one half, 90 %; soonest, expected, latest. [-]
_ATTEMPTS, _HAZARDS = (3, 4, 5), (0.05, math.log(2), -math.log(0.1))
#: No more of the attempts fail than this, or none would burn any more; and the days looked ahead. [-], [d]
_MOST_FAILING = 0.9
_AHEAD_D = np.concatenate([[0.0], np.geomspace(0.05, 365.0, 120)])


class Forecast(NamedTuple):
    """Days from now until boilers stop; all shape (n,). [d]"""

    expected: Floats
    soonest: Floats
    latest: Floats


def forecast(back: Floats, age: Floats, effect: Floats, stop: Floats) -> Forecast:
    """Return when an effect that grows will stop its boiler.

    Parameters
    ----------
    back, age
        Effects and how many days ago they were, NaN where unknown, shape (n, days).
    effect, stop
        What it came to, and at what a boiler stops at its worst moment, in one unit, shape (n,).

    Examples
    --------
    >>> age = np.arange(12.0)[None, :]
    >>> came = forecast(np.clip(6.0 - age, 0, None), age, np.array([6.0]), np.array([12.0]))
    >>> [one.round(1).tolist() for one in came]
    [[0.0], [0.0], [6.0]]
    """
    since = growing_since(back, age)
    way = np.maximum(effect, 1e-9)
    days = [
        np.clip(since * (np.maximum(share * stop / way, 1.0) ** (1 / exponent) - 1), 0.0, _MOST_D)
        for share, exponent in zip(_SHARES, _EXPONENTS, strict=True)
    ]
    soonest, expected, latest = days
    return Forecast(expected, soonest, np.maximum(latest, _LEAST_LATEST_D))


def emptying(cold_bar: float, cut_out_bar: float, loss: float, error: float) -> tuple[float, float, float]:
    """Return the days until a loss of pressure stops the burner: expected, soonest, latest. [d]

    Vendors block below 0.5 to 0.9 bar (devices guide 6). Water seeps in proportion to the pressure that drives it, so at the
    latest the loss fades with what is left. Nor does pressure alone tell whether water goes or the vessel's gas, while somebody
    fills up: gas lasts until all of its absolute pressure is gone, and the later of both is told.

    Parameters
    ----------
    cold_bar, cut_out_bar
        Pressure of cold water now, and where the burner is held to be blocked. [bar]
    loss, error
        How fast it falls, and the standard error. [bar/day]

    Examples
    --------
    >>> [round(days, 1) for days in emptying(1.3, 0.5, 0.05, 0.005)]
    [16.0, 6.7, 57.8]
    """
    expected = max(cold_bar - cut_out_bar, 0.0) / loss
    soonest = max(cold_bar - max(cut_out_bar, _EARLY_CUT_OUT_BAR), 0.0) / (loss + 2 * error)
    slow = max(loss - 2 * error, loss / 4)
    latest = cold_bar * math.log(max(cold_bar / max(cut_out_bar, _LEAST_BAR), 1.0)) / slow if cold_bar > 0 else 0.0
    if cold_bar > cut_out_bar:
        latest = max(latest, (cold_bar + _ATMOSPHERE_BAR) / slow)
    return expected, soonest, max(latest, _LEAST_LATEST_D)


def filling(
    cold_bar: float, high_bar: float, relief_bar: float, gain: float, error: float
) -> tuple[float, float, float]:
    """Return the days until a gain of pressure opens the relief valve: expected, soonest, latest. [d]

    Hot water stands 0.3 to 0.5 bar above cold (devices guide 6); boilers call high pressure before the valve opens. A seat that
    has begun to let water through lets ever more: at the soonest twice as much.

    Parameters
    ----------
    cold_bar, high_bar, relief_bar
        Pressure of cold water now; where boilers call it high; where the valve opens. [bar]
    gain, error
        How fast it rises, and the standard error. [bar/day]

    Examples
    --------
    >>> [round(days, 1) for days in filling(1.6, 2.5, 3.0, 0.1, 0.0)]
    [10.0, 2.0, 14.0]
    """
    low_rise, high_rise = _HOT_RISE_BAR
    expected = max(relief_bar - (low_rise + high_rise) / 2 - cold_bar, 0.0) / gain
    soonest = max(high_bar - high_rise - cold_bar, 0.0) / (2 * gain + 2 * error)
    latest = max(relief_bar - cold_bar, 0.0) / max(gain - 2 * error, gain / 4)
    return expected, soonest, max(latest, _LEAST_LATEST_D)


def locking(share: float, since_days: float, starts_per_day: float) -> tuple[float, float, float]:
    """Return the days until a start fails altogether: expected, soonest, latest. [d]

    The share grows on from now as it came here: evenly at the latest, ever faster at the soonest.

    Parameters
    ----------
    share
        Of attempts that fail now. [-]
    since_days
        How long it has been growing. [d]

    Examples
    --------
    >>> [round(days, 1) for days in locking(0.2, 4.0, 30.0)]
    [2.4, 0.2, 6.7]
    >>> [round(days, 1) for days in locking(0.45, 4.0, 1.0)]
    [2.5, 0.4, 6.6]
    """
    found = []
    for attempts, exponent, hazard in zip(_ATTEMPTS, _EXPONENTS, _HAZARDS, strict=True):
        grown = np.minimum(share * (1 + _AHEAD_D / since_days) ** exponent, _MOST_FAILING)
        rate = starts_per_day * grown**attempts
        total = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(_AHEAD_D))])
        found.append(float(np.interp(hazard, total, _AHEAD_D)))
    soonest, expected, latest = found
    return expected, soonest, max(latest, _LEAST_LATEST_D)


def growing_since(back: Floats, age: Floats) -> Floats:
    """Return how long a quantity has been growing evenly from nought, of the days it is known, shape (n,). [d]

    Of every day it may have begun on, the one that leaves the least squares: a hinge, fitted through nought.
    """
    there = np.isfinite(back)
    seen = np.where(there, back, 0.0)
    oldest = np.where(there, age, 0.0).max(axis=1)
    best, least = np.ones(len(back)), np.full(len(back), np.inf)
    for days in range(1, age.shape[1] + 1):
        ramp = np.where(there, np.maximum(days - age, 0.0), 0.0)
        left = -((seen * ramp).sum(axis=1) ** 2) / np.maximum((ramp**2).sum(axis=1), 1e-9)
        better = (left < least) & (days <= oldest + 1)
        best, least = np.where(better, float(days), best), np.where(better, left, least)
    return best
