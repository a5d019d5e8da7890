"""Flame: a current that falls, an ignition that takes longer or fails, a valve that ages.

Sees: flame current in bands of modulation, because it depends on power (real boilers: 25.7 µA at 28 %, 37.4 µA at
61 %); ignition time; failed ignitions per burner start. Needs: `flame_current_ua` with the flame burning for flame signal,
`ignition_time_s` or `ignition_failures` with `burner_starts` for ignition wear, both for the gas valve; silent without.
Cadence: minutes measured, days judged. Units: logarithms of ratios, seconds, shares.
Told apart: an electrode loses current at every load, a supply that sags only at high load. A worn spark lights at a random
moment, ever later, so a mean wait that grows brings failures with it, as many as an exponential wait within the safety time
says; a valve that opens late shifts every ignition and hardly fails any until the safety time is nearly used up. Fewer than
half of the failures that the wait of a spark would bring are the valve's. Half of the current gone at every load is told on
its first day: no setting does that. Few failures on two days are told where they are not chance for so few attempts: four standard deviations.
Sources: healthy 23-37 µA, Viessmann wants more than 5 µA, burner minimum 1.5 µA; safety time 5 s (EN 298); up to four
attempts before lock-out (Worcester); early warnings H04, H05, H06, 8U; Vaillant d.64, d.68 (devices guide 5.2, 6 and 7).
Limits: without a counter of failures a longer ignition is told as wear, the likelier one; without a time, failures of an
ageing valve are told as wear.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import Frames
from boilerwatch.model import Floats, Ints
from detectors.catalogue.attempts import Attempts
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.counters import Counters
from detectors.catalogue.drift import Drift
from detectors.catalogue.gradual import BANDS, Gradual, burning, by_band, log_of
from detectors.catalogue.track import Track
from detectors.catalogue.verdict import Verdict
from detectors.forecast import growing_since, locking

#: From gas at the burner to the end of the safety time of 5 s (EN 298), and the rate of a healthy spark: 1.4 s on average. [s], [1/s]
_WINDOW_S, _HEALTHY_PER_S = 4.2, 1.6
#: Share of a worn spark's failures below which it is not the spark; two in five, four in a row once a day, no boiler survives.
_TOO_FEW, _MOST_FAILS = 0.5, 0.4
#: A story told first needs half as much again, or half as little, to change.
_OTHER_STORY = 0.25
#: Half of the current gone at every load: no setting and no other board does that.
_AT_ONCE = math.log(2)
#: How short a while failures are taken to have been growing for at least, and starts where none are counted. [d], [1/d]
_LEAST_SINCE_D, _USUAL_STARTS = 2.0, 20.0
#: Failures that make a day bad by themselves: all four attempts of one start may fail for one reason (Worcester).
_ONE_START = 4


def _worn_spark() -> tuple[Floats, Floats]:
    """Return by how much a spark of ever lower rate waits longer, in successful attempts, and the share that fails. [s], [-]"""
    rate = np.geomspace(_HEALTHY_PER_S, 0.02, 60)
    fails = np.exp(-rate * _WINDOW_S)
    wait_s = 1 / rate - _WINDOW_S * fails / (1 - fails)
    return wait_s - wait_s[0], np.minimum(fails, _MOST_FAILS)


_LATER_S, _FAILS = _worn_spark()


class Flame(Gradual):
    """Flame signal decay, ignition wear, gas valve: each the others' rival."""

    name = "flame"
    version = "10"
    tracks = (
        Track(
            "flame_signal_decay", "flame_ln", "ln_ratio", -1, advise=-math.log(0.85), warn=-math.log(0.78),
            stop=math.log(25 / 5), floor=0.03, bands=BANDS, at_once=_AT_ONCE, rivals=("gas_supply_low", "fan_wear", "flue_restricted"),
            source="a fifth below its own past is beyond any load effect within a band; 5 of 25 µA is Viessmann's least",
        ),
        Track(
            "ignition_wear", "ignition_s", "s", 1, advise=0.5, warn=0.8, stop=4.0, floor=0.1, least=2,
            rivals=("gas_valve_ageing", "condensate_blocked"),
            source="a spark that lights half a second later on average fails once in 25, 0.8 s later once in 8 (5 s, EN 298)",
        ),
        Track(
            "ignition_wear", "failed_share", "share", 1, advise=0.08, warn=0.15, stop=0.5, floor=0.025, least=1,
            rivals=("gas_valve_ageing", "condensate_blocked"), key="ignition_failures",
            source="every second attempt failing makes four in a row, a lock-out, one start in sixteen (Worcester)",
        ),
        Track(
            "gas_valve_ageing", "ignition_s", "s", 1, advise=0.7, warn=1.0, stop=4.0, floor=0.1, least=2,
            rivals=("ignition_wear", "condensate_blocked"), key="gas_valve_ageing",
            source="8U, ignition time drift at a normal flame signal; a quarter above wear's, so that failures may show first",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features |= {"failed": 1, "starts": 1}
        del self.features["failed_share"]
        self._counters = Counters(("ignition_failures", "burner_starts"))
        self._attempts = Attempts()
        self.limits |= {"failures": 3.0, "failures_share": 0.05, "failures_log_likelihood": 8.5}

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return logarithms of flame current, ignition times, failures and starts."""
        current = frames.mean("flame_current_ua")
        lit = burning(frames)
        flame = np.where(lit & (current > 0.5), log_of(current), np.nan)
        time = frames.mean("ignition_time_s")
        more = self._counters.more(frames, len(world.slots))
        return {
            "flame_ln": by_band(flame, frames),
            "ignition_s": Banded(np.where(time > 0, time, np.nan)),
            "failed": Banded(more["ignition_failures"]),
            "starts": Banded(more["burner_starts"]),
        }

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        if drift.track.feature == "failed_share" and "failed_share" not in days.mean:
            starts, failed = days.total("starts"), days.total("failed")
            known = (days.count["failed"][:, 0] > 0) & (starts >= 4)
            days.mean["failed_share"] = np.where(known, failed / np.maximum(starts, 1), np.nan)[:, None]
            days.count["failed_share"] = known.astype(np.int64)[:, None]
        verdict = super()._look(drift, days, rows, site, world)
        if drift.track.name == "ignition_failures":
            self._weigh_failures(verdict, days, rows, world)
        return verdict

    def _weigh_failures(self, verdict: Verdict, days: Days, rows: Ints, world: World) -> None:
        """Let few failures of few attempts speak: advise after one bad day, send somebody after two."""
        slot = days.slot[rows]
        gap = days.gaps(rows)
        counted = days.count["starts"][:, 0] > 0
        starts = np.where(counted, days.total("starts"), days.starts)[rows]
        failed = np.where(days.count["failed"][:, 0] > 0, days.total("failed"), np.nan)[rows]
        found = self._attempts.take(slot, gap, failed, starts, len(world.slots))
        strong = found.likelihood >= world.limit(self, "failures_log_likelihood", slot)
        strong &= (found.failures >= world.limit(self, "failures", slot)) & (found.newest > 0)
        strong &= (found.days >= 2) | (found.failures >= _ONE_START)  # fewer on one day may be of one start
        strong &= found.share >= world.limit(self, "failures_share", slot)
        strong &= found.lately >= found.share / 2  # a bad week that a repair ended is not told for one more failure
        level = np.where(strong, np.where(found.days >= 2, 2, 1), 0)
        louder = level > verdict.level
        verdict.level[:] = np.where(louder, level, verdict.level)
        verdict.effect[:] = np.where(louder, np.maximum(found.share, verdict.effect), verdict.effect)
        verdict.past[:, 0] = np.where(
            louder, verdict.effect, verdict.past[:, 0]
        )  # of few attempts a day's share says little
        verdict.z[:] = np.where(louder, np.sqrt(2 * found.likelihood), verdict.z)
        verdict.score[:] = np.where(louder, np.maximum(verdict.score, level / 2), verdict.score)

    def left(self, track: Track, verdict: Verdict, i: int, slot: int) -> tuple[float, float, float]:
        """Return when a worn spark is likely to fail at all attempts of one start, by how often the boiler starts. [d]"""
        if track.kind != "ignition_wear":
            return super().left(track, verdict, i, slot)
        effect = float(verdict.effect[i])
        share = effect if track.feature == "failed_share" else float(np.interp(effect, _LATER_S, _FAILS))
        only = slice(i, i + 1)
        since = float(growing_since(verdict.past[only], verdict.age[only])[0])
        starts = self._attempts.starts_per_day(slot)
        return locking(share, max(since, _LEAST_SINCE_D), starts if starts > 0 else _USUAL_STARTS)

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Tell spark from valve."""
        wear, valve, fails = (verdicts[name] for name in ("ignition_wear", "gas_valve_ageing", "ignition_failures"))
        ring = self.drifts["ignition_failures"].state["ring"][days.slot[rows], -4:].astype(np.float64)
        number = np.isfinite(ring).sum(axis=1)
        share = np.nansum(ring, axis=1) / np.maximum(number, 1)
        slot = days.slot[rows]
        by_valve, by_spark = (world.leads(slot, kind) for kind in ("gas_valve_ageing", "ignition_wear"))
        too_few = _TOO_FEW + _OTHER_STORY * (by_valve.astype(float) - by_spark)
        opens_late = (number >= 3) & (share < too_few * np.interp(wear.effect, _LATER_S, _FAILS))
        wear.level[:] = np.where(opens_late, 0, wear.level)
        wear.score[:] = np.where(opens_late, 0.0, wear.score)
        valve.level[:] = np.where(opens_late, valve.level, 0)
        valve.score[:] = np.where(opens_late, valve.score, 0.0)
        fails.score[:] = np.where(opens_late, np.minimum(fails.score, 0.4), fails.score)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings and counters."""
        return super().dump() | self._counters.dump() | self._attempts.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings and counters."""
        super().load(data)
        self._counters.load(data)
        self._attempts.load(data)
