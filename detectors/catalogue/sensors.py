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

from boilerwatch.arrays import Arrays
from boilerwatch.fold import MINUTE_MS, Frames
from boilerwatch.model import Floats, Ints
from detectors.blocks import running_max
from detectors.catalogue.contract import Banded, World
from detectors.catalogue.drift import Track
from detectors.catalogue.gradual import Gradual, drawing

_QUIET_MINUTES = 10


class Sensors(Gradual):
    """Drift of a flow or return sensor, either way."""

    name = "sensors"
    tracks = (
        Track("ntc_drift", "idle_offset_k", "k", 0, advise=3.0, warn=4.0, stop=10.0, floor=0.5, cause="idle_c",
              cause_slope=0.1, source="an offset of 2-3 K is suspicious; boilers stop where sensors disagree (Bosch 347)"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._active = Arrays({"minute": (-1, np.int32, ())})

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return flow - return, and how warm it is, where water has come to rest in temperature."""
        flame = frames.high("flame_on")
        burns = np.where(np.isnan(flame), frames.high("modulation_pct") > 0, flame > 0) | drawing(frames)
        known = ~np.isnan(np.where(np.isnan(flame), frames.high("modulation_pct"), flame))
        since = self._minutes_since(frames.slot, frames.start_ms // MINUTE_MS, burns | ~known, world)
        idle = (since >= _QUIET_MINUTES) & ~(frames.low("pump_on") < 1)
        flow, back = frames.mean("flow_temp_c"), frames.mean("return_temp_c")
        return {
            "idle_offset_k": Banded(np.where(idle, flow - back, np.nan)),
            "idle_c": Banded(np.where(idle, back, np.nan)),
        }

    def _minutes_since(self, slot: Ints, minute: Ints, active: NDArray[np.bool_], world: World) -> Floats:
        """Return minutes since the boiler was last active, 0 where that is not known, shape (n,)."""
        self._active.grow(len(world.slots))
        state = self._active["minute"]
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        last = np.where(active, minute, -1)
        last[begins] = np.maximum(last[begins], np.where(state[slot[begins]] < 0, minute[begins], state[slot[begins]]))
        last = running_max(slot, last)
        state[slot] = last  # sorted by time: the last assignment is the newest
        return (minute - last).astype(np.float64)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when boilers were last active."""
        return super().dump() | {f"active.{name}": values for name, values in self._active.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when boilers were last active."""
        super().load({name: values for name, values in data.items() if not name.startswith("active.")})
        self._active.load({"minute": data["active.minute"]})
