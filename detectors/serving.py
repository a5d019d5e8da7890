"""Readings and service rows in the order in which a live run would have taken them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from boilerwatch.model import Batch, Event
from boilerwatch.service import ServiceRow


def with_service(batches: Iterable[Batch], rows: Sequence[ServiceRow]) -> Iterator[Batch | ServiceRow]:
    """Return batches with service rows between them, a batch cut where a row falls into it.

    A row comes after what had arrived by its time, and after everything when that is later than all readings.

    Parameters
    ----------
    rows
        In order of time.
    """
    left = list(rows)
    for batch in batches:
        rest = batch
        while left and len(rest) and left[0].at_ms < np.max(rest.received_at_ms):
            row = left.pop(0)
            before, rest = cut(rest, row.at_ms)
            if len(before) or before.events:
                yield before
            yield row
        yield rest
    yield from left


def cut(batch: Batch, at_ms: int) -> tuple[Batch, Batch]:
    """Return what of a batch had arrived by a time, and the rest; its ledger and figures go with the rest."""
    later = np.flatnonzero(batch.received_at_ms > at_ms)
    place = int(later[0]) if len(later) else len(batch)
    split: tuple[list[Event], list[Event]] = ([], [])
    for one in batch.events:
        split[one.before > place or (one.before == place and one.received_at_ms > at_ms)].append(one)
    parts = []
    for rows, events in zip((slice(0, place), slice(place, None)), split, strict=True):
        arrays = {name: getattr(batch, name)[rows] for name in _ARRAYS}
        columns = {name: values[rows] for name, values in batch.columns.items()}
        moved = [one._replace(before=one.before - rows.start) for one in events]
        parts.append(replace(batch, **arrays, columns=columns, events=moved))
    parts[0].ledger, parts[0].figures, parts[0].statuses = {}, {}, []
    return parts[0], parts[1]


_ARRAYS = ("source", "ts_ms", "received_at_ms", "stamped", "hash", "boot", "seq")
