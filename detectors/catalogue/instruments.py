"""Instruments that fail: a reading at its rail, or one that does not move though what it measures must.

Sees: the newest reading of six sensors in each ten minutes, and how often the flame came and went meanwhile. A reading that
is the same to the last digit across several burner starts (or, of the weather, for a day and a half), far longer than it
ever stood before, is stuck; one that leapt to where no water or gas is and stands there is broken (open or short). Needs:
each sensor by itself, and the flame for all but the outdoor one; silent without. Cadence: ten minutes. Units: minutes.
Told apart: several sensors that leap at once are another unit or gateway, and nothing is told; what was never seen to move
is not fitted. Source: value at rail or exactly constant while modulation changes; pressure constant to the last digit
for days (devices guide 7). Limits: a coarse sensor stands still for long by nature: its own longest stand counts threefold,
and pressure in steps of 0.1 bar must stand still for two weeks. What stands on a tenth may be told in tenths from now on: new
firmware. Pressure is told sooner where its water has warmed and cooled by far more than its steps can hide while heating burnt:
a sound system moves by 0.005 bar/K at least (devices guide 6), so 5 K move the last digit of hundredths twice. Hours in which
nothing came are no standing still, and of a gateway that seldom speaks eighteen looks are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import MINUTE_MS, Frames, ranks
from boilerwatch.model import Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.blocks import running_max
from detectors.catalogue.contract import FRESH_PARTS, World
from detectors.episodes import Episodes

_LOOK_MINUTES = 10
_MOVES, _STANDS = 50, 3
#: A sound system's pressure rises by so much at least, and it must have moved by so many of its sensor's steps. [bar/K, -]
_LEAST_BAR_PER_K, _STEPS = 0.005, 2.5
#: Hours, times the flame came or went and looks at a heating fire that a pressure stands for at least, with warmth to move it.
_WARM_STILL_H, _WARM_TURNS, _WARM_FIRES = 4.0, 8, 6


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor.

    Attributes
    ----------
    signal, kind, problem
        What it is, and what is told when it fails.
    still_h, starts
        Hours it may stand still, and times the flame must have come or gone meanwhile, at least. [h, -]
    low, high
        Readings at or beyond which it is at a rail.
    leap
        How far it must have leapt to get there.
    """

    signal: str
    kind: str
    problem: str
    still_h: float
    starts: int
    low: float
    high: float
    leap: float

    @property
    def key(self) -> str:
        """What its episode is raised under; several temperature sensors of a boiler may fail."""
        return f"{self.kind}:{self.signal}" if self.kind == "ntc_failed" else self.kind


SENSORS: tuple[Sensor, ...] = (
    Sensor("flow_temp_c", "ntc_failed", "ntc_flow", 3, 4, 1.0, 112.0, 15.0),
    Sensor("return_temp_c", "ntc_failed", "ntc_return", 4, 6, 1.0, 112.0, 12.0),
    Sensor("dhw_temp_c", "ntc_failed", "ntc_dhw", 36, 24, 1.0, 98.0, 15.0),
    Sensor("flue_temp_c", "ntc_failed", "ntc_flue", 3, 4, 1.0, 250.0, 12.0),
    Sensor("outdoor_temp_c", "ntc_failed", "ntc_outdoor", 36, 0, -45.0, 55.0, 20.0),
    Sensor("water_pressure_bar", "pressure_sensor_failed", "pressure_sensor", 72, 24, -1.0, 99.0, 9.0),
)
#: A pressure sensor of coarser steps must stand still this much longer. [bar, -]
_COARSE_BAR, _COARSE_TIMES = 0.05, 14 / 3
#: Steps that makers tell pressure in, and how near a value must be to one to be of it. [bar]
_GRIDS_BAR, _ON_GRID_BAR = (0.05, 0.1), 0.002
#: After a gap of so long nobody knows whether it stood. Looks that a standing reading was seen at, at least. [min, -]
_GAP_MINUTES, _LOOKS = 120, 18


