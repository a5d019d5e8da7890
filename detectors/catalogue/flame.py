"""Flame: a current that falls, an ignition that takes longer or fails, gas that does not suffice, a valve that ages.

Sees: flame current in bands of modulation, because it depends on power (real boilers: 25.7 µA at 28 %, 37.4 µA at
61 %); ignition time; failed ignitions per burner start; at full modulation, how far heating or hot water stays below its
set point. Needs: `flame_current_ua` with the flame burning for flame signal and gas supply, `ignition_time_s` or
`ignition_failures` with `burner_starts` for ignition wear, both for the gas valve; silent without. Cadence: minutes
measured, days judged. Units: logarithms of ratios, seconds, shares, kelvin.
Told apart: an electrode loses current at every load, a supply that sags only at high load, beside heat that falls short;
a worn spark fails at some starts, an ageing valve opens later without failing. Several homes of a site whose flames weaken
at high load on the same days are one incident of the gas supply.
Sources: healthy 23-37 µA, Viessmann wants more than 5 µA, burner minimum 1.5 µA; safety time 5 s (EN 298); up to four
attempts before lock-out (Worcester); early warnings H04, H05, H06, 8U; Vaillant d.64, d.68 (devices guide 5.2, 6 and 7).
Limits: without modulation all loads are one band and gas supply is not told; without a counter of failures a longer
ignition is told as wear, the likelier one.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import DAY_MS, Frames
from boilerwatch.model import Ints
from detectors.catalogue.attempts import Attempts
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.counters import Counters
from detectors.catalogue.drift import Drift, Track, Verdict
from detectors.catalogue.gradual import BANDS, Gradual, burning, by_band, drawing, log_of
from detectors.district import members_of

#: Load above which a sagging supply shows, and below which it does not. [%]
_HIGH_PCT, _LOW_PCT, _FULL_PCT = 70.0, 50.0, 92.0
#: Rise of failed ignitions per start that still counts as none: two in a hundred. [-]
_FAILS_SHARE = 0.02
_GAS_MEMBERS, _GAS_SHARE = 3, 0.2


class Flame(Gradual):
    """Flame signal decay, ignition wear, gas supply, gas valve: each the others' rival."""

    name = "flame"
    version = "5"
    tracks = (
        Track(
            "flame_signal_decay", "flame_ln", "ln_ratio", -1, advise=-math.log(0.85), warn=-math.log(0.78),
            stop=math.log(25 / 5), floor=0.03, bands=BANDS, rivals=("gas_supply_low", "fan_wear", "flue_restricted"),
            source="a fifth below its own past is beyond any load effect within a band; 5 of 25 µA is Viessmann's least",
        ),
        Track(
            "ignition_wear", "ignition_s", "s", 1, advise=0.8, warn=1.2, stop=4.0, floor=0.15, least=2,
            rivals=("gas_valve_ageing", "condensate_blocked"),
            source="a safety time of 5 s (EN 298) less about 1 s of a healthy ignition",
        ),
        Track(
            "ignition_wear", "failed_share", "share", 1, advise=0.08, warn=0.15, stop=0.5, floor=0.025, least=1,
            rivals=("gas_valve_ageing", "condensate_blocked"), key="ignition_failures",
            source="every second attempt failing makes four in a row, a lock-out, one start in sixteen (Worcester)",
        ),
        Track(
            "gas_valve_ageing", "ignition_s", "s", 1, advise=1.2, warn=1.6, stop=4.0, floor=0.15, least=2,
            rivals=("ignition_wear", "condensate_blocked"), key="gas_valve_ageing",
            source="8U, ignition time drift at a normal flame signal; a third above wear's, so that failures may show first",
        ),
        Track(
            "gas_supply_low", "flame_high_ln", "ln_ratio", -1, advise=-math.log(0.88), warn=-math.log(0.82),
            stop=-math.log(0.5), floor=0.03, local=False, rivals=("flame_signal_decay",),
            source="input falls with the root of gas pressure: 13 of 20 mbar is a fifth less",
        ),
        Track(
            "", "flame_low_ln", "ln_ratio", -1, advise=-math.log(0.88), warn=-math.log(0.82), stop=-math.log(0.5),
            floor=0.03, local=False, key="flame_at_low_load", source="what high load is compared with",
        ),
        Track(
            "", "short_k", "k", 1, advise=4.0, warn=8.0, stop=25.0, floor=1.5, local=False, key="heat_short",
            source="full modulation that leaves hot water 8 K below its set point is felt at the tap",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features |= {"failed": 1, "starts": 1}
        del self.features["failed_share"]
        self._counters = Counters(("ignition_failures", "burner_starts"))
        self._attempts = Attempts()
        self.limits |= {"failures": 4.0, "failures_share": 0.08, "failures_log_likelihood": 12.0}
        self._common: set[str] = set()

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return logarithms of flame current, ignition times, failures and starts, and heat that falls short."""
        current, load = frames.mean("flame_current_ua"), frames.mean("modulation_pct")
        lit = burning(frames)
        flame = np.where(lit & (current > 0.5), log_of(current), np.nan)
        time = frames.mean("ignition_time_s")
        more = self._counters.more(frames, len(world.slots))
        tap = drawing(frames)
        short = np.where(
            tap,
            frames.mean("dhw_setpoint_c") - frames.mean("dhw_temp_c"),
            frames.mean("flow_setpoint_c") - frames.mean("flow_temp_c"),
        )
        return {
            "flame_ln": by_band(flame, frames),
            "ignition_s": Banded(np.where(time > 0, time, np.nan)),
            "flame_high_ln": Banded(np.where(load >= _HIGH_PCT, flame, np.nan)),
            "flame_low_ln": Banded(np.where(load < _LOW_PCT, flame, np.nan)),
            "short_k": Banded(np.where(lit & (load >= _FULL_PCT), short, np.nan)),
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
        gap = np.rint(np.nan_to_num(days.gap_days[rows], nan=1.0)).astype(np.int64)
        counted = days.count["starts"][:, 0] > 0
        starts = np.where(counted, days.total("starts"), days.starts)[rows]
        failed = np.where(days.count["failed"][:, 0] > 0, days.total("failed"), np.nan)[rows]
        found = self._attempts.take(slot, gap, failed, starts, len(world.slots))
        strong = found.likelihood >= world.limit(self, "failures_log_likelihood", slot)
        strong &= (found.failures >= world.limit(self, "failures", slot)) & (found.newest > 0)
        strong &= found.share >= world.limit(self, "failures_share", slot)
        level = np.where(strong, np.where(found.days >= 2, 2, 1), 0)
        louder = level > verdict.level
        verdict.level[:] = np.where(louder, level, verdict.level)
        verdict.effect[:] = np.where(louder, np.maximum(found.share, verdict.effect), verdict.effect)
        verdict.z[:] = np.where(louder, np.sqrt(2 * found.likelihood), verdict.z)
        verdict.score[:] = np.where(louder, np.maximum(verdict.score, level / 2), verdict.score)

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Tell electrode from valve, and electrode from supply; make one incident of a supply that sags for many."""
        self._wear_or_valve(verdicts, days.slot[rows])
        gas, low, short = verdicts["gas_supply_low"], verdicts["flame_at_low_load"], verdicts["heat_short"]
        contrast = gas.effect - np.maximum(low.effect, 0.0)
        # without low load to compare with, only heat that falls short tells a supply from an electrode
        holds = np.where(low.known, (contrast >= 0.6 * gas.effect) & (low.score < 0.5), short.score > 1.0)
        sure = holds & (short.score > 0.5)
        gas.level[:] = np.where(holds, np.where(sure, gas.level, np.minimum(gas.level, 1)), 0)
        gas.score[:] = np.where(holds, gas.score, 0.0)
        self._district(gas, days, rows, site, world)

    def _wear_or_valve(self, verdicts: dict[str, Verdict], slot: Ints) -> None:
        wear, valve, fails = (verdicts[name] for name in ("ignition_wear", "gas_valve_ageing", "ignition_failures"))
        ring = self.drifts["ignition_failures"].state["ring"][slot, -6:].astype(np.float64)
        days = np.isfinite(ring).sum(axis=1)
        counted = days >= 3
        fail = counted & (np.nansum(ring, axis=1) / np.maximum(days, 1) > _FAILS_SHARE)
        opens_late = counted & ~fail
        wear.level[:] = np.where(opens_late, 0, wear.level)
        wear.score[:] = np.where(opens_late, 0.0, wear.score)
        valve.level[:] = np.where(opens_late, valve.level, 0)
        valve.score[:] = np.where(opens_late, valve.score, 0.0)
        fails.score[:] = np.where(opens_late, np.minimum(fails.score, 0.4), fails.score)

    def _district(self, gas: Verdict, days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Say one finding for a site where several sag at once, and none for its members."""
        slot = days.slot[rows]
        world.scores["gas_supply_low"][slot] = np.clip(gas.score, 0, 100)
        for number in np.unique(site[slot[gas.score >= 1]]):
            if number < 0:
                continue
            mine = np.flatnonzero(site == number)
            members = mine[world.scores["gas_supply_low"][mine] >= 1]
            if len(members) < max(_GAS_MEMBERS, _GAS_SHARE * len(mine)):
                continue
            at = int(days.newest_ms[rows][site[slot] == number].max())
            arrival = int(days.received_at_ms[rows][site[slot] == number].max())
            name = world.slots.sites[int(members[0])]
            values: dict[str, Any] = members_of(members, world) | {
                "boilers": len(mine), "effect_ln_ratio": round(-float(np.median(gas.effect[site[slot] == number])), 4),
            }  # fmt: skip
            world.episodes.say(
                name, "gas_supply_low", severity="warning", at_ms=at, received_at_ms=arrival, district=True, site=name,
                detector=f"{self.name}@{self.version}", values=values, failure_expected_at_ms=at + DAY_MS,
            )  # fmt: skip
            self._common.add(name)
        common = np.array([world.slots.sites[one] in self._common for one in slot.tolist()], np.bool_)
        gas.level[:] = np.where(common, 0, gas.level)
        for name in sorted(self._common):
            mine = np.array([one for one, place in enumerate(world.slots.sites) if place == name], np.int64)
            here = np.isin(slot, mine)
            if here.any() and not (world.scores["gas_supply_low"][mine] >= 0.5).any():
                at, arrival = int(days.newest_ms[rows][here].max()), int(days.received_at_ms[rows][here].max())
                world.episodes.clear(name, "gas_supply_low", at, arrival)
                self._common.discard(name)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, counters and the sites whose supply sags."""
        common = np.frombuffer("\n".join(sorted(self._common)).encode(), np.uint8)
        return super().dump() | self._counters.dump() | self._attempts.dump() | {"common": common}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, counters and the sites whose supply sags."""
        super().load(data)
        self._counters.load(data)
        self._attempts.load(data)
        self._common = set(filter(None, data["common"].tobytes().decode().split("\n")))
