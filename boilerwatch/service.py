"""Rows of the `service` journal: what people did, for the detectors to know."""

from typing import Literal

import msgspec

from boilerwatch.errors import JournalError

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
