"""Hard limits: two readings at least 60 s apart, because a lone 0.0 bar is a gateway that restarts.

Sees: water pressure, flow, return and outdoor temperature, flame. Fast fall: 0.3 bar within an hour (OTGW SAT's alarm) to
below where the boiler stood on any of its last days: a system that cools after heating falls as fast, by 0.3-0.5 bar, while
its radiators are not where its sensors are, but it comes back to its own cold pressure and stays. And it
must go on falling, by a step of a coarse sensor, because who bleeds radiators stops. Before a boiler has a
day behind it, the fall counts below 0.8 bar (SAT's lower alarm) and less 0.02 bar per kelvin of cooling. Low: 0.5 bar, about where boilers
cut out (Riello). High: 2.8 bar, where the relief valve (3 bar) is near (Vaillant S.41), over
when a day with its hot hours has passed below it: one story, not one each time the house is heated. Frost: flow below 5 °C with frost
outside or no outdoor sensor and no flame (Baxi frost protection fires below 5 °C). A pressure that is gone, or beyond the
relief valve, from one reading to the next is the sensor's when the burner goes on: a boiler without water locks out. A
flame that burns at what reads as 0.3 bar means another unit or sensor, and says nothing of the water; flow that fell
faster than water can cool, or beside a warm return, is no frost. Where pressure, flow and return all read exactly nought, a gateway
that starts anew tells them, for a minute or two where it speaks every ten seconds: nothing of that reading counts. Needs: pressure, or flow temperature; silent without.
Cadence: readings. Units: bar, degrees Celsius.
Sources: those named; OTGW SAT 0.3 bar an hour and 0.8 bar, Riello 0.5 bar, Vaillant S.41 2.8 bar, Baxi 5 °C (devices guide 6).
Limits: where no flame is told, a sensor that fails to zero is told as low pressure after half an hour.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import ranks
from boilerwatch.model import Floats, Ints, Severity
from boilerwatch.service import ServiceRow
from detectors.blocks import running_max
from detectors.catalogue.contract import FRESH_PARTS, View, World
from detectors.episodes import Episodes
from detectors.slots import Arrays

_LOW_MARGIN_BAR, _HIGH_MARGIN_BAR, _FROST_MARGIN_C = 0.2, 0.3, 3.0
FALL_WITHIN_MS = 3_600_000
QUARTER_MS = 900_000
_ANCHORS = 5
#: Rows a boiler, as a share of all, from which plain numbers are faster than arrays.
_FEW = 8
_APART_MS = 60_000
_COOLING_BAR_PER_K = 0.02
#: How far below its own lowest a boiler must be, in days of memory, and the alarm without a past. [bar, days, bar]
_FLOOR_MARGIN_BAR, _FLOOR_DAYS, _ALARM_BAR = 0.1, 4, 0.8
_QUARTERS_A_DAY = 96
_GOES_ON_BAR = 0.1
_WARM_FOR_MS = 6 * 3_600_000
_HIGH_OVER_MS = 24 * 3_600_000
#: By which pressure may fall with its water beyond the coldest known: a weak vessel's slope. [bar/K]
_FLOOR_BAR_PER_K = 0.03
#: Where a sensor that fails leaves its reading, and what it came from. [bar]
_GONE_BAR, _BEYOND_BAR, _SOUND_BAR, _DIP_BAR = 0.05, 3.6, 0.6, 0.35
_GAP_MS, _AT_ONCE_MS, _DOUBT_MS = 2_700_000, 180_000, 1_800_000
#: Nothing burns at this pressure: the reading is not the water's. [bar]
_BURNS_BAR, _BURNT_MS = 0.3, 6 * 3_600_000
_WARM_RETURN_C, _COOLS_K = 15.0, 30.0
_KINDS: tuple[tuple[str, str, Severity], ...] = (
    ("low", "slow_leak", "critical"), ("high", "filling_loop_passing", "warning"), ("frost", "frost_risk", "critical"),
)  # fmt: skip
#: What does not go on where pressure is high.
_LOSSES = ("slow_leak", "relief_valve_weeping")
_CIRCUIT = ("water_pressure_bar", "flow_temp_c", "return_temp_c")
_SIGNALS = ("water_pressure_bar", "flow_temp_c", "return_temp_c", "outdoor_temp_c", "flame_on")


class Limits:
    """Raise on a limit that holds for two readings, on a fast fall, and on a pressure that cannot be."""

    name = "limits"
    version = "6"

    def __init__(self) -> None:
        self.limits = {"low_bar": 0.5, "high_bar": 2.8, "frost_c": 5.0, "fall_bar": 0.3}
        zero = (0, np.int64, ())
        told = {f"{name}_told": (False, np.bool_, ()) for name in ("low", "high", "frost", "fall", "sensor")}
        self._since = Arrays(
            {"low": zero, "high": zero, "high_last": zero, "frost": zero, "fall": zero, "doubt": zero, "burnt": zero, "seen": zero,
             "bar": (np.nan, np.float32, ()), "anchor": (-1, np.int32, (_ANCHORS,)),
             "anchor_bar": (np.nan, np.float16, (_ANCHORS,)), "anchor_c": (np.nan, np.float16, (_ANCHORS,)),
             "warmed": zero, "fall_from": (np.nan, np.float32, ()), "floor_day": (-1, np.int32, ()), "floor_bar": (np.nan, np.float16, (_FLOOR_DAYS,)),
             "floor_c": (np.nan, np.float16, (_FLOOR_DAYS,)), **told}
        )  # fmt: skip

    def see(self, view: View, world: World) -> None:
        """Look at the boilers that came near a limit, or are beyond one."""
        self._since.grow(len(world.slots))
        n = len(view.slot)
        if not n:
            return
        nothing = np.full(n, np.nan)
        order = np.argsort(view.slot, kind="stable")
        seen = _without_noughts({name: view.columns.get(name, nothing)[order] for name in _SIGNALS})
        slot, ts_ms, bar = view.slot[order], view.ts_ms[order], seen["water_pressure_bar"]
        touched = self._touched(slot, bar, seen["flow_temp_c"], world)
        rows = np.flatnonzero(touched)
        quiet = np.flatnonzero(~touched & ~np.isnan(bar))
        self._set_anchors(slot[quiet], ts_ms[quiet], bar[quiet], seen["flow_temp_c"][quiet])
        self._since["bar"][slot[quiet]], self._since["seen"][slot[quiet]] = bar[quiet], ts_ms[quiet]
        arrival = view.received_at_ms[order]
        for rank in ranks(slot[rows]):
            one = rows[rank]
            self._look(slot[one], ts_ms[one], arrival[one], {name: values[one] for name, values in seen.items()}, world)

    def _touched(self, slot: Ints, bar: Floats, flow: Floats, world: World) -> NDArray[np.bool_]:
        """Return the rows of boilers that are near a limit or beyond one, shape (n,)."""
        starts = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
        own, sizes = slot[starts], np.diff(np.append(starts, len(slot)))

        def limit(name: str, margin: float) -> Floats:
            value = world.limit(self, name, own) + margin
            return np.repeat(value, sizes) if value.ndim else value

        highest = np.maximum.reduceat(np.nan_to_num(bar, nan=-np.inf), starts)
        for place in range(_ANCHORS):
            highest = np.fmax(highest, self._since["anchor_bar"][own, place])
        near = (bar < limit("low_bar", _LOW_MARGIN_BAR)) | (bar > limit("high_bar", -_HIGH_MARGIN_BAR))
        near |= flow < limit("frost_c", _FROST_MARGIN_C)
        near |= bar < np.repeat(highest, sizes) - limit("fall_bar", 0.0) / 2
        touched = np.logical_or.reduceat(near, starts)
        for name in ("low", "high", "frost", "fall", "doubt"):
            touched |= self._since[name][own] > 0
        return np.repeat(touched, sizes)

    def _set_anchors(self, slot: Ints, ts_ms: Ints, pressure: Floats, flow: Floats) -> None:
        """Keep the first pressure of each quarter of an hour, to see a fall from."""
        if not len(slot):
            return
        quarter = ts_ms // QUARTER_MS
        before = self._since["anchor"][slot, _ANCHORS - 1].astype(np.int64)
        reached = running_max(slot, np.maximum(quarter, before))
        previous = np.concatenate([[-1], reached[:-1]])
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        previous[begins] = before[begins]
        fresh = np.flatnonzero(quarter > previous)
        values = {"anchor": quarter, "anchor_bar": pressure, "anchor_c": flow}
        own, first, count = np.unique(slot[fresh], return_index=True, return_counts=True)
        if len(fresh) < _FEW * count.max(initial=0):  # few boilers with many quarters each: plain numbers are faster
            for one, begin, number in zip(own.tolist(), first.tolist(), count.tolist(), strict=True):
                rows = fresh[begin : begin + number]
                self._anchor_one(one, {name: column[rows] for name, column in values.items()})
            return
        for rank in ranks(slot[fresh]):
            one = fresh[rank]
            self._lower_floor(slot[one])
            for name, column in values.items():
                ring = self._since[name]
                ring[slot[one], :-1] = ring[slot[one], 1:]
                ring[slot[one], -1] = column[one]

    def _anchor_one(self, slot: int, fresh: dict[str, NDArray[Any]]) -> None:
        """Do for one boiler's quarters what is done for many boilers', one quarter after another."""
        state = self._since
        rings = {
            name: np.concatenate([state[name][slot], values.astype(state[name].dtype)])
            for name, values in fresh.items()
        }
        for name, ring in rings.items():
            state[name][slot] = ring[-_ANCHORS:]
        passed = zip(*(rings[name][:-_ANCHORS].tolist() for name in ("anchor", "anchor_bar", "anchor_c")), strict=True)
        floors, colds = state["floor_bar"][slot].tolist(), state["floor_c"][slot].tolist()
        reached, margin = int(state["floor_day"][slot]), state["floor_bar"].dtype.type(_FLOOR_MARGIN_BAR / 2)
        near_bar = float(margin.dtype.type(floors[-1]) + margin)
        for anchor, bar, warm in passed:
            if anchor < 0 or not math.isfinite(bar):
                continue
            if anchor // _QUARTERS_A_DAY > reached:
                reached = anchor // _QUARTERS_A_DAY
                floors, colds, near_bar = [*floors[1:], math.nan], [*colds[1:], math.nan], math.nan
            lower, near = not bar >= floors[-1], bar <= near_bar
            if lower and not near:
                colds[-1] = warm
            elif lower or near:
                colds[-1] = warm if math.isnan(colds[-1]) or warm < colds[-1] else colds[-1]
            if lower:
                floors[-1], near_bar = bar, float(margin.dtype.type(bar) + margin)
        state["floor_bar"][slot], state["floor_c"][slot], state["floor_day"][slot] = floors, colds, reached

    def _lower_floor(self, slot: Ints) -> None:
        """Let each boiler's oldest anchor, an hour old by now, count to the lowest pressure of its day."""
        state = self._since
        anchor, bar, warm = (state[name][slot, 0] for name in ("anchor", "anchor_bar", "anchor_c"))
        known = np.flatnonzero((anchor >= 0) & np.isfinite(bar))
        slot, day, bar, warm = slot[known], anchor[known] // _QUARTERS_A_DAY, bar[known], warm[known]
        fresh = slot[day > state["floor_day"][slot]]
        for name in ("floor_bar", "floor_c"):
            state[name][fresh, :-1] = state[name][fresh, 1:]
            state[name][fresh, -1] = np.nan
        state["floor_day"][slot] = np.maximum(day, state["floor_day"][slot])
        floor, cold = state["floor_bar"][slot, -1], state["floor_c"][slot, -1]
        lower, near = ~(bar >= floor), bar <= floor + _FLOOR_MARGIN_BAR / 2
        state["floor_c"][slot, -1] = np.where(lower & ~near, warm, np.where(lower | near, np.fmin(cold, warm), cold))
        state["floor_bar"][slot, -1] = np.where(lower, bar, floor)

    def _below_floor(self, slot: Ints, bar: Floats, flow: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where pressure is below all of the boiler's last days, and where it has such days, shape (n,)."""
        floors = self._since["floor_bar"][slot].astype(np.float64)
        known = np.asarray(np.isfinite(floors[:, :-1]).any(axis=1))
        place = np.where(np.isfinite(floors), floors, np.inf).argmin(axis=1)
        row = np.arange(len(slot))
        colder = np.nan_to_num(np.maximum(self._since["floor_c"][slot][row, place] - flow, 0))
        below: NDArray[np.bool_] = bar < floors[row, place] - _FLOOR_MARGIN_BAR - _FLOOR_BAR_PER_K * colder
        return below, known

    def _look(self, slot: Ints, ts_ms: Ints, arrival: Ints, seen: dict[str, Floats], world: World) -> None:
        """Look at one reading of each of some boilers."""
        state, bar, flow, flame = self._since, seen["water_pressure_bar"], seen["flow_temp_c"], seen["flame_on"]
        low, high, frost = (world.limit(self, name, slot) for name in ("low_bar", "high_bar", "frost_c"))
        doubtful = self._doubt(slot, ts_ms, arrival, seen, world)
        recent = ts_ms[:, None] // QUARTER_MS - state["anchor"][slot] <= FALL_WITHIN_MS // QUARTER_MS
        warmest = np.max(np.where(recent & np.isfinite(state["anchor_c"][slot]), state["anchor_c"][slot], -99), axis=1)
        frozen = (
            (flow < frost) & ~(seen["outdoor_temp_c"] > 3) & ~(flame > 0) & ~(seen["return_temp_c"] > _WARM_RETURN_C)
        )
        frozen &= ~(warmest - flow > _COOLS_K) & ~world.told(slot, "ntc_failed:flow_temp_c")
        beyond = {"low": (bar < low) & ~doubtful, "high": (bar > high) & ~doubtful, "frost": frozen}
        back = {
            "low": bar > low + _LOW_MARGIN_BAR,
            "high": (bar < high - _HIGH_MARGIN_BAR) & (ts_ms - state["high_last"][slot] >= _HIGH_OVER_MS),
            "frost": self._stays_warm(slot, ts_ms, flow > frost + _FROST_MARGIN_C),
        }
        state["high_last"][slot] = np.where(beyond["high"], ts_ms, state["high_last"][slot])
        self._fall(slot, ts_ms, arrival, seen, doubtful, recent, world)  # a burst tells more than a low pressure
        for name, kind, severity in _KINDS:
            since = state[name][slot]
            state[name][slot] = np.where(
                beyond[name], np.where(since > 0, since, ts_ms), np.where(back[name], 0, since)
            )
            holds = beyond[name] & (since > 0) & (ts_ms - since >= _APART_MS) & ~state[f"{name}_told"][slot]
            if name == "low":
                holds &= ~world.told(slot, "burst_leak")
            self._say(holds, name, kind, severity, slot, ts_ms, arrival, seen, {}, world)
            over = back[name] & (since > 0)
            state[f"{name}_told"][slot[over]] = False
            for i in np.flatnonzero(over) if kind != "slow_leak" else ():
                world.episodes.clear(world.slots.boilers[slot[i]], kind, int(ts_ms[i]), int(arrival[i]))

    def _stays_warm(self, slot: Ints, ts_ms: Ints, warm: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return where frost is over: a boiler that fires for minutes in a freezing house is warm for minutes, shape (n,)."""
        state, told = self._since, self._since["frost_told"][slot]
        since = np.where(warm & told, np.where(state["warmed"][slot] > 0, state["warmed"][slot], ts_ms), 0)
        state["warmed"][slot] = since
        return warm & (~told | (ts_ms - since >= _WARM_FOR_MS))

    def _doubt(
        self, slot: Ints, ts_ms: Ints, arrival: Ints, seen: dict[str, Floats], world: World
    ) -> NDArray[np.bool_]:
        """Return where pressure cannot be the water's; tell the sensor where the burner proves it."""
        state, bar, burns = self._since, seen["water_pressure_bar"], seen["flame_on"] > 0
        before, passed_ms = state["bar"][slot], ts_ms - state["seen"][slot]
        gone = (bar < _DIP_BAR) & (before >= _SOUND_BAR) & ((bar <= _GONE_BAR) | (passed_ms <= _AT_ONCE_MS))
        leapt = (bar >= _BEYOND_BAR) & (bar - before >= 1.0)
        doubt = np.where(
            (gone | leapt) & (passed_ms <= _GAP_MS) & (state["doubt"][slot] == 0), ts_ms, state["doubt"][slot]
        )
        sound = (bar >= _SOUND_BAR) & (bar < _BEYOND_BAR - 0.3)
        over = sound & (doubt > 0)
        holds = (doubt > 0) & ~sound & (ts_ms - doubt >= _APART_MS) & ~state["sensor_told"][slot]
        holds &= (burns & (bar <= _GONE_BAR)) | (bar >= _BEYOND_BAR)
        told = {"before_bar": before.astype(np.float64)}
        self._say(holds, "sensor", "pressure_sensor_failed", "warning", slot, ts_ms, arrival, seen, told, world)
        for i in np.flatnonzero(over & state["sensor_told"][slot]):
            world.episodes.clear(world.slots.boilers[slot[i]], "pressure_sensor_failed", int(ts_ms[i]), int(arrival[i]))
        state["sensor_told"][slot[over]] = False
        state["doubt"][slot] = np.where(over, 0, doubt)
        state["burnt"][slot] = np.where(burns & (bar <= _BURNS_BAR), ts_ms, state["burnt"][slot])
        keep = np.isfinite(bar) & (state["doubt"][slot] == 0)
        state["bar"][slot[keep]], state["seen"][slot[keep]] = bar[keep], ts_ms[keep]
        still = (state["doubt"][slot] > 0) & ((ts_ms - state["doubt"][slot] < _DOUBT_MS) | state["sensor_told"][slot])
        lit = (state["burnt"][slot] > 0) & (ts_ms - state["burnt"][slot] < _BURNT_MS)
        result: NDArray[np.bool_] = still | lit
        return result

    def _fall(
        self, slot: Ints, ts_ms: Ints, arrival: Ints, seen: dict[str, Floats], doubtful: NDArray[np.bool_],
        recent: NDArray[np.bool_], world: World,
    ) -> None:  # fmt: skip
        state, bar, flow = self._since, seen["water_pressure_bar"], seen["flow_temp_c"]
        known = np.flatnonzero(np.isfinite(bar) & ~doubtful)
        if not len(known):
            return
        slot, ts_ms, arrival, bar, flow = slot[known], ts_ms[known], arrival[known], bar[known], flow[known]
        seen = {name: values[known] for name, values in seen.items()}
        below, has_past = self._below_floor(slot, bar, flow)
        cooler = np.nan_to_num(np.maximum(state["anchor_c"][slot] - flow[:, None], 0), nan=15.0)
        cooler = np.where(has_past[:, None], 0.0, cooler)  # the floor knows what cooling does to this boiler
        falls = state["anchor_bar"][slot] - bar[:, None] - _COOLING_BAR_PER_K * cooler
        falls = np.where(recent[known] & np.isfinite(falls), falls, -np.inf)
        place = falls.argmax(axis=1)
        row = np.arange(len(slot))
        fall, began = falls[row, place], state["fall"][slot]
        fast = (fall >= world.limit(self, "fall_bar", slot)) & np.where(has_past, below, bar < _ALARM_BAR)
        state["fall"][slot] = np.where(fast, np.where(began > 0, began, ts_ms), 0)
        state["fall_from"][slot] = np.where(fast, np.where(began > 0, state["fall_from"][slot], bar), np.nan)
        goes_on = (bar <= state["fall_from"][slot] - _GOES_ON_BAR) | (bar < _ALARM_BAR)
        hours = np.maximum(
            (ts_ms - state["anchor"][slot][row, place].astype(np.int64) * QUARTER_MS) / 3_600_000, 1 / 12
        )
        holds = fast & goes_on & (began > 0) & (ts_ms - began >= _APART_MS) & ~state["fall_told"][slot]
        told = {"fall_bar": fall, "fall_bar_per_h": fall / hours}
        self._say(holds, "fall", "burst_leak", "critical", slot, ts_ms, arrival, seen, told, world)
        over = ~fast & (bar > world.limit(self, "low_bar", slot) + _LOW_MARGIN_BAR + 0.1)
        for i in np.flatnonzero(over & state["fall_told"][slot]):
            world.episodes.clear(world.slots.boilers[slot[i]], "burst_leak", int(ts_ms[i]), int(arrival[i]))
        state["fall_told"][slot[over]] = False
        self._set_anchors(slot, ts_ms, bar, flow)

    def _say(
        self, holds: NDArray[np.bool_], name: str, kind: str, severity: Severity, slot: Ints, ts_ms: Ints, arrival: Ints,
        seen: dict[str, Floats], more: dict[str, Floats], world: World,
    ) -> None:  # fmt: skip
        self._since[f"{name}_told"][slot[holds]] = True
        for i in np.flatnonzero(holds).tolist():
            facts = {key: float(values[i]) for key, values in (seen | more).items() if key != "flame_on"}
            values: dict[str, Any] = {key: round(value, 3) for key, value in facts.items() if np.isfinite(value)}
            world.episodes.say(
                world.slots.boilers[slot[i]], kind, severity=severity, at_ms=int(ts_ms[i]), received_at_ms=int(arrival[i]),
                detector=f"{self.name}@{self.version}", site=world.slots.sites[slot[i]], values=values,
                instead=_LOSSES if name == "high" else (),
            )  # fmt: skip

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Begin anew after a repair or a swap."""
        if row.what in FRESH_PARTS:
            self._since.grow(slot + 1)
            self._since.reset(slot)
            for kind, problem in (("burst_leak", "low_water_pressure"), ("pressure_sensor_failed", "pressure_sensor")):
                if problem in row.problems:
                    episodes.clear(row.boiler, kind, row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return since when each limit is passed."""
        return self._since.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take since when each limit is passed."""
        self._since.load(data)


def _without_noughts(seen: dict[str, Floats]) -> dict[str, Floats]:
    """Return readings without those of a gateway that starts anew: two or three of the sealed circuit's, all exactly nought."""
    circuit = np.stack([seen[name] for name in _CIRCUIT])
    noughts = (circuit == 0).sum(axis=0)
    anew = (noughts >= 2) & (noughts == np.isfinite(circuit).sum(axis=0))
    return seen | {name: np.where(anew, np.nan, seen[name]) for name in _CIRCUIT} if anew.any() else seen
