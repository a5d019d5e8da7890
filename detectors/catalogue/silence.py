"""Silence and what it is due to, on arrival time alone.

Sees: each boiler's own habit, a running 99th percentile of the gaps between its arrivals. Three habits without a word
is silence: an advisory at once, a warning after two hours. When most boilers of a site fall silent together it is one
district incident. While we ourselves do not listen, or nobody at all is heard, nobody is silent, because we cannot know.
Needs: five arrivals to know a habit from, whatever they tell; silent before. Cadence: arrivals, looked at by the clock. Units: seconds.
Source: the boiler's own past; gateways speak every ten seconds to twice an hour, or on change (devices guide 1 to 4).
Limits: of a boiler alone, home link and power cannot be told apart; one that is the only one heard counts as itself silent.
"""

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import ranks
from boilerwatch.model import Ints, Severity
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import View, World
from detectors.episodes import Episodes
from detectors.slots import Arrays, Slots

Mask = NDArray[np.bool_]

_HABITS = 3
_LEAST_MS = 120_000
_WARN_MS = 2 * 3_600_000
_SHARE, _MEMBERS = 0.6, 5
_LEARNT = 5
#: Of its first gaps a boiler's habit is the longest, up to half an hour: one reading told in parts is no habit.
_YOUNG, _LONGEST_FIRST_MS = 10, 1_800_000
#: A gap above the habit raises it by a twentieth, one below lowers it by a hundredth of that: the 99th percentile.
_STEP, _DOWN, _LEAST_HABIT_MS = 20, 100, 1_000
#: Boilers in a rank of rows below which array arithmetic costs more than it saves (measured: 35 µs a rank, 2 µs a row).
_FEW = 15


