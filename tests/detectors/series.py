"""Plain arrays -> batches -> engine -> findings: how detectors are tested."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from boilerwatch.model import Batch, Event, Finding, Floats, Ints, Source
from boilerwatch.register import Boiler
from detectors.catalogue.contract import Detector
from detectors.engine import Engine

T0_MS = 1_767_571_200_000


def batch_of(boilers: Sequence[str], source: Ints, ts_ms: Ints, received_at_ms: Ints, columns: Mapping[str, Floats],
             events: Sequence[Event] = (), sites: Sequence[str] = ()) -> Batch:  # fmt: skip
    """A batch of plain arrays; rows in order of arrival."""
    n = len(ts_ms)
    sites = sites or [""] * len(boilers)
    return Batch(
        sources=[Source(boiler, site, boiler) for boiler, site in zip(boilers, sites, strict=True)],
        source=np.asarray(source, np.int64), ts_ms=np.asarray(ts_ms, np.int64),
        received_at_ms=np.asarray(received_at_ms, np.int64), stamped=np.zeros(n, np.bool_), columns=dict(columns),
        hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64), seq=np.full(n, -1, np.int64), events=list(events),
    )  # fmt: skip


def cut(batch: Batch, places: Sequence[int]) -> list[Batch]:
    """The same rows in several batches."""
    edges = [0, *sorted({place for place in places if 0 < place < len(batch)}), len(batch)]
    parts = []
    for number, (begin, end) in enumerate(itertools.pairwise(edges)):
        rows, is_last = slice(begin, end), number == len(edges) - 2
        mine = [e for e in batch.events if begin <= e.before and (e.before < end or is_last)]
        parts.append(
            Batch(
                sources=batch.sources, source=batch.source[rows], ts_ms=batch.ts_ms[rows],
                received_at_ms=batch.received_at_ms[rows], stamped=batch.stamped[rows],
                columns={name: values[rows] for name, values in batch.columns.items()}, hash=batch.hash[rows],
                boot=batch.boot[rows], seq=batch.seq[rows],
                events=[event._replace(before=event.before - begin) for event in mine],
            )
        )  # fmt: skip
    return parts


def series(
    hours: Floats, columns: Mapping[str, Floats], boilers: Sequence[str] = ("b-1",), start_ms: int = T0_MS
) -> Batch:
    """Each boiler reports the same values at the same times, and at once.

    Parameters
    ----------
    hours
        Times since `start_ms`, shape (n,). [h]
    columns
        Signal -> values, shape (n,) for all boilers or (n, len(boilers)).
    """
    count = len(boilers)
    ts_ms = np.repeat(start_ms + np.rint(np.asarray(hours) * 3_600_000).astype(np.int64), count)
    table = {
        name: np.repeat(v, count) if np.ndim(v) == 1 else np.ravel(v)
        for name, v in ((name, np.asarray(values, np.float64)) for name, values in columns.items())
    }
    return batch_of(boilers, np.tile(np.arange(count), len(hours)), ts_ms, ts_ms, table)


def findings_of(batches: Sequence[Batch], detectors: Sequence[Detector] | None = None,
                register: Sequence[Boiler] = (), beat_ms: int = 300_000) -> list[Finding]:  # fmt: skip
    """What an engine makes of them, to the end."""
    engine = Engine(beat_ms=beat_ms, detectors=detectors)
    engine.register(register)
    out = [finding for batch in batches for finding in engine.take(batch)]
    return out + engine.finish()
