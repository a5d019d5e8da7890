"""How fast pressure falls once the water's warmth is taken out: one least-squares fit a boiler, all boilers at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats

_LEAST_SIDE = 3
#: Blocks that a fall which began within the window must have lasted: less may be one cold day.
LEAST_FALL = 6
#: Log-likelihood by which a fall from some block on must beat one all along, or any fall a single step: 3 sigma.
CLEARLY = 4.5
#: A sound system's pressure falls no faster than this with its water's temperature (devices guide 6). [bar/K]
_STEEPEST_BAR_PER_K = 0.02
#: Error of a day's fall that a sensor's steps of 0.1 bar leave in six-hour means. [bar]
_STEP_ERROR_BAR = 0.003
_SQUARES = 1e-9, 1e9
#: Boilers that are fitted at once: what they need stays in a core's cache.
_ROWS = 512
#: The newest blocks (three days of six-hour ones) and the share of them that must know the water's temperature.
_OF_LATE, _LEAST_LATE = 12, 0.25


class Fall(NamedTuple):
    """What the fits say; all shape (n,).

    Attributes
    ----------
    blocks
        How many the fall lasts: all that were used, or those since it began. [-]
    loss, error
        Fall of cold-equivalent pressure and its standard error. [bar/day]
    fall
        Over the span of the blocks. [bar]
    cold
        Pressure now at 20 °C water, or as it is where no temperature is known. [bar]
    stepped
        Blocks since a single step that explains more than the fall does, 0 where the fall explains more. [-]
    over_step
        How much better the fall explains the window than the best single step, in log-likelihood. [-]
    cooled
        What the water's cooling over the span may have taken, or its warming given to a rise, beyond what the fit gave it, at
        the steepest slope of a sound system. [bar]
    """

    blocks: NDArray[np.int64]
    loss: Floats
    error: Floats
    fall: Floats
    cold: Floats
    stepped: NDArray[np.int64]
    over_step: Floats
    cooled: Floats


def fit(pressure_bar: Floats, water_temp_c: Floats, block_days: float) -> Fall:
    """Fit pressure on time and water temperature.

    Neighbouring blocks share their weather, so the standard error is widened by the residuals' lag-one correlation
    (Bartlett), and by a floor of a 0.1 bar sensor's step over the span.

    Parameters
    ----------
    pressure_bar, water_temp_c
        Block means, oldest first, NaN where there was none, shape (n, blocks).
    block_days
        Length of a block. [days]

    Examples
    --------
    >>> days = np.arange(40) / 4
    >>> warm = 40 + 10 * np.sin(days * 6)
    >>> one = fit((1.5 - 0.044 * days + 0.01 * (warm - 30))[None, :], warm[None, :], 0.25)
    >>> one.loss.round(3).tolist(), one.fall.round(2).tolist(), one.cold.round(2).tolist()
    ([0.044], [0.43], [0.97])
    """
    parts = [
        _fit(pressure_bar[begin : begin + _ROWS], water_temp_c[begin : begin + _ROWS], block_days)
        for begin in range(0, max(len(pressure_bar), 1), _ROWS)
    ]
    return Fall(*(np.concatenate(one) for one in zip(*parts, strict=True))) if len(parts) > 1 else parts[0]


def _fit(pressure_bar: Floats, water_temp_c: Floats, block_days: float) -> Fall:
    used, with_warm = _usable(pressure_bar, water_temp_c)
    count = used.sum(axis=1)
    bar, bar_middle = _centred(pressure_bar, used)
    warm, warm_middle = _centred(water_temp_c, used)
    varied = with_warm & ((warm**2).sum(axis=1) > 0.25 * np.maximum(count, 1))
    warm = np.where(varied[:, None], warm, 0.0)
    running = _Running(*(_running(one, used) for one in (np.ones(bar.shape), bar, warm)))
    steady, late = _all_along(bar, warm, used, varied), _begun(bar, warm, used, running)
    began = _better(steady.squares, np.minimum(late.squares, steady.squares), count) * _own(late.lag) > CLEARLY
    line = _Line(*(np.where(began, one, other) for one, other in zip(late, steady, strict=True)))
    least = np.minimum(steady.squares, late.squares)
    stepped, by_step = _step(bar, warm, count, running)
    over_step = _better(by_step, least, count) * _own(line.lag)
    ran = line.blocks * block_days
    slope = line.slope / block_days
    error = line.error / block_days / np.sqrt(_own(line.lag)) + _STEP_ERROR_BAR / np.maximum(ran, 1)
    warmth = np.clip(line.per_k, 0, 0.1) * np.nan_to_num(np.maximum(warm_middle - 20, 0))
    cold = bar_middle + line.now - warmth
    cooling = np.where(slope < 0, line.cooling, -line.cooling)
    cooled = np.maximum(_STEEPEST_BAR_PER_K - np.maximum(line.per_k, 0.0), 0.0) * np.maximum(cooling, 0.0)
    stepped = np.where(by_step < least, stepped, 0)
    return Fall(line.told, -slope, error, -slope * ran, cold, stepped, over_step, cooled)


def _usable(pressure_bar: Floats, water_temp_c: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which blocks to use, and whether they are those of known temperature: only where there are some of late.

    Blocks with and without are never mixed: a circuit that stands is colder than one that is heated.
    """
    there = np.isfinite(pressure_bar)
    warm = there & np.isfinite(water_temp_c)
    late, late_warm = there[:, -_OF_LATE:].sum(axis=1), warm[:, -_OF_LATE:].sum(axis=1)
    with_warm = late_warm >= np.maximum(_LEAST_LATE * late, 1)
    return np.where(with_warm[:, None], warm, there & ~warm), with_warm