class Instruments:
    """Raise when a sensor stands at a rail or still, clear when it moves again."""

    name = "instruments"
    version = "3"
    cadence: Any = "minute"

    def __init__(self) -> None:
        self.limits = {f"{one.signal}_still_h": one.still_h for one in SENSORS}
        wide = (len(SENSORS),)
        self._of = Arrays(
            {"looked": (-1, np.int32, ()), "flame": (0, np.int8, ()), "turns": (0, np.int32, ()),
             "value": (np.nan, np.float32, wide), "since": (0, np.int32, wide), "turned": (0, np.int32, wide),
             "before": (np.nan, np.float32, wide), "longest": (0, np.int32, wide), "step": (np.inf, np.float32, wide),
             "heard": (-1, np.int32, wide), "moves": (0, np.uint8, wide), "told": (False, np.bool_, wide),
             "coldest": (np.nan, np.float32, ()), "warmest": (np.nan, np.float32, ()), "fires": (0, np.int32, ())}
        )  # fmt: skip

    def step(self, frames: Frames, world: World) -> None:
        """Look at the first minute of each ten."""
        self._of.grow(len(world.slots))
        ten = frames.start_ms // MINUTE_MS // _LOOK_MINUTES
        begins = np.concatenate([[True], frames.slot[1:] != frames.slot[:-1]])
        before = np.where(begins, self._of["looked"][frames.slot], np.concatenate([[-1], ten[:-1]]))
        rows = np.flatnonzero(ten > before)
        if not len(rows):
            return
        seen = frames.take(rows)
        self._of["looked"][seen.slot] = ten[rows]
        turns = self._turns(seen)
        values = np.column_stack([seen.last(one.signal) for one in SENSORS])
        leapt = self._leaps(seen.slot, values)
        for number, sensor in enumerate(SENSORS):
            if seen.has(sensor.signal):
                self._look(number, sensor, seen, values[:, number], turns, leapt, world)

    def _turns(self, seen: Frames) -> Ints:
        """Return how often the flame had come or gone up to each row, shape (n,)."""
        slot = seen.slot
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        flame = np.nan_to_num(seen.last("flame_on")).astype(np.int64)
        before = np.where(begins, self._of["flame"][slot], np.concatenate([[0], flame[:-1]]))
        turned = (flame != before).astype(np.int64)
        turned += (np.nan_to_num(seen.starts) >= 1) & (turned == 0)
        first = np.maximum.accumulate(np.where(begins, np.arange(len(slot)), 0))
        total = np.cumsum(turned)
        turns = self._of["turns"][slot] + total - total[first] + turned[first]
        self._of["flame"][slot], self._of["turns"][slot] = flame, turns
        result: Ints = turns.astype(np.int64)
        return result

    def _leaps(self, slot: Ints, values: Floats) -> NDArray[np.bool_]:
        """Return where two or more sensors are at a rail at once: that is no sensor's fault, shape (n,)."""
        low, high = (np.array([getattr(one, name) for one in SENSORS]) for name in ("low", "high"))
        result: NDArray[np.bool_] = ((values <= low) | (values >= high)).sum(axis=1) >= 2
        return result

    def _look(
        self, number: int, sensor: Sensor, seen: Frames, values: Floats, turns: Ints,
        many: NDArray[np.bool_], world: World,
    ) -> None:  # fmt: skip
        rows = np.flatnonzero(~np.isnan(values))
        if not len(rows):
            return
        of, slot, value = self._of, seen.slot[rows], values[rows].astype(np.float32)
        minute, turns = seen.start_ms[rows] // MINUTE_MS, turns[rows]
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        before = np.where(begins, of["value"][slot, number], np.concatenate([value[:1], value[:-1]]))
        fresh = np.isnan(before)
        moved = fresh | (value != before)
        heard = np.where(begins, of["heard"][slot, number], np.concatenate([minute[:1], minute[:-1]]))
        passed_min = np.where(heard < 0, 0, minute - heard)
        anew = moved | (passed_min > _GAP_MINUTES)
        since = _carried(slot, begins, anew, minute, of["since"][slot, number])
        turned = _carried(slot, begins, anew, turns, of["turned"][slot, number])
        came = _held_at(begins, moved, before, of["before"][slot, number])
        stood = np.where(moved & ~fresh, minute - np.concatenate([[0], since[:-1]]), 0)
        stood = np.where(begins & moved & ~fresh, minute - of["since"][slot, number], stood)
        told = of["told"][slot, number]
        stood = np.where(told & begins, 0, stood)  # how long a failed one stood is not its habit
        longest = running_max(slot, np.maximum(stood, of["longest"][slot, number]))
        moves = np.minimum(of["moves"][slot, number] + _count_up(begins, moved & ~fresh), 255)
        step = np.where(moved & ~fresh, np.abs(value - before), np.inf)
        np.minimum.at(of["step"][:, number], slot, step.astype(np.float32))
        needed = world.limit(self, f"{sensor.signal}_still_h", slot) * 60.0
        needed = np.maximum(needed, _LOOKS * np.minimum(passed_min, _GAP_MINUTES))
        starts = np.full(len(rows), sensor.starts)
        if sensor.signal == "water_pressure_bar":
            coarsest = _coarsest_step(values[rows], of["step"][slot, number])
            needed = np.where(coarsest > _COARSE_BAR, needed * _COARSE_TIMES, needed)
            must_move = self._must_move(seen.take(rows), anew, coarsest)
            needed = np.where(must_move, np.minimum(needed, _WARM_STILL_H * 60), needed)
            starts = np.where(must_move, _WARM_TURNS, starts)
        stuck = (minute - since >= np.maximum(needed, _STANDS * longest)) & (turns - turned >= starts)
        stuck &= moves >= _MOVES
        railed = ((value <= sensor.low) | (value >= sensor.high)) & (np.abs(value - came) >= sensor.leap)
        railed &= ~many[rows] & (minute - since >= _LOOK_MINUTES)
        self._tell(number, sensor, seen, rows, stuck, railed, moved & ~fresh, minute - since, turns - turned, world)
        for name, row in (
            ("value", value),
            ("since", since),
            ("heard", minute),
            ("turned", turned),
            ("before", came),
            ("longest", longest),
        ):
            of[name][slot, number] = row  # sorted by time: the last assignment is the newest
        of["moves"][slot, number] = moves

    def _must_move(self, seen: Frames, moved: NDArray[np.bool_], step: Floats) -> NDArray[np.bool_]:
        """Return where the water's warmth must have moved a sound pressure since it last did, shape (n,).

        Only water that heating burns for counts: a tap warms the boiler's own litre and no system.
        """
        of, slot = self._of, seen.slot
        heats = (seen.last("flame_on") > 0) & (seen.last("dhw_active") == 0)
        water = np.where(heats, seen.last("return_temp_c"), np.nan)
        result = np.zeros(len(slot), np.bool_)
        for rank in ranks(slot):
            own = slot[rank]
            fresh = moved[rank]
            low = np.fmin(np.where(fresh, np.nan, of["coldest"][own]), water[rank])
            high = np.fmax(np.where(fresh, np.nan, of["warmest"][own]), water[rank])
            fires = np.where(fresh, 0, of["fires"][own]) + heats[rank]
            of["coldest"][own], of["warmest"][own], of["fires"][own] = low, high, fires
            result[rank] = ((high - low) * _LEAST_BAR_PER_K >= _STEPS * step[rank]) & (fires >= _WARM_FIRES)
        return result

    def _tell(
        self, number: int, sensor: Sensor, seen: Frames, rows: Ints, stuck: NDArray[np.bool_], railed: NDArray[np.bool_],
        moved: NDArray[np.bool_], still: Ints, turns: Ints, world: World,
    ) -> None:  # fmt: skip
        told = self._of["told"]
        failed = stuck | railed
        looked_at: NDArray[np.bool_] = failed | (moved & told[seen.slot[rows], number])
        for i in np.flatnonzero(looked_at).tolist():
            row = int(rows[i])
            slot = int(seen.slot[row])
            boiler = world.slots.boilers[slot]
            at, arrival = int(seen.newest_ms[row]), int(seen.received_at_ms[row])
            if failed[i] and not told[slot, number]:
                told[slot, number] = True
                values: dict[str, Any] = {
                    "signal": sensor.signal, "stands_at": round(float(seen.last(sensor.signal)[row]), 3),
                    "still_min": int(still[i]), "flame_turns_meanwhile": int(turns[i]), "at_rail": bool(railed[i]),
                    "longest_stand_before_min": int(self._of["longest"][slot, number]),
                }  # fmt: skip
                world.episodes.say(
                    boiler, sensor.key, kind=sensor.kind, problem=sensor.problem, severity="warning", at_ms=at,
                    received_at_ms=arrival, detector=f"{self.name}@{self.version}", site=world.slots.sites[slot],
                    values=values, confidence=0.95 if railed[i] else 0.85,
                )  # fmt: skip
            elif moved[i] and told[slot, number]:
                told[slot, number] = False
                world.episodes.clear(boiler, sensor.key, at, arrival)

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """A new sensor or boiler has habits of its own."""
        if row.what not in FRESH_PARTS:
            return
        self._of.grow(slot + 1)
        self._of.reset(slot)
        for sensor in SENSORS:
            if sensor.problem in row.problems:
                episodes.clear(row.boiler, sensor.key, row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return what each sensor shows, and since when."""
        return self._of.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take what each sensor showed, and since when."""
        self._of.load(data)


def _coarsest_step(value: Floats, step: NDArray[np.float32]) -> Floats:
    """Return the step a pressure may be told in: the least it moved by, or the grid that it stands on, shape (n,). [bar]"""
    result = step.astype(np.float64)
    for grid in _GRIDS_BAR:
        off = np.abs(value - grid * np.round(value / grid))
        result = np.where(off < _ON_GRID_BAR, np.maximum(result, grid), result)
    return result


def _carried(slot: Ints, begins: NDArray[np.bool_], moved: NDArray[np.bool_], now: Ints, held: NDArray[Any]) -> Ints:
    """Return `now` as it was at each boiler's last move up to each row, from `held` on, shape (n,)."""
    value = np.where(moved, now, np.where(begins, held, -1))
    return running_max(slot, value.astype(np.int64))


def _held_at(begins: NDArray[np.bool_], moved: NDArray[np.bool_], before: Floats, held: Floats) -> Floats:
    """Return what stood before each boiler's last move up to each row, shape (n,)."""
    place = np.maximum.accumulate(np.where(moved | begins, np.arange(len(begins)), 0))
    return np.where(moved, before, held)[place]


def _count_up(begins: NDArray[np.bool_], what: NDArray[np.bool_]) -> Ints:
    """Return how often it was so since the boiler's first row, shape (n,)."""
    total: Ints = np.cumsum(what).astype(np.int64)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
    return total - total[first] + what[first].astype(np.int64)
