"""The detector one would write first: vendors' limits on single readings, two in a row. What the catalogue must beat.

Its limits are the firmware's and the manuals' (devices guide 5 and 6): pressure below 0.8 or above 2.5 bar (OTGW SAT),
35 K between flow and return (Riello), flue above 105 °C, flame current below 5 µA (Viessmann), a fan a tenth off its set
point, flow below 5 °C without a flame (Baxi), a sensor at its rail, hot water 10 K short at full load.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import ranks
from boilerwatch.model import Floats
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import View, World
from detectors.episodes import Episodes

_APART_MS = 60_000
_CLEAR_MS = 86_400_000
_RULES = (
    "slow_leak", "filling_loop_passing", "circulation_loss", "exchanger_scale", "flame_signal_decay", "fan_wear", "frost_risk",
    "ntc_failed", "plate_scale",
)  # fmt: skip


class PlainThreshold:
    """Raise what two readings in a row say, clear after a day without."""

    name = "plain_threshold"
    version = "1"

    def __init__(self) -> None:
        wide = (len(_RULES),)
        self._since = Arrays({"first": (0, np.int64, wide), "last": (0, np.int64, wide)})

    def see(self, view: View, world: World) -> None:
        """Hold every reading against every limit."""
        self._since.grow(len(world.slots))
        order = np.argsort(view.slot, kind="stable")
        nothing = np.full(len(order), np.nan)
        columns = {name: values[order] for name, values in view.columns.items()}
        beyond = _beyond({name: columns.get(name, nothing) for name in _NAMES})
        slot, ts_ms, arrival = view.slot[order], view.ts_ms[order], view.received_at_ms[order]
        for rows in ranks(slot):
            own, at = slot[rows], ts_ms[rows, None]
            first, last = self._since["first"][own], self._since["last"][own]
            holds = beyond[rows] & (first > 0) & (at - first >= _APART_MS)
            over = ~beyond[rows] & (last > 0) & (at - last > _CLEAR_MS)
            self._since["first"][own] = np.where(beyond[rows], np.where(first > 0, first, at), 0)
            self._since["last"][own] = np.where(over, 0, np.where(holds, at, last))
            for row, rule in np.argwhere(holds & (last == 0)).tolist():
                boiler = world.slots.boilers[int(own[row])]
                world.episodes.say(
                    boiler, _RULES[rule], severity="warning", at_ms=int(ts_ms[rows[row]]),
                    received_at_ms=int(arrival[rows[row]]), detector=f"{self.name}@{self.version}",
                )  # fmt: skip
            for row, rule in np.argwhere(over).tolist():
                boiler, at_ms = world.slots.boilers[int(own[row])], int(ts_ms[rows[row]])
                world.episodes.clear(boiler, _RULES[rule], at_ms, int(arrival[rows[row]]))

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Know nothing of what people do."""

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return since when each limit is passed."""
        return self._since.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take since when each limit is passed."""
        self._since.load(data)


_NAMES = (
    "water_pressure_bar", "flow_temp_c", "return_temp_c", "flue_temp_c", "flame_current_ua", "flame_on", "fan_speed_rpm",
    "fan_setpoint_rpm", "dhw_active", "dhw_setpoint_c", "dhw_temp_c", "modulation_pct",
)  # fmt: skip


def _beyond(seen: dict[str, Floats]) -> NDArray[np.bool_]:
    """Return which rule each reading breaks, shape (n, rules)."""
    bar, flow, back = seen["water_pressure_bar"], seen["flow_temp_c"], seen["return_temp_c"]
    lit, fan, wanted = seen["flame_on"] > 0, seen["fan_speed_rpm"], seen["fan_setpoint_rpm"]
    short = (seen["dhw_active"] > 0) & lit & (seen["modulation_pct"] > 90)
    return np.column_stack([
        bar < 0.8, bar > 2.5, lit & (flow - back > 35), lit & (seen["flue_temp_c"] > 105), lit & (seen["flame_current_ua"] < 5),
        lit & (wanted > 0) & (np.abs(fan - wanted) > 0.1 * wanted), (flow < 5) & (seen["flame_on"] == 0),
        (flow <= 1) | (flow >= 112) | (back <= 1) | (back >= 112), short & (seen["dhw_setpoint_c"] - seen["dhw_temp_c"] > 10),
    ])  # fmt: skip
