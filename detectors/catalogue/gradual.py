"""A family of gradual faults: tracks that share what they measure, and that know each other as rivals.

Cadence: minutes are measured, civil days are judged. A family without its signals is silent.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, filled
from boilerwatch.fold import DAY_MS, MINUTE_MS, Frames, ranks
from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.blocks import running_max
from detectors.catalogue.contract import FRESH_PARTS, Banded, Days, World, renews
from detectors.catalogue.drift import KEPT, Drift
from detectors.catalogue.track import Levels, Track
from detectors.catalogue.verdict import Verdict, unheard
from detectors.episodes import Episodes

#: Modulation bands within which flame current, spread, flue and fan are compared. [%]
BAND_EDGES_PCT = (25.0, 45.0, 65.0, 85.0)
BANDS = len(BAND_EDGES_PCT) + 1
#: A modulation in the middle of each band.
_MIDDLE_PCT = np.array([15.0, 35.0, 55.0, 75.0, 92.0])
#: Power at a modulation of nothing: a share of rated power is told by some makers, by others of what is above the least, which
#: is a tenth to a quarter of it; midway. [%]
LEAST_POWER_PCT = 12.0
#: No track of a kind may stand higher than this share of what is worth a visit when its episode ends.
_CLEAR_SCORE = 0.5
#: A story told first is kept while it has this share of its rival's evidence.
_HELD_SHARE = 0.5


class Gradual:
    """One family; each names its tracks and measures their features."""

    name = ""
    version = "8"
    tracks: tuple[Track, ...] = ()

    def __init__(self) -> None:
        self.drifts = {track.name: Drift(track) for track in self.tracks}
        self.kinds = tuple(dict.fromkeys(track.kind for track in self.tracks if track.kind))
        self.features = {track.feature: track.bands for track in self.tracks}
        self.features |= {track.cause: 1 for track in self.tracks if track.cause_slope}
        self.limits: dict[str, float] = {}
        for track in self.tracks:
            self.limits |= {f"{track.name}_{name}": getattr(track, name) for name in ("advise", "warn", "stop")}

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return each feature's value for each minute."""
        raise NotImplementedError

    def judge(self, days: Days, world: World) -> None:
        """Compare closed days with the boiler's own past, one day of each boiler after another."""
        site = world.slots.site_numbers()
        world.scores.grow(len(world.slots))
        for rows in ranks(days.slot):
            slot = days.slot[rows]
            verdicts = {name: self._look(drift, days, rows, site, world) for name, drift in self.drifts.items()}
            self.refine(verdicts, days, rows, site, world)
            for kind in self.kinds:
                mine = [verdicts[name].score for name, drift in self.drifts.items() if drift.track.kind == kind]
                world.scores[kind][slot] = np.minimum(np.maximum(np.maximum.reduce(mine), 0), 100)
            for name, verdict in verdicts.items():
                if self.drifts[name].track.kind:
                    self._tell(name, verdict, days, rows, world)
            for kind in self.kinds if world.episodes.raised else ():
                self._clear(kind, verdicts, days, rows, world)

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Weigh what the tracks say together, before it is told; a family may lower a level or a score here."""

    def levels(self, track: Track, slot: Ints, world: World) -> Levels:
        """Return the track's limits for these boilers."""
        return Levels(*(world.limit(self, f"{track.name}_{name}", slot) for name in ("advise", "warn", "stop")))

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        track, slot = drift.track, days.slot[rows]
        drift.state.grow(len(world.slots))
        levels, count = self.levels(track, slot, world), days.count[track.feature][rows]
        if drift.unheard(slot, count):
            return unheard(len(rows), KEPT, levels, track)
        cause = days.only(track.cause)[rows] if track.cause_slope else np.full(len(rows), np.nan)
        day = days.day_start_ms[rows] // DAY_MS
        quiet = ~world.told(slot, track.kind)
        drift.take(slot, day, days.gaps(rows), days.mean[track.feature][rows], count, cause, quiet, levels)
        return drift.judge(slot, drift.shared(slot, day, site), levels)

    def _tell(self, name: str, verdict: Verdict, days: Days, rows: Ints, world: World) -> None:
        """Say what stands out, unless a rival explains it better or is told already."""
        track, slot = self.drifts[name].track, days.slot[rows]
        # what the newest day shows no more is over, perhaps by a repair: it is no news
        telling = verdict.level > 0
        if not telling.any():
            return
        telling &= ~(verdict.past[:, 0] < verdict.effect / 2) | world.told(slot, track.kind)
        if telling.any():
            score = world.scores[track.kind][slot]
            telling &= ~rivalled(track.rivals, score, slot, world) | world.told(slot, track.kind)
        for i in np.flatnonzero(telling):
            self._say(track, verdict, int(i), days, int(rows[i]), world)

    def _clear(self, kind: str, verdicts: dict[str, Verdict], days: Days, rows: Ints, world: World) -> None:
        """End episodes of a kind whose tracks all went back, or have nothing to say."""
        mine = [verdicts[name] for name, drift in self.drifts.items() if drift.track.kind == kind]
        over = np.logical_or.reduce([one.back for one in mine]) & (np.maximum.reduce([one.level for one in mine]) == 0)
        over &= np.maximum.reduce([one.score for one in mine]) < _CLEAR_SCORE
        for row in rows[over]:
            boiler = world.slots.boilers[days.slot[row]]
            world.episodes.clear(boiler, kind, int(days.newest_ms[row]), int(days.received_at_ms[row]))

    def _say(self, track: Track, verdict: Verdict, i: int, days: Days, row: int, world: World) -> None:
        slot, at_ms = int(days.slot[row]), int(days.newest_ms[row])
        expected, soonest, latest = self.left(track, verdict, i, slot)
        values = {
            f"effect_{track.unit}": round(float(verdict.towards[i] * verdict.effect[i]), 4),
            f"limit_{track.unit}": round(float(verdict.towards[i] * verdict.stop[i]), 4),
            "standard_deviations": round(float(verdict.z[i]), 1),
            "days_to_limit": round(expected, 1),
            "days_to_limit_soonest": round(soonest, 1),
            "days_to_limit_latest": round(latest, 1),
            "score": round(float(verdict.score[i]), 2),
        }
        world.episodes.say(
            world.slots.boilers[slot], track.kind, severity=verdict.severity(i), at_ms=at_ms,
            received_at_ms=int(days.received_at_ms[row]), detector=f"{self.name}@{self.version}",
            site=world.slots.sites[slot], values=values, failure_expected_at_ms=at_ms + round(expected * DAY_MS),
            confidence=round(float(min(0.99, 1 - np.exp(-verdict.z[i] / 4))), 2), instead=_outdone(track, slot, world),
        )  # fmt: skip

    def left(self, track: Track, verdict: Verdict, i: int, slot: int) -> tuple[float, float, float]:
        """Return the days until the boiler of row i stops: expected, soonest, latest; a family may know it better. [d]"""
        come = verdict.left(i)
        return float(come.expected[0]), float(come.soonest[0]), float(come.latest[0])

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Learn anew after a repair, a new part or a swap; what the repair names as fixed is over."""
        if row.what not in FRESH_PARTS:
            return
        for drift in self.drifts.values() if renews(row, (KIND_BY_NAME[kind].chain for kind in self.kinds)) else ():
            drift.state.grow(slot + 1)
            drift.state.reset(slot)
        for kind in self.kinds:
            if set(row.problems) & set(KIND_BY_NAME[kind].problems):
                episodes.clear(row.boiler, kind, row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references and rings of all tracks."""
        return {f"{name}.{n}": v for name, drift in self.drifts.items() for n, v in drift.state.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references and rings of all tracks."""
        for name, drift in self.drifts.items():
            prefix = f"{name}."
            drift.state.load({n.removeprefix(prefix): v for n, v in data.items() if n.startswith(prefix)})


class SinceActive:
    """How long each boiler has been at rest.

    Parameters
    ----------
    name
        Of its state, where a detector has several.
    """

    def __init__(self, name: str = "since") -> None:
        self._name = name
        self._last = Arrays({"minute": (-1, np.int32, ())})

    def minutes(self, slot: Ints, start_ms: Ints, active: NDArray[np.bool_], slots: int) -> Floats:
        """Return minutes since the boiler was last active, 0 for one seen for the first time, shape (n,).

        Parameters
        ----------
        slot, start_ms
            Sorted by slot and time, shape (n,).
        active
            Whether it was, in that minute, shape (n,).
        """
        self._last.grow(slots)
        state, minute = self._last["minute"], start_ms // MINUTE_MS
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        before = state[slot[begins]].astype(np.int64)
        last = np.where(active, minute, -1)
        last[begins] = np.maximum(last[begins], np.where(before < 0, minute[begins], before))
        last = running_max(slot, last)
        state[slot] = last  # sorted by time: the last assignment is the newest
        return (minute - last).astype(np.float64)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the last active minutes."""
        return {f"{self._name}.minute": self._last["minute"]}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the last active minutes."""
        self._last.load({"minute": data[f"{self._name}.minute"]})


class Steps:
    """By how much some quantities moved since each boiler's frame before.

    Parameters
    ----------
    names
        Of the quantities.
    """

    def __init__(self, *names: str) -> None:
        self._last = Arrays({f"before.{name}": (np.nan, np.float32, ()) for name in names})

    def rise(self, name: str, slot: Ints, values: Floats, slots: int) -> Floats:
        """Return the rise, NaN where there was nothing before or is nothing now, shape (n,).

        Parameters
        ----------
        slot
            Sorted, and in order of time within a boiler, shape (n,).
        """
        self._last.grow(slots)
        state, result = self._last[f"before.{name}"], np.full(len(slot), np.nan)
        rows = (~np.isnan(values)).nonzero()[0]
        if len(rows):
            own, value = slot[rows], values[rows]
            begins = np.concatenate([[True], own[1:] != own[:-1]])
            result[rows] = value - np.where(begins, state[own], np.concatenate([[np.nan], value[:-1]]))
            state[own] = value  # in order of time: the last assignment is the newest
        return result

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return what was before."""
        return self._last.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take what was before."""
        self._last.load({name: data[name] for name in self._last.dump()})


class Latest:
    """What some quantities were when each boiler was last active.

    Parameters
    ----------
    names
        Of its state.
    """

    def __init__(self, *names: str) -> None:
        self._last = Arrays(dict.fromkeys(names, (np.nan, np.float32, ())))

    def take(self, slot: Ints, active: NDArray[np.bool_], values: dict[str, Floats], slots: int) -> dict[str, Floats]:
        """Return the values of the newest active row up to each row, NaN before the first, shape (n,).

        Parameters
        ----------
        slot
            Sorted, and in order of time within a boiler, shape (n,).
        values
            By name, shape (n,).

        Examples
        --------
        >>> burnt, lit = Latest("flow_c"), np.array([True, False, False])
        >>> burnt.take(np.array([0, 0, 1]), lit, {"flow_c": np.array([60.0, 50.0, 40.0])}, 2)["flow_c"].tolist()
        [60.0, 60.0, nan]
        """
        self._last.grow(slots)
        row = running_max(slot, np.where(active, np.arange(len(slot)), -1))
        result = {}
        for name, value in values.items():
            state = self._last[name]
            result[name] = np.where(row < 0, state[slot], value[row].astype(np.float32)).astype(np.float64)
            state[slot] = result[name]  # in order of time: the last assignment is the newest
        return result

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return what was."""
        return self._last.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take what was."""
        self._last.load({name: data[name] for name in self._last.dump()})


def slope_of(
    means: Sequence[Floats], count: Ints, least_variance: float
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return a day's regression slope of y on x and its standard error, NaN where x hardly moved, shape (n,).

    Minutes of one day hang together: every fourth is taken to be new.

    Parameters
    ----------
    means
        The day's means of x, y, x y, x^2 and y^2, each of shape (n,).
    count
        Minutes, shape (n,).
    least_variance
        Of x within the day.

    Examples
    --------
    >>> day = np.arange(100.0) % 10
    >>> means = [np.array([one.mean()]) for one in (day, 2 * day, 2 * day * day, day**2, 4 * day**2)]
    >>> slope, error = slope_of(means, np.array([100]), 1.0)
    >>> slope.round(6).tolist(), bool(error[0] < 1e-6)
    ([2.0], True)
    """
    x, y, xy, xx, yy = means
    spread = xx - x * x
    spread = np.where(spread > least_variance, spread, np.nan)
    slope = (xy - x * y) / spread
    left = np.maximum(yy - y * y - slope**2 * spread, 0.0)
    error: Floats = np.sqrt(left / spread / np.maximum(count / 4 - 2, 1))
    return slope, error


def burning(frames: Frames) -> NDArray[np.bool_]:
    """Return where the flame burnt all the frame, shape (n,); modulation stands in for a missing flame signal."""
    return frames.once("burning", _burning)


def _burning(frames: Frames) -> NDArray[np.bool_]:
    flame = frames.low("flame_on")
    modulation = frames.low("modulation_pct")
    result: NDArray[np.bool_] = np.where(np.isnan(flame), modulation > 0, flame > 0)
    return result


def drawing(frames: Frames) -> NDArray[np.bool_]:
    """Return where hot water was drawn in the frame, shape (n,)."""
    return frames.once("drawing", _drawing)


def _drawing(frames: Frames) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (frames.high("dhw_active") > 0) | (frames.high("dhw_flow_lpm") > 1)
    return result


def band_of(frames: Frames) -> Ints:
    """Return each frame's band of modulation, the first where there is none, shape (n,)."""
    return frames.once("band", _band_of)


def _band_of(frames: Frames) -> Ints:
    return np.searchsorted(BAND_EDGES_PCT, filled(frames.mean("modulation_pct")), side="right")


def by_band(values: Floats, frames: Frames) -> Banded:
    """Return the values by modulation band; those without modulation count to the first."""
    return Banded(values, band_of(frames))


def power_in_band(frames: Frames) -> Floats:
    """Return power over what it is in the middle of its modulation band, 1 where no modulation is told, shape (n,).

    Some makers tell 0 for a burner at its least power.
    """
    modulation = frames.mean("modulation_pct")
    middle = _MIDDLE_PCT[band_of(frames)]
    return np.where(modulation >= 0, (modulation + LEAST_POWER_PCT) / (middle + LEAST_POWER_PCT), 1.0)


def rivalled(rivals: tuple[str, ...], score: Floats, slot: Ints, world: World) -> NDArray[np.bool_]:
    """Return where a rival kind has more evidence, or is told and still has half of it: one mechanism a story, shape (n,)."""
    better = np.zeros(len(slot), np.bool_)
    for kind in rivals:
        told = world.told(slot, kind)
        if KIND_BY_NAME[kind].gradual:
            theirs = world.scores[kind][slot]
            better |= (theirs > score) | (told & (theirs >= _HELD_SHARE * score))
        else:
            better |= told
    return better


def _outdone(track: Track, slot: int, world: World) -> tuple[str, ...]:
    """Return the rivals that have less than half of a kind's evidence: what was told of them first does not hold."""
    least = _HELD_SHARE * float(world.scores[track.kind][slot])
    gradual = [kind for kind in track.rivals if KIND_BY_NAME[kind].gradual]
    return tuple(kind for kind in gradual if float(world.scores[kind][slot]) < least)


def log_of(values: Floats) -> Floats:
    """Return natural logarithms, NaN where there is none, shape (n,)."""
    return np.log(np.where(values > 0, values, np.nan))
