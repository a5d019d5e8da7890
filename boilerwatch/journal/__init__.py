"""Durable, ordered logs: the only channel between rooms.

`protocol` says what a journal does, `sqlite` is the embedded one, `opening` names the streams and picks the journal
that the settings ask for. No room knows which journal it has.
"""

from boilerwatch.journal.opening import FINDINGS, READINGS, ROLLUPS, SERVICE, open_reader, open_writer
from boilerwatch.journal.protocol import Journal, NewRow, Reader, Row

__all__ = [
    "FINDINGS",
    "READINGS",
    "ROLLUPS",
    "SERVICE",
    "Journal",
    "NewRow",
    "Reader",
    "Row",
    "open_reader",
    "open_writer",
]
