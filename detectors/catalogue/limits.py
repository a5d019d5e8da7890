"""Hard limits: two readings at least 60 s apart, because a lone 0.0 bar is a gateway that restarts.

Sees: water pressure, flow and outdoor temperature, flame. Fast fall: 0.3 bar within an hour (OTGW SAT's alarm), with
water no colder than 10 K than before (a cooling system falls 0.01-0.02 bar/K). Low: 0.5 bar, about where boilers cut
out (Riello). High: 2.8 bar, where the relief valve (3 bar) is near (Vaillant S.41). Frost: flow below 5 °C with frost
outside or no outdoor sensor and no flame (Baxi frost protection fires below 5 °C).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Severity
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import View
from detectors.episodes import Episodes
from detectors.slots import Arrays, Slots, per_slot

LOW_BAR, LOW_CLEAR_BAR = 0.5, 0.7
HIGH_BAR, HIGH_CLEAR_BAR = 2.8, 2.5
FROST_C, FROST_CLEAR_C = 5.0, 8.0
FALL_BAR, FALL_WITHIN_MS = 0.3, 3_600_000
_APART_MS = 60_000
_COOLING_BAR_PER_K = 0.02
_LIMITS: tuple[tuple[str, str, Severity], ...] = (
    ("low", "slow_leak", "critical"), ("high", "filling_loop_passing", "warning"), ("frost", "frost_risk", "critical"),
)  # fmt: skip


class Limits:
    """Raise on a limit that holds for two readings, and on a fast fall."""

    name = "limits"
    version = "1"

    def __init__(self) -> None:
        zero = (0, np.int64, ())
        self._since = Arrays(
            {"low": zero, "high": zero, "frost": zero, "top_at": zero, "fall_at": zero,
             "top": (np.nan, np.float64, ()), "top_warm": (np.nan, np.float64, ())}
        )  # fmt: skip

    def see(self, view: View, slots: Slots, families: dict[str, str], episodes: Episodes) -> None:  # noqa: ARG002
        """Look at the boilers that came near a limit, or are beyond one."""
        self._since.grow(len(slots))
        n = len(view.slot)
        nothing = np.full(n, np.nan)
        pressure, flow, outdoor, flame = (
            view.columns.get(name, nothing)
            for name in ("water_pressure_bar", "flow_temp_c", "outdoor_temp_c", "flame_on")
        )
        near = (pressure < LOW_CLEAR_BAR) | (pressure > HIGH_CLEAR_BAR) | (flow < FROST_CLEAR_C)
        near |= pressure < self._since["top"][view.slot] - FALL_BAR / 2
        touched = np.zeros(len(self._since["low"]), np.bool_)
        touched[view.slot[near]] = True
        for name in ("low", "high", "frost", "fall_at"):
            touched |= self._since[name] > 0
        self._remember_tops(view, pressure, flow, ~touched[view.slot])
        rows = np.flatnonzero(touched[view.slot])
        for group in per_slot(view.slot[rows]) if len(rows) else []:
            for row in rows[group]:
                values = (float(pressure[row]), float(flow[row]), float(outdoor[row]), float(flame[row]))
                self._look(
                    int(view.slot[row]), int(view.ts_ms[row]), int(view.received_at_ms[row]), values, slots, episodes
                )

    def _remember_tops(self, view: View, pressure: Floats, flow: Floats, quiet: NDArray[np.bool_]) -> None:
        """Keep, for boilers far from any limit, the newest pressure to fall from."""
        rows = np.flatnonzero(quiet & ~np.isnan(pressure))
        slot = view.slot[rows]
        self._since["top"][slot] = pressure[rows]
        self._since["top_warm"][slot] = flow[rows]
        self._since["top_at"][slot] = view.ts_ms[rows]

    def _look(
        self, slot: int, ts_ms: int, received_at_ms: int, values: tuple[float, float, float, float], slots: Slots,
        episodes: Episodes,
    ) -> None:  # fmt: skip
        pressure, flow, outdoor, flame = values
        boiler, site = slots.boilers[slot], slots.sites[slot]
        frosty = flow < FROST_C and not outdoor > 3 and not flame > 0
        beyond = {"low": pressure < LOW_BAR, "high": pressure > HIGH_BAR, "frost": frosty}
        back = {"low": pressure > LOW_CLEAR_BAR, "high": pressure < HIGH_CLEAR_BAR, "frost": flow > FROST_CLEAR_C}
        seen = {"water_pressure_bar": pressure, "flow_temp_c": flow, "outdoor_temp_c": outdoor}
        facts: dict[str, Any] = {name: round(value, 3) for name, value in seen.items() if np.isfinite(value)}
        detector = f"{self.name}@{self.version}"
        for name, kind, severity in _LIMITS:
            since = int(self._since[name][slot])
            if beyond[name]:
                self._since[name][slot] = since or ts_ms
                if (
                    since
                    and ts_ms - since >= _APART_MS
                    and not (name == "low" and episodes.is_raised(boiler, "burst_leak"))
                ):
                    episodes.say(boiler, kind, severity=severity, at_ms=ts_ms, received_at_ms=received_at_ms,
                                 detector=detector, site=site, values=facts)  # fmt: skip
            elif back[name]:
                if since and kind != "slow_leak":
                    episodes.clear(boiler, kind, ts_ms, received_at_ms)
                self._since[name][slot] = 0
        self._look_for_fall(slot, ts_ms, received_at_ms, pressure, flow, facts, slots, episodes)

    def _look_for_fall(
        self, slot: int, ts_ms: int, received_at_ms: int, pressure: float, flow: float, facts: dict[str, Any], slots: Slots,
        episodes: Episodes,
    ) -> None:  # fmt: skip
        if not np.isfinite(pressure):
            return
        since = self._since
        top, top_at, top_warm = float(since["top"][slot]), int(since["top_at"][slot]), float(since["top_warm"][slot])
        boiler = slots.boilers[slot]
        cooler = max(top_warm - flow, 0) if np.isfinite(top_warm) and np.isfinite(flow) else 15.0
        fall = top - pressure - _COOLING_BAR_PER_K * cooler
        falls = ts_ms > top_at and fall >= FALL_BAR and ts_ms - top_at <= 2 * FALL_WITHIN_MS
        if falls and since["fall_at"][slot] and ts_ms - since["fall_at"][slot] >= _APART_MS:
            rate = fall / max((ts_ms - top_at) / 3_600_000, 1 / 12)
            episodes.say(boiler, "burst_leak", severity="critical", at_ms=ts_ms, received_at_ms=received_at_ms,
                         detector=f"{self.name}@{self.version}", site=slots.sites[slot],
                         values={**facts, "fall_bar": round(fall, 3), "fall_bar_per_h": round(rate, 3)})  # fmt: skip
        elif falls and not since["fall_at"][slot]:
            since["fall_at"][slot] = ts_ms
        elif not falls:
            since["fall_at"][slot] = 0
            if pressure > LOW_CLEAR_BAR and pressure > top - FALL_BAR / 2:
                episodes.clear(boiler, "burst_leak", ts_ms, received_at_ms)
            if pressure >= top or ts_ms - top_at > FALL_WITHIN_MS or not np.isfinite(top):
                since["top"][slot], since["top_at"][slot], since["top_warm"][slot] = pressure, ts_ms, flow

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Begin anew after a repair or a swap."""
        if row.what in ("repaired", "part_replaced", "swapped"):
            self._since.grow(slot + 1)
            self._since.reset(slot)
            if "low_water_pressure" in row.problems:
                episodes.clear(row.boiler, "burst_leak", row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return since when each limit is passed."""
        return self._since.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take since when each limit is passed."""
        self._since.load(data)
