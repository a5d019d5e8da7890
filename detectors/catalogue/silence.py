"""Silence and what it is due to, on arrival time alone.

Each boiler has its own habit: a running 99th percentile of the gaps between its arrivals. Three habits without a word
is silence: an advisory at once, a warning after two hours. When most boilers of a site fall silent together it is one
district incident; while we ourselves do not listen nobody is silent, because we cannot know.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import View
from detectors.episodes import Episodes
from detectors.slots import Arrays, Slots, per_slot

_HABITS = 3
_LEAST_MS = 120_000
_WARN_MS = 2 * 3_600_000
_SHARE, _MEMBERS = 0.6, 5
_QUANTILE = 0.99
_LEARNT = 5


class Silence:
    """Raise when a boiler, or most of a site, says nothing for three of its own intervals."""

    name = "silence"
    version = "1"

    def __init__(self) -> None:
        zero = (0, np.int64, ())
        self._heard = Arrays({"last": zero, "habit": zero, "seen": zero})
        self._deaf_until = 0
        self._before = 0

    def see(self, view: View, slots: Slots, families: dict[str, str], episodes: Episodes) -> None:
        """Learn from arrivals; then look who is late."""
        self._heard.grow(len(slots))
        if not view.connected or (self._before and view.now_ms - self._before > _LEAST_MS):
            self._deaf_until = view.now_ms
        self._before = view.now_ms
        for rows in per_slot(view.slot) if len(view.slot) else []:
            self._hear(int(view.slot[rows[0]]), view.received_at_ms[rows], view.ts_ms[rows], slots, episodes)
        self._look(view.now_ms, slots, episodes)

    def _hear(
        self, slot: int, arrivals: NDArray[np.int64], ts: NDArray[np.int64], slots: Slots, episodes: Episodes
    ) -> None:
        state = self._heard
        last = int(state["last"][slot])
        for at in np.unique(arrivals).tolist():
            gap = at - last
            if last and gap > 0 and last > self._deaf_until:
                habit = int(state["habit"][slot]) or gap
                step = max(min(gap, 4 * habit) // 20, 1)
                habit += step if gap > habit else -int(step * (1 - _QUANTILE))
                state["habit"][slot] = max(habit, 1_000)
                state["seen"][slot] += 1
            last = at
        state["last"][slot] = last
        episodes.clear(slots.boilers[slot], "silent", int(ts.max()), last)

    def _look(self, now_ms: int, slots: Slots, episodes: Episodes) -> None:
        count = len(slots)
        last, habit, seen = (self._heard[name][:count] for name in ("last", "habit", "seen"))
        since = np.maximum(last, self._deaf_until)
        known = (seen >= _LEARNT) & (last > 0)
        late = known & (now_ms - since > np.maximum(_HABITS * habit, _LEAST_MS))
        common = self._common(late, known, now_ms, slots, episodes)
        for slot in np.flatnonzero(late):
            boiler, site = slots.boilers[slot], slots.sites[slot]
            if site in common:
                continue
            silent_ms = now_ms - int(last[slot])
            episodes.say(
                boiler, "silent", severity="warning" if silent_ms > _WARN_MS else "advisory", at_ms=int(last[slot]),
                received_at_ms=now_ms, detector=f"{self.name}@{self.version}", site=site,
                values={"silent_s": silent_ms // 1000, "habit_s": int(habit[slot]) // 1000, "attributed_to": "boiler or home link"},
            )  # fmt: skip

    def _common(
        self, late: NDArray[np.bool_], known: NDArray[np.bool_], now_ms: int, slots: Slots, episodes: Episodes
    ) -> set[str]:
        """Raise and clear site incidents; return the sites that are in one."""
        if not late.any() and not any(finding.district for finding in episodes.raised.values()):
            return set()
        members: dict[str, list[int]] = {}
        for slot in np.flatnonzero(known):
            members.setdefault(slots.sites[slot], []).append(int(slot))
        found: set[str] = set()
        for site, those in members.items():
            silent = [slot for slot in those if late[slot]]
            if len(those) >= _MEMBERS and len(silent) >= _SHARE * len(those):
                found.add(site)
                episodes.say(
                    site, "silent", severity="warning", at_ms=now_ms, received_at_ms=now_ms, district=True, site=site,
                    detector=f"{self.name}@{self.version}",
                    values={"silent_boilers": len(silent), "boilers": len(those), "attributed_to": "region or broker"},
                )  # fmt: skip
            else:
                episodes.clear(site, "silent", now_ms, now_ms)
        return found

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """A new gateway has habits of its own."""
        if row.what == "swapped":
            self._heard.grow(slot + 1)
            self._heard.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return habits and when we were deaf."""
        return {**self._heard.dump(), "ours": np.array([self._deaf_until, self._before], np.int64)}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take habits and when we were deaf."""
        self._deaf_until, self._before = (int(value) for value in data["ours"])
        self._heard.load({name: values for name, values in data.items() if name != "ours"})
