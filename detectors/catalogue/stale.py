"""A signal that stopped while its boiler still speaks: an advisory, for the sensor or the gateway's list of values.

Sees: arrivals of ten signals, looked at once an hour. A signal that was heard in a day's worth of looks, then stays away
for a day and for three times its own longest absence, is stale; signals sent on change have long absences of their own.
Cadence: hours of arrival time. Units: seconds. Needs nothing: without a signal there is none to miss; a boiler that is silent
altogether is not looked at.
Source: each signal's own past; gateways on change send what stands still a few times a day (devices guide 1 and 2).
Limits: what comes less often than daily is told late, and a sensor taken away on purpose is told once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import View, World
from detectors.episodes import Episodes
from detectors.slots import Arrays, Slots

SIGNALS: tuple[str, ...] = (
    "water_pressure_bar", "flow_temp_c", "return_temp_c", "dhw_temp_c", "flue_temp_c", "outdoor_temp_c", "modulation_pct",
    "flame_current_ua", "fan_speed_rpm", "flame_on",
)  # fmt: skip
_LOOK_S = 3_600
_LEAST_S = 24 * _LOOK_S
_ABSENCES = 3
_LOOKS = 24


class Stale:
    """Raise when a signal stays away, clear when all are back."""

    name = "stale"
    version = "2"

    def __init__(self) -> None:
        wide = (len(SIGNALS),)
        self._heard = Arrays(
            {"any": (0, np.int64, ()), "last": (0, np.int64, wide), "age_s": (0, np.int32, wide), "absence_s": (0, np.int32, wide),
             "looks": (0, np.uint8, wide), "stale": (False, np.bool_, ())}
        )  # fmt: skip
        self._looked = -1

    def see(self, view: View, world: World) -> None:
        """Note what came; look once an hour."""
        slots, episodes = world.slots, world.episodes
        self._heard.grow(len(slots))
        self._heard["any"][view.slot] = view.received_at_ms  # in order of arrival: the last assignment is the newest
        for number, name in enumerate(SIGNALS):
            if name in view.columns:
                known = ~np.isnan(view.columns[name])
                self._heard["last"][view.slot[known], number] = view.received_at_ms[known]
        if view.now_ms // (_LOOK_S * 1000) != self._looked:
            self._looked = view.now_ms // (_LOOK_S * 1000)
            self._look(view.now_ms, slots, episodes)

    def _look(self, now_ms: int, slots: Slots, episodes: Episodes) -> None:
        state, count = self._heard, len(slots)
        last, looks, absence_s = (state[name][:count] for name in ("last", "looks", "absence_s"))
        age_s = np.where(last > 0, (now_ms - last) // 1000, 0)
        speaks = now_ms - state["any"][:count] < _LOOK_S * 1000
        back = (age_s < state["age_s"][:count]) & (looks > 0)
        state["absence_s"][:count] = np.where(back, np.maximum(absence_s, state["age_s"][:count]), absence_s)
        state["age_s"][:count] = age_s
        state["looks"][:count] = np.minimum(looks + ((last > 0) & (age_s < _LOOK_S)), _LOOKS)
        gone = (looks >= _LOOKS) & (age_s > np.maximum(_LEAST_S, _ABSENCES * absence_s)) & speaks[:, np.newaxis]
        stale = gone.any(axis=1)
        for slot in np.flatnonzero(stale & ~state["stale"][:count]).tolist():
            those = np.flatnonzero(gone[slot])
            values: dict[str, Any] = {
                "signals": [SIGNALS[number] for number in those], "age_s": int(age_s[slot, those].max()),
            }  # fmt: skip
            episodes.say(
                slots.boilers[slot], "signal_stale", severity="advisory", at_ms=int(last[slot, those].max()), received_at_ms=now_ms,
                detector=f"{self.name}@{self.version}", site=slots.sites[slot], values=values,
            )  # fmt: skip
        for slot in np.flatnonzero(~stale & speaks & state["stale"][:count]).tolist():
            episodes.clear(slots.boilers[slot], "signal_stale", int(last[slot].max()), now_ms)
        state["stale"][:count] = np.where(speaks, stale, state["stale"][:count])

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """A new gateway or part may send other signals."""
        if row.what in ("swapped", "part_replaced"):
            self._heard.grow(slot + 1)
            self._heard.reset(slot)
            episodes.clear(row.boiler, "signal_stale", row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return what was heard when."""
        return {**self._heard.dump(), "looked": np.array([self._looked], np.int64)}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take what was heard when."""
        self._looked = int(data["looked"][0])
        self._heard.load({name: data[name] for name in self._heard.dump()})
