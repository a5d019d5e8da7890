"""When we did not listen, told by the readings journal alone.

The collector writes at least a tick each second, so a gap between two rows, or ticks that say it was not connected, is
an absence of ours. What the broker kept for us meanwhile comes first when we are back: that is its backlog. It is over
when most of what comes was measured after our return, or, where gateways tell no time, after a minute.
"""

import numpy as np

from boilerwatch.model import Batch

#: A collector that is restarted at once is away for less; nothing waits long enough to matter.
LEAST_MS = 15_000
_FRESH_MS = 5_000
_UNTIMED_MS, _LONGEST_MS = 60_000, 600_000

Absence = tuple[int, int]


class Listening:
    """Follows rows of `readings` in their order.

    Parameters
    ----------
    heard_ms
        When we last listened, 0 if that is not known. [ms since 1970]
    absence
        The one whose backlog was still coming.
    """

    def __init__(self, heard_ms: int = 0, absence: Absence | None = None) -> None:
        self._heard_ms = heard_ms
        self._absence = absence

    def see(self, batch: Batch) -> Absence | None:
        """Return the absence in whose backlog a row came, None if we had listened all the while. [ms since 1970]"""
        first_ms, last_ms = _span(batch)
        if not batch.connected or not last_ms:
            return None
        if self._heard_ms and first_ms - self._heard_ms >= LEAST_MS:
            self._absence = (self._heard_ms, first_ms)
        self._heard_ms = max(self._heard_ms, last_ms)
        if self._absence is not None and not batch.tick_ms and self._is_over(batch, first_ms, self._absence[1]):
            self._absence = None
        return None if batch.tick_ms else self._absence

    def _is_over(self, batch: Batch, first_ms: int, end_ms: int) -> bool:
        timed = [event.ts_ms for event in batch.events if not event.stamped]
        ts_ms = np.concatenate([batch.ts_ms[~batch.stamped], np.array(timed, np.int64)])
        if not len(ts_ms):
            return first_ms - end_ms > _UNTIMED_MS
        return bool(np.mean(ts_ms >= end_ms - _FRESH_MS) > 0.5) or first_ms - end_ms > _LONGEST_MS


def _span(batch: Batch) -> tuple[int, int]:
    """Return the first and the last arrival of a row, (0, 0) of an empty one. [ms since 1970]"""
    others = [event.received_at_ms for event in batch.events] + [status.received_at_ms for status in batch.statuses]
    ends = [int(batch.received_at_ms[0]), int(batch.received_at_ms[-1])] if len(batch) else []
    every = [*others, *ends, *([batch.tick_ms] if batch.tick_ms else [])]
    return (min(every), max(every)) if every else (0, 0)
