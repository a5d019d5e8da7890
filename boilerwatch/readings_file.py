"""Readings in files -> batches: JSON lines, plain or gzipped, and Parquet or CSV with the same columns.

The order of the lines is the order of arrival. Arrival is a line's `received_at`, or what the lines around it let suppose. Lines
that cannot be read are counted and passed over.
"""

import gzip
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from boilerwatch.arrivals import Arrivals
from boilerwatch.errors import InputError
from boilerwatch.model import Batch, Event, Floats, Ints, Source
from boilerwatch.readings_csv import ENDINGS, csv_lines
from boilerwatch.signals import BY_NAME, FLAGS, SIGNALS
from boilerwatch.wire import ID, parse_time

_PIECE_BYTES = 1 << 22
_NAMES = tuple(signal.name for signal in SIGNALS)
#: 2000 to 2100: outside lies seconds, microseconds or a clock that was never set.
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000

_PLAIN_FIELDS: list[Any] = [
    ("boiler", str),
    ("site", str, ""),
    ("ts", int | str | None, None),
    ("received_at", int | str | None, None),
    ("code", str | int | None, None),
    ("active", bool, True),
]


def _signal_fields(names: Iterable[str]) -> list[Any]:
    return [(name, bool | float | None if name in FLAGS else float | None, math.nan) for name in names]


Line = msgspec.defstruct("Line", [*_PLAIN_FIELDS, *_signal_fields(_NAMES)], gc=False)
_PAIR, _TS = attrgetter("boiler", "site"), attrgetter("ts")
_RECEIVED, _CODE = attrgetter("received_at"), attrgetter("code")
_BULK: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Line])  # type: ignore[valid-type]
_PLAIN = msgspec.json.Decoder()


def read_batches(path: Path, refused: Counter[str], rows: int = 60_000) -> Iterator[Batch]:
    """Return the file's readings and events, at most `rows` lines a batch; all batches share one list of sources, which grows.

    Parameters
    ----------
    refused
        Counts of lines and values that could not be taken, by reason; added to.

    Raises
    ------
    InputError
        If the file cannot be read, or is cut off in the middle of its compression.
    """
    reading = _Reading(refused)
    try:
        for lines in _chunks(path, rows):
            yield reading.batch(lines)
        yield reading.rest()
    except (OSError, EOFError, zlib.error) as exc:
        raise InputError(f"{path} cannot be read: {exc}") from exc
    except pa.ArrowException as exc:
        raise InputError(f"{path} is not a Parquet file of readings: {exc!s:.200}") from exc


def _chunks(path: Path, rows: int) -> Iterator[bytes]:
    """Return whole lines, each with its end, at most `rows` at once."""
    if path.suffix == ".parquet":
        for part in map(_plain_times, pq.ParquetFile(path).iter_batches(rows)):
            lines = [msgspec.json.encode({k: v for k, v in row.items() if v is not None}) for row in part.to_pylist()]
            yield b"".join(line + b"\n" for line in lines)
        return
    if path.name.endswith(ENDINGS):
        yield from csv_lines(path, rows, BY_NAME.__contains__, FLAGS.__contains__)
        return
    with cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb") as file:
        rest = b""
        for piece in _pieces(file):
            end = piece.rfind(b"\n") + 1
            if end:
                yield from _cut(rest + piece[:end], rows)
            rest = piece[end:] if end else rest + piece
        if rest:
            yield rest + b"\n"


