"""Sensors: flow and return that no longer agree when there is nothing between them.

Sees: flow - return once neither flame nor tap was on for ten minutes and the pump runs, when both measure the same water;
or, without the pump, once both have come to rest at what is around them: three quarters of an hour later, when they cool by
less than 3 K an hour; where they still cool, from twenty minutes on, when water between them has mixed; where no pump is told,
after ten minutes, with the scatter that this brings. The offset is the sensors', each of the four compared with its own past. Needs: flow and return temperature and a sign of the flame;
silent without. Cadence: minutes measured, days judged. Units: kelvin. Source: Bosch 347 sensors disagree; burner off,
pump on for more than ten minutes, an offset beyond 2-3 K (devices guide 7).
Limits: which of the two drifted is not known; a sensor that drifts with its partner is not seen.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import Frames
from boilerwatch.model import Ints
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.drift import Track, Verdict
from detectors.catalogue.gradual import Gradual, SinceActive, Steps, drawing

_QUIET_MINUTES, _STANDING_MINUTES, _MIXED_MINUTES = 10, 45, 20
#: With the pump, without it at rest, where it is not told, and without it while the water still cools.
_BANDS = 4
#: Offset below which nothing is taken out of other detectors' spread. [K]
_SURE_K = 2.0
#: Water at rest does not warm, nor does its offset leap from one reading to the next. [K]
_WARMED_K, _LEAPT_K = 1.0, 2.0
_REST_K_PER_H = 3.0


class Sensors(Gradual):
    """Drift of a flow or return sensor, either way."""

    name = "sensors"
    tracks = (
        Track("ntc_drift", "idle_offset_k", "k", 0, advise=3.0, warn=4.0, stop=10.0, floor=0.5, bands=_BANDS, pooled=True,
              cause="idle_c", cause_slope=0.1, rivals=("ntc_failed",),
              source="an offset of 2-3 K is suspicious; boilers stop where sensors disagree (Bosch 347)"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._since, self._steps = SinceActive(), Steps("flow_c", "offset_k")

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
        band = np.where(np.isnan(pump), 2, np.where(pump >= 1, 0, 1)).astype(np.int64)
        at_rest = (quiet >= _STANDING_MINUTES) & (np.abs(moved) < _REST_K_PER_H * frames.gap_s / 3600)
        band = np.where((band == 1) & ~at_rest, 3, band)
        idle = quiet >= np.where(band == 3, _MIXED_MINUTES, _QUIET_MINUTES)
        return {
            "idle_offset_k": Banded(np.where(idle, flow - back, np.nan), band),
            "idle_c": Banded(np.where(idle, back, np.nan)),
        }

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Let those who read the spread know what of it is the sensors'."""
        slot = days.slot[rows]
        world.offsets.grow(len(world.slots))
        newest = self.drifts["ntc_drift"].state["ring"][slot, -3:].astype(np.float64)
        known = np.isfinite(newest)
        offset = np.where(known, newest, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        sure = np.where(np.abs(offset) >= _SURE_K, offset, 0.0)
        world.offsets["idle_k"][slot] = np.where(known.any(axis=1), sure, world.offsets["idle_k"][slot])

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when boilers were last active."""
        return super().dump() | self._since.dump() | self._steps.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when boilers were last active."""
        super().load(data)
        self._since.load(data)
        self._steps.load(data)