class _Numbers(dict[str, int]):
    """Site -> its number, the next one for a site not met before."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self)
        return number


class Silence:
    """Raise when a boiler, or most of a site, says nothing for three of its own intervals."""

    name = "silence"
    version = "3"

    def __init__(self) -> None:
        zero = (0, np.int64, ())
        self._heard = Arrays(
            {"last": zero, "habit": zero, "seen": zero, "site": (-1, np.int64, ()), "late": (False, np.bool_, ())}
        )
        self._sites: list[str] = []
        self._common = np.zeros(0, np.bool_)
        self._deaf_until = self._before = 0

    def see(self, view: View, world: World) -> None:
        """Learn from arrivals, tell gaps that are over, then look who is late."""
        slots, episodes = world.slots, world.episodes
        self._heard.grow(len(slots))
        self._place(slots)
        deaf = self._deaf(view)
        order = np.argsort(view.slot, kind="stable")
        slot, arrival, ts = view.slot[order], view.received_at_ms[order], view.ts_ms[order]
        begins = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]])) if len(slot) else slot
        sizes = np.diff(np.append(begins, len(slot)))
        if len(slot) < _FEW * sizes.max(initial=0):  # few boilers with many rows each: plain numbers are faster
            for begin, size in zip(begins.tolist(), sizes.tolist(), strict=True):
                rows = slice(begin, begin + size)
                self._hear_one(
                    int(slot[begin]), arrival[rows].tolist(), ts[rows].tolist(), deaf.tolist(), slots, episodes
                )
        else:
            for rank in ranks(slot):
                self._hear(slot[rank], arrival[rank], ts[rank], deaf, slots, episodes)
        self._look(view.now_ms, slots, episodes)

    def _place(self, slots: Slots) -> None:
        site = self._heard["site"]
        unplaced = np.flatnonzero(site[: len(slots)] < 0).tolist()
        if not unplaced:
            return
        known = _Numbers(zip(self._sites, range(len(self._sites)), strict=True))
        site[unplaced] = list(map(known.__getitem__, map(slots.sites.__getitem__, unplaced)))
        self._sites = list(known)
        self._common = np.concatenate([self._common, np.zeros(len(known) - len(self._common), np.bool_)])

    def _deaf(self, view: View) -> Ints:
        """Return the ends of the times in which nobody was heard, or we did not listen; the newest is remembered."""
        heard = np.concatenate([[self._before or view.now_ms], view.received_at_ms, [view.now_ms]])
        habit = self._heard["habit"][self._heard["seen"] >= _LEARNT]
        ends = np.zeros(0, np.int64)  # of one boiler, silence cannot be told from our own: it counts as the boiler's
        if len(habit) > 1:
            ends = heard[1:][np.diff(heard) > max(_LEAST_MS, int(_HABITS * habit.min()))]
        if not view.connected:
            ends = np.append(ends, view.now_ms)
        self._before = max(self._before, view.now_ms)
        ends = np.sort(np.append(ends, self._deaf_until))
        self._deaf_until = int(ends[-1])
        return ends

    def _hear(self, slot: Ints, arrival: Ints, ts: Ints, deaf: Ints, slots: Slots, episodes: Episodes) -> None:
        state = self._heard
        last, habit, seen = state["last"][slot], state["habit"][slot], state["seen"][slot]
        since = np.maximum(last, deaf[np.maximum(np.searchsorted(deaf, arrival, side="right") - 1, 0)])
        gap = arrival - last
        missed = (seen >= _LEARNT) & (arrival - since > np.maximum(_HABITS * habit, _LEAST_MS))
        for row in np.flatnonzero(missed & ~self._common[state["site"][slot]]).tolist():
            self._say(int(slot[row]), int(since[row]), int(arrival[row]), slots, episodes)
        for row in np.flatnonzero(missed | state["late"][slot]).tolist():
            episodes.clear(slots.boilers[int(slot[row])], "silent", int(ts[row]), int(arrival[row]))
        learns = (last > 0) & (gap > 0) & (since == last)
        base = np.where(habit > 0, habit, gap)
        step = np.maximum(np.minimum(gap, 4 * base) // _STEP, 1)
        fresh = np.maximum(base + np.where(gap > base, step, -(step // _DOWN)), _LEAST_HABIT_MS)
        fresh = np.where(seen < _YOUNG, np.maximum(base, np.minimum(gap, _LONGEST_FIRST_MS)), fresh)
        state["habit"][slot] = np.where(learns, fresh, habit)
        state["seen"][slot] = seen + learns
        state["last"][slot] = np.maximum(last, arrival)
        state["late"][slot] = False

    def _hear_one(
        self, slot: int, arrivals: list[int], times: list[int], deaf: list[int], slots: Slots, episodes: Episodes
    ) -> None:  # fmt: skip
        """Do what `_hear` does for one boiler's arrivals, one after another."""
        state = self._heard
        last, habit, seen = (int(state[name][slot]) for name in ("last", "habit", "seen"))
        late, common = bool(state["late"][slot]), bool(self._common[state["site"][slot]])
        for arrival, ts in zip(arrivals, times, strict=True):
            until = deaf[max(bisect_right(deaf, arrival) - 1, 0)] if len(deaf) > 1 else deaf[0]
            since = max(last, until)
            gap = arrival - last
            silent_ms = arrival - since
            missed = silent_ms > _LEAST_MS and silent_ms > _HABITS * habit and seen >= _LEARNT
            if missed and not common:
                state["habit"][slot] = habit
                self._say(slot, since, arrival, slots, episodes)
            if missed or late:
                episodes.clear(slots.boilers[slot], "silent", ts, arrival)
                late = False
            if last > 0 and gap > 0 and since == last:
                base = habit or gap
                if seen < _YOUNG:
                    habit = max(base, min(gap, _LONGEST_FIRST_MS))
                else:
                    step = (min(4 * base, gap)) // _STEP or 1
                    habit = base + (step if gap > base else -(step // _DOWN))
                    habit = max(habit, _LEAST_HABIT_MS)
                seen += 1
            last = max(last, arrival)
        for name, value in (("last", last), ("habit", habit), ("seen", seen), ("late", late)):
            state[name][slot] = value

    def _look(self, now_ms: int, slots: Slots, episodes: Episodes) -> None:
        state, count = self._heard, len(slots)
        last, habit, seen, site = (state[name][:count] for name in ("last", "habit", "seen", "site"))
        known = (seen >= _LEARNT) & (last > 0)
        since = np.maximum(last, self._deaf_until)
        late = known & (now_ms - since > np.maximum(_HABITS * habit, _LEAST_MS))
        self._look_at_sites(late, known, site, now_ms, episodes)
        state["late"][:count] |= late
        for slot in np.flatnonzero(late & ~self._common[site]).tolist():
            self._say(slot, int(since[slot]), now_ms, slots, episodes)

    def _say(self, slot: int, since_ms: int, now_ms: int, slots: Slots, episodes: Episodes) -> None:
        """Raise at the time it became late, and make it a warning at the time it had lasted two hours."""
        habit = int(self._heard["habit"][slot])
        steps: tuple[tuple[int, Severity], ...] = (
            (max(_HABITS * habit, _LEAST_MS), "advisory"),
            (max(_HABITS * habit, _WARN_MS), "warning"),
        )
        for after_ms, severity in steps:
            if now_ms - since_ms > after_ms:
                values: dict[str, Any] = {
                    "silent_s": after_ms // 1000, "habit_s": habit // 1000, "attributed_to": "boiler or home link",
                }  # fmt: skip
                episodes.say(
                    slots.boilers[slot], "silent", severity=severity, at_ms=since_ms, received_at_ms=since_ms + after_ms,
                    detector=f"{self.name}@{self.version}", site=slots.sites[slot], values=values,
                )  # fmt: skip

    def _look_at_sites(self, late: Mask, known: Mask, site: Ints, now_ms: int, episodes: Episodes) -> None:
        """Raise and clear site incidents."""
        if not late.any() and not self._common.any():
            return
        count = len(self._sites)
        members, silent = np.bincount(site[known], minlength=count), np.bincount(site[late], minlength=count)
        common = (members >= _MEMBERS) & (silent >= _SHARE * members)
        everywhere = count > 1 and silent.sum() >= _SHARE * members.sum()
        for number in np.flatnonzero(common & ~self._common).tolist():
            episodes.say(
                self._sites[number], "silent", severity="warning", at_ms=now_ms, received_at_ms=now_ms, district=True,
                site=self._sites[number], detector=f"{self.name}@{self.version}",
                values={"silent_boilers": int(silent[number]), "boilers": int(members[number]),
                        "attributed_to": "region or broker" if everywhere else "the site's link"},
            )  # fmt: skip
        for number in np.flatnonzero(self._common & ~common).tolist():
            episodes.clear(self._sites[number], "silent", now_ms, now_ms)
        self._common = common

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """A new gateway has habits of its own."""
        if row.what == "swapped":
            self._heard.grow(slot + 1)
            self._heard.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return habits, sites and when we were deaf."""
        names = "\n".join(self._sites).encode()
        return {
            **self._heard.dump(),
            "ours": np.array([self._deaf_until, self._before], np.int64),
            "common": self._common,
            "sites": np.frombuffer(names, np.uint8),
        }

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take habits, sites and when we were deaf."""
        self._deaf_until, self._before = (int(value) for value in data["ours"])
        self._common = data["common"]
        self._sites = data["sites"].tobytes().decode().split("\n") if len(self._common) else []
        self._heard.load({name: data[name] for name in self._heard.dump()})