def _plain_times(part: Any) -> Any:
    """Return a record batch with times as milliseconds since 1970; those without a zone are UTC."""
    for place, field in enumerate(part.schema):
        if pa.types.is_timestamp(field.type):
            whole = part.column(place).cast(pa.timestamp("ms", field.type.tz), safe=False).cast(pa.int64())
            part = part.set_column(place, field.name, whole)
    return part


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Read a piece ahead: unpacking needs no interpreter, so it goes on beside the rest."""
    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(file.read, _PIECE_BYTES)
        while piece := waiting.result():
            waiting = ahead.submit(file.read, _PIECE_BYTES)
            yield piece


def _cut(lines: bytes, rows: int) -> Iterator[bytes]:
    if lines.count(b"\n") <= rows:
        yield lines
        return
    each = lines.split(b"\n")[:-1]
    for begin in range(0, len(each), rows):
        yield b"\n".join([*each[begin : begin + rows], b""])


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


class _Numbers(dict[tuple[str, str], int]):
    """(boiler, site) -> its number, given when it is met first; -1 for an id that none may have.

    Attributes
    ----------
    sources
        By number, which is the order in which they come first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[Source] = []
        self._boilers: dict[str, int] = {}
        self._fresh: list[int] = []
        self._boiler_of = np.zeros(0, np.int64)

    def __missing__(self, pair: tuple[str, str]) -> int:
        boiler, site = pair
        if not ID.fullmatch(boiler):
            return -1
        number = self[pair] = len(self.sources)
        self.sources.append(Source(boiler, site, boiler))
        self._fresh.append(self._boilers.setdefault(boiler, len(self._boilers)))
        return number

    def boiler_of(self) -> Ints:
        """Return the number of each source's boiler: two sites may name the same, shape (sources,)."""
        if self._fresh:
            self._boiler_of = np.append(self._boiler_of, np.array(self._fresh, np.int64))
            self._fresh = []
        return self._boiler_of


@dataclass(slots=True)
class _Lines:
    """Lines as columns, all of one length; of those that are codes, row -> code and whether it appeared."""

    source: Ints
    ts_ms: Ints
    codes: dict[int, tuple[str, bool]]
    columns: dict[str, Floats]

    def then(self, more: "_Lines") -> "_Lines":
        """Return these lines and those after them."""
        held = len(self.source)
        if not held:
            return more
        none = np.full(held, math.nan), np.full(len(more.source), math.nan)
        columns = {
            name: np.append(self.columns.get(name, none[0]), more.columns.get(name, none[1]))
            for name in dict.fromkeys([*self.columns, *more.columns])
        }
        codes = self.codes | {held + row: code for row, code in more.codes.items()}
        return _Lines(np.append(self.source, more.source), np.append(self.ts_ms, more.ts_ms), codes, columns)

    def part(self, begin: int, end: int) -> "_Lines":
        """Return some of them."""
        columns = {name: values[begin:end] for name, values in self.columns.items()}
        codes = {row - begin: code for row, code in self.codes.items() if begin <= row < end}
        return _Lines(self.source[begin:end], self.ts_ms[begin:end], codes, columns)


