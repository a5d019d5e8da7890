"""Water that goes: a slow leak, or a relief valve that weeps; and water that comes, a filling loop that lets it in.

Sees: water pressure and, where there are any, flow and return temperature. Water expands when it warms, so pressure
follows the water's growth with a slope of the boiler's own (0.005-0.02 bar/K for a healthy vessel); six-hour means, taken
while the burner heats the circuit where it does, are regressed on time and growth together, since the last top-up, or,
where that explains them better, level up to some block and falling from it on: a loss that grows is told by its newest
rate. The slope counts only when it excludes zero by far more than its uncertainty, which includes the sensor's steps, and
when it explains clearly more than one single step does (air let out, water filled in, a sensor changed). A loss is told as
a slow leak first; one that stands while pressure is below some seat, and fades towards it (`losses`), is a relief valve's
and takes the leak's place when that is sure. Needs: pressure; without a temperature the scatter it leaves widens the
uncertainty by itself, without pressure silent. Cadence: six hours. Units: bar, bar/day.
Sources: pressure per litre 0.23-0.46 bar/l, a slow leak of 0.05-0.5 l/day, top-ups of 0.2 bar and more, low-pressure
cut-out about 0.5 bar, relief valve 3 bar (devices guide 6 and 7; Riello slave card, Immergas code 10, OTGW SAT).
Limits: where pressure hardly swings, or a seat wears so fast that it loses cold as well within a day or two, valve and leak
look alike and it stays a leak; a flat vessel drives water out of the valve and is told as the vessel.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import shifted
from boilerwatch.fold import DAY_MS, ranks
from boilerwatch.model import Floats, Ints, Severity
from boilerwatch.service import ServiceRow
from boilerwatch.water import even_temp_c, mean_temp_c
from detectors.blocks import BLOCK_MS, Blocks, Closed
from detectors.catalogue.contract import View, World, renews
from detectors.catalogue.losses import Causes, causes
from detectors.episodes import Episodes
from detectors.falls import CLEARLY, LEAST_FALL, Fall, fit
from detectors.forecast import emptying, filling
from detectors.slots import Arrays
from detectors.story import graver

_KEPT = 56  # 14 days of six-hour blocks
_DAY_BLOCKS = 4.0
#: The relief valve opens. [bar]
RELIEF_BAR = 3.0
TOP_UP_BAR = 0.2
_SURE = 5.0  # standard errors
_CLEAR = 0.25  # share of the raising loss
_LEAST_BLOCKS = 8
#: Before so many blocks a fall must be up to twice as large: one front of the weather is no trend.
_CALM_BLOCKS = 12
#: For a week after water was filled in, pressure sinks by as much again as a step while air leaves it and is let out.
_SETTLED_BLOCKS = 28
#: A step that has held so long, and explains that much more than a fall does, in log-likelihood, is a change point.
_STEP_HOLDS, _STEP_APART = 8, 2.0
_HEALTHY_BAR_PER_K = 0.012
#: Log-likelihood by which a seat must explain a fall better than a hole and than the vessel: odds of 400, twice.
_SEAT_SURE, _SEAT_BLOCKS = 6.0, 14
#: Cold systems stand at 1.0 bar and more: what still loses below empties them cold, and is no valve that weeps when hot. [bar]
_LEAST_SEAT_BAR = 1.0
#: For a forecast of a loss that has faded. [bar/day]
_LEAST_LOSS = 0.002
_BOTH = ("slow_leak", "relief_valve_weeping")
_SEEN = ("flow_temp_c", "return_temp_c", "flame_on", "dhw_active")


def _weeping_seat(pressure_bar: Floats, warm_c: Floats) -> Causes | None:
    """Return what tells that a seat weeps, now and half a day ago; None where a hole or the vessel may do as well."""
    if np.isfinite(pressure_bar).sum() < _SEAT_BLOCKS:
        return None
    seat = causes(pressure_bar, warm_c)
    if not (seat.seat > _SEAT_SURE and seat.seat_bar >= _LEAST_SEAT_BAR):
        return None
    return seat if causes(pressure_bar[:-2], warm_c[:-2]).seat > _SEAT_SURE else None


class SlowLeak:
    """Raise when the cold-equivalent pressure falls or rises, clear after a top-up that holds or a repair."""

    name = "slow_leak"
    version = "7"

    def __init__(self) -> None:
        self.limits = {
            "loss_bar_per_day": 0.01,  # 0.03 litres a day at 0.35 bar/l: the least worth a visit
            "fall_bar": 0.1,  # one step of the coarsest sensor, in total, before anyone goes
            "rise_bar": 0.15,  # a step and half a step of noise
            "cut_out_bar": 0.5,
            "high_bar": 2.5,  # a filling loop is called over below Vaillant's S.41 less a margin
        }
        self.blocks = Blocks()
        ring = (np.nan, np.float16, (_KEPT,))
        self._past = Arrays({"block": (-1, np.int32, ()), "pressure": ring, "warm": ring})

    def see(self, view: View, world: World) -> None:
        """Fold what came; judge each boiler whose block closed."""
        if "water_pressure_bar" not in view.columns:
            return
        missing = np.full(len(view.slot), np.nan)
        flow, back, flame, tap = (view.columns.get(name, missing) for name in _SEEN)
        water = mean_temp_c(flow, back)
        size = len(world.slots)
        stands, heats = (flame <= 0) | (tap > 0), (flame > 0) & ~(tap > 0)
        water = np.where(stands, np.nan, even_temp_c(water))
        closed = self.blocks.fold(view.slot, view.ts_ms, view.columns["water_pressure_bar"], water, heats, size)
        self._past.grow(size)
        world.scores.grow(size)
        for rows in ranks(closed.slot):
            self._take(closed, rows, view.now_ms, world)

    def _take(self, closed: Closed, rows: Ints, now_ms: int, world: World) -> None:
        slot, past = closed.slot[rows], self._past
        pressure, warm = closed.pressure_bar[rows], closed.water_temp_c[rows]
        topped = self._is_top_up(slot, pressure, warm)
        for name in ("pressure", "warm"):
            past[name][slot[topped]] = np.nan
        gap = np.where(past["block"][slot] < 0, _KEPT, closed.block[rows] - past["block"][slot])
        by = np.clip(gap, 1, _KEPT)
        for name, value in (("pressure", pressure), ("warm", warm)):
            old = shifted(past[name][slot], by, np.nan)
            old[:, -1] = value
            past[name][slot] = old
        past["block"][slot] = closed.block[rows]
        enough = np.isfinite(past["pressure"][slot]).sum(axis=1) >= _LEAST_BLOCKS
        if enough.any():
            self._judge(slot[enough], closed.block[rows][enough], now_ms, world)

    def _is_top_up(self, slot: Ints, pressure_bar: Floats, warm_c: Floats) -> NDArray[np.bool_]:
        """Compare with the last block of its sort: a circuit that stood cold is no measure for one that is heated."""
        before, was_warm = self._past["pressure"][slot], self._past["warm"][slot]
        alike = np.isfinite(before) & (np.isfinite(was_warm) == np.isfinite(warm_c)[:, None])
        last = (_KEPT - 1 - alike[:, ::-1].argmax(axis=1))[:, None]
        rise = pressure_bar - np.where(alike.any(axis=1), np.take_along_axis(before, last, axis=1)[:, 0], np.nan)
        warmer = warm_c - np.take_along_axis(was_warm, last, axis=1)[:, 0]
        expected = np.where(np.isfinite(warmer), np.maximum(0.0, 2 * _HEALTHY_BAR_PER_K * warmer), TOP_UP_BAR / 2)
        result: NDArray[np.bool_] = rise - expected > TOP_UP_BAR / 2 + 0.02
        return result

    def _judge(self, slot: Ints, block: Ints, now_ms: int, world: World) -> None:
        past = self._past
        pressure, warm = (past[name][slot].astype(np.float64) for name in ("pressure", "warm"))
        fall = fit(pressure, warm, 1 / _DAY_BLOCKS)
        loss, least = fall.loss, world.limit(self, "loss_bar_per_day", slot)
        sure = (np.abs(loss) > _SURE * fall.error) & (np.abs(loss) > least) & (fall.over_step > CLEARLY)
        enough = fall.blocks >= LEAST_FALL
        early = 1 + np.clip((_CALM_BLOCKS - fall.blocks) / (_CALM_BLOCKS - _LEAST_BLOCKS), 0, 1)
        early = np.where(np.isfinite(pressure).sum(axis=1) < _SETTLED_BLOCKS, 2.0, early)
        least_fall = early * world.limit(self, "fall_bar", slot) + fall.cooled
        going = enough & sure & (loss > 0) & (fall.fall > least_fall)
        coming = enough & sure & (loss < 0) & (-fall.fall > early * world.limit(self, "rise_bar", slot) + fall.cooled)
        calm = np.abs(loss) + 2 * fall.error < least * _CLEAR + 0.005
        leaking = world.told(slot, "slow_leak")
        seats = {
            int(i): seat for i in np.flatnonzero((going | leaking) & ~world.told(slot, "relief_valve_weeping"))
            if (seat := _weeping_seat(pressure[i], warm[i])) is not None
        }  # fmt: skip
        weeps = world.leads(slot, "relief_valve_weeping")
        weeps[list(seats)] = True
        going[list(seats)] |= leaking[list(seats)]  # its loss fades as pressure comes down to the seat
        share = np.where(sure, np.clip(loss / least, 0, 100), 0)
        world.scores["slow_leak"][slot] = np.where(weeps, 0, share)
        world.scores["relief_valve_weeping"][slot] = np.where(weeps, share, 0)
        world.scores["filling_loop_passing"][slot] = np.where(sure, np.clip(-loss / least, 0, 100), 0)
        at_ms = (block + 1) * BLOCK_MS
        for i in np.flatnonzero(going):
            seat = seats.get(int(i))
            self._tell_loss(int(slot[i]), fall, int(i), bool(weeps[i]), seat, int(at_ms[i]), now_ms, world)
        for i in np.flatnonzero(coming):
            self._tell_gain(int(slot[i]), fall, int(i), int(at_ms[i]), now_ms, world)
        for i in np.flatnonzero(calm & ~going & ~coming) if world.episodes.raised else ():
            boiler = world.slots.boilers[slot[i]]
            for kind in _BOTH:
                world.episodes.clear(boiler, kind, int(at_ms[i]), now_ms)
            if fall.cold[i] < self.limits["high_bar"]:
                world.episodes.clear(boiler, "filling_loop_passing", int(at_ms[i]), now_ms)
        self._begin_after_step(slot, fall)

    def _begin_after_step(self, slot: Ints, fall: Fall) -> None:
        """Forget what stands before a single step that has held for two days: a change point, not a fall."""
        rows = np.flatnonzero((fall.stepped >= _STEP_HOLDS) & (fall.over_step < -_STEP_APART))
        before = np.arange(_KEPT)[None, :] < (_KEPT - fall.stepped[rows])[:, None]
        for name in ("pressure", "warm"):
            ring = self._past[name]
            ring[slot[rows]] = np.where(before, np.nan, ring[slot[rows]])

    def _tell_loss(
        self, slot: int, fall: Fall, i: int, weeps: bool, seat: Causes | None, at_ms: int, now_ms: int, world: World
    ) -> None:  # fmt: skip
        boiler, episodes = world.slots.boilers[slot], world.episodes
        if any(episodes.is_raised(boiler, kind) for kind in ("vessel_flat", "pressure_sensor_failed", "burst_leak")):
            return
        kind = "relief_valve_weeping" if weeps else "slow_leak"
        error, cold = float(fall.error[i]), float(fall.cold[i])
        loss = max(float(fall.loss[i]), _LEAST_LOSS)
        cut_out = float(np.ravel(world.limit(self, "cut_out_bar", np.array([slot])))[0])
        days, soonest, latest = emptying(cold, cut_out, loss, error)
        values: dict[str, Any] = {
            "loss_bar_per_day": round(loss, 4), "loss_error_bar_per_day": round(error, 4),
            "fall_bar": round(float(fall.fall[i]), 3), "cold_pressure_bar": round(cold, 3), "days_to_limit": round(days, 1),
            "days_to_limit_soonest": round(soonest, 1), "days_to_limit_latest": round(latest, 1), "limit_bar": cut_out,
        }  # fmt: skip
        if seat is not None:
            values |= {"seat_log_likelihood": round(seat.seat, 1), "seat_bar": round(seat.seat_bar, 2)}
        self._say(kind, slot, days, loss / error, values, at_ms, now_ms, world)

    def _tell_gain(self, slot: int, fall: Fall, i: int, at_ms: int, now_ms: int, world: World) -> None:
        gain, error, cold = -float(fall.loss[i]), float(fall.error[i]), float(fall.cold[i])
        high = float(np.ravel(world.limit(self, "high_bar", np.array([slot])))[0])
        days, soonest, latest = filling(cold, high, RELIEF_BAR, gain, error)
        values: dict[str, Any] = {
            "gain_bar_per_day": round(gain, 4), "gain_error_bar_per_day": round(error, 4),
            "rise_bar": round(-float(fall.fall[i]), 3), "cold_pressure_bar": round(cold, 3), "days_to_limit": round(days, 1),
            "days_to_limit_soonest": round(soonest, 1), "days_to_limit_latest": round(latest, 1), "limit_bar": RELIEF_BAR,
        }  # fmt: skip
        if not world.episodes.is_raised(world.slots.boilers[slot], "pressure_sensor_failed"):
            self._say("filling_loop_passing", slot, days, gain / error, values, at_ms, now_ms, world)

    def _say(
        self, kind: str, slot: int, days: float, sure: float, values: dict[str, Any], at_ms: int, now_ms: int, world: World
    ) -> None:  # fmt: skip
        severity: Severity = "warning" if days < 30 else "advisory"
        before = world.episodes.raised.get((world.slots.boilers[slot], "slow_leak"))
        if kind == "relief_valve_weeping" and before is not None:
            severity = graver(severity, before.severity)  # another name, the same story
        world.episodes.say(
            world.slots.boilers[slot], kind, severity=severity, at_ms=at_ms, received_at_ms=now_ms,
            detector=f"{self.name}@{self.version}", site=world.slots.sites[slot], values=values,
            failure_expected_at_ms=at_ms + round(days * DAY_MS), confidence=round(min(0.99, 1 - np.exp(-sure / 5)), 2),
        )  # fmt: skip

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Begin anew after a repair, a swap or a top-up."""
        if row.what != "topped_up" and not renews(row, ("water",)):
            return
        self._past.grow(slot + 1)
        self._past.reset(slot)
        self.blocks.forget(slot)
        if row.what != "topped_up":
            for kind, problem in zip((*_BOTH, "filling_loop_passing"), ("low", "low", "high"), strict=True):
                if f"{problem}_water_pressure" in row.problems:
                    episodes.clear(row.boiler, kind, row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return open blocks and what is remembered."""
        return {f"open.{k}": v for k, v in self.blocks.dump().items()} | {
            f"past.{k}": v for k, v in self._past.dump().items()
        }

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take open blocks and what is remembered."""
        self.blocks.load({k.removeprefix("open."): v for k, v in data.items() if k.startswith("open.")})
        self._past.load({k.removeprefix("past."): v for k, v in data.items() if k.startswith("past.")})
