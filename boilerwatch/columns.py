"""Batch <-> bytes: the body of a journal's `readings` row.

Columns go as one Arrow IPC record batch (LZ4) and are read by name: a missing one is unknown, an unknown one is
ignored. A name or type is never used again for something else.
"""

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from boilerwatch.errors import JournalError
from boilerwatch.model import Batch, Event, Figures, Source, Status
from boilerwatch.signals import BY_NAME

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")

#: Between the parts of a source and between sources: ASCII's own separators.
_PART, _END = "\x1f", "\x1e"
_MOST_SOURCES = 4_000_000


class _Body(msgspec.Struct, array_like=False, omit_defaults=True):
    """What stands around the columns; sources as `names` where no name has a separator, else as `sources`."""

    sources: list[Source] = []
    names: str = ""
    rows: bytes = b""
    events: list[Event] = []
    statuses: list[Status] = []
    ledger: dict[str, bytes] = {}
    tick_ms: int = 0
    connected: bool = True
    figures: Figures = {}


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Body)


def encode(batch: Batch) -> bytes:
    """Return the batch as bytes for a journal row."""
    names = _names_of(batch.sources)
    return _ENCODER.encode(
        _Body(
            sources=[] if names else batch.sources,
            names=names,
            rows=_encode_rows(batch) if len(batch) else b"",
            events=batch.events,
            statuses=batch.statuses,
            ledger={name: np.asarray(counts, np.int64).tobytes() for name, counts in batch.ledger.items()},
            tick_ms=batch.tick_ms,
            connected=batch.connected,
            figures=batch.figures,
        )
    )


def decode(body: bytes) -> Batch:
    """Return the batch that `encode` wrote.

    Raises
    ------
    JournalError
        If the bytes are not a batch.
    """
    try:
        plain = _DECODER.decode(body)
        batch = Batch(
            sources=_sources_of(plain.names) if plain.names else plain.sources,
            events=plain.events,
            statuses=plain.statuses,
            ledger={name: np.frombuffer(raw, np.int64) for name, raw in plain.ledger.items()},
            tick_ms=plain.tick_ms,
            connected=plain.connected,
            figures=plain.figures,
        )
        if plain.rows:
            _decode_rows(plain.rows, batch)
    except (msgspec.MsgspecError, pa.ArrowException, KeyError, ValueError) as exc:
        raise JournalError(f"a journal row does not hold a batch of readings: {exc}") from exc
    return batch


class _Sources(dict[str, Source]):
    """A source's text -> the source, made once in a process: nearly every row is of a boiler that spoke before."""

    def __missing__(self, text: str) -> Source:
        if len(self) >= _MOST_SOURCES:
            self.clear()
        source = self[text] = Source(*text.split(_PART))
        return source


_SOURCES = _Sources()


def _names_of(sources: list[Source]) -> str:
    """Return sources as one text, empty where a name has what stands between names."""
    text = _END.join(map(_PART.join, sources))
    plain = text.count(_PART) == 2 * len(sources) and text.count(_END) == max(len(sources) - 1, 0)
    return text if plain else ""


def _sources_of(text: str) -> list[Source]:
    return list(map(_SOURCES.__getitem__, text.split(_END)))


def _encode_rows(batch: Batch) -> bytes:
    fixed: dict[str, Any] = {
        "source": batch.source.astype(np.int32),
        "ts_ms": batch.ts_ms,
        "received_at_ms": batch.received_at_ms,
        "stamped": batch.stamped,
        "hash": batch.hash,
        "boot": batch.boot,
        "seq": batch.seq,
    }
    arrays = [pa.array(column) for column in (*fixed.values(), *batch.columns.values())]
    table = pa.RecordBatch.from_arrays(arrays, names=[*fixed, *batch.columns])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as writer:
        writer.write_batch(table)
    buffer: bytes = sink.getvalue().to_pybytes()
    return buffer


def _decode_rows(raw: bytes, batch: Batch) -> None:
    table = pa.ipc.open_stream(raw).read_next_batch()
    names = set(table.schema.names)

    def column(name: str) -> Any:
        return table.column(name).to_numpy(zero_copy_only=False)

    batch.source = column("source").astype(np.int64)
    batch.ts_ms = column("ts_ms")
    batch.received_at_ms = column("received_at_ms")
    batch.stamped = column("stamped")
    batch.hash = column("hash")
    batch.boot = column("boot")
    batch.seq = column("seq")
    batch.columns = {name: column(name) for name in table.schema.names if name in names & BY_NAME.keys()}
