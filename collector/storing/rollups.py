"""`boiler_15m` and `boiler_1d`: written as readings come, corrected from the store where something came late.

Readings gather until there are enough to be worth folding. What closed waits in `_outgoing` in pages: a whole fleet's
quarters end at one moment, and readings go on between the pages. Where the store cannot keep up, readings wait. A day that
is running is told again with each of its quarters.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import Frames
from boilerwatch.model import Batch, Floats, Ints
from boilerwatch.store.protocol import Refused, Rollup, Series, Store
from collector.storing.boilers import Boilers
from collector.storing.folding import CHARTED, COLD, FOLDED, HELD_MS, READINGS, Folding
from collector.storing.late import Day, Late, Mark, both

_ROWS_A_FOLD, _FOLD_MS, _LOOK_MS = 50_000, 2_000, 15_000
_DAYS_A_TURN = 50
_ROWS_A_PAGE, _MOST_PAGES = 5_000, 60
_DAY_MS = 86_400_000

Resolution = Literal["15m", "1d"]
#: From a moment to before another one. [ms since 1970]
Span = tuple[int, int]


class Rollups:
    """The roll-ups of one store.

    Parameters
    ----------
    retention_days
        A day that has begun to go from the store is not folded anew. [days]

    Attributes
    ----------
    late
        Readings that came after a later one of their boiler, so far.
    """

    def __init__(self, store: Store, boilers: Boilers, retention_days: float) -> None:
        self._store = store
        self._boilers = boilers
        self._retention_ms = round(retention_days * _DAY_MS)
        self._folding = Folding(boilers.days_of)
        self._waiting = Late(boilers)
        self._gathered: list[Batch] = []
        self._rows = 0
        self._now_ms = self._folded_ms = self._looked_ms = 0
        self._outgoing: deque[tuple[Resolution, Rollup]] = deque()
        self._partial = Arrays({"seen": (False, np.bool_, ())})
        self._began_late = False
        self.late = 0

    def begin_late(self) -> None:
        """Say that readings were stored before this; the first day of each boiler is folded anew."""
        self._began_late = True

    def take(self, batch: Batch, now_ms: int) -> None:
        """Gather stored readings, whose sources are the boilers' list; `now_ms` is arrival time."""
        self._now_ms = max(self._now_ms, now_ms)
        if len(batch):
            self._gathered.append(batch)
            self._rows += len(batch)

    def turn(self, *, eager: bool = False) -> list[Refused]:
        """Fold what was gathered if it is worth it, and write some of what closed; return what the store refused.

        All of it where `eager`.

        Raises
        ------
        StoreError
            If the store does not take it; it is tried again at the next turn.
        """
        if eager or self._rows >= _ROWS_A_FOLD or self._now_ms - self._folded_ms >= _FOLD_MS:
            self._fold()
        if self._now_ms - self._looked_ms >= _LOOK_MS:
            self._looked_ms = self._now_ms
            self._tell(self._folding.quiet(self._now_ms))
        return self.send(0 if eager else _MOST_PAGES)

    def send(self, leave: int = 0) -> list[Refused]:
        """Write pages that the store has not taken yet, until so many are left."""
        refused: list[Refused] = []
        while len(self._outgoing) > leave:
            refused += self._store.write_rollup(*self._outgoing[0])
            self._outgoing.popleft()
        return refused

    def send_page(self) -> list[Refused]:
        """Write one page, if there is one."""
        return self.send(max(len(self._outgoing) - 1, 0))

    def __len__(self) -> int:
        """Return how many pages the store has not taken yet."""
        return len(self._outgoing)

    def correct(self, *, all_of_it: bool = False) -> int:
        """Fold some days anew from the store, of which something came late; return how many.

        Everything that is stored must have been taken.
        """
        due = self._waiting.due(self._now_ms, _DAYS_A_TURN, all_of_it=all_of_it)
        if due:
            self._fold()
            self._again(due)
            self._waiting.done(list(due))
        return len(due)

    def finish(self) -> list[Refused]:
        """Tell everything as it is: nothing more is coming for a while."""
        refused = self.turn(eager=True)
        while self.correct(all_of_it=True):
            refused += self.send()
        self._tell(self._folding.untold())
        return refused + self.send()

    def days_change(self, slot: int) -> None:
        """Fold a boiler's day anew, which begins at another time now."""
        newest = self._folding.reached(slot).newest_ms
        if newest >= 0:
            self._waiting.whole_day(slot, newest, self._now_ms)

    def dump(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state for a snapshot, which is whole right after an eager turn."""
        plain = {
            "late": self.late, "now_ms": self._now_ms, "looked_ms": self._looked_ms, "began_late": self._began_late,
            "marks": msgspec.to_builtins(self._waiting.plain()),
        }  # fmt: skip
        return plain, self._folding.dump() | {f"partial/{n}": v for n, v in self._partial.dump().items()}

    def load(self, plain: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Take the state of a snapshot."""
        self.late, self._now_ms, self._looked_ms = plain["late"], plain["now_ms"], plain["looked_ms"]
        self._began_late = plain["began_late"]
        self._waiting.load(msgspec.convert(plain["marks"], list[tuple[Day, Mark]]))
        self._folding.load(arrays)
        self._partial.load({"seen": arrays["partial/seen"]})

    def _fold(self) -> None:
        self._folded_ms = self._now_ms
        gathered, self._gathered, self._rows = self._gathered, [], 0
        if not gathered:
            return
        slot = self._boilers.slots(np.concatenate([batch.source for batch in gathered]))
        ts_ms = np.concatenate([batch.ts_ms for batch in gathered])
        columns = {
            name: np.concatenate([batch.columns.get(name, np.full(len(batch), np.nan)) for batch in gathered])
            for name in FOLDED
            if any(name in batch.columns for batch in gathered)
        }
        self._see_first(slot, ts_ms)
        folded = self._folding.add(slot, ts_ms, columns, len(self._boilers))
        if len(folded.late_slot):
            self.late += len(folded.late_slot)
            self._waiting.mark(folded.late_slot, folded.late_ms, self._now_ms)
        self._emit(folded.quarters, folded.days)

    def _see_first(self, slot: Ints, ts_ms: Ints) -> None:
        """Where readings were stored before us, mark the first day of each boiler: its beginning is in the store only."""
        if not self._began_late:
            return
        self._partial.grow(len(self._boilers))
        new, first = np.unique(slot[~self._partial["seen"][slot]], return_index=True)
        earliest = ts_ms[~self._partial["seen"][slot]][first]
        for one, at_ms in zip(new.tolist(), earliest.tolist(), strict=True):
            self._waiting.whole_day(one, at_ms, self._now_ms)
        self._partial["seen"][new] = True

    def _tell(self, slot: Ints) -> None:
        """Emit open quarters and what their days come to."""
        if not len(slot):
            return
        self._emit(*self._folding.settle(slot))
        quarters, days = self._folding.tell(slot)
        self._put("15m", quarters, self._boilers)
        self._put("1d", days, self._boilers)

    def _emit(self, quarters: Frames, days: Frames) -> None:
        """Emit what closed, and the running days of those whose quarters did."""
        self._put("15m", quarters, self._boilers)
        self._put("1d", days, self._boilers)
        if len(quarters):
            self._put("1d", self._folding.open_days(np.unique(quarters.slot)), self._boilers)

    def _put(self, resolution: Resolution, frames: Frames, boilers: Boilers, slots: Ints | None = None) -> None:
        """Queue frames for the store; `slots` names the boilers where frames count them from 0."""
        if not len(frames):
            return
        slot = frames.slot if slots is None else slots[frames.slot]
        named = slot.tolist()
        ids, sites = [boilers.ids[one] for one in named], [boilers.sites[one] for one in named]
        columns = columns_of(frames)
        for at in range(0, len(named), _ROWS_A_PAGE):
            page = slice(at, at + _ROWS_A_PAGE)
            some = {name: values[page] for name, values in columns.items()}
            self._outgoing.append((resolution, Rollup(ids[page], sites[page], frames.start_ms[page], some)))

    def _again(self, due: dict[Day, Mark]) -> None:
        """Fold days anew: those that are over on the side; those that a boiler's open sums are part of in their place."""
        over: dict[Span, dict[int, Mark]] = defaultdict(dict)
        running: dict[int, tuple[int, Mark]] = {}
        for day, mark in sorted(due.items(), key=itemgetter(0)):
            newest_ms, quarter_ms, open_ms = self._folding.reached(day.slot)
            if day.start_ms <= self._now_ms - self._retention_ms or newest_ms < day.start_ms:
                continue  # in part gone from the store, or of the hour after a late row with nothing in it yet
            if open_ms > day.start_ms:
                over[day.start_ms, self._boilers.day_end_ms(day.slot, day.start_ms)][day.slot] = mark
                continue
            # An open quarter has not been told yet, so everything from it on is.
            low_ms = min(mark.low_ms, quarter_ms) if quarter_ms >= 0 else mark.low_ms
            wide = Mark(low_ms, self._now_ms + _DAY_MS, mark.first_ms, mark.last_ms)
            first_ms = min(day.start_ms, open_ms) if open_ms >= 0 else day.start_ms
            start_ms, other = running.get(day.slot, (first_ms, wide))
            running[day.slot] = min(start_ms, first_ms), both(wide, other)
        in_place: dict[Span, dict[int, Mark]] = defaultdict(dict)
        for slot, (start_ms, mark) in running.items():
            in_place[start_ms, self._now_ms + _DAY_MS][slot] = mark
        for span, marks in over.items():
            self._refold(span, marks, running=False)
        for span, marks in in_place.items():
            self._refold(span, marks, running=True)

    def _refold(self, span: Span, marks: dict[int, Mark], *, running: bool) -> None:
        names = {self._boilers.ids[slot]: slot for slot in marks}
        found = self._store.history(list(names), FOLDED, span[0] - HELD_MS, span[1])
        rows = [(names[boiler], series) for boiler, series in found.items()]
        if not rows:
            return
        slots = np.unique(np.array([slot for slot, _ in rows]))
        folding = self._folding if running else Folding(lambda local, at_ms: self._boilers.days_of(slots[local], at_ms))
        place = {slot: slot if running else number for number, slot in enumerate(slots.tolist())}
        count = len(self._boilers) if running else len(slots)
        own = slots if running else np.arange(count)
        folding.begin(own, span[0], count)
        slot = np.concatenate([np.full(len(series.ts_ms), place[one]) for one, series in rows])
        ts_ms = np.concatenate([series.ts_ms for _, series in rows])
        columns = {name: np.concatenate([_column(series, name) for _, series in rows]) for name in FOLDED}
        folded = folding.add(slot, ts_ms, columns, count)
        closed: list[tuple[Frames, Frames]] = [(folded.quarters, folded.days)]
        if not running:
            closed += [folding.settle(own), folding.tell(own)]
        elif len(folded.quarters):
            closed.append((folded.quarters.take(slice(0)), folding.open_days(own)))
        self._put_marked(closed, marks, None if running else slots)

    def _put_marked(self, closed: Iterable[tuple[Frames, Frames]], marks: dict[int, Mark], slots: Ints | None) -> None:
        """Queue the quarters that were wrong, and the days."""
        for quarters, days in closed:
            named = (quarters.slot if slots is None else slots[quarters.slot]).tolist()
            low = np.array([marks[one].low_ms for one in named], np.int64)
            high = np.array([marks[one].high_ms for one in named], np.int64)
            wrong = (quarters.start_ms >= low) & (quarters.start_ms <= high)
            self._put("15m", quarters.take(wrong), self._boilers, slots)
            self._put("1d", days, self._boilers, slots)


def columns_of(frames: Frames) -> dict[str, Floats]:
    """Return what a roll-up says of frames, in the store's names."""
    columns: dict[str, Floats] = {}
    for name in CHARTED:
        if frames.has(name):
            columns |= {
                f"{name}_mean": frames.mean(name),
                f"{name}_min": frames.low(name),
                f"{name}_max": frames.high(name),
            }
    columns[READINGS] = frames.count(READINGS).astype(np.float64)
    columns["flame_on_s"], columns["starts"] = frames.flame_on_s, frames.starts
    if frames.has(COLD):
        columns[COLD] = frames.mean(COLD)
    return columns


def _column(series: Series, name: str) -> Floats:
    return series.columns.get(name, np.full(len(series.ts_ms), np.nan))
