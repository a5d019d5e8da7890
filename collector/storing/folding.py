"""Readings -> quarter-hours -> civil days, as they come, with the fold of the detectors' frames.

Each boiler's newest reading waits until a later one comes, because what comes for the same moment is the same reading.
What comes for an earlier moment cannot be added in its place: it is given back as late, and the day is folded anew from
the store, by the same code. What was told of flame and counter holds for an hour, so that a day can be folded anew from
the hour before it. Sums run in float64 in order of time: the same bit for bit, however readings came and were cut.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.burner import Known, burnt
from boilerwatch.fold import QUARTER_MS, Bucket, Coarser, Frames, Stats, quarter_of, stats_of
from boilerwatch.model import Floats, Ints
from boilerwatch.signals import SIGNALS
from boilerwatch.water import cold_pressure, mean_temp_c

#: How long what was told of flame and counter holds.
HELD_MS = 3_600_000
#: A quarter that ended this long ago is told although its boiler has said nothing since.
GRACE_MS = 60_000
CHARTED = tuple(signal.name for signal in SIGNALS if signal.charted)
#: Signals that roll-ups are made of. A reading without any of them is none here.
FOLDED = tuple(dict.fromkeys((*CHARTED, "flame_on", "burner_starts")))
READINGS, COLD = "readings", "cold_pressure_bar"


class Folded(NamedTuple):
    """Frames that closed, and rows that came late: their slots and times, shape (n_late,)."""

    quarters: Frames
    days: Frames
    late_slot: Ints
    late_ms: Ints


class Reached(NamedTuple):
    """A boiler's newest reading, and when its open quarter and the day of its open sums began; -1 without. [ms since 1970]"""

    newest_ms: int
    quarter_ms: int
    day_ms: int


