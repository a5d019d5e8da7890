"""Rows of the `findings` journal: what one input row led to, and how far every input was read."""

import msgspec

from boilerwatch.errors import JournalError
from boilerwatch.model import Figures, Finding


class FindingsRow(msgspec.Struct, frozen=True, kw_only=True):
    """What detectors made of one row of `readings` or `service`.

    Attributes
    ----------
    positions
        Stream -> offset reached in it with this row.
    versions
        Detector -> version that decided.
    findings
        What it led to; often nothing.
    absence
        (start, end) of a time in which we did not listen, when the input row came in its backlog. [ms since 1970]
    figures
        What the detectors' room told of itself with it; in most rows nothing.
    """

    positions: dict[str, int]
    versions: dict[str, str] = {}
    findings: list[Finding] = []
    absence: tuple[int, int] | None = None
    figures: Figures = {}


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(FindingsRow)


def encode(row: FindingsRow) -> bytes:
    """Return the row as a journal body."""
    return _ENCODER.encode(row)


def decode(body: bytes) -> FindingsRow:
    """Return the row of a journal body.

    Raises
    ------
    JournalError
        If the bytes are not such a row.
    """
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError as exc:
        raise JournalError(f"a row of the findings journal cannot be read: {exc}") from exc
