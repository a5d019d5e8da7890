"""Knows deliveries that came before: same topic, same bytes, with a time or number of their own.

A boiler's newer time cannot be a repeat, so only deliveries at or before the boiler's newest time are looked up; the
window is rebuilt from the journal's tail on start.
"""

from collections import deque

import numpy as np

from boilerwatch.model import Batch


class Repeats:
    """The hashes of the last hour.

    Parameters
    ----------
    window_ms
        How far back repeats are known, by arrival. [ms]
    """

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._parts: deque[tuple[int, np.ndarray[tuple[int], np.dtype[np.uint64]]]] = deque()
        self._newest: dict[str, int] = {}

    def remember(self, batch: Batch) -> None:
        """Take note of rows that are in the journal."""
        own = ~batch.stamped | (batch.seq >= 0)
        if not own.any():
            return
        at_ms = batch.newest_arrival_ms()
        self._parts.append((at_ms, np.unique(batch.hash[own])))
        while self._parts and self._parts[0][0] < at_ms - self._window_ms:
            self._parts.popleft()
        for number, source in enumerate(batch.sources):
            rows = batch.ts_ms[(batch.source == number)] if len(batch.sources) < 8 else None
            newest = int(rows.max()) if rows is not None and len(rows) else 0
            self._newest[source.boiler] = max(self._newest.get(source.boiler, 0), newest)
        if len(batch.sources) >= 8:
            newest_by = np.zeros(len(batch.sources), np.int64)
            np.maximum.at(newest_by, batch.source, batch.ts_ms)
            for source, newest in zip(batch.sources, newest_by.tolist(), strict=True):
                self._newest[source.boiler] = max(self._newest[source.boiler], newest)

    def drop(self, batch: Batch) -> int:
        """Take repeats out of the batch, count them in its ledger, return how many deliveries they were."""
        if not len(batch):
            return 0
        newest = np.array([self._newest.get(source.boiler, -1) for source in batch.sources], np.int64)
        suspect = (~batch.stamped & (batch.ts_ms <= newest[batch.source])) | (batch.stamped & (batch.seq >= 0))
        repeated = np.zeros(len(batch), np.bool_)
        if suspect.any():
            repeated[suspect] = self._seen(batch.hash[suspect])
        repeated |= _within(batch)
        if not repeated.any():
            return 0
        pairs = {(int(s), int(h)): 1 for s, h in zip(batch.source[repeated], batch.hash[repeated], strict=True)}
        _take_out(batch, ~repeated)
        counts = batch.ledger.setdefault("repeated", np.zeros(len(batch.sources), np.int64))
        for source, _ in pairs:
            counts[source] += 1
            batch.ledger["accepted"][source] -= 1
        return len(pairs)

    def _seen(self, hashes: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        found = np.zeros(len(hashes), np.bool_)
        for _, part in self._parts:
            place = np.searchsorted(part, hashes)
            place[place == len(part)] = 0
            found |= part[place] == hashes
        return found


def _within(batch: Batch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows whose delivery came earlier in the same batch; rows of one array are one delivery and stand together."""
    begins = np.ones(len(batch), np.bool_)
    begins[1:] = (batch.hash[1:] != batch.hash[:-1]) | (batch.source[1:] != batch.source[:-1])
    begins |= np.concatenate([[True], batch.ts_ms[1:] == batch.ts_ms[:-1]])
    deliveries = np.cumsum(begins) - 1
    hashes = batch.hash[begins]
    _, first = np.unique(hashes, return_index=True)
    again = np.ones(len(hashes), np.bool_)
    again[first] = False
    own = ~batch.stamped | (batch.seq >= 0)
    repeated: np.ndarray[tuple[int], np.dtype[np.bool_]] = again[deliveries] & own
    return repeated


def _take_out(batch: Batch, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    shift = np.concatenate([[0], np.cumsum(keep)])
    batch.events = [event._replace(before=int(shift[event.before])) for event in batch.events]
    batch.statuses = [status._replace(before=int(shift[status.before])) for status in batch.statuses]
    for name in ("source", "ts_ms", "received_at_ms", "stamped", "hash", "boot", "seq"):
        setattr(batch, name, getattr(batch, name)[keep])
    batch.columns = {name: values[keep] for name, values in batch.columns.items()}
