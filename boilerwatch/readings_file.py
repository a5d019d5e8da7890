"""Readings in files -> batches: JSON lines, plain or gzipped, and Parquet with the same columns.

The order of the lines is the order of arrival. Arrival is a line's `received_at`; without one, the running maximum of
the median of the last `ts` of the 31 boilers last heard: the system clock plays no part, and one fast clock does not
make everyone late. Lines that cannot be read are counted and passed over.
"""

import gzip
import math
from bisect import bisect_left, insort
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from boilerwatch.errors import InputError
from boilerwatch.model import Batch, Event, Floats, Ints, Source
from boilerwatch.signals import BY_NAME, FLAGS, SIGNALS
from boilerwatch.wire import ID, parse_time

_MEDIAN_OF = 31
_PIECE_BYTES = 1 << 21
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
        *((name, bool | float | None if name in FLAGS else float | None, math.nan) for name in _NAMES),
    ],
    gc=False,
)
_PAIR, _BOILER, _TS = attrgetter("boiler", "site"), attrgetter("boiler"), attrgetter("ts")
_RECEIVED, _CODE = attrgetter("received_at"), attrgetter("code")
_BULK: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Line])  # type: ignore[valid-type]
_PLAIN = msgspec.json.Decoder()


class Arrival:
    """Tells when a line came, from the lines before it."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()
        self._sorted: list[int] = []
        self.now_ms = 0

    def of(self, boilers: Iterable[str], ts_ms: Iterable[int], told: Iterable[int | None]) -> list[int]:
        """Return when each line arrived: what it tells, or what the lines before it and itself let suppose.

        Parameters
        ----------
        told
            The line's own arrival where it has one. [ms since 1970]
        """
        last, ordered, now_ms = self._last, self._sorted, self.now_ms
        out = []
        for boiler, ts, own in zip(boilers, ts_ms, told, strict=False):
            if own is not None:
                out.append(own)
                continue
            before = last.pop(boiler, None)
            if before is None and len(last) == _MEDIAN_OF:
                _, before = last.popitem(last=False)
            if before is not None:
                del ordered[bisect_left(ordered, before)]
            last[boiler] = ts
            insort(ordered, ts)
            median = ordered[(len(ordered) - 1) // 2]
            now_ms = max(now_ms, median)
            out.append(now_ms)
        self.now_ms = now_ms
        return out


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
        rest = b""
        while piece := file.read(_PIECE_BYTES):
            *whole, rest = (rest + piece).split(b"\n")
            lines += whole
            while len(lines) >= rows:
                yield lines[:rows]
                del lines[:rows]
        if rest:
            lines.append(rest)
        yield from (lines[begin : begin + rows] for begin in range(0, len(lines), rows))


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


def _batch(lines: list[Any], arrival: Arrival, refused: Counter[str]) -> Batch:
    """Make columns of decoded lines."""
    lines, ts_ms = _timed(lines, refused)
    arrivals = _arrivals(lines, ts_ms, arrival)
    numbers: dict[tuple[str, str], int] = {}
    source = np.fromiter(
        (numbers.setdefault(pair, len(numbers)) for pair in map(_PAIR, lines)), np.int64, count=len(lines)
    )
    is_event = np.fromiter((code is not None for code in map(_CODE, lines)), np.bool_, count=len(lines))
    before = np.cumsum(~is_event)
    events = [
        Event(int(source[i]), int(ts_ms[i]), int(arrivals[i]), str(lines[i].code)[:64], lines[i].active, int(before[i]))
        for i in np.flatnonzero(is_event).tolist()
    ]
    rows = ~is_event
    kept = [line for line in lines if line.code is None] if events else lines
    n = len(kept)
    arrivals = arrivals[rows]
    return Batch(
        sources=[Source(boiler, site, boiler) for boiler, site in numbers], source=source[rows], ts_ms=ts_ms[rows],
        received_at_ms=np.maximum.accumulate(arrivals) if n else arrivals, stamped=np.zeros(n, np.bool_),
        columns=_columns(kept, refused), hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64),
        seq=np.full(n, -1, np.int64), events=events, ledger={},
    )  # fmt: skip


def _timed(lines: list[Any], refused: Counter[str]) -> tuple[list[Any], Ints]:
    """Return the lines with a possible time and id, and their times."""
    good = {boiler for boiler in set(map(_BOILER, lines)) if ID.fullmatch(boiler)}
    try:
        ts_ms = np.fromiter(map(_TS, lines), np.int64, count=len(lines))
    except (TypeError, ValueError, OverflowError):  # a text, none, or a number beyond 64 bits
        ts_ms = np.array([_time(line.ts) or 0 for line in lines], np.int64)
    bad_time = (ts_ms < _EARLIEST_MS) | (ts_ms > _LATEST_MS)
    bad_id = np.fromiter((boiler not in good for boiler in map(_BOILER, lines)), np.bool_, count=len(lines)) & ~bad_time
    if not (bad_time.any() or bad_id.any()):
        return lines, ts_ms
    for reason, bad in (("bad time", bad_time), ("bad boiler id", bad_id)):
        if bad.any():
            refused[reason] += int(bad.sum())
    fine = ~(bad_time | bad_id)
    return [lines[i] for i in np.flatnonzero(fine).tolist()], ts_ms[fine]


def _arrivals(lines: list[Any], ts_ms: Ints, arrival: Arrival) -> Ints:
    """Return when each line arrived, shape (n,). [ms since 1970]"""
    if not any(map(_RECEIVED, lines)):
        return np.array(arrival.of(map(_BOILER, lines), ts_ms.tolist(), repeat(None)), np.int64)
    told = [_time(raw) for raw in map(_RECEIVED, lines)]
    return np.array(arrival.of(map(_BOILER, lines), ts_ms.tolist(), told), np.int64)


def _columns(lines: list[Any], refused: Counter[str]) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    for name in _NAMES:
        get = attrgetter(name)
        try:
            values = np.fromiter(map(get, lines), np.float64, count=len(lines))
        except TypeError:  # a null
            values = np.array([get(line) for line in lines], np.float64)
        if np.isnan(values).all():
            continue
        signal = BY_NAME[name]
        good = (values >= signal.low) & (values <= signal.high)
        if not good.all():
            impossible = ~good & ~np.isnan(values)
            if impossible.any():
                refused[f"{name} out of range"] += int(impossible.sum())
                values[impossible] = math.nan
        if not np.isnan(values).all():
            columns[name] = values
    return columns
