"""Tables of ordered rows in files: CSV (comma, semicolon or tab), Parquet, or one boiler's readings.

A column is numbers or it is none of ours; gaps stay gaps. Rows are in the order of the file, which must be that of their
times where there are times; a boiler's readings are put in order, for a gateway may send late.
"""

import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from boilerwatch.errors import InputError
from boilerwatch.readings_file import read_batches
from boilerwatch.wire import parse_time

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: A column of such a name is the rows' time, unless another is named.
_TIMES = ("ts", "time", "datetime", "timestamp", "date")
_READINGS = (".jsonl", ".jsonl.gz")
_KNOWN = ".csv, .tsv, .parquet, .jsonl or .jsonl.gz"


@dataclass(frozen=True, slots=True)
class OrderedTable:
    """Rows in order.

    Attributes
    ----------
    values
        Shape (rows, columns), NaN where nothing was seen.
    ts_ms
        Shape (rows,). [ms since 1970], or the number of the row where there is no time
    timed
        Whether `ts_ms` are times.
    passed_over
        Columns that are no numbers.
    """

    columns: tuple[str, ...]
    values: Floats
    ts_ms: Ints
    timed: bool
    passed_over: tuple[str, ...] = ()

    def of(self, columns: Sequence[str], path: Path) -> Floats:
        """Return these columns' values, shape (rows, columns).

        Raises
        ------
        InputError
            If one is not there.
        """
        missing = [name for name in columns if name not in self.columns]
        if missing:
            there = ", ".join(self.columns) or "none"
            raise InputError(f"{path} has no column of numbers {', '.join(missing)}; there are: {there}.")
        return self.values[:, [self.columns.index(name) for name in columns]]


def read_table(path: Path, *, time: str = "", boiler: str = "") -> OrderedTable:
    """Read a file's rows.

    Parameters
    ----------
    time
        Column of the rows' times; found by its name when left out.
    boiler
        Whose rows, where the file has those of many.

    Raises
    ------
    InputError
        If the file cannot be read, or has no rows of numbers in order.
    """
    if path.name.endswith(_READINGS):
        return _readings(path, boiler)
    if path.suffix not in (".csv", ".tsv", ".parquet"):
        raise InputError(f"{path}: a table ends in {_KNOWN}.")
    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else _csv(path)
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read: {exc}.") from exc
    except pa.ArrowException as exc:
        raise InputError(f"{path} is no table that can be read: {exc!s:.200}.") from exc
    if len(set(table.column_names)) < len(table.column_names):
        raise InputError(f"{path} has two columns of one name: give each its own.")
    return _ordered(path, _rows_of(path, table, boiler), time, sort="boiler" in table.column_names)


def _csv(path: Path) -> Any:
    with path.open(encoding="utf-8-sig") as file:
        head = file.readline()
    delimiter = max(",;\t", key=head.count)
    nothing = ["", "NaN", "nan", "NA", "null", "None", "-"]
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter),
        convert_options=pyarrow.csv.ConvertOptions(null_values=nothing, strings_can_be_null=True),
    )


def _rows_of(path: Path, table: Any, boiler: str) -> Any:
    """Return a boiler's rows of a table of many."""
    if "boiler" not in table.column_names:
        if boiler:
            raise InputError(f"{path} has no column `boiler` to look for {boiler} in: leave --boiler out.")
        return table
    names = table.column("boiler").cast(pa.string())
    known = pc.unique(names).to_pylist()
    return table.filter(pc.equal(names, _one_boiler(path, boiler, known))).drop_columns(["boiler"])


def _one_boiler(path: Path, boiler: str, known: Sequence[str]) -> str:
    if boiler in known:
        return boiler
    few = ", ".join(sorted(map(str, known))[:5])
    if boiler:
        raise InputError(f"{path} has nothing of boiler {boiler}; it has {few or 'none'} and {len(known)} in all.")
    if len(known) == 1:
        return known[0]
    raise InputError(f"{path} has rows of {len(known)} boilers ({few} ...): name one with --boiler.")


