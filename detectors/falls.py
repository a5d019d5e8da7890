"""How fast pressure falls once the water's warmth is taken out: one least-squares fit a boiler, all boilers at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats

_LEAST_SIDE = 3
#: Blocks that a fall which began within the window must have lasted: less may be one cold day.
_LEAST_FALL = 6
#: Log-likelihood by which a fall from some block on must beat one all along, which has one value less to fit: 3 sigma.
_BEGAN = 4.5
#: A sound system's pressure falls no faster than this with its water's temperature (devices guide 6). [bar/K]
_STEEPEST_BAR_PER_K = 0.02


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
    cooled
        What the water's cooling over the span may have taken beyond what the fit gave it, at the steepest slope of a sound
        system. [bar]
    peaks
        How much better a loss at hot peaks explains the fall than one at all hours, in log-likelihood. [-]
    """

    blocks: NDArray[np.int64]
    loss: Floats
    error: Floats
    fall: Floats
    cold: Floats
    stepped: NDArray[np.int64]
    cooled: Floats
    peaks: Floats


def fit(pressure_bar: Floats, water_temp_c: Floats, excess_bar: Floats, block_days: float) -> Fall:
    """Fit pressure on time and water temperature.

    Neighbouring blocks share their weather, so the standard error is widened by the residuals' lag-one correlation
    (Bartlett), and by a floor of a 0.1 bar sensor's step over the span.

    Parameters
    ----------
    pressure_bar, water_temp_c, excess_bar
        Block means, oldest first, NaN where there was none, shape (n, blocks); the excess is over where relief valves
        begin to weep.
    block_days
        Length of a block. [days]

    Examples
    --------
    >>> days = np.arange(40) / 4
    >>> warm = 40 + 10 * np.sin(days * 6)
    >>> one = fit((1.5 - 0.044 * days + 0.01 * (warm - 30))[None, :], warm[None, :], np.zeros((1, 40)), 0.25)
    >>> one.loss.round(3).tolist(), one.fall.round(2).tolist(), one.cold.round(2).tolist()
    ([0.044], [0.43], [0.97])
    """
    there = np.isfinite(pressure_bar)
    both = there & np.isfinite(water_temp_c)
    with_warm = both.sum(axis=1) >= 0.8 * np.maximum(there.sum(axis=1), 1)
    used = np.where(with_warm[:, None], both, there)
    count = used.sum(axis=1)
    size = np.maximum(count, 1)

    def centred(values: Floats) -> tuple[Floats, Floats]:
        middle = np.where(used, values, 0.0).sum(axis=1) / size
        return np.where(used, values - middle[:, None], 0.0), middle

    time, time_middle = centred(np.broadcast_to(np.arange(used.shape[1]) * block_days, used.shape))
    bar, bar_middle = centred(pressure_bar)
    warm, warm_middle = centred(water_temp_c)
    varied = (warm**2).sum(axis=1) > 0.25 * size
    warm = np.where((with_warm & varied)[:, None], warm, 0.0)
    slope, per_k, spread = _two(bar, time, warm)
    residual = bar - slope[:, None] * time - per_k[:, None] * warm
    squares = (residual**2).sum(axis=1)
    free = np.maximum(count - 2 - (with_warm & varied), 1)
    lag = np.clip((residual[:, 1:] * residual[:, :-1]).sum(axis=1) / np.maximum(squares, 1e-12), 0, 0.9)
    first = np.where(used, np.arange(used.shape[1]), used.shape[1]).min(axis=1)
    last = np.where(used, np.arange(used.shape[1]), -1).max(axis=1)
    span = np.maximum(last - first, 0) * block_days
    error = np.sqrt(squares / free * (1 + lag) / (1 - lag) * spread) + 0.003 / np.maximum(span, 1)
    now = last * block_days - time_middle
    cold = bar_middle + slope * now - np.clip(per_k, 0, 0.1) * np.nan_to_num(np.maximum(warm_middle - 20, 0))
    by_peaks = _left_by_peaks(bar, warm, excess_bar, used, count)
    some = np.isfinite(by_peaks)
    ratio = np.maximum(squares, 1e-9) / np.maximum(np.where(some, by_peaks, 1.0), 1e-9)
    peaks = np.where(some, 0.5 * count * np.log(ratio), -np.inf)
    late = _begun(bar, warm, used)
    stepped = _step(bar, warm, used, np.minimum(np.minimum(squares, by_peaks), late.squares))
    cooling = -(time * warm).sum(axis=1) / np.maximum((time**2).sum(axis=1), 1e-12) * span
    lower = np.maximum(np.minimum(late.squares, squares), 1e-9)
    began = 0.5 * count * np.log(np.maximum(squares, 1e-9) / lower) * (1 - lag) / (1 + lag) > _BEGAN
    blocks, per_k = np.where(began, late.blocks, count), np.where(began, late.per_k, per_k)
    ran = np.where(began, late.blocks * block_days, span)
    cooling = np.where(began, late.cooling, cooling)
    slope = np.where(began, late.slope / block_days, slope)
    cold = np.where(
        began, late.now + bar_middle - np.clip(per_k, 0, 0.1) * np.nan_to_num(np.maximum(warm_middle - 20, 0)), cold
    )
    late_error = late.error / block_days * np.sqrt((1 + late.lag) / (1 - late.lag)) + 0.003 / np.maximum(ran, 1)
    error = np.where(began, late_error, error)
    cooled = np.maximum(_STEEPEST_BAR_PER_K - np.maximum(per_k, 0.0), 0.0) * np.maximum(cooling, 0.0)
    return Fall(blocks, -slope, error, -slope * ran, cold, stepped, cooled, peaks)


