"""Sensors: flow and return that no longer agree when there is nothing between them.

Sees: flow - return once neither flame nor tap was on for ten minutes and the pump runs, when both measure the same water;
or, without the pump, once both have come to rest at what is around them: three quarters of an hour later, when they cool by
less than 3 K an hour; where they still cool, from twenty minutes on, when water between them has mixed; where no pump is told,
after ten minutes, with the scatter that this brings. The offset is the sensors', each of the four compared with its own past. Needs: flow and return temperature and a sign of the flame;
silent without. And, where a boiler hardly ever rests, an offset told from a flow: flow - return at any time without flame,
and while it burns, in bands of modulation. What water does to the difference is proportional to the power it carries, and
next to nothing without flame; what a sensor adds is the same kelvin in both. Cadence: minutes measured, days judged. Units: kelvin. Source: Bosch 347 sensors disagree; burner off,
pump on for more than ten minutes, an offset beyond 2-3 K (devices guide 7).
Limits: which of the two drifted is not known; a sensor that drifts with its partner is not seen.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import Frames
from boilerwatch.model import Floats, Ints
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.gradual import BANDS, Gradual, SinceActive, Steps, burning, by_band, drawing
from detectors.catalogue.track import Track
from detectors.catalogue.verdict import Verdict

_QUIET_MINUTES, _STANDING_MINUTES, _MIXED_MINUTES = 10, 45, 20
#: With the pump, without it at rest, where it is not told, and without it while the water still cools.
_BANDS = 4
#: Offset below which nothing is taken out of other detectors' spread. [K]
_SURE_K = 2.0
#: Water at rest does not warm, nor does its offset leap from one reading to the next. [K]
_WARMED_K, _LEAPT_K = 1.0, 2.0
_REST_K_PER_H = 3.0
#: Until the exchanger's own heat is carried off, and until what a burner heats is not its cold start any more.
_UNLIT_MINUTES, _STEADY_MINUTES = 3, 8
#: Part of an offset without flame that must show with flame too, and the other way round; days that are compared.
_SAME_SHARE, _SAME_DAYS = 0.5, 2
#: Part of an offset at rest that must show with flame, where days of at most so many ago tell.
_LEAST_SHARE, _LATE_DAYS = 0.25, 2


class Sensors(Gradual):
    """Drift of a flow or return sensor, either way."""

    name = "sensors"
    version = "9"
    tracks = (
        Track("ntc_drift", "idle_offset_k", "k", 0, advise=3.0, warn=4.0, stop=10.0, floor=0.5, bands=_BANDS, pooled=True,
              cause="idle_c", cause_slope=0.1, rivals=("ntc_failed",),
              source="an offset of 2-3 K is suspicious; boilers stop where sensors disagree (Bosch 347)"),
        Track("ntc_drift", "unlit_offset_k", "k", 0, advise=3.0, warn=4.0, stop=10.0, floor=0.7, bands=_BANDS - 1, pooled=True,
              cause="unlit_c", cause_slope=0.1, rivals=("ntc_failed",), key="unlit_offset",
              source="a sensor is off by the same kelvin with and without flame, a spread is not"),
        Track("", "lit_spread_k", "k", 0, advise=3.0, warn=4.0, stop=10.0, floor=0.7, bands=BANDS, pooled=True, key="lit_spread",
              source="the difference with flame that an offset without flame must show as well"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._since, self._steps = SinceActive(), Steps("flow_c", "offset_k")
        self._unlit, self._lit = SinceActive("unlit"), SinceActive("lit")

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return flow - return, and how warm it is, where water has come to rest in temperature."""
        flame, load = frames.high("flame_on"), frames.high("modulation_pct")
        sign = np.where(np.isnan(flame), load, flame)
        flow, back = frames.mean("flow_temp_c"), frames.mean("return_temp_c")
        size = len(world.slots)
        moved = self._steps.rise("flow_c", frames.slot, flow, size)
        warmed = moved > _WARMED_K
        leapt = np.abs(self._steps.rise("offset_k", frames.slot, flow - back, size)) > _LEAPT_K
        active = ~(sign <= 0) | drawing(frames) | warmed | leapt  # a tap or a burn that no reading showed
        quiet = self._since.minutes(frames.slot, frames.start_ms, active, size)
        pump = frames.low("pump_on")
        pumped = np.where(np.isnan(pump), 2, np.where(pump >= 1, 0, 1)).astype(np.int64)
        at_rest = (quiet >= _STANDING_MINUTES) & (np.abs(moved) < _REST_K_PER_H * frames.gap_s / 3600)
        band = np.where((pumped == 1) & ~at_rest, 3, pumped)
        idle = quiet >= np.where(band == 3, _MIXED_MINUTES, _QUIET_MINUTES)
        burns = ~(sign <= 0) | drawing(frames)
        unlit = (self._unlit.minutes(frames.slot, frames.start_ms, burns | warmed, size) >= _UNLIT_MINUTES) & ~warmed
        steady = burning(frames) & ~drawing(frames)
        lit = steady & (self._lit.minutes(frames.slot, frames.start_ms, ~steady, size) >= _STEADY_MINUTES)
        return {
            "idle_offset_k": Banded(np.where(idle, flow - back, np.nan), band),
            "idle_c": Banded(np.where(idle, back, np.nan)),
            "unlit_offset_k": Banded(np.where(unlit, flow - back, np.nan), pumped),
            "unlit_c": Banded(np.where(unlit, back, np.nan)),
            "lit_spread_k": by_band(np.where(lit, flow - back, np.nan), frames),
        }

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Believe an offset seen without flame where it shows with flame too; tell those who read the spread of it.

        One that was seen at rest is believed unless there is nothing of it with flame: then it was no rest.
        """
        slot = days.slot[rows]
        rest, unlit, lit = (_lately(verdicts[name]) for name in ("ntc_drift", "unlit_offset", "lit_spread"))
        same = (unlit * lit > 0) & (np.minimum(abs(unlit), abs(lit)) >= _SAME_SHARE * np.maximum(abs(unlit), abs(lit)))
        verdict = verdicts["unlit_offset"]
        verdict.level[:] = np.where(same, verdict.level, 0)
        verdict.score[:] = np.where(same, verdict.score, 0.0)
        unseen = (lit * np.sign(rest) < _LEAST_SHARE * np.abs(rest)) & (verdicts["lit_spread"].age[:, 0] <= _LATE_DAYS)
        verdict = verdicts["ntc_drift"]
        verdict.level[:] = np.where(unseen, 0, verdict.level)
        verdict.score[:] = np.where(unseen, 0.0, verdict.score)
        offset = np.where(same, unlit, np.where(unseen, 0.0, rest))
        sure = np.where(np.abs(offset) >= _SURE_K, offset, 0.0)
        world.offsets.grow(len(world.slots))
        world.offsets["idle_k"][slot] = np.where(np.isnan(offset), world.offsets["idle_k"][slot], sure)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when boilers were last active."""
        return super().dump() | self._since.dump() | self._unlit.dump() | self._lit.dump() | self._steps.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when boilers were last active."""
        super().load(data)
        for since in (self._since, self._unlit, self._lit):
            since.load(data)
        self._steps.load(data)


def _lately(verdict: Verdict) -> Floats:
    """Return the mean of the newest days with data, as measured, NaN without any, shape (n,)."""
    past = verdict.past[:, :_SAME_DAYS]
    known = np.isfinite(past)
    number = known.sum(axis=1)
    mean = np.where(known, past, 0.0).sum(axis=1) / np.maximum(number, 1)
    return np.where(number > 0, verdict.towards * mean, np.nan)
