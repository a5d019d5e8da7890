"""What technicians found, as proposals for limits: never applied by itself.

An episode is confirmed when the visit found its fault, refuted when it found none. A detector that was refuted often
should ask for more evidence; one that never is could speak earlier. How sure the share is decides: Wilson's interval at
95 %, so that three visits change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

_Z = 1.96
#: Share of refuted episodes above which a detector wastes visits, and below which it could speak earlier.
TOO_MANY, VERY_FEW = 0.2, 0.05
#: How far a limit is moved at once.
_RAISE, _LOWER = 1.25, 0.9


@dataclass(frozen=True, slots=True)
class Proposal:
    """A limit that another value would suit better.

    Attributes
    ----------
    low_share, high_share
        Interval of the refuted share. [-]
    """

    detector: str
    kind: str
    limit: str
    value: float
    proposed: float
    confirmed: int
    refuted: int
    low_share: float
    high_share: float


def refuted_share(confirmed: int, refuted: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the refuted share; (0, 1) without any visit.

    Examples
    --------
    >>> tuple(round(one, 2) for one in refuted_share(8, 2))
    (0.06, 0.51)
    """
    n = confirmed + refuted
    if not n:
        return 0.0, 1.0
    share, extra = refuted / n, _Z**2 / n
    middle, half = share + extra / 2, _Z * sqrt(share * (1 - share) / n + extra / (4 * n))
    return max((middle - half) / (1 + extra), 0.0), min((middle + half) / (1 + extra), 1.0)


def propose(
    labels: Mapping[tuple[str, str], tuple[int, int]], limits: Mapping[str, Mapping[str, float]]
) -> list[Proposal]:
    """Return proposals, by detector and limit.

    Parameters
    ----------
    labels
        (detector, kind) -> visits that confirmed it, visits that refuted it.
    limits
        Detector -> its limits now. Those of a kind are named `{kind}_advise` and `{kind}_warn`; a detector without
        such has one decision, and all its limits that set it are left to people.
    """
    proposals = []
    for (detector, kind), (confirmed, refuted) in sorted(labels.items()):
        low, high = refuted_share(confirmed, refuted)
        factor = _RAISE if low > TOO_MANY else _LOWER if high < VERY_FEW else 0.0
        for name in (f"{kind}_advise", f"{kind}_warn") if factor else ():
            value = limits.get(detector, {}).get(name)
            if value is not None:
                proposals.append(
                    Proposal(detector, kind, name, value, round(value * factor, 4), confirmed, refuted, low, high)
                )
    return proposals
