"""Intervals for shares and rates: a figure without one says little, least of all the figure nought."""

import math
from collections.abc import Callable

#: Two-sided 95 %, as a quantile of the normal distribution. [-]
Z95 = 1.959963984540054
_TAIL = 0.025


def wilson(hits: int, trials: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share, or None without trials.

    Wilson's score interval: it stays within 0 and 1 and is no point when every trial hit.

    References
    ----------
    E. B. Wilson (1927), J. Am. Stat. Assoc. 22, 209-212.

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson(95, 100)]
    [0.888, 0.978]
    """
    if trials == 0:
        return None
    share, weight = hits / trials, Z95**2 / trials
    middle = (share + weight / 2) / (1 + weight)
    half = Z95 / (1 + weight) * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def poisson(count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of an expected count of which `count` were seen.

    References
    ----------
    F. Garwood (1936), Biometrika 28, 437-442.

    Examples
    --------
    >>> [round(limit, 2) for limit in poisson(0)], [round(limit, 2) for limit in poisson(10)]
    ([0.0, 3.69], [4.8, 18.39])
    """
    most = count + 10 * math.sqrt(count + 1) + 10
    low = 0.0 if count == 0 else _solve(lambda mean: 1 - _at_most(count - 1, mean), most)
    return low, _solve(lambda mean: 1 - _at_most(count, mean), most, 1 - _TAIL)


def _at_most(count: int, mean: float) -> float:
    """Return the Poisson probability of `count` or fewer."""
    if mean <= 0:
        return 1.0
    logs = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1))
    return min(math.fsum(math.exp(one) for one in logs), 1.0)


def _solve(rising: Callable[[float], float], most: float, goal: float = _TAIL) -> float:
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < goal else (low, middle)
    return (low + high) / 2