class _Late(NamedTuple):
    """The best fit of a pressure that is level up to a block and falls, or rises, evenly from it on; all shape (n,).

    Attributes
    ----------
    squares
        What it leaves.
    blocks
        Since it began.
    slope, error
        A block, and its standard error but for the residuals' correlation.
    lag
        The residuals' lag-one correlation.
    per_k, now, cooling
        Pressure a kelvin, at the end over its mean, and by how much water cooled since. [bar/K, bar, K]
    """

    squares: Floats
    blocks: NDArray[np.int64]
    slope: Floats
    error: Floats
    lag: Floats
    per_k: Floats
    now: Floats
    cooling: Floats


def _begun(bar: Floats, warm: Floats, used: NDArray[np.bool_]) -> _Late:
    """Try every block a fall may have begun at, all at once from running sums."""
    blocks = bar.shape[1]
    edges = np.arange(_LEAST_SIDE, blocks - _LEAST_FALL)
    time = np.arange(blocks, dtype=np.float64)
    size = np.maximum(used.sum(axis=1), 1)[:, None]

    def after(values: Floats) -> Floats:
        running = np.cumsum(np.where(used, values, 0.0), axis=1)
        tail: Floats = running[:, -1:] - running[:, edges]
        return tail

    number, at = after(np.ones(bar.shape)), edges[None, :].astype(np.float64)
    total, squared = after(np.broadcast_to(time, bar.shape)), after(np.broadcast_to(time**2, bar.shape))
    one = total - number * at
    aa = squared - 2 * at * total + at**2 * number - one**2 / size
    ab = after(time * warm) - at * after(warm)
    ay = after(time * bar) - at * after(bar)
    bb, by = (warm**2).sum(axis=1)[:, None], (warm * bar).sum(axis=1)[:, None]
    slope, per_k, spread = solved(aa, bb, ab, ay, by)
    left = (bar**2).sum(axis=1)[:, None] - slope * ay - per_k * by
    left = np.where((number >= _LEAST_FALL) & (size - number >= _LEAST_SIDE), np.maximum(left, 0.0), np.inf)
    best = left.argmin(axis=1)[:, None]

    def of(values: Floats) -> Floats:
        chosen: Floats = np.take_along_axis(values, best, axis=1)[:, 0]
        return chosen

    squares, fell, share = of(left), of(slope), of(per_k)
    begin = edges[best[:, 0]]
    x = np.where(used, np.maximum(time[None, :] - begin[:, None], 0.0), 0.0)
    x = np.where(used, x - (x.sum(axis=1) / size[:, 0])[:, None], 0.0)
    residual = bar - fell[:, None] * x - share[:, None] * warm
    lag = (residual[:, 1:] * residual[:, :-1]).sum(axis=1) / np.maximum((residual**2).sum(axis=1), 1e-12)
    finite = np.where(np.isfinite(squares), squares, 0.0)
    error = np.sqrt(finite / np.maximum(size[:, 0] - 3, 1) * of(spread))
    falls = x - x.mean(axis=1, keepdims=True)
    cooling = -np.where(used & (x > x.min(axis=1, keepdims=True)), falls * warm, 0.0).sum(axis=1)
    cooling = cooling / np.maximum((falls**2).sum(axis=1), 1e-12) * (blocks - 1 - begin)
    return _Late(
        squares, of(number).astype(np.int64), fell, error, np.clip(lag, 0, 0.9), share, fell * x.max(axis=1), cooling
    )


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