def _ordered(path: Path, table: Any, time: str, *, sort: bool) -> OrderedTable:
    if time and time not in table.column_names:
        raise InputError(f"{path} has no column {time!r}; there are: {', '.join(table.column_names)}.")
    time = time or next((name for name in table.column_names if name.lower() in _TIMES), "")
    if not len(table):
        raise InputError(f"{path} has no rows.")
    ts_ms = _times(path, table.column(time), time) if time else np.arange(len(table), dtype=np.int64)
    columns, passed_over = dict[str, Floats](), []
    for name in table.column_names:
        kind = table.schema.field(name).type
        if name == time:
            continue
        if (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_null(kind)
        ):
            columns[name] = _numbers(table.column(name))
        else:
            passed_over.append(name)
    values = np.column_stack(list(columns.values())) if columns else np.empty((len(table), 0))
    if sort:
        order = np.argsort(ts_ms, kind="stable")
        ts_ms, values = ts_ms[order], values[order]
    back = np.flatnonzero(np.diff(ts_ms) < 0)
    if len(back):
        raise InputError(f"{path}, row {back[0] + 2}: its {time} is before the row above; put rows in order of time.")
    return OrderedTable(tuple(columns), values, ts_ms, bool(time), tuple(passed_over))


def _numbers(column: Any) -> Floats:
    """Return a column as floats; what is no finite number is a gap."""
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(values), values, np.nan)


def _times(path: Path, column: Any, name: str) -> Ints:
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers = _numbers(column)
        if np.isnan(numbers).any():
            raise InputError(f"{path}, row {int(np.isnan(numbers).argmax()) + 1}: it has no {name}.")
        return numbers.astype(np.int64)
    times = np.empty(len(column), np.int64)
    for row, value in enumerate(column.to_pylist()):
        try:
            times[row] = _moment_ms(value)
        except (TypeError, ValueError, OverflowError) as exc:
            raise InputError(f"{path}, row {row + 1}: its {name} {value!r} is no time.") from exc
    return times


def _moment_ms(value: Any) -> int:
    """Return a time of a table; one without a zone is UTC. [ms since 1970]"""
    if isinstance(value, datetime):
        return round((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
    if hasattr(value, "isoformat"):  # a date
        value = value.isoformat()
    try:
        return parse_time(value)
    except ValueError:
        return _moment_ms(datetime.fromisoformat(value))


def _readings(path: Path, boiler: str) -> OrderedTable:
    """Return what one boiler of a file of readings told, in order of time."""
    refused: Counter[str] = Counter()
    names: dict[str, None] = {}
    parts: list[tuple[Ints, dict[str, Floats]]] = []
    known: set[str] = set()
    for batch in read_batches(path, refused):
        told = [source.boiler for source in batch.sources]
        known |= set(told)
        if not boiler and len(known) > 1:
            raise InputError(
                f"{path} has rows of several boilers ({', '.join(sorted(known)[:5])} ...): name one with --boiler."
            )
        own = np.isin(batch.source, [i for i, one in enumerate(told) if not boiler or one == boiler])
        if own.any():
            parts.append((batch.ts_ms[own], {name: values[own] for name, values in batch.columns.items()}))
            names |= dict.fromkeys(batch.columns)
    if not names:
        _one_boiler(path, boiler, sorted(known))
        raise InputError(f"{path} has no readings of it that can be used.")
    ts_ms = np.concatenate([part[0] for part in parts])
    order = np.argsort(ts_ms, kind="stable")
    columns = [
        np.concatenate([part.get(name, np.full(len(ts), math.nan)) for ts, part in parts])[order] for name in names
    ]
    return OrderedTable(tuple(names), np.column_stack(columns), ts_ms[order], timed=True)


def write_rows(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a CSV file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.part")
    try:
        with fresh.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        fresh.replace(path)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc
