"""Rows -> files: JSON lines in a gzip without a date, or Parquet with the same columns.

A value is made into text once and looked up afterwards, for sensors have few steps; a batch is put together by columns.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from boilerwatch.model import Floats, Ints
from boilerwatch.signals import COUNTERS, FLAGS, SIGNAL_NAMES
from simulators.rows import Rows

#: Stands for "no value" while texts are looked up: NaN never finds itself in a dictionary.
_NOTHING = -1e9
#: Counters have ever new values; their texts are forgotten now and then.
_MOST_TEXTS = 100_000
_LEVEL = 1


class Writer(Protocol):
    """A file being written."""

    def write(self, rows: Rows) -> None:
        """Write rows in their order."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _Texts(dict[float, str]):
    """Value -> its member of a JSON object, a comma before it."""

    def __init__(self, name: str) -> None:
        super().__init__({_NOTHING: ""})
        self._name = name

    def __missing__(self, value: float) -> str:
        if self._name in FLAGS:
            text = "true" if value else "false"
        else:
            text = repr(int(value)) if value.is_integer() else repr(value)
        made = self[value] = f',"{self._name}":{text}'
        return made

    def of(self, values: Floats) -> list[str]:
        """Return the texts of values, empty for NaN, shape (n,)."""
        if len(self) > _MOST_TEXTS:
            self.clear()
            self[_NOTHING] = ""
        return list(map(self.__getitem__, np.where(np.isnan(values), _NOTHING, values).tolist()))


class JsonLines:
    """`readings.jsonl.gz`.

    Parameters
    ----------
    ids, sites
        Of each boiler.
    codes
        The book of codes; it may grow.
    with_arrival
        Whether lines tell `received_at`, `boot` and `seq`.
    """

    def __init__(
        self, path: Path, ids: Sequence[str], sites: Sequence[str], codes: Sequence[str], with_arrival: bool
    ) -> None:
        self._raw = path.open("wb")
        self._packed = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", mtime=0, compresslevel=_LEVEL)
        self._heads = [f'{{"site":"{site}","boiler":"{name}","ts":' for name, site in zip(ids, sites, strict=True)]
        self._codes, self._with_arrival = codes, with_arrival
        self._texts = {name: _Texts(name) for name in SIGNAL_NAMES}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._packed.close()
        self._raw.close()

    def write(self, rows: Rows) -> None:
        """Write rows in their order."""
        if not len(rows):
            return
        parts = [list(map(self._heads.__getitem__, rows.boiler.tolist())), list(map(str, rows.ts_ms.tolist()))]
        if self._with_arrival:
            parts += [_numbers("received_at", rows.received_ms), _numbers("boot", rows.boot), _numbers("seq", rows.seq)]
        parts += [self._texts[name].of(values) for name, values in rows.columns.items()]
        if (rows.code >= 0).any():
            parts.append([self._code(*one) for one in zip(rows.code.tolist(), rows.active.tolist(), strict=True)])
        lines = list(map("".join, zip(*parts, ["}\n"] * len(rows), strict=True)))
        for number in np.flatnonzero(rows.torn).tolist():
            lines[number] = _torn(lines[number], int(rows.torn[number]))
        self._packed.write("".join(lines).encode("utf-8", "surrogateescape"))

    def _code(self, number: int, active: bool) -> str:
        if number < 0:
            return ""
        return f',"code":"{self._codes[number]}","active":{"true" if active else "false"}'


def _numbers(name: str, values: Ints) -> list[str]:
    return [f',"{name}":{value}' if value >= 0 else "" for value in values.tolist()]


def _torn(line: str, where: int) -> str:
    """Return the beginning of a line, sometimes with a byte after it that no text has."""
    return line[: 1 + where % (len(line) - 2)] + ("\udcff" if where % 2 else "") + "\n"


_FIELDS: list[Any] = [
    ("site", pa.dictionary(pa.int32(), pa.string())), ("boiler", pa.dictionary(pa.int32(), pa.string())), ("ts", pa.int64()),
    ("received_at", pa.int64()), ("boot", pa.int64()), ("seq", pa.int64()), ("code", pa.string()), ("active", pa.bool_()),
    *((name, pa.bool_() if name in FLAGS else pa.int64() if name in COUNTERS else pa.float64()) for name in SIGNAL_NAMES),
]  # fmt: skip


class Parquet:
    """`readings.parquet`: the same columns, null where a line has nothing; torn lines have no place in it.

    Parameters
    ----------
    ids, sites
        Of each boiler.
    codes
        The book of codes; it may grow.
    """

    def __init__(self, path: Path, ids: Sequence[str], sites: Sequence[str], codes: Sequence[str]) -> None:
        self._schema = pa.schema(_FIELDS)
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._ids, self._codes = pa.array(ids, pa.string()), codes
        names = sorted(set(sites))
        self._sites = pa.array(names, pa.string())
        self._site = np.array([names.index(site) for site in sites], np.int32)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, rows: Rows) -> None:
        """Write rows in their order."""
        rows = rows.take(rows.torn == 0)
        is_code = rows.code >= 0
        made = {
            "site": pa.DictionaryArray.from_arrays(self._site[rows.boiler], self._sites),
            "boiler": pa.DictionaryArray.from_arrays(rows.boiler.astype(np.int32), self._ids),
            "ts": pa.array(rows.ts_ms), "received_at": pa.array(rows.received_ms),
            "boot": pa.array(rows.boot, mask=rows.boot < 0), "seq": pa.array(rows.seq, mask=rows.seq < 0),
            "code": pa.array([self._codes[n] if n >= 0 else None for n in rows.code.tolist()], pa.string()),
            "active": pa.array(rows.active, mask=~is_code),
        }  # fmt: skip
        for name in SIGNAL_NAMES:
            values = rows.columns.get(name)
            if values is None:
                made[name] = pa.nulls(len(rows), self._schema.field(name).type)
                continue
            nothing = np.isnan(values)
            kind = np.bool_ if name in FLAGS else np.int64 if name in COUNTERS else np.float64
            made[name] = pa.array(np.where(nothing, 0, values).astype(kind), mask=nothing)
        self._file.write_table(pa.table(made, schema=self._schema))
