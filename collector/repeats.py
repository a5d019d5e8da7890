"""Knows deliveries that came before: same topic, same bytes, with a time or number of their own.

A boiler's newer time cannot be a repeat, so only deliveries at or before the boiler's newest time are looked up; the
window is rebuilt from the journal's tail on start.
"""

from collections import deque
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Batch, Ints, Source

_Hashes = NDArray[np.uint64]
_Flags = NDArray[np.bool_]
#: The window goes in so many steps, so that few parts have to be searched.
_STEPS = 12


_BOILER = attrgetter("boiler")


class _Span:
    """Hashes that came within a step of the window, in sorted parts that shrink: few parts, and each merged seldom."""

    def __init__(self, begin_ms: int) -> None:
        self.begin_ms = begin_ms
        self._parts: list[_Hashes] = []

    def add(self, hashes: _Hashes) -> None:
        parts = self._parts
        parts.append(np.sort(hashes))
        while len(parts) > 1 and 2 * len(parts[-1]) >= len(parts[-2]):
            last = parts.pop()
            parts[-1] = np.sort(np.concatenate([parts[-1], last]), kind="stable")

    def seen(self, hashes: _Hashes) -> _Flags:
        found = np.zeros(len(hashes), np.bool_)
        for part in self._parts:
            place = np.searchsorted(part, hashes)
            place[place == len(part)] = 0
            found |= part[place] == hashes
        return found


class Repeats:
    """The hashes of the last hour.

    Parameters
    ----------
    window_ms
        How far back repeats are known at least, by arrival. [ms]
    """

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._step_ms = max(window_ms // _STEPS, 1)
        self._spans: deque[_Span] = deque()
        self._slots: dict[str, int] = {}
        self._newest = np.zeros(1_024, np.int64)
        self._asked: tuple[list[Source], Ints] = ([], np.zeros(0, np.int64))

    def remember(self, batch: Batch) -> None:
        """Take note of rows that are in the journal."""
        own = ~batch.stamped | (batch.seq >= 0)
        if not own.any():
            return
        at_ms = batch.newest_arrival_ms()
        if not self._spans or at_ms - self._spans[-1].begin_ms >= self._step_ms:
            self._spans.append(_Span(at_ms))
        self._spans[-1].add(batch.hash[own])
        slots = self._slots_of(batch.sources)
        np.maximum.at(self._newest, slots[batch.source], batch.ts_ms)

    def drop(self, batch: Batch, delivery: Ints) -> int:
        """Take repeats out of the batch, count them in its ledger, return how many deliveries they were.

        Parameters
        ----------
        delivery
            Which delivery each row came in; a delivery's rows stand together, shape (n,).
        """
        if not len(batch):
            return 0
        self._forget(batch.newest_arrival_ms())
        slots = self._slots_of(batch.sources)
        newest = self._newest[slots][batch.source]
        own = ~batch.stamped | (batch.seq >= 0)
        suspect = own & (batch.stamped | (batch.ts_ms <= newest))
        repeated = np.zeros(len(batch), np.bool_)
        if suspect.any():
            for span in self._spans:
                repeated[suspect] |= span.seen(batch.hash[suspect])
        repeated |= own & _came_before(batch.hash, delivery)
        if not repeated.any():
            return 0
        starts = np.flatnonzero(np.concatenate([[True], delivery[1:] != delivery[:-1]]))
        gone = starts[np.logical_and.reduceat(repeated, starts)]
        accounts = np.bincount(batch.source[gone], minlength=len(batch.sources))
        _take_out(batch, ~repeated)
        batch.ledger["repeated"] = batch.ledger.get("repeated", 0) + accounts
        batch.ledger["accepted"] = batch.ledger["accepted"] - accounts
        return len(gone)

    def _forget(self, now_ms: int) -> None:
        while self._spans and self._spans[0].begin_ms + self._step_ms < now_ms - self._window_ms:
            self._spans.popleft()

    def _slots_of(self, sources: list[Source]) -> Ints:
        if self._asked[0] is sources and len(self._asked[1]) == len(sources):
            return self._asked[1]  # a batch is asked for when it comes and when it is in the journal
        slots = self._slots
        known = list(map(slots.get, map(_BOILER, sources)))
        if None in known:
            known = [slots.setdefault(source.boiler, len(slots)) for source in sources]
        found = np.array(known, np.int64)
        if len(slots) > len(self._newest):
            self._newest = np.concatenate([self._newest, np.zeros(max(len(slots), len(self._newest)), np.int64)])
        self._asked = (sources, found)
        return found


def _came_before(hashes: _Hashes, delivery: Ints) -> _Flags:
    """Return which rows came in an earlier delivery of the same batch."""
    order = np.argsort(hashes, kind="stable")
    ordered, number = hashes[order], delivery[order]
    starts = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    found = np.zeros(len(hashes), np.bool_)
    found[order] = number != number[first]
    return found


def _take_out(batch: Batch, keep: _Flags) -> None:
    shift = np.concatenate([[0], np.cumsum(keep)])
    batch.events = [event._replace(before=int(shift[event.before])) for event in batch.events]
    batch.statuses = [status._replace(before=int(shift[status.before])) for status in batch.statuses]
    for name in ("source", "ts_ms", "received_at_ms", "stamped", "hash", "boot", "seq"):
        setattr(batch, name, getattr(batch, name)[keep])
    batch.columns = {name: values[keep] for name, values in batch.columns.items()}