def _centred(values: Floats, used: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    middle: Floats = np.where(used, values, 0.0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    off: Floats = np.where(used, values - middle[:, None], 0.0)
    return off, middle


def _better(squares: Floats, others: Floats, count: NDArray[np.int64]) -> Floats:
    """Return by how much log-likelihood the others, of as many blocks, leave less."""
    ratio: Floats = np.log(np.clip(squares, *_SQUARES) / np.clip(others, *_SQUARES))
    better: Floats = count / 2 * ratio
    return better


def _own(lag: Floats) -> Floats:
    """Return the share of blocks that say something new, by their lag-one correlation (Bartlett)."""
    share: Floats = (1 - lag) / (1 + lag)
    return share


def _lag(residual: Floats) -> Floats:
    lag = (residual[:, 1:] * residual[:, :-1]).sum(axis=1) / np.maximum((residual**2).sum(axis=1), 1e-12)
    clipped: Floats = np.clip(lag, 0, 0.9)
    return clipped


class _Running(NamedTuple):
    """Sums up to and with each block, which every place something may have begun at is tried from, shape (n, blocks)."""

    number: Floats
    bar: Floats
    warm: Floats


def _running(values: Floats, used: NDArray[np.bool_]) -> Floats:
    return np.cumsum(np.where(used, values, 0.0), axis=1)


def _after(running: Floats, edges: NDArray[np.int64]) -> Floats:
    """Return the sums of what comes after each of some blocks, shape (n, edges)."""
    tail: Floats = running[:, -1:] - running[:, edges]
    return tail


class _Line(NamedTuple):
    """A fit of a pressure that falls, or rises, evenly all along, or from some block on; all shape (n,).

    Attributes
    ----------
    squares
        What it leaves.
    blocks, told
        How long it fell, and how many of these were used.
    slope, error
        A block, and its standard error but for the residuals' correlation.
    lag
        The residuals' lag-one correlation.
    per_k, now, cooling
        Pressure a kelvin, at the end over its mean, and by how much water cooled meanwhile. [bar/K, bar, K]
    """

    squares: Floats
    blocks: Floats
    told: NDArray[np.int64]
    slope: Floats
    error: Floats
    lag: Floats
    per_k: Floats
    now: Floats
    cooling: Floats


def _all_along(bar: Floats, warm: Floats, used: NDArray[np.bool_], varied: NDArray[np.bool_]) -> _Line:
    place = np.broadcast_to(np.arange(used.shape[1], dtype=np.float64), used.shape)
    time, middle = _centred(place, used)
    slope, per_k, spread = _two(bar, time, warm)
    residual = bar - slope[:, None] * time - per_k[:, None] * warm
    squares = (residual**2).sum(axis=1)
    count = used.sum(axis=1)
    last = np.where(used, place, -1).max(axis=1)
    blocks = np.maximum(last - np.where(used, place, used.shape[1]).min(axis=1), 0)
    error = np.sqrt(squares / np.maximum(count - 2 - varied, 1) * spread)
    cooling = -(time * warm).sum(axis=1) / np.maximum((time**2).sum(axis=1), 1e-12) * blocks
    return _Line(squares, blocks, count, slope, error, _lag(residual), per_k, slope * (last - middle), cooling)


def _begun(bar: Floats, warm: Floats, used: NDArray[np.bool_], running: _Running) -> _Line:
    """Try every block a fall may have begun at, all at once from running sums."""
    blocks = bar.shape[1]
    edges = np.arange(_LEAST_SIDE, blocks - LEAST_FALL)
    time = np.arange(blocks, dtype=np.float64)
    size = np.maximum(used.sum(axis=1), 1)[:, None]

    def after(values: Floats) -> Floats:
        return _after(_running(values, used), edges)

    number, at = _after(running.number, edges), edges[None, :].astype(np.float64)
    total, squared = after(np.broadcast_to(time, bar.shape)), after(np.broadcast_to(time**2, bar.shape))
    one = total - number * at
    aa = squared - 2 * at * total + at**2 * number - one**2 / size
    ab = after(time * warm) - at * _after(running.warm, edges)
    ay = after(time * bar) - at * _after(running.bar, edges)
    bb, by = (warm**2).sum(axis=1)[:, None], (warm * bar).sum(axis=1)[:, None]
    slope, per_k, spread = solved(aa, bb, ab, ay, by)
    left = (bar**2).sum(axis=1)[:, None] - slope * ay - per_k * by
    left = np.where((number >= LEAST_FALL) & (size - number >= _LEAST_SIDE), np.maximum(left, 0.0), np.inf)
    best = left.argmin(axis=1)[:, None]

    def of(values: Floats) -> Floats:
        chosen: Floats = np.take_along_axis(values, best, axis=1)[:, 0]
        return chosen

    squares, fell, share = of(left), of(slope), of(per_k)
    begin = edges[best[:, 0]]
    x = np.where(used, np.maximum(time[None, :] - begin[:, None], 0.0), 0.0)
    x = np.where(used, x - (x.sum(axis=1) / size[:, 0])[:, None], 0.0)
    lag = _lag(bar - fell[:, None] * x - share[:, None] * warm)
    finite = np.where(np.isfinite(squares), squares, 0.0)
    error = np.sqrt(finite / np.maximum(size[:, 0] - 3, 1) * of(spread))
    falls = x - x.mean(axis=1, keepdims=True)
    ran = blocks - 1.0 - begin
    cooling = -np.where(used & (x > x.min(axis=1, keepdims=True)), falls * warm, 0.0).sum(axis=1)
    cooling = cooling / np.maximum((falls**2).sum(axis=1), 1e-12) * ran
    told = of(number).astype(np.int64)
    return _Line(squares, told.astype(np.float64), told, fell, error, lag, share, fell * x.max(axis=1), cooling)


def _two(bar: Floats, one: Floats, other: Floats) -> tuple[Floats, Floats, Floats]:
    """Return both slopes of a regression on two centred columns, and what the first's variance is multiplied by."""
    aa, bb, ab = (one**2).sum(axis=1), (other**2).sum(axis=1), (one * other).sum(axis=1)
    ay, by = (one * bar).sum(axis=1), (other * bar).sum(axis=1)
    return solved(aa, bb, ab, ay, by)


def solved(aa: Floats, bb: Floats, ab: Floats, ay: Floats, by: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the same from sums of products, of any one shape: of the first alone where the second says nothing new."""
    whole = aa * bb - ab**2
    usable = whole > 1e-6 * aa * bb
    whole = np.where(usable, whole, 1.0)
    slope = np.where(usable, (bb * ay - ab * by) / whole, ay / np.maximum(aa, 1e-12))
    second = np.where(usable, (aa * by - ab * ay) / whole, 0.0)
    return slope, second, np.where(usable, bb / whole, 1 / np.maximum(aa, 1e-12))


def _step(bar: Floats, warm: Floats, count: NDArray[np.int64], running: _Running) -> tuple[NDArray[np.int64], Floats]:
    """Return how many blocks ago the best single step came, and the squares that it leaves.

    Every place a step may have come at is tried at once, its sums taken from running ones.
    """
    blocks = bar.shape[1]
    edges = np.arange(_LEAST_SIDE, blocks - _LEAST_SIDE + 1)
    size, last = count[:, None], edges - 1
    behind = _after(running.number, last)
    before, share = size - behind, behind / np.maximum(size, 1)
    bar_after, warm_after = _after(running.bar, last), _after(running.warm, last)
    bar_all, warm_all = running.bar[:, -1:], running.warm[:, -1:]
    aa, bb = behind * before / np.maximum(size, 1), (warm**2).sum(axis=1)[:, None]
    ab, ay, by = warm_after - share * warm_all, bar_after - share * bar_all, (warm * bar).sum(axis=1)[:, None]
    jump, per_k, _ = solved(aa, bb, ab, ay, by)
    left = (bar**2).sum(axis=1)[:, None] - jump * ay - per_k * by
    left = np.where((before >= _LEAST_SIDE) & (behind >= _LEAST_SIDE), left, np.inf)
    best = left.argmin(axis=1)
    ago: NDArray[np.int64] = blocks - edges[best]
    return ago, np.take_along_axis(left, best[:, None], axis=1)[:, 0]
