"""What a store does, whichever database it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Batch, Floats, Ints

Resolution = Literal["raw", "15m", "1d"]
#: What a roll-up has beside `{signal}_mean`, `_min` and `_max`; `history` takes these names among its signals.
ROLLUP_FIELDS = ("readings", "flame_on_s", "starts", "cold_pressure_bar")


@dataclass(slots=True)
class Series:
    """One boiler's history.

    Attributes
    ----------
    ts_ms
        Times, rising, shape (n,): of the readings, or the UTC start of each period. [ms since 1970]
    columns
        Signal (raw), or `signal_mean`, `signal_min`, `signal_max` and `ROLLUP_FIELDS` (15m, 1d) -> values, shape (n,),
        NaN where none.
    """

    ts_ms: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: dict[str, Floats] = field(default_factory=dict)


class StoredEvent(NamedTuple):
    """An error code that appeared or went, as stored."""

    boiler: str
    ts_ms: int
    code: str
    active: bool


@dataclass(slots=True)
class Rollup:
    """Folded periods of many boilers: rows of `boiler_15m` or `boiler_1d`.

    Attributes
    ----------
    boiler, site
        Ids, length n.
    ts_ms
        UTC start of the period, shape (n,). [ms since 1970]
    columns
        `signal_mean`, `signal_min`, `signal_max` and `ROLLUP_FIELDS` -> values, shape (n,), NaN where unknown.
    """

    boiler: list[str]
    site: list[str]
    ts_ms: Ints
    columns: dict[str, Floats]


class Point(NamedTuple):
    """One row of a small measurement (`fleet_minute`, `ticket_event`, `ticket_next`, `pipeline`, `finding`)."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, float | int | str | bool]
    ts_ms: int


class Refused(NamedTuple):
    """A row the database did not take.

    Attributes
    ----------
    line
        The row in line protocol, so that it can be written once the cause is gone.
    """

    line: str
    reason: str

    def __str__(self) -> str:
        """Return it as a person reads it."""
        return f"{self.line[:120]!r}: {self.reason}"


class Latest(NamedTuple):
    """Newest value of each asked signal, shape (n_boilers,); NaN and 0 where none."""

    values: dict[str, Floats]
    ts_ms: dict[str, NDArray[np.int64]]


class Store(Protocol):
    """Readings, events and roll-ups are written by storing alone; written again, the same rows change nothing."""

    def setup(self) -> list[str]:
        """Make what is missing (database, retention); return what was done, in sentences. Idempotent."""
        ...

    def lacking(self) -> list[str]:
        """Return what `setup` would have to make (databases, policies, buckets), by name; changes nothing."""
        ...

    def write(self, batch: Batch) -> list[Refused]:
        """Store readings and events; return the rows the database refused, the others stand.

        The batch's `sources` may be one growing list that many batches share.

        Raises
        ------
        StoreError
            If the store does not answer (retryable), or refuses all of it.
        """
        ...

    def write_rollup(self, resolution: Literal["15m", "1d"], rollup: Rollup) -> list[Refused]:
        """Store folded periods; the same period again replaces it."""
        ...

    def write_points(self, points: Sequence[Point]) -> list[Refused]:
        """Store rows of the small measurements."""
        ...

    def latest(self, boilers: Sequence[str], signals: Sequence[str]) -> Latest:
        """Return the newest value of each signal of each boiler."""
        ...

    def history(
        self, boilers: Sequence[str], signals: Sequence[str], start_ms: int, end_ms: int, resolution: Resolution = "raw"
    ) -> dict[str, Series]:
        """Return readings with start <= ts < end by boiler; boilers without any are left out."""
        ...

    def events(self, boilers: Sequence[str], start_ms: int, end_ms: int) -> list[StoredEvent]:
        """Return the codes of these boilers with start <= ts < end, in order of time."""
        ...

    def forget(self, now_ms: int) -> None:
        """Drop what is older than its retention, where the database does not by itself."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
