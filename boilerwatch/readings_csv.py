"""Readings in CSV -> lines as in a file of JSON lines: what spreadsheets and databases export.

The first line names the columns: `boiler`, `ts` (or `time`, `timestamp`), signals by their names, or `code` and `active`;
`site` and `received_at` as in JSON lines. Comma, semicolon or tab; an empty cell is nothing.
"""

import csv
import gzip
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from boilerwatch.errors import InputError

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
_TIMES = ("ts", "time", "timestamp")
_WORDS = {"true": True, "false": False, "on": True, "off": False}
#: How exports write that there is nothing.
_NOTHING = frozenset(("", "nan", "null", "none", "na", "-"))


def csv_lines(path: Path, rows: int, signals: Callable[[str], bool], flags: Callable[[str], bool]) -> Iterator[bytes]:
    """Return JSON lines, each with its end, at most `rows` at once.

    Parameters
    ----------
    signals, flags
        Whether a column is a signal, and whether that is true or false.

    Raises
    ------
    InputError
        If the columns are not those of readings, or it is no text.
    """
    try:
        with cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb") as raw:
            text = TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            head = text.readline()
            delimiter = max(",;\t", key=head.count)
            names = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
            columns = _columns(path, names, signals, flags)
            reader = csv.reader(text, delimiter=delimiter)
            while some := list(islice(reader, rows)):
                yield b"".join(msgspec.json.encode(_line(row, columns)) + b"\n" for row in some if row)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise InputError(f"{path} is not a CSV file in UTF-8: {exc}") from exc


def _columns(
    path: Path, names: list[str], signals: Callable[[str], bool], flags: Callable[[str], bool]
) -> list[tuple[str, Callable[[str], Any]] | None]:
    """Return what each column is called and how its cells are read, None for those that are none of ours."""
    time = next((name for name in _TIMES if name in names), "")
    missing = [name for name, there in (("boiler", "boiler" in names), ("ts", time)) if not there]
    if missing:
        there = ", ".join(names[:12]) or "none"
        raise InputError(
            f"{path}: line 1 must name the columns boiler and ts; missing: {', '.join(missing)}; there: {there}"
        )
    if not any(signals(name) or name == "code" for name in names):
        raise InputError(f"{path}: line 1 names no signal, such as water_pressure_bar or flow_temp_c, and no code")
    reads: dict[str, tuple[str, Callable[[str], Any]]] = {
        "boiler": ("boiler", str), "site": ("site", str), "code": ("code", str), "active": ("active", _flag),
        "received_at": ("received_at", _time), time: ("ts", _time),
    }  # fmt: skip
    reads |= {name: (name, _flag if flags(name) else _number) for name in names if signals(name)}
    return [reads.get(name) for name in names]


def _line(row: list[str], columns: list[tuple[str, Callable[[str], Any]] | None]) -> dict[str, Any]:
    cells = ((column, cell.strip()) for column, cell in zip(columns, row, strict=False) if column is not None)
    return {name: read(cell) for (name, read), cell in cells if cell.lower() not in _NOTHING}


def _number(cell: str) -> float | str:
    """Return a number; what is none is left as it is, to be refused and counted."""
    try:
        return float(cell)
    except ValueError:
        return cell


def _flag(cell: str) -> bool | float | str:
    return _WORDS.get(cell.lower(), _number(cell))


def _time(cell: str) -> int | str:
    """Return milliseconds, or a text: a space between date and time is taken for a T."""
    return int(cell) if cell.isdigit() else cell.replace(" ", "T", 1)
