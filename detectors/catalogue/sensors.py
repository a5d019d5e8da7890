"""Sensors: flow and return that no longer agree when there is nothing between them.

Sees: flow - return in quiet quarters of an hour without flame or tap, when both measure the same water; the offset is
the sensors'. Needs: flow and return temperature and a sign of the flame; silent without. Source: Bosch 347 sensors
disagree, an offset beyond 2-3 K (devices guide 7). Limits: which of the two drifted is not known.
"""

import numpy as np

from boilerwatch.fold import Frames
from boilerwatch.model import Floats
from detectors.catalogue.contract import World
from detectors.catalogue.drift import Track
from detectors.catalogue.gradual import Gradual, drawing

_STILL_K = 2.0


class Sensors(Gradual):
    """Drift of a flow or return sensor, either way."""

    name = "sensors"
    source = "quarter"
    tracks = (
        Track("ntc_drift", "idle_offset_k", "k", 0, advise=3.0, warn=4.0, stop=10.0, floor=0.5, cause="idle_c",
              cause_slope=0.1, source="an offset of 2-3 K is suspicious; boilers stop where sensors disagree (Bosch 347)"),
    )  # fmt: skip

    def measure(self, frames: Frames, world: World) -> dict[str, Floats]:
        """Return flow - return, and how warm it is, where nothing burns and the flow is still."""
        flame = frames.high("flame_on")
        out = np.where(np.isnan(flame), frames.high("modulation_pct") <= 0, flame <= 0)
        still = frames.high("flow_temp_c") - frames.low("flow_temp_c") < _STILL_K
        idle = out & still & ~drawing(frames)
        flow, back = frames.mean("flow_temp_c"), frames.mean("return_temp_c")
        return {"idle_offset_k": np.where(idle, flow - back, np.nan), "idle_c": np.where(idle, back, np.nan)}