class Folding:
    """The open quarter and day of each boiler.

    Parameters
    ----------
    day_of
        (slot, moments) -> when their civil days began.
    """

    def __init__(self, day_of: Bucket) -> None:
        self._of = Arrays(
            {"newest": (-1, np.int64, ()), "since": (0, np.int64, ()), "added": (False, np.bool_, ()), "told": (True, np.bool_, ()), "ts": (0, np.int64, ()),
             "flame": (np.nan, np.float64, ()), "flame_ms": (0, np.int64, ()), "starts": (np.nan, np.float64, ()),
             "starts_ms": (0, np.int64, ())}
        )  # fmt: skip
        self._values = Arrays(dict.fromkeys(FOLDED, (np.nan, np.float64, ())))
        self._quarters = Coarser("quarter", quarter_of)
        self._days = Coarser("day", day_of)
        self._day_of = day_of

    def reached(self, slot: int) -> Reached:
        """Return how far a boiler is."""
        if slot >= len(self._of["newest"]):
            return Reached(-1, -1, -1)
        own = np.array([slot])
        (quarter,), (day,) = self._quarters.begun_ms(own).tolist(), self._days.begun_ms(own).tolist()
        if quarter >= 0 and day < 0:
            (day,) = self._day_of(own, np.array([quarter])).tolist()
        return Reached(int(self._of["newest"][slot]), quarter, day)

    def add(self, slot: Ints, ts_ms: Ints, columns: dict[str, Floats], slots: int) -> Folded:
        """Add readings in order of arrival.

        Parameters
        ----------
        slot, ts_ms
            Shape (n,).
        columns
            Signal -> values, shape (n,), NaN where nothing came.
        slots
            How many there are.
        """
        self._of.grow(slots)
        self._values.grow(slots)
        known = {name: columns[name] for name in FOLDED if name in columns}
        newest = self._of["newest"][slot]
        late = (ts_ms < newest) | ((ts_ms == newest) & self._of["added"][slot])
        told = np.zeros(len(slot), np.bool_)
        for values in known.values():
            told |= ~np.isnan(values)
        late_slot, late_ms = slot[late & told], ts_ms[late & told]
        good = told & ~late
        if not good.all():
            slot, ts_ms = slot[good], ts_ms[good]
            known = {name: values[good] for name, values in known.items()}
        slot, ts_ms, known = self._merged(slot, ts_ms, known)
        ends = np.concatenate([slot[1:] != slot[:-1], np.ones(min(len(slot), 1), np.bool_)])
        closed = self._sum(slot[~ends], ts_ms[~ends], {name: values[~ends] for name, values in known.items()}, slots)
        own = slot[ends]
        self._of["newest"][own], self._of["added"][own], self._of["told"][own] = ts_ms[ends], False, False
        for name in FOLDED:
            self._values[name][own] = known[name][ends] if name in known else np.nan
        return Folded(*closed, late_slot, late_ms)

    def _merged(self, slot: Ints, ts_ms: Ints, columns: dict[str, Floats]) -> tuple[Ints, Ints, dict[str, Floats]]:
        """Return the rows behind those that wait, sorted by slot and time, one for each moment: the last to come wins."""
        spoke = np.zeros(len(self._of["newest"]), np.bool_)
        spoke[slot] = True
        waits = np.flatnonzero(spoke & (self._of["newest"] >= 0) & ~self._of["added"])
        slot, ts_ms = np.concatenate([waits, slot]), np.concatenate([self._of["newest"][waits], ts_ms])
        order = np.lexsort((ts_ms, slot))
        slot, ts_ms = slot[order], ts_ms[order]
        begins = np.ones(len(slot), np.bool_)
        begins[1:] = (slot[1:] != slot[:-1]) | (ts_ms[1:] != ts_ms[:-1])
        starts = np.flatnonzero(begins)
        place = np.arange(len(slot))
        rows: dict[str, Floats] = {}
        for name in FOLDED:
            came = columns[name] if name in columns else np.full(len(slot) - len(waits), np.nan)
            values = np.concatenate([self._values[name][waits], came])[order]
            if len(starts) < len(slot):
                last = np.maximum.reduceat(np.where(np.isnan(values), -1, place), starts)
                values = np.where(last >= starts, values[last], np.nan)
            rows[name] = values
        return slot[starts], ts_ms[starts], rows

    def _sum(self, slot: Ints, ts_ms: Ints, columns: dict[str, Floats], slots: int) -> tuple[Frames, Frames]:
        """Add readings that nothing can come before any more, sorted by slot and time; return what closed."""
        of = self._of
        unknown = np.full(len(slot), np.nan)
        rows = Frames("quarter", slot, ts_ms, ts_ms, ts_ms, unknown, unknown, unknown)
        if len(slot):
            begins = np.concatenate([[True], slot[1:] != slot[:-1]])
            before = Known(*(of[name][slot] for name in ("ts", "flame", "flame_ms", "starts", "starts_ms")))
            told = burnt(begins, ts_ms, columns["flame_on"], columns["burner_starts"], before, HELD_MS)
            rows.flame_on_s, rows.starts = told.flame_on_s, told.starts
            ends = np.concatenate([begins[1:], [True]])
            for name, values in zip(("ts", "flame", "flame_ms", "starts", "starts_ms"), told.known, strict=True):
                of[name][slot[ends]] = values[ends]
            rows.stats = {name: stats_of(columns[name]) for name in CHARTED if np.isfinite(columns[name]).any()}
            rows.stats[READINGS] = stats_of(np.ones(len(slot)))
            counts = ts_ms >= of["since"][slot]
            if not counts.all():
                rows = rows.take(counts)
        quarters = _with_cold(self._quarters.add(rows, slots))
        return quarters, self._days.add(quarters, slots)

    def quiet(self, now_ms: int) -> Ints:
        """Return who has said nothing for a while after an open quarter that is not told as it is."""
        newest = self._of["newest"]
        return np.flatnonzero(~self._of["told"] & (quarter_of(newest, newest) + QUARTER_MS + GRACE_MS <= now_ms))

    def untold(self) -> Ints:
        """Return whose open quarter is not told as it is."""
        return np.flatnonzero(~self._of["told"])

    def settle(self, slot: Ints) -> tuple[Frames, Frames]:
        """Add the newest readings of these boilers, sorted, for nothing more is waited for; return what that closed."""
        mine = slot[~self._of["added"][slot] & (self._of["newest"][slot] >= 0)]
        self._of["added"][mine] = True
        newest = {name: self._values[name][mine] for name in FOLDED}
        return self._sum(mine, self._of["newest"][mine], newest, len(self._of["newest"]))

    def tell(self, slot: Ints) -> tuple[Frames, Frames]:
        """Return the open quarters of these boilers, sorted, and what their days come to with them."""
        self._of["told"][slot] = True
        quarters = _with_cold(self._quarters.open(slot))
        return quarters, self._days.with_open(quarters) if len(quarters) else quarters

    def open_days(self, slot: Ints) -> Frames:
        """Return the open days of these boilers, without their open quarters."""
        return self._days.open(slot)

    def begin(self, slot: Ints, since_ms: int, slots: int) -> None:
        """Forget these boilers, to fold them anew: sums begin then, what comes before only tells of flame and counter."""
        self._of.grow(slots)
        self._values.grow(slots)
        self._of.reset(slot)
        self._of["since"][slot] = since_ms
        self._values.reset(slot)
        self._quarters.forget(slot)
        self._days.forget(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return everything for a snapshot."""
        return {f"{part}/{n}": array for part, arrays in self._parts().items() for n, array in arrays.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take a snapshot."""
        for part, arrays in self._parts().items():
            arrays.load({n.removeprefix(f"{part}/"): v for n, v in data.items() if n.startswith(f"{part}/")})

    def _parts(self) -> dict[str, Arrays | Coarser]:
        return {"of": self._of, "values": self._values, "quarters": self._quarters, "days": self._days}


def _with_cold(quarters: Frames) -> Frames:
    """Add each quarter's pressure at 20 °C, from its mean pressure and its mean water temperature."""
    flow, back = quarters.mean("flow_temp_c"), quarters.mean("return_temp_c")
    water = mean_temp_c(flow, back)
    cold = stats_of(cold_pressure(quarters.mean("water_pressure_bar"), water))
    quarters.stats = {**quarters.stats, COLD: Stats(*cold)}
    return quarters
