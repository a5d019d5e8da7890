"""What a journal does, whatever it stands on."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class NewRow(NamedTuple):
    """A row to be appended.

    Attributes
    ----------
    at_ms
        When it came about, by the writer's clock. [ms since 1970]
    body
        Its content; only the stream's readers know what it means.
    items
        How many things it holds, for depth and progress.
    key
        For a writer that must go on after its last one; empty otherwise.
    """

    at_ms: int
    body: bytes
    items: int = 1
    key: str = ""


class Row(NamedTuple):
    """A durable row. Offsets count from 1 and have no gaps within what is kept."""

    offset: int
    at_ms: int
    items: int
    key: str
    body: bytes


class Reader(Protocol):
    """A consumer's side of a stream; any number of processes may hold one."""

    def read(self, after: int, limit: int) -> list[Row]:
        """Return up to `limit` rows with offsets above `after`, in order; empty when there is nothing yet.

        Raises
        ------
        JournalError
            If rows after `after` were dropped already: the consumer was away longer than the journal keeps.
        """
        ...

    def first(self) -> int:
        """Return the lowest offset that is kept, 1 in a new stream."""
        ...

    def last(self) -> int:
        """Return the highest offset, 0 in a new stream."""
        ...

    def publish_position(self, consumer: str, offset: int) -> None:
        """Say that `consumer` is done with everything up to `offset`; retention only, never resumption."""
        ...

    def positions(self) -> dict[str, int]:
        """Return what consumers have published."""
        ...

    def size_bytes(self) -> int:
        """Return what the stream takes on disk. [bytes]"""
        ...

    def close(self) -> None:
        """Release files."""
        ...


class Journal(Reader, Protocol):
    """The writer's side: one process at a time."""

    def append(self, rows: Sequence[NewRow]) -> int:
        """Make the rows durable, all or none, and return the last one's offset.

        Raises
        ------
        JournalFull
            If the size cap is reached.
        JournalError
            If the disk refuses.
        """
        ...

    def last_key(self) -> str:
        """Return the key of the newest row that has one, empty without any."""
        ...

    def trim(self, now_ms: int) -> int:
        """Drop whole segments that every listed consumer has passed and that are older than `keep`; return how many."""
        ...
