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


class _Body(msgspec.Struct, array_like=False, omit_defaults=True):
    """What stands around the columns."""

    sources: list[Source] = []
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
    return _ENCODER.encode(
        _Body(
            sources=batch.sources,
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
            sources=plain.sources,
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
