"""Readings in files -> batches: JSON lines, plain or gzipped, and Parquet with the same columns.

The order of the lines is the order of arrival. Arrival is a line's `received_at`; without one, the running maximum of
the median of the last `ts` of the 31 boilers last heard: the system clock plays no part, and one fast clock does not
make everyone late. Lines that cannot be read are counted and passed over.
"""

import gzip
import math
import statistics
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from boilerwatch.errors import InputError
from boilerwatch.model import Batch, Event, Source
from boilerwatch.signals import BY_NAME, FLAGS, SIGNALS
from boilerwatch.wire import ID, parse_time

_MEDIAN_OF = 31
_NAMES = tuple(signal.name for signal in SIGNALS)
#: 2000 to 2100: outside lies seconds, microseconds or a clock that was never set.
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000

Line = msgspec.defstruct(
    "Line",
    [
        ("boiler", str),
        ("site", str, ""),
        ("ts", int | str | None, None),
        ("received_at", int | str | None, None),
        ("code", str | int | None, None),
        ("active", bool, True),
        *((name, bool | float | None if name in FLAGS else float | None, None) for name in _NAMES),
    ],
    gc=False,
)
_BULK: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Line])  # type: ignore[valid-type]
_PLAIN = msgspec.json.Decoder()


class Arrival:
    """Tells when a line came, from the lines before it."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()
        self.now_ms = 0
        self._since = 0

    def of(self, boiler: str, ts_ms: int) -> int:
        """Return the arrival of a line without one. [ms since 1970]"""
        self._last[boiler] = ts_ms
        self._last.move_to_end(boiler)
        if len(self._last) > _MEDIAN_OF:
            self._last.popitem(last=False)
        if ts_ms > self.now_ms:
            self.now_ms = max(self.now_ms, int(statistics.median_low(self._last.values())))
        return self.now_ms


def read_batches(path: Path, refused: Counter[str], rows: int = 20_000) -> Iterator[Batch]:
    """Return the file's readings and events, `rows` lines a batch.

    Parameters
    ----------
    refused
        Counts of lines and values that could not be taken, by reason; added to.

    Raises
    ------
    InputError
        If the file cannot be read, or is cut off in the middle of its compression.
    """
    arrival = Arrival()
    try:
        for lines in _chunks(path, rows):
            yield _batch(_decode(lines, refused), arrival, refused)
    except (OSError, EOFError, gzip.BadGzipFile) as exc:
        raise InputError(f"{path} cannot be read: {exc}") from exc
    except pa.ArrowException as exc:
        raise InputError(f"{path} is not a Parquet file of readings: {exc!s:.200}") from exc


def _chunks(path: Path, rows: int) -> Iterator[list[bytes]]:
    if path.suffix == ".parquet":
        for part in pq.ParquetFile(path).iter_batches(rows):
            yield [msgspec.json.encode({k: v for k, v in row.items() if v is not None}) for row in part.to_pylist()]
        return
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        lines: list[bytes] = []
        for line in file:
            lines.append(line)
            if len(lines) == rows:
                yield lines
                lines = []
        if lines:
            yield lines


def _decode(lines: list[bytes], refused: Counter[str]) -> list[Any]:
    """Decode lines at once; where that fails, halve until the bad line is alone."""
    try:
        found = _BULK.decode(b"[" + b",".join(lines) + b"]")
        if len(found) == len(lines):
            return found
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    if len(lines) > 1:
        half = len(lines) // 2
        return _decode(lines[:half], refused) + _decode(lines[half:], refused)
    return _decode_alone(lines[0], refused)


def _decode_alone(line: bytes, refused: Counter[str]) -> list[Any]:
    if not line.strip():
        return []
    try:
        plain = _PLAIN.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        refused["line is not JSON"] += 1
        return []
    if not isinstance(plain, dict) or not isinstance(plain.get("boiler"), str):
        refused["line names no boiler"] += 1
        return []
    for name in _NAMES:
        value = plain.get(name)
        if value is not None and (
            not isinstance(value, (int, float)) or (isinstance(value, bool) and name not in FLAGS)
        ):
            refused[f"{name} of the wrong type"] += 1
            del plain[name]
    try:
        return [msgspec.convert(plain, Line)]
    except msgspec.ValidationError as exc:
        refused[f"line of the wrong shape: {exc!s:.60}"] += 1
        return []


def _time(raw: int | str | None) -> int | None:
    if isinstance(raw, str):
        try:
            raw = parse_time(raw)
        except (ValueError, OverflowError):
            return None
    return raw if raw is not None and _EARLIEST_MS <= raw <= _LATEST_MS else None


def _batch(lines: Iterable[Any], arrival: Arrival, refused: Counter[str]) -> Batch:
    numbers: dict[tuple[str, str], int] = {}
    events: list[Event] = []
    kept: list[Any] = []
    place: list[tuple[int, int, int]] = []
    for line in lines:
        ts = _time(line.ts)
        if ts is None or not ID.fullmatch(line.boiler):
            refused["bad time" if ts is None else "bad boiler id"] += 1
            continue
        told = _time(line.received_at)
        received = arrival.of(line.boiler, ts) if told is None else told
        source = numbers.setdefault((line.boiler, line.site), len(numbers))
        if line.code is not None:
            events.append(Event(source, ts, received, str(line.code)[:64], line.active, len(kept)))
        else:
            kept.append(line)
            place.append((source, ts, received))
    table = np.array(place, np.int64).reshape(-1, 3)
    columns: dict[str, Any] = {}
    for name in _NAMES:
        values = np.array([getattr(line, name) for line in kept], np.float64)
        known = ~np.isnan(values)
        if not known.any():
            continue
        signal = BY_NAME[name]
        impossible = known & ~((values >= signal.low) & (values <= signal.high))
        if impossible.any():
            refused[f"{name} out of range"] += int(impossible.sum())
            values[impossible] = math.nan
        columns[name] = values
    n = len(kept)
    return Batch(
        sources=[Source(boiler, site, boiler) for boiler, site in numbers], source=table[:, 0], ts_ms=table[:, 1],
        received_at_ms=np.maximum.accumulate(table[:, 2]) if n else table[:, 2], stamped=np.zeros(n, np.bool_),
        columns=columns, hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64), seq=np.full(n, -1, np.int64), events=events,
        ledger={},
    )  # fmt: skip