class _Reading:
    """Makes batches of a file's lines, one chunk after another; the last of them wait for those that follow.

    Parameters
    ----------
    refused
        Added to.
    """

    def __init__(self, refused: Counter[str]) -> None:
        self._refused = refused
        self._arrivals = Arrivals()
        self._waiting = _Lines(np.zeros(0, np.int64), np.zeros(0, np.int64), {}, {})
        self._numbers = _Numbers()
        self._names: tuple[str, ...] = ()
        self._narrow: msgspec.json.Decoder[list[Any]] | None = None

    def batch(self, raw: bytes) -> Batch:
        """Take lines; return those as columns whose arrival is known by now."""
        lines, names = self._decoded(raw)
        ts_ms = self._times(lines)
        timed = (ts_ms >= _EARLIEST_MS) & (ts_ms <= _LATEST_MS)
        lines = self._only(lines, timed, "bad time")
        source = np.fromiter(map(self._numbers.__getitem__, map(_PAIR, lines)), np.int64, count=len(lines))
        named = source >= 0
        lines, source, ts_ms = self._only(lines, named, "bad boiler id"), source[named], ts_ms[timed][named]
        arrivals = self._arrivals.of(self._numbers.boiler_of()[source], ts_ms, _told(lines))
        columns = _columns(lines, names, self._refused)
        self._look_only_for(columns, names)
        known = self._waiting.then(_Lines(source, ts_ms, _codes(lines), columns))
        self._waiting = known.part(len(arrivals), len(known.source))
        return self._batch_of(known.part(0, len(arrivals)), arrivals)

    def rest(self) -> Batch:
        """Return the lines that nothing follows."""
        return self._batch_of(self._waiting, self._arrivals.finish())

    def _batch_of(self, lines: _Lines, arrivals: Ints) -> Batch:
        source, ts_ms, columns, events = lines.source, lines.ts_ms, lines.columns, []
        if lines.codes:
            is_event = np.zeros(len(source), np.bool_)
            is_event[list(lines.codes)] = True
            before = np.cumsum(~is_event)
            events = [
                Event(int(source[i]), int(ts_ms[i]), int(arrivals[i]), code, active, int(before[i]))
                for i, (code, active) in lines.codes.items()
            ]
            source, ts_ms, arrivals = source[~is_event], ts_ms[~is_event], arrivals[~is_event]
            columns = {name: values[~is_event] for name, values in columns.items()}
        n = len(source)
        return Batch(
            sources=self._numbers.sources, source=source, ts_ms=ts_ms,
            received_at_ms=np.maximum.accumulate(arrivals) if n else arrivals, stamped=np.zeros(n, np.bool_),
            columns=columns, hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64),
            seq=np.full(n, -1, np.int64), events=events, ledger={},
        )  # fmt: skip

    def _decoded(self, raw: bytes) -> tuple[list[Any], tuple[str, ...]]:
        """Return the lines, and the signals that they may have: those of the lines before, where no line has another."""
        count, array = raw.count(b"\n"), b"[" + raw[:-1].replace(b"\n", b",") + b"]"
        for decoder, names in ((self._narrow, self._names), (_BULK, _NAMES)):
            if decoder is not None:
                try:
                    found = decoder.decode(array)
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    continue
                if len(found) == count:
                    return found, names
        return _decode(raw.split(b"\n")[:-1], self._refused), _NAMES

    def _look_only_for(self, columns: dict[str, Floats], names: tuple[str, ...]) -> None:
        """Decode from now on what there was so far: a column that never comes costs as much as one that does."""
        if names is not _NAMES:
            return
        fresh = tuple(name for name in _NAMES if name in columns or name in self._names)
        if fresh != self._names:
            self._names, self._narrow = fresh, _decoder_of(fresh)
        else:
            self._narrow = None  # lines have what is none of ours: it would be in vain each time

    def _times(self, lines: list[Any]) -> Ints:
        """Return when each line was measured, 0 where it tells no time, shape (n,). [ms since 1970]"""
        try:
            return np.fromiter(map(_TS, lines), np.int64, count=len(lines))
        except (TypeError, ValueError, OverflowError):  # a text, none, or a number beyond 64 bits
            return np.array([_time(line.ts) or 0 for line in lines], np.int64)

    def _only(self, lines: list[Any], good: NDArray[np.bool_], reason: str) -> list[Any]:
        """Return the good lines, and count the others."""
        if good.all():
            return lines
        self._refused[reason] += int((~good).sum())
        return list(compress(lines, good.tolist()))


def _codes(lines: list[Any]) -> dict[int, tuple[str, bool]]:
    """Return of those lines that are codes, row -> code and whether it appeared."""
    if set(map(_CODE, lines)) <= {None}:
        return {}
    return {row: (str(line.code)[:64], line.active) for row, line in enumerate(lines) if line.code is not None}


def _told(lines: list[Any]) -> Ints | None:
    """Return the arrivals that lines tell, -1 where they do not, None where none does, shape (n,). [ms since 1970]"""
    if not any(map(_RECEIVED, lines)):
        return None
    return np.array([_time(raw) or -1 for raw in map(_RECEIVED, lines)], np.int64)


def _decoder_of(names: tuple[str, ...]) -> msgspec.json.Decoder[list[Any]]:
    """Return a decoder of lines that have these signals and no others."""
    fields = [*_PLAIN_FIELDS, *_signal_fields(names)]
    narrow = msgspec.defstruct("Narrow", fields, gc=False, forbid_unknown_fields=True)
    return msgspec.json.Decoder(list[narrow])  # type: ignore[valid-type]


def _columns(lines: list[Any], names: tuple[str, ...], refused: Counter[str]) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    for name in names:
        get = attrgetter(name)
        try:
            values = np.fromiter(map(get, lines), np.float64, count=len(lines))
        except TypeError:  # a null
            values = np.array([get(line) for line in lines], np.float64)
        signal = BY_NAME[name]
        good = (values >= signal.low) & (values <= signal.high)
        if not good.all():
            impossible = ~good & ~np.isnan(values)
            if impossible.any():
                refused[f"{name} out of range"] += int(impossible.sum())
                values[impossible] = math.nan
        if good.any():
            columns[name] = values
    return columns
