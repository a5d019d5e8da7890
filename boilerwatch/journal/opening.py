"""The streams by name, and the journal that the settings ask for."""

from pathlib import Path

from boilerwatch.journal.protocol import Journal, Reader
from boilerwatch.journal.sqlite import SqliteJournal, SqliteReader
from boilerwatch.settings import Settings

READINGS = "readings"
FINDINGS = "findings"
SERVICE = "service"
#: Storing's second position in `readings`: how far its roll-ups are in the snapshot.
ROLLUPS = "storing.rollups"

#: Who must have read a row before it may go.
CONSUMERS: dict[str, tuple[str, ...]] = {
    READINGS: ("storing", "detectors"),
    FINDINGS: ("alerting", "storing"),
    SERVICE: ("detectors", "storing"),
}


def folder_of(settings: Settings, stream: str) -> Path:
    """Return where a stream lies."""
    return settings.data.dir / "journal" / stream


def open_reader(settings: Settings, stream: str) -> Reader:
    """Return a reader of the stream, which may not exist yet."""
    return SqliteReader(folder_of(settings, stream))


def open_writer(settings: Settings, stream: str) -> Journal:
    """Return the stream's one writer.

    Raises
    ------
    JournalError
        If another process writes it.
    """
    consumers = CONSUMERS[stream]
    if stream == READINGS and settings.store.rollups:
        consumers = (*consumers, ROLLUPS)
    return SqliteJournal(
        folder_of(settings, stream),
        cap_bytes=round(settings.journal.cap_gib * 2**30),
        keep_h=settings.journal.keep_h,
        consumers=consumers,
    )
