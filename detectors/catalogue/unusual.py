"""Unusual: days that do not go on like the boiler's own past, whatever the reason; advisory only.

Sees: means of each civil day of pressure, of flow less return, flue less return, flame current and fan speed while the flame
burns all the minute; weather, load, flow temperature, pump speed, burning hours and starts predict them and are not judged.
What the rest of the day and the last months do not explain must last: its ten-day mean lies `limit` standard deviations of
the boiler's own healthy ten-day means off, on `persist` days in a row. Needs: two of these signals for six weeks; silent
before and without. Cadence: minutes measured, days judged. Units: bar, kelvin, logarithms of ratios.
Told apart: where any kind with a name is told of the boiler, unusual adds nothing and is silent; where half of the judged
boilers of a site are odd at once, the cause is not in the boiler. A jump that stays is a change people made: the level moves.
A model retires, and is learned anew, when a repair, part or swap is told, when nothing came for four weeks, when half of
its columns stay odd for a month, or when one does for two: then it is no longer this boiler's.
Source: the boiler's own past; five standard deviations on four days in a row, with a tolerance of half a day's scatter, so
that a fleet of thousands stays quiet. Floors of scatter are sensor steps and weather noise (devices guide 4 and 7).
Limits: it cannot say what is wrong; a fault slower than the level follows (two months) is not seen; a fault present while it
learned is normal to it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import DAY_MS, Frames, ranks
from boilerwatch.kinds import KINDS
from boilerwatch.model import Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import FRESH_PARTS, Banded, Days, World
from detectors.catalogue.gradual import burning
from detectors.episodes import Episodes
from detectors.habit import Habit, Look

KIND = "unusual"
#: Column -> least day-to-day scatter, and the unit that a finding names it in.
_JUDGED = {
    "pressure_bar": (0.03, "bar"), "spread_k": (1.0, "k"), "flue_over_return_k": (2.0, "k"), "flame_ln": (0.04, "ln_ratio"),
    "fan_ln": (0.03, "ln_ratio"),
}  # fmt: skip
_DRIVERS = {"flow_c": 2.0, "load_pct": 4.0, "outdoor_c": 2.0, "pump_pct": 5.0, "flame_h": 1.0, "starts_ln": 0.3}
_COLUMNS = (*_JUDGED, *_DRIVERS)
_MEASURED = tuple(name for name in _COLUMNS if name not in ("flame_h", "starts_ln"))
_PRESSURE = _COLUMNS.index("pressure_bar")
_LEAST_MINUTES = 4
_CLEAR_SHARE, _CLEAR_DAYS = 0.6, 3
_SITE_LEAST, _RECENT_DAYS = 6, 2
#: A model that half of its columns, or any, contradict for so long is not this boiler's. [days]
_MISFIT_DAYS, _LASTING_DAYS = 30, 60
#: Why a model was given up, as kept in the state and told with the next finding.
REASONS = ("first", "service", "does_not_fit", "lasted")


class Unusual:
    """Learn each boiler's habit, and say when it is no longer kept."""

    name = "unusual"
    version = "2"

    def __init__(self) -> None:
        self.features = dict.fromkeys(_MEASURED, 1)
        self.limits = {"limit": 5.0, "persist": 4.0}
        floors = np.array([*(floor for floor, _ in _JUDGED.values()), *_DRIVERS.values()])
        self._habit = Habit(floors, np.array([name in _DRIVERS for name in _COLUMNS]))
        count = (0, np.uint8, ())
        self._state = Arrays(
            {
                "streak": count, "calm": count, "misfit": count, "lasted": count, "reason": count,
                "odd": (0.0, np.float16, ()), "day": (0, np.int32, ()),
            }
        )  # fmt: skip

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return what each minute adds to its day."""
        lit = burning(frames)
        back = frames.mean("return_temp_c")
        flow = frames.mean("flow_temp_c")
        values = {
            "pressure_bar": frames.mean("water_pressure_bar"),
            "outdoor_c": frames.mean("outdoor_temp_c"),
            "flow_c": np.where(lit, flow, np.nan),
            "spread_k": np.where(lit, flow - back, np.nan),
            "flue_over_return_k": np.where(lit, frames.mean("flue_temp_c") - back, np.nan),
            "flame_ln": _log_where(lit, frames.mean("flame_current_ua"), 0.5),
            "fan_ln": _log_where(lit, frames.mean("fan_speed_rpm"), 100.0),
            "load_pct": np.where(lit, frames.mean("modulation_pct"), np.nan),
            "pump_pct": np.where(lit, frames.mean("pump_modulation_pct"), np.nan),
        }
        return {name: Banded(one) for name, one in values.items()}

    def judge(self, days: Days, world: World) -> None:
        """Look at closed days, one of each boiler after another."""
        self._state.grow(len(world.slots))
        table = self._table(days)
        for rows in ranks(days.slot):
            slot = days.slot[rows]
            limit = world.limit(self, "limit", slot)
            mine, look = self._habit.take(slot, days.gap_days[rows], table[rows], limit)
            if len(mine):
                self._decide(rows[mine], look, days, np.broadcast_to(limit, slot.shape)[mine], world)

    def _table(self, days: Days) -> Floats:
        """Return the day's columns, NaN where too few minutes tell, shape (n, columns)."""
        columns = [np.where(days.count[name][:, 0] >= _LEAST_MINUTES, days.only(name), np.nan) for name in _MEASURED]
        columns += [days.flame_on_s / 3600, np.log1p(np.maximum(days.starts, 0))]
        order = [(*_MEASURED, "flame_h", "starts_ln").index(name) for name in _COLUMNS]
        return np.column_stack(columns)[:, order]

    def _decide(self, rows: Ints, look: Look, days: Days, limit: Floats, world: World) -> None:
        slot, state = days.slot[rows], self._state
        worst = look.odd.max(axis=1)
        state["odd"][slot] = np.clip(worst / limit, 0, 100)
        state["day"][slot] = days.day_start_ms[rows] // DAY_MS
        odd = look.judged & (worst >= limit) & ~look.jumped
        calm = look.judged & (worst < _CLEAR_SHARE * limit)
        known = np.maximum((look.odd > 0).sum(axis=1), 2)
        most = odd & (2 * (look.odd >= limit[:, None]).sum(axis=1) > known)
        for name, there in (("streak", odd), ("calm", calm), ("misfit", most), ("lasted", odd)):
            state[name][slot] = np.where(there, np.minimum(state[name][slot], 254) + 1, 0)
        telling = (state["streak"][slot] >= world.limit(self, "persist", slot)) & ~world.told(slot, KIND)
        if telling.any():
            telling &= ~self._everywhere(slot, world)
        for i in np.flatnonzero(telling):
            if not _explained(world, world.slots.boilers[int(slot[i])]):
                self._say(int(rows[i]), int(i), look, days, world)
        self._end(rows, days, world)

    def _end(self, rows: Ints, days: Days, world: World) -> None:
        """Clear what is calm again, and give up models that do not fit."""
        slot, state = days.slot[rows], self._state
        unfit, lasted = state["misfit"][slot] >= _MISFIT_DAYS, state["lasted"][slot] >= _LASTING_DAYS
        over = unfit | lasted | (state["calm"][slot] >= _CLEAR_DAYS)
        if world.episodes.raised:
            for i in np.flatnonzero(over & world.told(slot, KIND)):
                row = int(rows[i])
                at = int(days.newest_ms[row]), int(days.received_at_ms[row])
                world.episodes.clear(world.slots.boilers[int(slot[i])], KIND, *at)
        for there, reason in ((unfit, "does_not_fit"), (lasted & ~unfit, "lasted")):
            if there.any():
                self._retire(slot[there], reason)

    def _retire(self, slot: Ints, reason: str) -> None:
        self._habit.forget(slot)
        self._state.reset(slot)
        self._state["reason"][slot] = REASONS.index(reason)

    def _everywhere(self, slot: Ints, world: World) -> NDArray[np.bool_]:
        """Return where half of the site's boilers are half as odd as it takes: the cause is outside, shape (n,)."""
        site = world.slots.site_numbers() + 1
        size = len(site)
        recent = self._state["day"][:size] >= self._state["day"][slot].max() - _RECENT_DAYS
        recent &= site > 0
        members = np.bincount(site, recent)
        off = np.bincount(site, recent & (self._state["odd"][:size] >= 0.5))
        shared = (members >= _SITE_LEAST) & (2 * off >= members)
        result: NDArray[np.bool_] = shared[site[slot]]
        return result

    def _say(self, row: int, i: int, look: Look, days: Days, world: World) -> None:
        slot = int(days.slot[row])
        column = int(look.odd[i].argmax())
        name = _COLUMNS[column]
        floor, unit = _JUDGED[name]
        values: dict[str, Any] = {
            "signal": name, f"apart_{unit}": round(float(look.apart[i, column] * floor), 4),
            "standard_deviations": round(float(look.odd[i, column]), 1),
            "learned_days": int(self._habit.days(np.array([slot]))[0]),
            "model": REASONS[int(self._state["reason"][slot])],
        }  # fmt: skip
        world.episodes.say(
            world.slots.boilers[slot], KIND, severity="advisory", at_ms=int(days.newest_ms[row]),
            received_at_ms=int(days.received_at_ms[row]), detector=f"{self.name}@{self.version}",
            site=world.slots.sites[slot], values=values, confidence=0.5,
        )  # fmt: skip

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Learn anew after a repair, a new part or a swap; a top-up moves the pressure's level."""
        self._state.grow(slot + 1)
        if row.what in FRESH_PARTS:
            self._retire(np.array([slot]), "service")
            episodes.clear(row.boiler, KIND, row.at_ms, row.at_ms)
        elif row.what == "topped_up":
            self._habit.shift(slot, _PRESSURE)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return habits and streaks."""
        return self._habit.dump() | {f"state.{name}": v for name, v in self._state.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take habits and streaks."""
        self._habit.load(data)
        self._state.load({n.removeprefix("state."): v for n, v in data.items() if n.startswith("state.")})


def _log_where(lit: NDArray[np.bool_], values: Floats, least: float) -> Floats:
    there = lit & (values > least)
    return np.where(there, np.log(np.where(there, values, 1.0)), np.nan)


def _explained(world: World, boiler: str) -> bool:
    """Return whether a kind with a name is told of the boiler."""
    return any(world.episodes.in_kind(boiler, kind.name) for kind in KINDS if kind.name != KIND)