def _step(bar: Floats, warm: Floats, used: NDArray[np.bool_], squares: Floats) -> NDArray[np.int64]:
    """Return how many blocks ago a single step came that explains more than the line, 0 where none does.

    Every place a step may have come at is tried at once, its sums taken from running ones.
    """
    blocks = bar.shape[1]
    edges = np.arange(_LEAST_SIDE, blocks - _LEAST_SIDE + 1)
    size = used.sum(axis=1)[:, None]

    def after(values: Floats) -> tuple[Floats, Floats]:
        running = np.cumsum(np.where(used, values, 0.0), axis=1)
        return running[:, -1:] - running[:, edges - 1], running[:, -1:]

    behind, _ = after(np.ones(bar.shape))
    before, share = size - behind, behind / np.maximum(size, 1)
    (bar_after, bar_all), (warm_after, warm_all) = after(bar), after(warm)
    aa, bb = behind * before / np.maximum(size, 1), (warm**2).sum(axis=1)[:, None]
    ab, ay, by = warm_after - share * warm_all, bar_after - share * bar_all, (warm * bar).sum(axis=1)[:, None]
    jump, per_k, _ = solved(aa, bb, ab, ay, by)
    left = (bar**2).sum(axis=1)[:, None] - jump * ay - per_k * by
    left = np.where((before >= _LEAST_SIDE) & (behind >= _LEAST_SIDE), left, np.inf)
    best = left.argmin(axis=1)
    better = np.take_along_axis(left, best[:, None], axis=1)[:, 0] < squares
    place: NDArray[np.int64] = np.where(better, blocks - edges[best], 0)
    return place


def _left_by_peaks(
    bar: Floats, warm: Floats, excess_bar: Floats, used: NDArray[np.bool_], count: NDArray[np.int64]
) -> Floats:
    """Return the squares that a loss in proportion to cumulated excess leaves, infinite where there is none, shape (n,)."""
    exposure = np.cumsum(np.nan_to_num(excess_bar), axis=1)
    middle = np.where(used, exposure, 0.0).sum(axis=1) / np.maximum(count, 1)
    exposure = np.where(used, exposure - middle[:, None], 0.0)
    slope, per_k, _ = _two(bar, exposure, warm)
    left = ((bar - slope[:, None] * exposure - per_k[:, None] * warm) ** 2).sum(axis=1)
    return np.where(((exposure**2).sum(axis=1) > 1e-6) & (slope < 0), left, np.inf)
