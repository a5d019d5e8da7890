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
a sound system moves by 0.005 bar/K at least (devices guide 6), so 5 K move the last digit of hundredths twice; and by what this
system moved per kelvin on each of its own days, so that coarse steps are told within a day where the water swings as usual.
A hot water sensor that reads the same through several draws, far more than it ever did, is stuck; without draws it may
stand for as long as nobody is at home. Hours in which
nothing came are no standing still, and of a gateway that seldom speaks eighteen looks are.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import DAY_MS, MINUTE_MS, Frames, ranks
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
#: Hours and looks at a heating fire after which the swing of the water tells by itself: return sensors see surges that the
#: system's water has not yet felt, half a day evens them out.
_SWUNG_STILL_H, _SWUNG_FIRES = 12.0, 18
#: Water that heating burns for is no further from where the look before saw it. [K]
_LEAPS_K = 20.0
#: Steps that a system must have moved by its own least per kelvin: within one and its noise it may stand. [-]
_OWN_STEPS = 1.5
#: A day tells what a system moves per kelvin where its water swung by so much, over so many looks at a fire; days needed, and
#: how much of the least is forgotten a day: a vessel set right, or filled, moves less. [K], [-], [days], [-]
_DAY_SWING_K, _DAY_FIRES, _DAYS, _FORGETS = 5.0, 12, 4, 1.02
#: Draws that hot water must have been the same through, and for how long: each warms it by some 30 K, fewer may be of one bath. [-], [h]
_DRAWS, _DRAWN_STILL_H = 4, 4.0
#: Where draws are told, so many at least: in a home left empty hot water lies at the room's warmth for days, whatever heating does. [-]
_FEW_DRAWS = 2


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
    version = "5"
    cadence: Any = "minute"

    def __init__(self) -> None:
        self.limits = {f"{one.signal}_still_h": one.still_h for one in SENSORS}
        wide = (len(SENSORS),)
        self._of = Arrays(
            {"looked": (-1, np.int32, ()), "flame": (0, np.int8, ()), "turns": (0, np.int32, ()),
             "value": (np.nan, np.float32, wide), "since": (0, np.int32, wide), "turned": (0, np.int32, wide),
             "before": (np.nan, np.float32, wide), "longest": (0, np.int32, wide), "step_bar": (np.inf, np.float32, ()),
             "heard": (-1, np.int32, wide), "moves": (0, np.uint8, wide), "told": (False, np.bool_, wide),
             "coldest": (np.nan, np.float32, ()), "warmest": (np.nan, np.float32, ()), "fires": (0, np.int32, ()), "water": (np.nan, np.float32, ()),
             "draws": (False, np.bool_, ()), "drawn": (0, np.uint16, ()), "most_drawn": (0, np.uint16, ())}
        )  # fmt: skip
        self._slope = OwnSlope()

    def step(self, frames: Frames, world: World) -> None:
        """Look at the first minute of each ten."""
        self._of.grow(len(world.slots))
        self._slope.grow(len(world.slots))
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
        flame = self._flame(seen, begins)
        before = np.where(begins, self._of["flame"][slot], np.concatenate([[0], flame[:-1]]))
        turned = (flame != before).astype(np.int64)
        turned += (np.nan_to_num(seen.starts) >= 1) & (turned == 0)
        first = np.maximum.accumulate(np.where(begins, np.arange(len(slot)), 0))
        total = np.cumsum(turned)
        turns = self._of["turns"][slot] + total - total[first] + turned[first]
        self._of["flame"][slot], self._of["turns"][slot] = flame, turns
        result: Ints = turns.astype(np.int64)
        return result

    def _flame(self, seen: Frames, begins: NDArray[np.bool_]) -> Ints:
        """Return whether it burns, as last told: gateways that tell changes leave out a flame that goes on, shape (n,)."""
        told = seen.last("flame_on")
        known = ~np.isnan(told)
        place = np.maximum.accumulate(np.where(known | begins, np.arange(len(told)), 0))
        held = np.where(known, told, self._of["flame"][seen.slot])[place]
        result: Ints = held.astype(np.int64)
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
        needed = world.limit(self, f"{sensor.signal}_still_h", slot) * 60.0
        needed = np.maximum(needed, _LOOKS * np.minimum(passed_min, _GAP_MINUTES))
        starts = np.full(len(rows), sensor.starts)
        still, looked = minute - since, _LOOKS * np.minimum(passed_min, _GAP_MINUTES)
        swung = np.zeros(len(rows), np.bool_)
        if sensor.signal == "water_pressure_bar":
            step = np.where(moved & ~fresh, np.abs(value - before), np.inf)
            np.minimum.at(of["step_bar"], slot, step.astype(np.float32))
            coarsest = _coarsest_step(values[rows], of["step_bar"][slot])
            needed = np.where(coarsest > _COARSE_BAR, needed * _COARSE_TIMES, needed)
            must_move, swung = self._must_move(seen.take(rows), anew, coarsest)
            needed = np.where(must_move, np.minimum(needed, _WARM_STILL_H * 60), needed)
            starts = np.where(must_move, _WARM_TURNS, starts)
            swung &= still >= np.maximum(np.maximum(_SWUNG_STILL_H * 60, looked), _STANDS * longest / 2)
        elif sensor.signal == "dhw_temp_c":
            through, rests = self._drawn_through(seen.take(rows), anew, told)
            swung = through & (still >= np.maximum(_DRAWN_STILL_H * 60, looked))
            needed = np.where(rests, np.inf, needed)
        stuck = (still >= np.maximum(needed, _STANDS * longest)) & (turns - turned >= starts)
        stuck = (stuck | swung) & (moves >= _MOVES)
        railed = ((value <= sensor.low) | (value >= sensor.high)) & (np.abs(value - came) >= sensor.leap)
        railed &= ~many[rows] & (still >= _LOOK_MINUTES)
        self._tell(number, sensor, seen, rows, stuck, railed, moved & ~fresh, still, turns - turned, world)
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

    def _must_move(
        self, seen: Frames, moved: NDArray[np.bool_], step: Floats
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where the water's warmth must have moved a sound pressure since it last did, and where this system's, shape (n,).

        Only water that heating burns for counts: a tap warms the boiler's own litre and no system.
        """
        of, slot = self._of, seen.slot
        tap = seen.last("dhw_active")
        heats = (seen.last("flame_on") > 0) & ((tap == 0) | (np.isnan(tap) & np.isnan(seen.last("dhw_temp_c"))))
        back = seen.last("return_temp_c")
        water = np.where(heats, np.where(np.isnan(back), seen.last("flow_temp_c"), back), np.nan)
        begins = np.concatenate([[True], slot[1:] != slot[:-1]])
        before = _last_known(begins, water, of["water"][slot])
        # water does not leap so far but for a surge that the system never felt, or a lone wrong reading
        now_c = np.where(np.abs(water - before[0]) <= _LEAPS_K, water, np.nan)
        held = begins & ~moved
        low = _lowest(begins | moved, held, now_c, of["coldest"][slot])
        high = -_lowest(begins | moved, held, -now_c, -of["warmest"][slot])
        fires = _count_up(begins | moved, heats)
        fires += np.where(held, of["fires"][slot], 0)[
            np.maximum.accumulate(np.where(begins | moved, np.arange(len(slot)), 0))
        ]
        for name, row in (("water", before[1]), ("coldest", low), ("warmest", high), ("fires", fires)):
            of[name][slot] = row  # sorted by time: the last assignment is the newest
        least = self._slope.take(slot, seen.start_ms, seen.last("water_pressure_bar"), now_c, of["step_bar"][slot])
        must = ((high - low) * _LEAST_BAR_PER_K >= _STEPS * step) & (fires >= _WARM_FIRES)
        own_must = ((high - low) * least >= _OWN_STEPS * step) & (fires >= _SWUNG_FIRES)
        return must, own_must

    def _drawn_through(
        self, seen: Frames, anew: NDArray[np.bool_], told: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where hot water reads the same through far more draws than it ever did, and where hardly any moved it, shape (n,)."""
        of, slot = self._of, seen.slot
        draws = (seen.last("dhw_active") > 0) | (seen.last("dhw_flow_lpm") > 1)
        tells = ~(np.isnan(seen.last("dhw_active")) & np.isnan(seen.last("dhw_flow_lpm")))
        through, rests = np.zeros(len(slot), np.bool_), np.zeros(len(slot), np.bool_)
        for rank in ranks(slot):
            own, now = slot[rank], draws[rank]
            drawn = of["drawn"][own].astype(np.int64)
            most = np.where(anew[rank] & ~told[rank], np.maximum(of["most_drawn"][own], drawn), of["most_drawn"][own])
            drawn = np.where(anew[rank], 0, np.minimum(drawn + (now & ~of["draws"][own]), 60_000))
            of["drawn"][own], of["most_drawn"][own], of["draws"][own] = drawn, most, now
            through[rank] = drawn >= np.maximum(_DRAWS, _STANDS * most)
            rests[rank] = (tells[rank] | (most > 0)) & (drawn < _FEW_DRAWS)
        return through, rests

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
        self._slope.reset(slot)
        for sensor in SENSORS:
            if sensor.problem in row.problems:
                episodes.clear(row.boiler, sensor.key, row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return what each sensor shows, and since when."""
        return self._of.dump() | self._slope.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take what each sensor showed, and since when."""
        self._of.load(data)
        self._slope.load(data)


class OwnSlope:
    """The least by which each system's pressure moved per kelvin of its water, of its own days; what one step may hide is taken off."""

    def __init__(self) -> None:
        low, high = (np.nan, np.float32, ()), (np.nan, np.float32, ())
        self._of = Arrays(
            {"slope.day": (-1, np.int32, ()), "slope.low_bar": low, "slope.high_bar": high, "slope.low_c": low, "slope.high_c": high,
             "slope.fires": (0, np.uint8, ()), "slope.days": (0, np.uint8, ()), "slope.least": (np.nan, np.float32, ())}
        )  # fmt: skip

    def grow(self, size: int) -> None:
        """Make room for so many boilers."""
        self._of.grow(size)

    def reset(self, slot: int) -> None:
        """Forget a boiler's days."""
        self._of.grow(slot + 1)
        self._of.reset(slot)

    def take(self, slot: Ints, start_ms: Ints, bar: Floats, water_c: Floats, step_bar: Floats) -> Floats:
        """Add looks; return the least movement of past days at each, NaN without enough of them, shape (n,). [bar/K]

        Parameters
        ----------
        slot, start_ms
            Sorted by slot and time, shape (n,).
        water_c
            Water that heating burns for, NaN where nothing burns, shape (n,).
        """
        day, result = start_ms // DAY_MS, np.empty(len(slot))
        begins = np.concatenate([[True], (slot[1:] != slot[:-1]) | (day[1:] != day[:-1])])
        first = begins.nonzero()[0]
        spans = [(np.fmin.reduceat(one, first), np.fmax.reduceat(one, first)) for one in (bar, water_c)]
        fires = np.add.reduceat(np.isfinite(water_c).astype(np.int64), first)
        for rank in ranks(slot[first]):
            rows = first[rank]
            (bars, waters) = ((low[rank], high[rank]) for low, high in spans)
            result[rows] = self._take(slot[rows], day[rows], bars, waters, fires[rank], step_bar[rows])
        found: Floats = result[first][np.cumsum(begins) - 1]
        return found

    def _take(
        self, slot: Ints, day: Ints, bar: tuple[Floats, Floats], water_c: tuple[Floats, Floats], fires: Ints, step_bar: Floats
    ) -> Floats:  # fmt: skip
        """Add a day's looks at some boilers: the lowest and the highest of each quantity."""
        of = {name: self._of[f"slope.{name}"] for name in ("day", "low_bar", "high_bar", "low_c", "high_c", "fires")}
        over = day > of["day"][slot]
        ended = slot[over]
        swing, step = (of["high_c"][ended] - of["low_c"][ended]).astype(np.float64), step_bar[over]
        moved = of["high_bar"][ended] - of["low_bar"][ended] - np.where(np.isfinite(step), step, 0.0)
        tells = (swing >= _DAY_SWING_K) & (of["fires"][ended] >= _DAY_FIRES)
        least, days = self._of["slope.least"], self._of["slope.days"]
        kept = np.fmin(least[ended] * _FORGETS, np.maximum(moved, 0.0) / np.maximum(swing, _DAY_SWING_K))
        least[ended] = np.where(tells, kept, least[ended])
        days[ended] = np.minimum(days[ended] + tells, 250)
        for name in ("low_bar", "high_bar", "low_c", "high_c"):
            of[name][ended] = np.nan
        of["fires"][ended] = 0
        of["day"][slot] = day
        for name, low, high in (("bar", bar[0], bar[1]), ("c", water_c[0], water_c[1])):
            of[f"low_{name}"][slot] = np.fmin(of[f"low_{name}"][slot], low)
            of[f"high_{name}"][slot] = np.fmax(of[f"high_{name}"][slot], high)
        of["fires"][slot] = np.minimum(of["fires"][slot].astype(np.int64) + fires, 250)
        return np.where(days[slot] >= _DAYS, least[slot], np.nan).astype(np.float64)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the days of all boilers."""
        return self._of.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the days of all boilers."""
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


def _last_known(begins: NDArray[np.bool_], value: Floats, held: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return the last known value of each boiler before each row, and up to it, from `held` on, as float32 keeps it, shape (n,)."""
    place = np.arange(len(value))
    first = np.maximum.accumulate(np.where(begins, place, 0))
    known = np.maximum.accumulate(np.where(np.isfinite(value), place, -1))
    kept = value.astype(np.float32)
    upto = np.where(known >= first, kept[known], held)
    before = np.where(begins, held, np.concatenate([kept[:1], upto[:-1]]))
    return before, upto


def _lowest(begins: NDArray[np.bool_], seeded: NDArray[np.bool_], value: Floats, held: NDArray[np.float32]) -> Floats:
    """Return the lowest value since each stretch began, NaN without one; what was before is as float32 keeps it, shape (n,).

    Parameters
    ----------
    begins, seeded
        Where a stretch begins, and where it goes on from `held`, shape (n,).

    Examples
    --------
    >>> begins, held = np.array([True, False, True, False]), np.array([3, 3, 3, 3], np.float32)
    >>> _lowest(begins, begins & (np.arange(4) == 0), np.array([5.0, 2.0, 9.0, 7.0]), held).tolist()
    [3.0, 2.0, 9.0, 7.0]
    """
    kept = value.astype(np.float32)
    known = np.where(seeded, np.fmin(held, kept), kept)
    order, number = np.unique(np.where(np.isnan(known), np.inf, known), return_inverse=True)
    lowest = order[-running_max(np.cumsum(begins), -number.astype(np.int64))]
    lowest = np.where(np.isinf(lowest), np.nan, lowest)
    before = np.where(begins, np.where(seeded, held, np.nan), np.concatenate([lowest[:1], lowest[:-1]]))
    result: Floats = np.fmin(before, value)
    return result


def _count_up(begins: NDArray[np.bool_], what: NDArray[np.bool_]) -> Ints:
    """Return how often it was so since each stretch of rows began, shape (n,)."""
    total: Ints = np.cumsum(what).astype(np.int64)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
    return total - total[first] + what[first].astype(np.int64)
