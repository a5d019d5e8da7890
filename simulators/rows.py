"""Readings and codes of a fleet as columns on their way into a file: one row a line, gathered from many steps at once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Ints
from simulators.fleet import Step
from simulators.habits import Habits

Bools = NDArray[np.bool_]
#: Boilers do not all speak at the same millisecond. [ms]
_SPREAD_MS = 1_000


@dataclass(slots=True)
class Rows:
    """Lines to be. All arrays have shape (n,).

    Attributes
    ----------
    boiler
        Its number in the fleet.
    at_ms, ts_ms, received_ms
        True time, time by the gateway's clock, time of arrival. [ms since 1970]
    boot, seq
        Of the gateway; -1 without one.
    code
        Number in the book of codes; -1 for a reading.
    active
        Whether the code appeared.
    torn
        0 for a whole line; else where to tear it, modulo its length.
    columns
        Signal -> values, NaN where there is none.
    """

    boiler: Ints
    at_ms: Ints
    ts_ms: Ints
    received_ms: Ints
    boot: Ints
    seq: Ints
    code: Ints
    active: Bools
    torn: Ints
    columns: dict[str, Floats]

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.boiler)

    def take(self, where: Ints | Bools) -> "Rows":
        """Return the rows at `where`."""
        plain = {one.name: getattr(self, one.name)[where] for one in fields(self) if one.name != "columns"}
        return Rows(**plain, columns={name: values[where] for name, values in self.columns.items()})

    def then(self, other: "Rows") -> "Rows":
        """Return these rows and others after them; a signal only one side has is NaN for the other."""
        plain = {
            one.name: np.concatenate([getattr(self, one.name), getattr(other, one.name)])
            for one in fields(self) if one.name != "columns"
        }  # fmt: skip
        names = {**self.columns, **other.columns}
        columns = {
            name: np.concatenate([part.columns.get(name, np.full(len(part), np.nan)) for part in (self, other)])
            for name in names
        }
        return Rows(**plain, columns=columns)


class Gatherer:
    """Makes rows of steps.

    Parameters
    ----------
    intervals_ms
        How often each boiler speaks, shape (boilers,). [ms]
    start_ms
        Where the data begin. [ms since 1970]
    on_change
        Whose gateways leave out what did not change, but for a whole reading every half hour, shape (boilers,).
    """

    def __init__(self, intervals_ms: Ints, start_ms: int, on_change: Bools | None = None) -> None:
        none = np.zeros(len(intervals_ms), np.bool_)
        self._habits = Habits(intervals_ms, start_ms, none if on_change is None else on_change)
        self._spread_ms = np.arange(len(intervals_ms)) % _SPREAD_MS
        self.codes: list[str] = []
        self._numbers: dict[str, int] = {}

    def gather(self, steps: Sequence[Step], step_ms: int) -> Rows:
        """Return what boilers say in these steps, step by step, codes after the readings of their step.

        Parameters
        ----------
        step_ms
            Length of a step; a boiler speaks in the step that its interval ends in. [ms]
        """
        at_ms = np.array([round(step.at_s * 1000) for step in steps], np.int64)
        due = self._habits.due(at_ms, step_ms)
        of_step, boiler = np.nonzero(due)
        names = list(steps[0].columns)
        shown = [self._habits.changes(step.columns, due[k], int(at_ms[k])) for k, step in enumerate(steps)]
        columns = {name: np.concatenate([one[name] for one in shown])[due.ravel()] for name in names}
        says = np.logical_or.reduce([~np.isnan(values) for values in columns.values()])
        readings = self._rows(boiler, at_ms[of_step], columns)
        if not says.all():
            readings = readings.take(says)
        told = [(k, *code) for k, step in enumerate(steps) for code in step.codes]
        if not told:
            return readings
        events = self._events(told, at_ms)
        both = readings.then(events)
        return both.take(np.argsort(both.at_ms - self._spread_ms[both.boiler], kind="stable"))

    def _rows(self, boiler: Ints, at_ms: Ints, columns: dict[str, Floats]) -> Rows:
        at_ms = at_ms + self._spread_ms[boiler]
        none = np.full(len(boiler), -1)
        return Rows(
            boiler, at_ms, at_ms, at_ms, none, none, none, np.zeros(len(boiler), np.bool_), np.zeros(len(boiler), np.int64),
            columns,
        )  # fmt: skip

    def _events(self, told: Sequence[tuple[int, int, str, bool]], at_ms: Ints) -> Rows:
        rows = self._rows(np.array([one[1] for one in told]), at_ms[[one[0] for one in told]], {})
        rows.code = np.array([self._number(one[2]) for one in told])
        rows.active = np.array([one[3] for one in told], np.bool_)
        return rows

    def _number(self, code: str) -> int:
        if code not in self._numbers:
            self._numbers[code] = len(self.codes)
            self.codes.append(code)
        return self._numbers[code]
