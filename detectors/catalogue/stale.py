"""A signal that stopped while its boiler still speaks: an advisory, for the sensor or the gateway's list of values.

Sees: arrivals of ten signals, looked at once an hour. A signal that was heard in a day's worth of looks, then stays away
for a day and for three times its own longest absence, is stale; signals sent on change have long absences of their own.
Cadence: hours of arrival time. Needs nothing; a boiler that is silent altogether is not looked at.
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
_LOOK_MS = 3_600_000
_LEAST_MS = 24 * 3_600_000
_ABSENCES = 3
_LOOKS = 24


class Stale:
    """Raise when a signal stays away, clear when all are back."""

    name = "stale"
    version = "1"

    def __init__(self) -> None:
        wide = (len(SIGNALS),)
        self._heard = Arrays(
            {"any": (0, np.int64, ()), "last": (0, np.int64, wide), "age": (0, np.int64, wide), "absence": (0, np.int64, wide),
             "looks": (0, np.int16, wide), "stale": (False, np.bool_, ())}
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
        if view.now_ms // _LOOK_MS != self._looked:
            self._looked = view.now_ms // _LOOK_MS
            self._look(view.now_ms, slots, episodes)

    def _look(self, now_ms: int, slots: Slots, episodes: Episodes) -> None:
        state, count = self._heard, len(slots)
        last, looks, absence = (state[name][:count] for name in ("last", "looks", "absence"))
        age = now_ms - last
        speaks = now_ms - state["any"][:count] < _LOOK_MS
        back = (age < state["age"][:count]) & (looks > 0)
        state["absence"][:count] = np.where(back, np.maximum(absence, state["age"][:count]), absence)
        state["age"][:count] = np.where(last > 0, age, 0)
        state["looks"][:count] = np.minimum(looks + ((last > 0) & (age < _LOOK_MS)), _LOOKS)
        gone = (looks >= _LOOKS) & (age > np.maximum(_LEAST_MS, _ABSENCES * absence)) & speaks[:, np.newaxis]
        stale = gone.any(axis=1)
        for slot in np.flatnonzero(stale & ~state["stale"][:count]).tolist():
            those = np.flatnonzero(gone[slot])
            values: dict[str, Any] = {
                "signals": [SIGNALS[number] for number in those], "age_s": int(age[slot, those].max()) // 1000,
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
