"""Stored history as the engine wants it: readings and codes of all boilers, some hours after others, in order of their times.

A store keeps no arrival: what it has arrived when it says it was measured, so silence is told by the gaps in it, and what came
too late for the live detectors stands in its place.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from boilerwatch.model import Batch, Event, Floats, Ints, Source
from boilerwatch.signals import SIGNAL_NAMES
from boilerwatch.store.protocol import Store, StoredEvent
from detectors.replay import BEAT_MS

#: Boilers asked for at once, and hours of boilers taken together: few queries, bounded answers.
_BOILERS, _BOILER_HOURS = 500, 12_000


def stored_batches(store: Store, heard: Sequence[tuple[str, str]], start_ms: int, end_ms: int) -> Iterator[Batch]:
    """Return what the store has with start <= ts < end, an hour a batch, of few boilers up to a day.

    Parameters
    ----------
    heard
        (boiler, site) of each boiler to read.

    Raises
    ------
    StoreError
        If the store does not answer.
    """
    sites = dict(heard)
    span_ms = BEAT_MS * min(max(_BOILER_HOURS // max(len(sites), 1), 1), 24)
    for begin in range(start_ms, end_ms, span_ms):
        until = min(begin + span_ms, end_ms)
        batch = _span(store, sites, begin, until)
        if len(batch) or batch.events:
            yield batch


def _span(store: Store, sites: dict[str, str], start_ms: int, end_ms: int) -> Batch:
    names = list(sites)
    number = {name: place for place, name in enumerate(names)}
    parts: list[tuple[int, Ints, dict[str, Floats]]] = []
    codes: list[StoredEvent] = []
    for first in range(0, len(names), _BOILERS):
        some = names[first : first + _BOILERS]
        found = store.history(some, SIGNAL_NAMES, start_ms, end_ms)
        parts += [(number[name], one.ts_ms, one.columns) for name, one in found.items()]
        codes += store.events(some, start_ms, end_ms)
    source = np.concatenate([np.zeros(0, np.int64), *(np.full(len(ts), place) for place, ts, _ in parts)])
    ts_ms = np.concatenate([np.zeros(0, np.int64), *(ts for _, ts, _ in parts)])
    order = np.lexsort((source, ts_ms))
    said = [name for name in SIGNAL_NAMES if any(name in columns for _, _, columns in parts)]
    columns = {
        name: np.concatenate([columns.get(name, np.full(len(ts), np.nan)) for _, ts, columns in parts])[order]
        for name in said
    }
    ts_ms, n = ts_ms[order], len(order)
    events = [
        Event(number[one.boiler], one.ts_ms, one.ts_ms, one.code, one.active, int(np.searchsorted(ts_ms, one.ts_ms)))
        for one in sorted(codes, key=lambda code: code.ts_ms)
    ]
    return Batch(
        sources=[Source(name, site, name) for name, site in sites.items()], source=source[order], ts_ms=ts_ms,
        received_at_ms=ts_ms, stamped=np.zeros(n, np.bool_), columns={k: v for k, v in columns.items() if not np.isnan(v).all()},
        hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64), seq=np.full(n, -1, np.int64), events=events,
    )  # fmt: skip
