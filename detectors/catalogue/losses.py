"""Why a sealed system's pressure falls: a hole, a relief valve whose seat lets water by, or gas that leaves the vessel.

By the isothermal gas law one over the absolute pressure is the gas's volume over its amount, so it is a straight line in the
water's growth while nothing is lost, and each cause moves this line in its own way:

- a hole loses water at every pressure, as the root of it (Torricelli): the line moves up, parallel to itself;
- a seat that weeps loses in proportion to what pressure stands above it, and nothing below: the line moves while the water is
  hot and stands while it is cold, and the loss fades as pressure comes down to the seat, which may wear and close ever lower;
- gas that leaves the vessel takes a share of the amount: the line is stretched, so it gets steeper as it rises.

Each is fitted from every block it may have begun at, even or growing. A seat is believed only within the pressures that were
seen: what loses below all of them is a hole.
"""

from typing import NamedTuple

import numpy as np

from boilerwatch.model import Floats
from boilerwatch.water import ATMOSPHERE_BAR
from detectors.falls import solved

_BEGIN_EVERY, _LEAST_AFTER = 2, 6
#: How a hole or a worn seat grows: exponent of its rate over time; and what drives a hole: exponent of pressure, none, root, all.
_GROWS, _DRIVES = (0.0, 0.5, 1.0, 2.0), (0.0, 0.5, 1.0)
_SEATS = 12
#: How gas goes: as a power of time, or fast at first. [-]
_GAS_WAYS, _GAS_FADES = (0.5, 1.0, 2.0), (3.0, 8.0)
#: Most of the gas that may have gone. [-]
_MOST_GAS = 0.9
#: Log-likelihood that a seat's place, or a way of wear, must be worth (Akaike).
_PARAMETER = 1.0


class Causes(NamedTuple):
    """By how much a cause explains a fall better than the others do, in log-likelihood.

    Attributes
    ----------
    seat, vessel
        Better than the best of the other two, less than nought where it is worse.
    seat_bar
        Where the seat closes now, if it is the seat. [bar]
    """

    seat: float
    vessel: float
    seat_bar: float


class _Best(NamedTuple):
    squares: float
    residual: Floats
    at: float = 0.0
    grows: float = 0.0


def causes(pressure_bar: Floats, even_temp_c: Floats) -> Causes:
    """Compare the causes for one boiler whose pressure falls.

    Parameters
    ----------
    pressure_bar, even_temp_c
        Block means, oldest first, NaN where there was none, shape (blocks,); the temperature on water's even scale
        (`boilerwatch.water`).

    Examples
    --------
    >>> days = np.arange(56) / 4
    >>> warm = 52 + 12 * np.sin(days * 6) + 10 * np.sin(days)
    >>> causes(1 / (0.45 - 0.0013 * (warm - 20) + 0.006 * np.maximum(days - 4, 0)) - ATMOSPHERE_BAR, warm).seat < 0
    True
    """
    used = np.isfinite(pressure_bar) & np.isfinite(even_temp_c)
    place = np.flatnonzero(used)
    if len(place) < 2 * _LEAST_AFTER:
        return Causes(0.0, 0.0, float("nan"))
    blocks = np.arange(len(used))
    bar = np.interp(blocks, place, pressure_bar[place])
    inverse, grown = 1 / (bar[place] + ATMOSPHERE_BAR), even_temp_c[place]
    begins = np.arange(place[0], place[-1] - _LEAST_AFTER + 1, _BEGIN_EVERY)
    since = np.maximum(blocks[None, :] - begins[:, None] + 1.0, 0.0)
    holes = [_lost(since, np.maximum(bar, 0.0) ** drive, grows)[:, place] for drive in _DRIVES for grows in _GROWS]
    hole = min((_moved(inverse, grown, one) for one in holes), key=_squares)
    lowest, highest = float(pressure_bar[place].min()), float(pressure_bar[place].max())
    coarse = [
        _moved(inverse, grown, _lost(since, np.maximum(bar - at, 0.0), grows)[:, place], at, grows)
        for at in np.linspace(lowest, highest, _SEATS, endpoint=False).tolist()
        for grows in _GROWS
    ]
    seat, step = min(coarse, key=_squares), (highest - lowest) / _SEATS
    for at in np.clip(seat.at + step * np.linspace(-0.8, 0.8, 5), lowest, highest).tolist():
        finer = _moved(inverse, grown, _lost(since, np.maximum(bar - at, 0.0), seat.grows)[:, place], at, seat.grows)
        seat = min(seat, finer, key=_squares)
    ramp = (since / since[:, -1:])[:, place]
    ways = [ramp**power for power in _GAS_WAYS] + [-np.expm1(-fade * ramp) for fade in _GAS_FADES]
    vessel = min((_stretched(inverse, grown, way) for way in ways), key=_squares)
    best = min(hole, seat, vessel, key=_squares)
    if not np.isfinite(hole.squares + vessel.squares):
        return Causes(0.0, 0.0, float("nan"))  # water that comes, or no swing: nothing to compare
    lag = float((best.residual[1:] * best.residual[:-1]).sum() / max(best.squares, 1e-12))
    new = 0.5 * len(place) * (1 - min(max(lag, 0.0), 0.9)) / (1 + min(max(lag, 0.0), 0.9))
    lost = [new * np.log(max(one.squares, 1e-12)) for one in (hole, seat, vessel)]
    lost[1] += 2 * _PARAMETER
    return Causes(
        float(min(lost[0], lost[2]) - lost[1]), float(min(lost[0], lost[1]) - lost[2]), seat.at
    )  # fmt: skip


