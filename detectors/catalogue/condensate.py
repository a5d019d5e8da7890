"""Condensate that cannot run off: the flame goes out, or does not come, in clusters, often on frosty nights.

Sees: failed ignitions and lost flames by the counters, against burner starts, in blocks of six hours over a week. A trap
that backs up drowns the burner for some hours and drains again, so failures crowd into few blocks, where a worn electrode
spreads them over all starts. Needs: `ignition_failures` or `flame_losses`, and `burner_starts`; outdoor temperature, where
known, raises the confidence on frost; silent without counters. Cadence: minutes measured, days judged. Units: counts.
Told apart: spread over the starts it is ignition wear; with a flame current that falls it is the electrode's; when several
homes of a site show it in the same block without frost, gas supply is the likelier cause and nothing is told of the trap.
Source: flame losses or failed ignitions in clusters, often on frost nights (devices guide 7); more than 20 flame losses a
day is Rinnai's lock-out, more than 5 in one demand Remeha's.
Limits: gusts of wind in the flue look the same; a single bad night is an advisory. A trap that backs up gives little notice: a
condensing burner of 10 kW makes a litre or more an hour, and trap and sump hold about as much, so between the first drowned
flame and the stop lies an hour or two unless the load falls meanwhile. Of 88 simulated traps that silted up over days the third failure came
0.6 hours before the stop in the median (10 % had four hours), and 18 never counted three, 16 of them on boilers without a counter
of lost flames; flame current, flue gas, fan and ignition time of the days before differed by less than a twentieth of their
scatter. What can be told ahead, `misfire` tells within its quarter of an hour; a day's lead only frost or a load that drains in
between gives.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, shifted
from boilerwatch.fold import Frames, ranks
from boilerwatch.model import Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import FRESH_PARTS, Banded, Days, World
from detectors.catalogue.counters import Counters
from detectors.catalogue.gradual import rivalled
from detectors.episodes import Episodes

KIND = "condensate_blocked"
_BLOCKS, _BLOCK_MS = 4, 6 * 3_600_000
_KEPT = 28  # a week
_OTHERS = 3
#: Failures in more of a week's 28 blocks are no crowd any more: a worn spark fails at all hours.
_MOST_BLOCKS = 6
_RIVALS = ("flame_signal_decay", "gas_supply_low", "ignition_wear")


class Condensate:
    """Raise when failures crowd into few blocks of a week, clear after a week without."""

    name = "condensate"
    version = "3"

    def __init__(self) -> None:
        self.features = {"trouble": _BLOCKS, "starts": _BLOCKS, "outdoor_c": _BLOCKS}
        self.limits = {"in_block": 4.0, "blocks": 2.0, "share": 0.8, "excess_per_start": 0.3}
        self._counters = Counters(("ignition_failures", "flame_losses", "burner_starts"))
        ring = (0, np.uint8, (_KEPT,))
        self._week = Arrays(
            {"trouble": ring, "starts": ring, "cold": (False, np.bool_, (_KEPT,)), "days": (0, np.uint8, ())}
        )

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return what went wrong, starts, and the weather, by quarter of the day."""
        more = self._counters.more(frames, len(world.slots))
        failed, lost = more["ignition_failures"], more["flame_losses"]
        trouble = np.where(np.isnan(failed), lost, failed + np.nan_to_num(lost))
        band = frames.start_ms // _BLOCK_MS % _BLOCKS
        values = {"trouble": trouble, "starts": more["burner_starts"], "outdoor_c": frames.mean("outdoor_temp_c")}
        return {name: Banded(one, band) for name, one in values.items()}

    def judge(self, days: Days, world: World) -> None:
        """Look at the week that each closed day ends."""
        self._week.grow(len(world.slots))
        world.scores.grow(len(world.slots))
        sites = world.slots.site_numbers() + 1  # those without one together
        for rows in ranks(days.slot):
            slot = days.slot[rows]
            self._push(slot, days, rows)
            self._look(slot, days, rows, sites, world)

    def _push(self, slot: Ints, days: Days, rows: Ints) -> None:
        week, gap = self._week, np.nan_to_num(days.gap_days[rows], nan=1.0)
        shift = np.clip(np.rint(gap).astype(np.int64), 1, _KEPT // _BLOCKS) * _BLOCKS
        for name in ("trouble", "starts", "cold"):
            old = shifted(week[name][slot], shift, 0)
            if name == "cold":
                old[:, -_BLOCKS:] = days.mean["outdoor_c"][rows] < 1.0
            else:
                total = np.nan_to_num(days.mean[name][rows]) * days.count[name][rows]
                old[:, -_BLOCKS:] = np.clip(np.rint(total), 0, 255)
            week[name][slot] = old
        counted = (days.count["trouble"][rows].sum(axis=1) > 0) & (days.count["starts"][rows].sum(axis=1) > 0)
        week["days"][slot] = np.where(counted, np.minimum(week["days"][slot], 254) + 1, week["days"][slot])

    def _look(self, slot: Ints, days: Days, rows: Ints, sites: Ints, world: World) -> None:
        week = self._week
        trouble, starts = (week[name][slot].astype(np.float64) for name in ("trouble", "starts"))
        total, all_starts = trouble.sum(axis=1), np.maximum(starts.sum(axis=1), 1)
        bad = trouble >= world.limit(self, "in_block", slot)[..., None]
        number, within = bad.sum(axis=1), np.where(bad, trouble, 0).sum(axis=1)
        bad_starts = np.where(bad, starts, 0).sum(axis=1)
        share = within / np.maximum(total, 1)
        outside = (total - within) / np.maximum(all_starts - bad_starts, 1)
        excess = within / np.maximum(np.maximum(bad_starts, within), 1) - outside
        crowded = (week["days"][slot] >= 7) & (share >= world.limit(self, "share", slot))
        crowded &= number <= _MOST_BLOCKS
        crowded &= (excess >= world.limit(self, "excess_per_start", slot)) & (bad_starts <= 0.5 * all_starts)
        cold = np.where(bad, week["cold"][slot], False).sum(axis=1)
        crowded &= ~self._elsewhere(slot, bad, week["cold"][slot], sites)
        again = number >= world.limit(self, "blocks", slot)
        level = np.where(crowded & (number > 0), np.where(again, 2, 1), 0)
        score = np.where(level > 0, within / 8, 0.0)
        world.scores[KIND][slot] = np.clip(score, 0, 100)
        lately = bad[:, -2 * _BLOCKS :].any(axis=1)  # what is over by now, perhaps by a repair, is no news
        outdone = rivalled(_RIVALS, score, slot, world) | ~lately
        outdone &= ~world.told(slot, KIND)
        for i in np.flatnonzero((level > 0) & ~outdone):
            self._say(slot, int(i), int(level[i]), within, number, cold, outside, days, rows, world)
        for i in np.flatnonzero((number == 0) & world.told(slot, KIND)):
            row = rows[i]
            world.episodes.clear(
                world.slots.boilers[slot[i]], KIND, int(days.newest_ms[row]), int(days.received_at_ms[row])
            )

    def _elsewhere(self, slot: Ints, bad: NDArray[np.bool_], cold: NDArray[np.bool_], sites: Ints) -> NDArray[np.bool_]:
        """Return where at least as many other homes of the site had the same bad block without frost, shape (n,)."""
        warm = (bad & ~cold).astype(np.int64)
        count = np.zeros((int(sites.max()) + 1, _KEPT), np.int64)
        np.add.at(count, sites[slot], warm)
        shared = warm * (count[sites[slot]] - 1 >= _OTHERS)
        result: NDArray[np.bool_] = shared.sum(axis=1) * 2 > np.maximum(bad.sum(axis=1), 1)
        return result

    def _say(
        self, slot: Ints, i: int, level: int, within: Floats, number: Ints, cold: Ints, outside: Floats, days: Days,
        rows: Ints, world: World,
    ) -> None:  # fmt: skip
        row, one = int(rows[i]), int(slot[i])
        values: dict[str, Any] = {
            "failures_in_clusters": int(within[i]), "clusters_of_6_h": int(number[i]), "clusters_in_frost": int(cold[i]),
            "failures_per_start_elsewhere": round(float(outside[i]), 3), "days": _KEPT // _BLOCKS,
        }  # fmt: skip
        world.episodes.say(
            world.slots.boilers[one], KIND, severity="warning" if level > 1 else "advisory",
            at_ms=int(days.newest_ms[row]), received_at_ms=int(days.received_at_ms[row]), site=world.slots.sites[one],
            detector=f"{self.name}@{self.version}", values=values, confidence=0.9 if cold[i] else 0.7,
        )  # fmt: skip

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Begin anew after a repair or a swap."""
        if row.what in FRESH_PARTS:
            self._week.grow(slot + 1)
            self._week.reset(slot)
            if "condensate" in row.problems:
                episodes.clear(row.boiler, KIND, row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the week and the counters."""
        return {f"week.{name}": values for name, values in self._week.dump().items()} | self._counters.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the week and the counters."""
        self._week.load({n.removeprefix("week."): v for n, v in data.items() if n.startswith("week.")})
        self._counters.load(data)
