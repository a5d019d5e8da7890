"""Misfires: ignitions that fail and flames that go out, several within hours, where a boiler had next to none.

Sees: what the counters of failed ignitions and lost flames add per quarter of an hour, against burner starts, over the newest
six hours and against the boiler's own past. Days are too slow for a trap that backs up, a gas supply that gives way or a spark
that is nearly gone: between the first failures and the lock-out lie hours. Needs: `ignition_failures` or `flame_losses`;
silent without. Cadence: minutes, added up by quarter. Units: counts.
Told apart: it tells what is seen, failed ignitions or lost flames; which part is worn, days tell (gas, flame, air, condensate),
and their word stands where they have one. Flames lost by a burner whose current, gas and air were as ever until then, are
drowned: an electrode, a supply or a fan gives notice in these. A single bad quarter is nothing: the failures must lie in
two, so a dip of the gas main of some minutes is not told.
Sources: up to four attempts before lock-out (Worcester), more than five losses in a demand (Remeha), twenty losses a day
(Rinnai) (devices guide 5.2, 6): three within six hours is half of what stops a boiler. Limits: a boiler that locks out at
its first failed start is not warned of; gusts in the flue drown a flame as condensate does.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, shifted
from boilerwatch.fold import Frames, ranks
from boilerwatch.model import Floats, Ints, Severity
from boilerwatch.service import ServiceRow
from detectors.catalogue.attempts import excess
from detectors.catalogue.contract import FRESH_PARTS, World
from detectors.catalogue.counters import Counters
from detectors.episodes import Episodes

_QUARTER_MS = 900_000
_KEPT = 24  # six hours
_CALM_QUARTERS = 192  # two days
#: What is supposed of a boiler without a past, and how long a past counts. [attempts, quarters]
_PRIOR_FAILS, _PRIOR_TRIES, _MEMORY = 0.5, 50.0, 96.0 * 60
_LEAST_SHARE = 0.01
_PROBLEMS = (
    ("ignition_wear", "ignition_failure"),
    ("flame_signal_decay", "flame_loss"),
    ("condensate_blocked", "condensate"),
)
#: What would have given notice of lost flames, and how much of what is worth a visit is none.
_FORERUNNERS, _NO_NOTICE = ("flame_signal_decay", "gas_supply_low", "fan_wear", "flue_restricted"), 0.3


class Misfire:
    """Advise after three within six hours, warn after five times as many."""

    name = "misfire"
    version = "2"
    cadence: Any = "minute"

    def __init__(self) -> None:
        self.limits = {"failures": 3.0, "failures_warn": 16.0, "quarters": 2.0, "log_likelihood": 6.0}
        self._counters = Counters(("ignition_failures", "flame_losses", "burner_starts"))
        ring = (0, np.uint8, (_KEPT,))
        one = (0.0, np.float32, ())
        self._past = Arrays(
            {"failed": ring, "lost": ring, "tried": ring, "fails": one, "tries": one, "last": (-1, np.int32, ()),
             "trouble": (-1, np.int32, ()), "told": (False, np.bool_, ()), "sees_flame": (False, np.bool_, ())}
        )  # fmt: skip

    def step(self, frames: Frames, world: World) -> None:
        """Look at each minute that counted an attempt, a failure or a loss: few of all."""
        size = len(world.slots)
        self._past.grow(size)
        world.scores.grow(size)
        self._past["sees_flame"][frames.slot[frames.mean("flame_current_ua") > 0]] = True
        more = self._counters.more(frames, size)
        counted = ~(np.isnan(more["ignition_failures"]) & np.isnan(more["flame_losses"]))
        failed, lost = np.nan_to_num(more["ignition_failures"]), np.nan_to_num(more["flame_losses"])
        starts = np.where(np.isnan(more["burner_starts"]), frames.starts, more["burner_starts"])
        tried = np.nan_to_num(starts) + failed
        calm = frames.start_ms // _QUARTER_MS - self._past["trouble"][frames.slot] > _CALM_QUARTERS
        over = self._past["told"][frames.slot] & calm
        rows = np.flatnonzero(counted & ((tried > 0) | (lost > 0) | over))
        if not len(rows):
            return
        seen = frames.take(rows)
        for rank in ranks(seen.slot):
            one = rows[rank]
            self._take(frames, one, failed[one], lost[one], tried[one], world)

    def _take(self, frames: Frames, rows: Ints, failed: Floats, lost: Floats, tried: Floats, world: World) -> None:
        past, slot = self._past, frames.slot[rows]
        quarter = (frames.start_ms[rows] // _QUARTER_MS).astype(np.int64)
        gap = np.clip(np.where(past["last"][slot] < 0, _KEPT, quarter - past["last"][slot]), 0, _KEPT)
        rings = {}
        for name, value in (("failed", failed), ("lost", lost), ("tried", tried)):
            rings[name] = shifted(past[name][slot], gap, 0)
            rings[name][:, -1] = np.clip(rings[name][:, -1].astype(np.float64) + value, 0, 255)
            past[name][slot] = rings[name]
        past["last"][slot] = quarter
        past["trouble"][slot] = np.where(failed + lost > 0, quarter, past["trouble"][slot])
        self._weigh(frames, rows, rings, world)
        keep = np.exp(-gap / _MEMORY)
        quiet = ~past["told"][slot]
        for name, value in (("fails", failed + lost), ("tries", tried + lost)):
            past[name][slot] = np.where(quiet, past[name][slot] * keep + value, past[name][slot])

    def _weigh(self, frames: Frames, rows: Ints, rings: dict[str, NDArray[Any]], world: World) -> None:
        past, slot = self._past, frames.slot[rows]
        fails, losses = (rings[name].sum(axis=1).astype(np.float64) for name in ("failed", "lost"))
        trouble, tries = fails + losses, rings["tried"].sum(axis=1) + losses
        usual = np.maximum((past["fails"][slot] + _PRIOR_FAILS) / (past["tries"][slot] + _PRIOR_TRIES), _LEAST_SHARE)
        expected = usual * np.maximum(tries, 1.0)
        likelihood = excess(trouble, expected)
        quarters = ((rings["failed"] + rings["lost"]) > 0).sum(axis=1)
        strong = (likelihood >= world.limit(self, "log_likelihood", slot)) & (trouble > expected)
        strong &= (trouble >= world.limit(self, "failures", slot)) & (quarters >= world.limit(self, "quarters", slot))
        grave = strong & (trouble >= world.limit(self, "failures_warn", slot))
        notice = np.max([world.scores[kind][slot] for kind in _FORERUNNERS], axis=0)
        drowned = (losses > fails) & past["sees_flame"][slot] & (notice < _NO_NOTICE)
        fresh = strong & (rings["failed"][:, -1] + rings["lost"][:, -1] > 0)
        for i in np.flatnonzero(fresh).tolist():
            values = {"failed_ignitions": int(fails[i]), "lost_flames": int(losses[i]), "attempts": int(tries[i]),
                      "hours": _KEPT // 4, "usual_share": round(float(usual[i]), 4)}  # fmt: skip
            kind, problem = _PROBLEMS[2 if drowned[i] else int(losses[i] > fails[i])]
            self._say(
                int(slot[i]), kind, problem, "warning" if grave[i] else "advisory", values, frames, int(rows[i]), world
            )
        quarter = frames.start_ms[rows] // _QUARTER_MS
        calm = past["told"][slot] & (quarter - past["trouble"][slot] > _CALM_QUARTERS)
        for i in np.flatnonzero(calm).tolist():
            past["told"][slot[i]] = False
            for kind, _ in _PROBLEMS:
                at, arrival = int(frames.newest_ms[rows[i]]), int(frames.received_at_ms[rows[i]])
                world.episodes.clear(world.slots.boilers[slot[i]], kind, at, arrival)

    def _say(
        self, slot: int, kind: str, problem: str, severity: Severity, values: dict[str, Any], frames: Frames, row: int,
        world: World,
    ) -> None:  # fmt: skip
        boiler = world.slots.boilers[slot]
        self._past["told"][slot] = True
        world.episodes.say(
            boiler, kind, problem=problem, severity=severity, at_ms=int(frames.newest_ms[row]),
            received_at_ms=int(frames.received_at_ms[row]), detector=f"{self.name}@{self.version}",
            site=world.slots.sites[slot], values=values, confidence=0.8,
        )  # fmt: skip

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Forget the last hours after a repair; what it names as fixed is over."""
        if row.what not in FRESH_PARTS:
            return
        self._past.grow(slot + 1)
        told = bool(self._past["told"][slot])
        self._past.reset(slot)
        for kind, problem in _PROBLEMS if told else ():
            if problem in row.problems:
                episodes.clear(row.boiler, kind, row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the last hours, the rates before, and the newest counters."""
        return self._past.dump() | self._counters.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the last hours, the rates before, and the newest counters."""
        self._past.load(data)
        self._counters.load(data)