def _squares(best: _Best) -> float:
    return best.squares


def _lost(since: Floats, drive: Floats, grows: float) -> Floats:
    """Return what was lost, in units of its own, for each block it may have begun at, shape (begins, blocks)."""
    lost: Floats = np.cumsum(np.where(since > 0, since**grows, 0.0) * drive, axis=1)
    return lost


def _moved(inverse: Floats, grown: Floats, lost: Floats, at: float = 0.0, grows: float = 0.0) -> _Best:
    """Fit a line that moves up with what was lost, for each column of losses; return the best."""
    y, e = inverse - inverse.mean(), grown - grown.mean()
    x = lost - lost.mean(axis=1, keepdims=True)
    aa, ab, ay = (x**2).sum(axis=1), x @ e, x @ y
    bb, by = np.full(len(x), float(e @ e)), np.full(len(x), float(e @ y))
    slope, per_l, _ = solved(aa, bb, ab, ay, by)
    left = float(y @ y) - slope * ay - per_l * by
    left = np.where((slope > 0) & (aa > 0), np.maximum(left, 0.0), np.inf)
    one = int(left.argmin())
    return _Best(float(left[one]), y - slope[one] * x[one] - per_l[one] * e, at, grows)


def _stretched(inverse: Floats, grown: Floats, way: Floats) -> _Best:
    """Fit a line that is stretched as a share of the gas goes, for each way it may have gone; return the best.

    With `share * way` gone, inverse * (1 - share * way) is the old line: linear in the share.
    """
    lost = way * inverse
    y, e = inverse - inverse.mean(), grown - grown.mean()
    x = lost - lost.mean(axis=1, keepdims=True)
    bb, by = np.full(len(x), float(e @ e)), np.full(len(x), float(e @ y))
    share, per_l, _ = solved((x**2).sum(axis=1), bb, x @ e, x @ y, by)
    residual = (y - share[:, None] * x - per_l[:, None] * e) / np.maximum(1 - share[:, None] * way, 1 - _MOST_GAS)
    left = np.where((share > 0) & (share < _MOST_GAS) & (per_l < 0), (residual**2).sum(axis=1), np.inf)
    one = int(left.argmin())
    return _Best(float(left[one]), residual[one], float(share[one]))
