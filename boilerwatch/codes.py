"""The table of error codes: (vendor, code) -> what it means, how bad it is, which problem it is.

The same text means another thing at another controller family, so a code is only ever looked up with its family; an
unknown one is reported as such and never guessed. The table is `data/error_codes.csv`, one source a row.
"""

import csv
import functools
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from boilerwatch.kinds import PROBLEM_BY_NAME

CodeSeverity = Literal["status", "warning", "blocking", "lockout"]


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table."""

    vendor: str
    code: str
    meaning_en: str
    meaning_zh: str
    problem: str
    severity: CodeSeverity
    source_url: str


@functools.cache
def table() -> dict[tuple[str, str], Code]:
    """Return the whole table by (vendor, code).

    Raises
    ------
    KeyError
        If a row names a problem class that `kinds` does not have.
    """
    text = resources.files("boilerwatch").joinpath("data/error_codes.csv").read_text(encoding="utf-8")
    rows: dict[tuple[str, str], Code] = {}
    for row in csv.DictReader(text.splitlines()):
        problem = PROBLEM_BY_NAME[row["fault_class"]].name
        severity: CodeSeverity = row["severity"]  # type: ignore[assignment]
        code = Code(
            row["vendor"], row["code"], row["meaning_en"], row["meaning_zh"], problem, severity, row["source_url"]
        )
        rows.setdefault((code.vendor, code.code), code)
    return rows


@functools.cache
def vendors() -> frozenset[str]:
    """Return the controller families the table knows."""
    return frozenset(vendor for vendor, _ in table())


def look_up(family: str, code: str) -> Code | None:
    """Return what a code means at a controller family, or None when the table does not say.

    A gateway that sends display code and cause number as `0Y/276` finds the row under either part when the whole is
    not listed: for Bosch-group boilers the number is the truth and the letters are only a display.

    Examples
    --------
    >>> look_up("bosch_ems", "2E/207").problem
    'low_water_pressure'
    >>> look_up("vaillant", "no such code") is None
    True
    """
    rows = table()
    if (family, code) in rows:
        return rows[family, code]
    return _by_cause(family).get(code.rpartition("/")[2]) if "/" in code or code.isdigit() else None


@functools.cache
def _by_cause(family: str) -> dict[str, Code]:
    """Cause numbers that name one problem only, whatever the display shows with them."""
    found: dict[str, list[Code]] = {}
    for (vendor, code), row in table().items():
        if vendor == family and "/" in code:
            found.setdefault(code.rpartition("/")[2], []).append(row)
    return {number: rows[0] for number, rows in found.items() if len({row.problem for row in rows}) == 1}
