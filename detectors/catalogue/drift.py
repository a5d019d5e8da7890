"""How a quantity that should stay as it was is seen to have moved: one way of deciding for all gradual faults.

A day gives one value per modulation band, compared with the boiler's own reference of that band: the mean of the first
four days in which it was seen, each clipped so that one odd day moves it little, followed slowly later while nothing is
suspected. What the water's warmth or the weather does to the quantity is learned from day-to-day differences, which a
slow fault hardly touches, and taken out; what a whole site shows at once is taken out too.

A fault is told when three of the last four days with data lie beyond an effect that matters physically and beyond a
multiple of the boiler's own day-to-day scatter, whose floor is stated per quantity, and when the way there was gradual;
two days suffice where both are far beyond, or for an advisory where both are clear of scatter, and one where a track says so.
The way is gradual where no two days made most of it, or where growth explains the days better than one jump does: from some
day on (`ways`), or on and on after the jump. A jump that then stays is a set point, a service or new firmware: the
reference moves there and nothing is told.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, filled, shifted
from boilerwatch.model import Floats, Ints, Severity
from detectors.catalogue.ways import grows
from detectors.forecast import Forecast, forecast

#: Days kept to see a trend in. [days]
KEPT = 12
#: Days a band needs before it is compared, and days that count alike where a day's few rows say little each.
LEARN_DAYS, POOLED_LEARN_DAYS = 4, 12
#: Days whose rows may be taken together to have enough.
_POOL_DAYS = 5
#: Rate at which a learned reference follows while nothing is suspected. [1/day]
_FOLLOW = 1 / 120
_PERSIST = 4
_ADVISE_Z, _WARN_Z = 4.0, 5.0
#: Where two days suffice: shares of what is worth a visit, and standard deviations.
_FAR, _FAR_Z = 1.3, 9.0
#: Standard deviations beyond which two days suffice to know of it.
_SOON_Z = 5.0
#: Days that the floor of scatter counts for, and where few rows a day make scatter wide.
_PRIOR_DAYS, _POOLED_PRIOR_DAYS = 7.0, 2.0
#: Share of the effect that a jump may make for it to be gradual; over two days, as it may fall within one.
_JUMP_SHARE = 0.7
_REBASE_DAYS = 6
_SITE_LEAST = 6


@dataclass(frozen=True, slots=True)
class Track:
    """One quantity that a fault moves.

    Attributes
    ----------
    kind
        What it means.
    feature
        Name of the day's feature; with several bands, of the first part of their names.
    unit
        Suffix of what is told, such as `k` or `ratio`.
    sign
        +1 if the fault raises it, -1 if it lowers it, 0 if it may go either way.
    advise, warn, stop
        Effect that is worth knowing, worth a visit, and at which boilers stop; in the feature's unit.
    floor
        Least day-to-day scatter assumed.
    bands
        How many bands it is compared in.
    least
        Rows a day and band must have.
    cause, cause_slope
        Feature whose swings move this one, and how steep that may be. [feature's unit per unit of the cause]
    rivals
        Kinds that explain it better when their own evidence is stronger, or when they are raised.
    source
        Where the numbers come from.
    key
        Name of its limits and state, where a kind has several tracks.
    local
        Whether what a whole site shows at once is taken out.
    at_once
        Effect at which a single day tells it, however it came there; it is never taken as a new normal.
    jump_share
        Share of the effect that a jump within two days may make for it to be gradual; infinite where no jump is a setting.
    pooled
        Whether `least` is of all bands together, and rows of days with fewer wait for more: of what is seen some times a day.
    persist
        Days looked at, all but one of which must show it.
    """

    kind: str
    feature: str
    unit: str
    sign: int
    advise: float
    warn: float
    stop: float
    floor: float
    source: str
    bands: int = 1
    least: int = 4
    cause: str = "water_c"
    cause_slope: float = 0.0
    rivals: tuple[str, ...] = field(default=())
    key: str = ""
    local: bool = True
    at_once: float = np.inf
    jump_share: float = _JUMP_SHARE
    pooled: bool = False
    persist: int = _PERSIST

    @property
    def name(self) -> str:
        """The kind, or its key where the kind has several tracks."""
        return self.key or self.kind


class Levels(NamedTuple):
    """Effects that are worth knowing, worth a visit, and at which boilers stop; shape () or (n,), the feature's unit."""

    advise: Floats
    warn: Floats
    stop: Floats


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

    def left(self, i: int) -> Forecast:
        """Return when the boiler of row i is expected to stop, each of shape (1,)."""
        only = slice(i, i + 1)
        return forecast(self.past[only], self.age[only], self.effect[only], self.stop[only])

    def severity(self, i: int) -> Severity:
        """Return the severity a level stands for."""
        return "warning" if self.level[i] > 1 else "advisory"


class Drift:
    """The state of one track over all boilers."""

    def __init__(self, track: Track) -> None:
        self.track = track
        one = (0.0, np.float32, ())
        unknown = (np.nan, np.float32, ())
        bands = (track.bands,)
        pool = {
            "pool_sum": (0.0, np.float32, bands),
            "pool_rows": (0, np.uint16, bands),
            "pool_days": (0, np.uint8, ()),
        }
        by_cause = {"cause": unknown, "raw": unknown, "raw_cause": unknown, "sxx": one, "sxy": one}
        self.state = Arrays(
            {
                "reference": (np.nan, np.float32, (track.bands,)), "seen": (0, np.uint8, (track.bands,)),
                "ring": (np.nan, np.float16, (KEPT,)), "squares": one, "days": one, "latest_day": (0, np.uint16, ()),
            } | (by_cause if track.cause_slope else {}) | (pool if track.pooled else {})
        )  # fmt: skip

    def take(
        self, slot: Ints, day: Ints, gap: Ints, mean: Floats, count: Ints, cause: Floats, quiet: NDArray[np.bool_],
        levels: Levels,
    ) -> Floats:  # fmt: skip
        """Compare a day with the reference, learn from it, and return the deviation, shape (n,), NaN without data.

        Parameters
        ----------
        slot, day, gap
            Boiler, day number, days since its last one; each boiler once, below the size `grow` made, shape (n,).
        mean, count
            The feature's mean and rows, shape (n, bands).
        cause
            The day's mean of what else moves it, shape (n,).
        quiet
            False while the kind is raised: then nothing is learned, shape (n,).
        """
        track, state = self.track, self.state
        if track.pooled:
            mean, count = self._pooled(slot, gap, mean, count)
        reference = state["reference"][slot].astype(np.float64)
        seen = state["seen"][slot]
        there = (count >= (1 if track.pooled else track.least)) & np.isfinite(mean)
        weight = np.where(there & (seen >= LEARN_DAYS), np.minimum(count, 60), 0).astype(np.float64)
        total = weight.sum(axis=1)
        apart = np.where(weight > 0, mean - reference, 0.0)
        raw = np.where(total > 0, (weight * apart).sum(axis=1) / np.maximum(total, 1), np.nan)
        value = raw - self._due_to(slot, gap, raw, cause)
        calm = ~(np.abs(value) > levels.advise / 2) & quiet
        self._learn(slot, there, mean, cause, calm)
        known, square = np.isfinite(value) & calm, value**2
        if track.pooled:
            known, square = self._changes(slot, value, calm, quiet, levels)
        for name, more in (("squares", square), ("days", np.ones(len(value)))):
            state[name][slot[known]] = (state[name][slot] * np.where(state["days"][slot] > 60, 59 / 60, 1) + more)[
                known
            ]
        self._push(slot, gap, value)
        state["latest_day"][slot] = day
        return value

    def _pooled(self, slot: Ints, gap: Ints, mean: Floats, count: Ints) -> tuple[Floats, Ints]:
        """Return the day with the rows that waited, or nothing where all together are still too few, shape (n, bands)."""
        state = self.state
        fresh = state["pool_days"][slot] + gap > _POOL_DAYS
        rows = np.where(fresh[:, None], 0, state["pool_rows"][slot]).astype(np.int64)
        sums = np.where(fresh[:, None], 0.0, state["pool_sum"][slot]) + np.where(count > 0, filled(mean) * count, 0.0)
        rows += count
        enough = rows.sum(axis=1) >= self.track.least
        waits = ~enough & (rows.sum(axis=1) > 0)
        state["pool_rows"][slot] = np.where(waits[:, None], rows, 0)
        state["pool_sum"][slot] = np.where(waits[:, None], sums, 0.0)
        state["pool_days"][slot] = np.where(waits, np.where(fresh, 0, state["pool_days"][slot]) + gap, 0)
        there = enough[:, None] & (rows > 0)
        return np.where(there, sums / np.maximum(rows, 1), np.nan), np.where(there, rows, 0)

    def _changes(
        self, slot: Ints, value: Floats, calm: NDArray[np.bool_], quiet: NDArray[np.bool_], levels: Levels
    ) -> tuple[NDArray[np.bool_], Floats]:
        """Return half the squared change since the day before with data, or, of a calm day, what it is off if that is more.

        Scatter that is wider than half the effect would not be learned from calm days alone.
        """
        ring = self.state["ring"][slot].astype(np.float64)
        newest = KEPT - 1 - np.isfinite(ring[:, ::-1]).argmax(axis=1)
        change = value - np.take_along_axis(ring, newest[:, None], axis=1)[:, 0]
        known: NDArray[np.bool_] = np.isfinite(change) & quiet
        return known, np.minimum(np.maximum(change**2 / 2, np.where(calm, value**2, 0.0)), levels.advise**2)

    def _due_to(self, slot: Ints, gap: Ints, raw: Floats, cause: Floats) -> Floats:
        """Return what the cause explains, by a slope from day-to-day differences, shrunk to none."""
        track, state = self.track, self.state
        if not track.cause_slope:
            return np.zeros(len(slot))
        cause_was = state["cause"][slot].astype(np.float64)
        moved, with_it = raw - state["raw"][slot], cause - state["raw_cause"][slot]
        usable = np.isfinite(moved) & np.isfinite(with_it) & (gap <= 3)
        moved = np.clip(moved, -4 * track.floor, 4 * track.floor)
        state["sxx"][slot[usable]] += with_it[usable] ** 2
        state["sxy"][slot[usable]] += (with_it * moved)[usable]
        state["raw"][slot], state["raw_cause"][slot] = raw, cause
        shrink = 2 * (track.floor / track.cause_slope) ** 2
        slope = np.clip(
            state["sxy"][slot] / (state["sxx"][slot] + shrink), -2 * track.cause_slope, 2 * track.cause_slope
        )
        return filled(slope * (cause - cause_was))

    def _learn(
        self, slot: Ints, there: NDArray[np.bool_], mean: Floats, cause: Floats, calm: NDArray[np.bool_]
    ) -> None:
        state, clip = self.state, 4 * self.track.floor
        reference, seen = state["reference"][slot].astype(np.float64), state["seen"][slot]
        use = there & calm[:, None]
        off = np.clip(np.where(seen == 0, 0.0, mean - reference), -clip, clip)
        learns = POOLED_LEARN_DAYS if self.track.pooled else LEARN_DAYS
        rate = np.where(seen < learns, 1 / (seen + 1.0), _FOLLOW)
        fresh = np.where(seen == 0, mean, reference + off * rate)
        state["reference"][slot] = np.where(use, fresh, reference)
        state["seen"][slot] = np.where(use, np.minimum(seen, 254) + 1, seen)
        if not self.track.cause_slope:
            return
        was, number = state["cause"][slot].astype(np.float64), seen.max(axis=1).astype(np.float64)
        step = np.where(
            np.isnan(was), cause, was + (cause - was) * np.where(number < LEARN_DAYS, 1 / (number + 1), _FOLLOW)
        )
        learn = use.any(axis=1) & np.isfinite(cause)
        state["cause"][slot[learn]] = step[learn]

    def _push(self, slot: Ints, gap: Ints, value: Floats) -> None:
        ring = self.state["ring"]
        old = shifted(ring[slot], np.clip(gap, 1, KEPT), np.nan)
        old[:, -1] = value
        ring[slot] = old

    def shared(self, slot: Ints, day: Ints, site: Ints) -> Floats:
        """Return what the site of each boiler shows as a whole these days, 0 where too few tell, shape (n,)."""
        state = self.state
        size = len(site)
        if not self.track.local:
            return np.zeros(len(slot))
        late = state["ring"][:size, -(_POOL_DAYS if self.track.pooled else 1) :][
            :, ::-1
        ]  # who waits for rows told before
        latest = np.take_along_axis(late, np.isfinite(late).argmax(axis=1)[:, None], axis=1)[:, 0]
        recent = np.isfinite(latest) & (state["latest_day"][:size] >= day.max() - 2)
        members = np.flatnonzero(recent & (site >= 0))
        if len(members) < _SITE_LEAST:
            return np.zeros(len(slot))
        order = members[np.lexsort((latest[members], site[members]))]
        names, begin, number = np.unique(site[order], return_index=True, return_counts=True)
        ordered = latest[order].astype(np.float64)
        middle = (ordered[begin + (number - 1) // 2] + ordered[begin + number // 2]) / 2
        common = np.zeros(int(site.max()) + 1)
        common[names] = np.where(number >= _SITE_LEAST, middle, 0.0)
        return common[site[slot]]

    def judge(self, slot: Ints, common: Floats, levels: Levels) -> Verdict:
        """Return what the last days say of these boilers."""
        track, state = self.track, self.state
        ring = _less(state["ring"][slot].astype(np.float64), common[:, None])
        newest = np.take_along_axis(ring, KEPT - 1 - np.isfinite(ring[:, ::-1]).argmax(axis=1)[:, None], axis=1)[:, 0]
        towards = np.where(newest < 0, -1.0, 1.0) if track.sign == 0 else np.full(len(slot), float(track.sign))
        ring *= towards[:, None]
        order = np.argsort(np.isnan(ring[:, ::-1]), axis=1, kind="stable")
        back = np.take_along_axis(ring[:, ::-1], order, axis=1)  # newest first, days without data last
        age = order.astype(np.float64)
        recent = np.sort(back[:, : track.persist], axis=1)
        newest_days, oldest_days = (_POOL_DAYS, KEPT) if track.pooled else (1, 2 * track.persist)
        enough = np.isfinite(recent).all(axis=1) & (age[:, 0] < newest_days)
        enough &= age[:, track.persist - 1] < oldest_days
        effect = np.where(enough, recent[:, 1], 0.0)
        days = np.minimum(state["days"][slot], 60)
        prior = _POOLED_PRIOR_DAYS if track.pooled else _PRIOR_DAYS
        scatter = np.sqrt((prior * track.floor**2 + state["squares"][slot]) / (prior + days))
        learnt = np.maximum(state["seen"][slot].max(axis=1), 1)
        scatter = np.maximum(scatter, track.floor) * np.sqrt(1 + 1 / learnt)
        z = effect / scatter
        jumps = filled(back[:, :-2] - back[:, 2:], nan=-np.inf)
        place = jumps[:, :10].argmax(axis=1)
        jump = jumps[np.arange(len(slot)), place]
        far = np.maximum(effect, filled(back[:, 0], nan=-np.inf))  # of what it came to, not of where it was
        gradual = jump <= track.jump_share * np.maximum(far, 1e-9)
        unclear = np.flatnonzero(~gradual & (far > levels.advise / 2))
        if len(unclear):
            gradual[unclear] = grows(
                ring[unclear], scatter[unclear], np.broadcast_to(levels.advise, far.shape)[unclear]
            )
        self._rebase(
            slot,
            enough & ~gradual & (place >= _REBASE_DAYS) & (effect > levels.advise / 2) & (effect < track.at_once),
            np.take_along_axis(state["ring"][slot].astype(np.float64)[:, ::-1], order, axis=1),
        )
        level = np.where(gradual & (effect >= levels.advise) & (z >= _ADVISE_Z), 1, 0)
        level = np.where(gradual & (effect >= levels.warn) & (z >= _WARN_Z), 2, level)
        two, one = filled(back[:, :2], nan=-np.inf).min(axis=1), filled(ring[:, -1], nan=-np.inf)
        newly = gradual & (age[:, 1] <= 2)
        soon = newly & (level == 0) & (two >= levels.advise) & (two >= _SOON_Z * scatter)
        level, effect = np.where(soon, 1, level), np.where(soon, two, effect)
        fast = newly & (two >= _FAR * levels.warn) & (two >= _FAR_Z * scatter)
        fast |= (one >= track.at_once) & (one >= _FAR_Z * scatter)
        effect = np.where(fast & (level < 2), np.maximum(effect, np.where(one >= track.at_once, one, two)), effect)
        level = np.where(fast, 2, level)
        z = effect / scatter
        calm = enough & (recent[:, 2] < 0.4 * levels.advise) & (back[:, 0] < 0.4 * levels.advise)
        return Verdict(
            enough,
            effect,
            towards,
            effect / levels.warn,
            z,
            level,
            calm,
            np.broadcast_to(levels.stop, effect.shape),
            back,
            age,
        )

    def _rebase(self, slot: Ints, stepped: NDArray[np.bool_], back: Floats) -> None:
        """Move the reference to where a jump left the quantity; `back` is newest first, as measured."""
        if not stepped.any():
            return
        rows = slot[stepped]
        by = filled(np.nanmedian(back[stepped, :_PERSIST], axis=1))
        self.state["reference"][rows] += by[:, None].astype(np.float32)
        self.state["ring"][rows] = np.nan
        if self.track.cause_slope:
            self.state["raw"][rows] = np.nan


def _less(value: Floats, common: Floats) -> Floats:
    """Return deviations less what the whole site shows, never past zero, shape (n, days).

    A boiler that stands still while its neighbours move has not moved: only what it shares with them is explained.

    Examples
    --------
    >>> _less(np.array([[5.0, 2.0, 0.0, -1.0]]), np.array([[3.0]])).tolist()
    [[2.0, 0.0, 0.0, -1.0]]
    """
    shared = np.clip(np.broadcast_to(common, value.shape), np.minimum(value, 0), np.maximum(value, 0))
    left: Floats = value - shared
    return left
