"""How a quantity that should stay as it was is seen to have moved: one way of learning for all gradual faults.

A day gives one value per modulation band, compared with the boiler's own reference of that band: the mean of the first
four days in which it was seen, each clipped so that one odd day moves it little, followed slowly later while nothing is
suspected. What the water's warmth or the weather does to the quantity is learned from day-to-day differences, which a
slow fault hardly touches, and taken out; what a whole site shows at once is taken out too. What the last days then say is
`verdict`'s. A jump that stays is a set point, a service or new firmware: the reference moves there and nothing is told.
"""

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, filled, shifted
from boilerwatch.model import Floats, Ints
from detectors.catalogue.track import LEARN_DAYS, PERSIST, POOL_DAYS, POOLED_LEARN_DAYS, Levels, Track
from detectors.catalogue.verdict import Past, Verdict, newest_first, past_of, verdict_of, way_of

#: Days kept to see a trend in. [days]
KEPT = 12
#: Rate at which a learned reference follows while nothing is suspected. [1/day]
_FOLLOW = 1 / 120
#: Days that the floor of scatter counts for, and where few rows a day make scatter wide.
_PRIOR_DAYS, _POOLED_PRIOR_DAYS = 7.0, 2.0
#: Days that scatter is learned from, counted up to one more, and by how much what it was fades each day from then on.
_SCATTER_DAYS, _FADES = 60, 59 / 60
_REBASE_DAYS = 6
_SITE_LEAST = 6


class Drift:
    """The state of one track over all boilers."""

    def __init__(self, track: Track) -> None:
        self.track = track
        one = (0.0, np.float32, ())
        unknown = (np.nan, np.float32, ())
        bands = (track.bands,)
        pool = {
            "pool_sum": (0.0, np.float32, bands),
            "pool_rows": (0, np.uint8, bands),  # only fewer than `least` wait
            "pool_days": (0, np.uint8, ()),
        }
        by_cause = {"cause": unknown, "raw": unknown, "raw_cause": unknown, "sxx": one, "sxy": one}
        self.state = Arrays(
            {
                "reference": (np.nan, np.float32, (track.bands,)), "seen": (0, np.uint8, (track.bands,)),
                "ring": (np.nan, np.float16, (KEPT,)), "squares": one, "days": (0, np.uint8, ()), "latest_day": (0, np.uint16, ()),
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
        learns = slot[known]
        days = state["days"][learns]
        state["squares"][learns] = state["squares"][learns] * np.where(days > _SCATTER_DAYS, _FADES, 1) + square[known]
        state["days"][learns] = np.minimum(days, _SCATTER_DAYS) + 1
        self._push(slot, gap, value)
        state["latest_day"][slot] = day
        return value

    def unheard(self, slot: Ints, count: Ints) -> bool:
        """Return whether none of these boilers tells today, or ever told, what the track looks at.

        Parameters
        ----------
        count
            Rows of today, shape (n, bands).
        """
        state = self.state
        waits = self.track.pooled and state["pool_rows"][slot].any()
        return not (count.any() or waits or state["seen"][slot].any())

    def _pooled(self, slot: Ints, gap: Ints, mean: Floats, count: Ints) -> tuple[Floats, Ints]:
        """Return the day with the rows that waited, or nothing where all together are still too few, shape (n, bands)."""
        state = self.state
        fresh = state["pool_days"][slot] + gap > POOL_DAYS
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
        change = value - ring[np.arange(len(ring)), newest]
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
        moved = np.minimum(np.maximum(moved, -4 * track.floor), 4 * track.floor)
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
        off = np.minimum(np.maximum(np.where(seen == 0, 0.0, mean - reference), -clip), clip)
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
        old = shifted(ring[slot], np.maximum(gap, 1), np.nan)
        old[:, -1] = value
        ring[slot] = old

    def usual(self, slot: Ints, band: Ints, slots: int, least_days: int = LEARN_DAYS) -> Floats:
        """Return the reference in some bands, or in the last where there are fewer; NaN until it is learned, shape (n,)."""
        self.state.grow(slots)
        band = np.minimum(band, self.track.bands - 1)
        learned = self.state["seen"][slot, band] >= least_days
        return np.where(learned, self.state["reference"][slot, band], np.nan).astype(np.float64)

    def shared(self, slot: Ints, day: Ints, site: Ints) -> Floats:
        """Return what the site of each boiler shows as a whole these days, 0 where too few tell, shape (n,)."""
        state = self.state
        size = len(site)
        if not self.track.local:
            return np.zeros(len(slot))
        late = state["ring"][:size, -(POOL_DAYS if self.track.pooled else 1) :][
            :, ::-1
        ]  # who waits for rows told before
        latest = late[np.arange(len(late)), np.isfinite(late).argmax(axis=1)]
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
        measured = self.state["ring"][slot].astype(np.float64)
        past, scatter = past_of(measured, common, self.track), self._scatter(slot)
        gradual, place = way_of(past, scatter, levels, self.track)
        self._rebase(slot, self._settled(past, gradual, place, levels), measured)
        return verdict_of(past, gradual, scatter, levels, self.track)

    def _scatter(self, slot: Ints) -> Floats:
        """Return the boiler's day-to-day scatter, no less than the floor, and more while the reference is young, shape (n,)."""
        track, state = self.track, self.state
        days = np.minimum(state["days"][slot], _SCATTER_DAYS).astype(np.float32)
        prior = _POOLED_PRIOR_DAYS if track.pooled else _PRIOR_DAYS
        scatter = np.sqrt((prior * track.floor**2 + state["squares"][slot]) / (prior + days))
        learnt = np.maximum(state["seen"][slot].max(axis=1), 1)
        result: Floats = np.maximum(scatter, track.floor) * np.sqrt(1 + 1 / learnt)
        return result

    def _settled(self, past: Past, gradual: NDArray[np.bool_], place: Ints, levels: Levels) -> NDArray[np.bool_]:
        """Return where a jump was days ago and nothing followed: a new normal, shape (n,)."""
        result: NDArray[np.bool_] = past.enough & ~gradual & (place >= _REBASE_DAYS)
        return result & (past.effect > levels.advise / 2) & (past.effect < self.track.at_once)

    def _rebase(self, slot: Ints, stepped: NDArray[np.bool_], measured: Floats) -> None:
        """Move the reference to where a jump left the quantity; days are oldest first, shape (n, days)."""
        if not stepped.any():
            return
        rows = slot[stepped]
        by = filled(np.nanmedian(newest_first(measured[stepped])[0][:, :PERSIST], axis=1))
        self.state["reference"][rows] += by[:, None].astype(np.float32)
        self.state["ring"][rows] = np.nan
        if self.track.cause_slope:
            self.state["raw"][rows] = np.nan
