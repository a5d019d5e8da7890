"""Hard limits: two readings at least 60 s apart, because a lone 0.0 bar is a gateway that restarts.

Sees: water pressure, flow and outdoor temperature, flame. Fast fall: 0.3 bar within an hour (OTGW SAT's alarm), with
water no colder than 10 K than before (a cooling system falls 0.01-0.02 bar/K). Low: 0.5 bar, about where boilers cut
out (Riello). High: 2.8 bar, where the relief valve (3 bar) is near (Vaillant S.41). Frost: flow below 5 °C with frost
outside or no outdoor sensor and no flame (Baxi frost protection fires below 5 °C).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import ranks
from boilerwatch.model import Floats, Ints, Severity
from boilerwatch.service import ServiceRow
from detectors.blocks import running_max
from detectors.catalogue.contract import View
from detectors.episodes import Episodes
from detectors.slots import Arrays, Slots

LOW_BAR, LOW_CLEAR_BAR = 0.5, 0.7
HIGH_BAR, HIGH_CLEAR_BAR = 2.8, 2.5
FROST_C, FROST_CLEAR_C = 5.0, 8.0
FALL_BAR, FALL_WITHIN_MS = 0.3, 3_600_000
QUARTER_MS = 900_000
_ANCHORS = 5
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
            {"low": zero, "high": zero, "frost": zero, "fall_at": zero, "anchor": (-1, np.int64, (_ANCHORS,)),
             "anchor_bar": (np.nan, np.float64, (_ANCHORS,)), "anchor_c": (np.nan, np.float64, (_ANCHORS,))}
        )  # fmt: skip

    def see(self, view: View, slots: Slots, families: dict[str, str], episodes: Episodes) -> None:
        """Look at the boilers that came near a limit, or are beyond one."""
        self._since.grow(len(slots))
        n = len(view.slot)
        nothing = np.full(n, np.nan)
        pressure, flow, outdoor, flame = (
            view.columns.get(name, nothing)
            for name in ("water_pressure_bar", "flow_temp_c", "outdoor_temp_c", "flame_on")
        )
        if not n:
            return
        order = np.argsort(view.slot, kind="stable")
        slot, bar = view.slot[order], pressure[order]
        starts = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
        own, sizes = slot[starts], np.diff(np.append(starts, n))
        highest = np.maximum.reduceat(np.nan_to_num(bar, nan=-np.inf), starts)
        for place in range(_ANCHORS):
            highest = np.fmax(highest, self._since["anchor_bar"][own, place])
        near = (bar < LOW_CLEAR_BAR) | (bar > HIGH_CLEAR_BAR) | (flow[order] < FROST_CLEAR_C)
        near |= bar < np.repeat(highest, sizes) - FALL_BAR / 2
        touched = np.logical_or.reduceat(near, starts)
        for name in ("low", "high", "frost", "fall_at"):
            touched |= self._since[name][own] > 0
        looked_at = np.repeat(touched, sizes)
        self._set_anchors(slot, view.ts_ms[order], bar, flow[order], ~looked_at & ~np.isnan(bar))
        for row in order[looked_at].tolist():
            values = (float(pressure[row]), float(flow[row]), float(outdoor[row]), float(flame[row]))
            self._look(
                int(view.slot[row]), int(view.ts_ms[row]), int(view.received_at_ms[row]), values, slots, episodes
            )

    def _set_anchors(self, slot: Ints, ts_ms: Ints, pressure: Floats, flow: Floats, quiet: NDArray[np.bool_]) -> None:
        """For boilers far from any limit, keep the first pressure of each quarter of an hour to fall from."""
        rows = np.flatnonzero(quiet)
        if not len(rows):
            return
        slot, quarter = slot[rows], ts_ms[rows] // QUARTER_MS
        before = self._since["anchor"][slot, _ANCHORS - 1]
        reached = running_max(slot, np.maximum(quarter, before))
        previous = np.concatenate([[-1], reached[:-1]])
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        previous[begins] = before[begins]
        fresh = np.flatnonzero(quarter > previous)
        values = {"anchor": quarter, "anchor_bar": pressure[rows], "anchor_c": flow[rows]}
        for rank in ranks(slot[fresh]):
            one = fresh[rank]
            for name, column in values.items():
                ring = self._since[name]
                ring[slot[one], :-1] = ring[slot[one], 1:]
                ring[slot[one], -1] = column[one]

    def _anchor(self, slot: int, quarter: int, pressure: float, flow: float) -> None:
        for name, value in (("anchor", quarter), ("anchor_bar", pressure), ("anchor_c", flow)):
            ring = self._since[name][slot]
            ring[:-1] = ring[1:]
            ring[-1] = value

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
        boiler, since, quarter = slots.boilers[slot], self._since, ts_ms // QUARTER_MS
        recent = quarter - since["anchor"][slot] <= FALL_WITHIN_MS // QUARTER_MS
        cooler = np.nan_to_num(np.maximum(since["anchor_c"][slot] - flow, 0), nan=15.0)
        falls = np.where(recent, since["anchor_bar"][slot] - pressure - _COOLING_BAR_PER_K * cooler, -np.inf)
        place = int(np.nanargmax(falls)) if np.isfinite(falls).any() else 0
        fall = float(falls[place])
        if fall >= FALL_BAR:
            began = int(since["fall_at"][slot])
            since["fall_at"][slot] = began or ts_ms
            if began and ts_ms - began >= _APART_MS:
                hours = max((ts_ms - int(since["anchor"][slot][place]) * QUARTER_MS) / 3_600_000, 1 / 12)
                told = {**facts, "fall_bar": round(fall, 3), "fall_bar_per_h": round(fall / hours, 3)}
                episodes.say(boiler, "burst_leak", severity="critical", at_ms=ts_ms, received_at_ms=received_at_ms,
                             detector=f"{self.name}@{self.version}", site=slots.sites[slot], values=told)  # fmt: skip
        else:
            since["fall_at"][slot] = 0
            if pressure > LOW_CLEAR_BAR + 0.1:
                episodes.clear(boiler, "burst_leak", ts_ms, received_at_ms)
        if quarter > since["anchor"][slot][-1]:
            self._anchor(slot, quarter, pressure, flow)

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
