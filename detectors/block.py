"""What arrived since the last beat, until it is shown."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Batch, Event, Floats, Ints
from detectors.catalogue.contract import View

#: A block holds no more rows than this, so that memory stays bounded however many boilers speak.
FULL_ROWS = 262_144
_MOST_BEATS = 24
_TIMES = ("slot", "ts_ms", "received_at_ms")


class Block:
    """Rows and events of one beat of arrival time.

    Parameters
    ----------
    beat_ms
        Length of a beat. [ms]
    least_rows
        A block with fewer rows goes on over further beats, up to a day's worth of them when a beat is an hour.
    """

    def __init__(self, beat_ms: int, least_rows: int = 0) -> None:
        self._beat_ms = beat_ms
        self._least_rows = least_rows
        self._first = -1
        self._rows: list[dict[str, NDArray[Any]]] = []
        self._columns: list[dict[str, Floats]] = []
        self._count = 0
        self._number = -1
        self._reached_ms = 0
        self._connected = True
        self.events: list[tuple[int, Event]] = []

    @property
    def reached_ms(self) -> int:
        """Arrival time reached. [ms since 1970]"""
        return self._reached_ms

    def is_over(self, arrival_ms: int) -> bool:
        """Return whether something that arrives now belongs to the next block."""
        number = arrival_ms // self._beat_ms
        enough = self._count >= self._least_rows or number - self._first >= _MOST_BEATS
        return self._count >= FULL_ROWS or (0 <= self._number < number and enough)

    def arrivals(self, batch: Batch) -> Ints:
        """Return when each row of a batch arrived, shape (n,). [ms since 1970]

        What was refused and is read again later bears its first arrival. It came late all the same: arrival never runs
        backwards here, or everybody would seem silent since then.
        """
        return np.maximum(np.maximum.accumulate(batch.received_at_ms), self._reached_ms)

    def add(self, batch: Batch, slot: Ints, arrival: Ints, begin: int) -> int:
        """Add rows from `begin` up to the end of the beat; return where the next beat begins.

        Parameters
        ----------
        slot, arrival
            Of each row of the batch, arrival as `arrivals` returned it, shape (n,).
        """
        self._number = max(self._number, int(arrival[begin]) // self._beat_ms)
        self._first = self._number if self._first < 0 else self._first
        end = begin + int(np.searchsorted(arrival[begin:], (self._number + 1) * self._beat_ms))
        end = min(max(end, begin + 1), begin + FULL_ROWS - self._count)
        rows = slice(begin, end)
        times = (slot[rows], batch.ts_ms[rows], arrival[rows])
        self._rows.append(dict(zip(_TIMES, times, strict=True)))
        self._columns.append({name: values[rows] for name, values in batch.columns.items()})
        self._count += end - begin
        self._reached_ms = max(self._reached_ms, int(arrival[end - 1]))
        self._connected &= batch.connected
        return end

    def tick(self, now_ms: int, connected: bool) -> None:
        """Take note that nothing came until now. [ms since 1970]"""
        self._number = max(self._number, now_ms // self._beat_ms)
        self._reached_ms = max(self._reached_ms, now_ms)
        self._connected &= connected

    def take(self) -> View:
        """Return the block and begin the next one."""
        rows, columns = self._joined()
        view = View(
            rows["slot"], rows["ts_ms"], rows["received_at_ms"], columns, self.events, self._reached_ms, self._connected
        )
        self._rows, self._columns, self.events = [], [], []
        self._count, self._connected, self._first = 0, True, -1
        return view

    def _joined(self) -> tuple[dict[str, NDArray[Any]], dict[str, Floats]]:
        """Return the rows so far, in order of arrival."""
        empty = np.zeros(0, np.int64)
        rows = {name: np.concatenate([empty, *(part[name] for part in self._rows)]) for name in _TIMES}
        names = dict.fromkeys(name for part in self._columns for name in part)
        sizes = [len(part["slot"]) for part in self._rows]
        columns = {
            name: np.concatenate(
                [
                    part[name] if name in part else np.full(size, np.nan)
                    for part, size in zip(self._columns, sizes, strict=True)
                ]
            )
            for name in sorted(names)
        }
        return rows, columns

    def plain(self) -> dict[str, Any]:
        """Return for a snapshot what is not an array."""
        return {
            "number": self._number,
            "first": self._first,
            "reached_ms": self._reached_ms,
            "connected": self._connected,
            "events": [[slot, msgspec.to_builtins(event)] for slot, event in self.events],
        }

    def resume(self, plain: dict[str, Any]) -> None:
        """Take what `plain` returned."""
        self._number, self._first, self._reached_ms = plain["number"], plain["first"], plain["reached_ms"]
        self._connected = plain["connected"]
        self.events = [(slot, msgspec.convert(event, Event)) for slot, event in plain["events"]]

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the rows for a snapshot."""
        rows, columns = self._joined()
        return rows | {f"signal.{name}": values for name, values in columns.items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the rows of a snapshot."""
        self._rows = [{name: data[name] for name in _TIMES}]
        self._columns = [{n.removeprefix("signal."): v for n, v in data.items() if n.startswith("signal.")}]
        self._count = len(data["slot"])
