"""Rows of the `service` journal: what people did, for the detectors to know."""

from pathlib import Path
from typing import Literal

import msgspec

from boilerwatch.errors import InputError, JournalError

#: The file in which a data set has such rows, one a line, beside its readings.
FILE = "service.jsonl"

What = Literal[
    "registered", "repaired", "part_replaced", "topped_up", "swapped", "maintenance_started", "maintenance_ended"
]


class ServiceRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was done to one boiler.

    Attributes
    ----------
    at_ms
        From when it holds, by event time. [ms since 1970]
    problems
        Problem classes a repair names as fixed.
    facts
        For `registered`: site, region, model, family, time_zone. For `swapped`: `gateway`, the id that speaks now.
    """

    boiler: str
    what: What
    at_ms: int
    problems: tuple[str, ...] = ()
    ticket: str = ""
    facts: dict[str, str] = {}


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(ServiceRow)


def encode(row: ServiceRow) -> bytes:
    """Return the row as a journal body."""
    return _ENCODER.encode(row)


def decode(body: bytes) -> ServiceRow:
    """Return the row of a journal body.

    Raises
    ------
    JournalError
        If the bytes are not such a row.
    """
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError as exc:
        raise JournalError(f"a row of the service journal cannot be read: {exc}") from exc


def read_rows(path: Path) -> list[ServiceRow]:
    """Return the rows of a file of JSON lines, in order of time.

    Raises
    ------
    InputError
        If the file cannot be read, or a line is no such row.
    """
    found = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(_DECODER.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
                raise InputError(f"{path}, line {number} is no row of the service journal: {exc!s:.150}") from exc
    return sorted(found, key=lambda row: row.at_ms)
