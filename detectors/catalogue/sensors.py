"""Sensors: flow and return that no longer agree when there is nothing between them.

Sees: flow - return once neither flame nor tap was on for ten minutes, when both measure the same water; the offset is
the sensors'. Where the pump is told, only while it runs. Needs: flow and return temperature and a sign of the flame;
silent without. Cadence: minutes measured, days judged. Units: kelvin. Source: Bosch 347 sensors disagree; burner off,
pump on for more than ten minutes, an offset beyond 2-3 K (devices guide 7).
Limits: which of the two drifted is not known; a sensor that drifts with its partner is not seen.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import Frames
from detectors.catalogue.contract import Banded, World
from detectors.catalogue.drift import Track
from detectors.catalogue.gradual import Gradual, SinceActive, drawing

_QUIET_MINUTES = 10


class Sensors(Gradual):
    """Drift of a flow or return sensor, either way."""

    name = "sensors"
    tracks = (
        Track("ntc_drift", "idle_offset_k", "k", 0, advise=3.0, warn=4.0, stop=10.0, floor=0.5, cause="idle_c",
              cause_slope=0.1, rivals=("ntc_failed",), source="an offset of 2-3 K is suspicious; boilers stop where sensors disagree (Bosch 347)"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._since = SinceActive()

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return flow - return, and how warm it is, where water has come to rest in temperature."""
        flame, load = frames.high("flame_on"), frames.high("modulation_pct")
        sign = np.where(np.isnan(flame), load, flame)
        active = ~(sign <= 0) | drawing(frames)
        rest = self._since.minutes(frames.slot, frames.start_ms, active, len(world.slots)) >= _QUIET_MINUTES
        idle = rest & ~(frames.low("pump_on") < 1)
        flow, back = frames.mean("flow_temp_c"), frames.mean("return_temp_c")
        return {
            "idle_offset_k": Banded(np.where(idle, flow - back, np.nan)),
            "idle_c": Banded(np.where(idle, back, np.nan)),
        }

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when boilers were last active."""
        return super().dump() | self._since.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when boilers were last active."""
        super().load(data)
        self._since.load(data)
