"""What a store does, whichever database it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Batch, Floats, Ints

Resolution = Literal["raw", "15m", "1d"]


@dataclass(slots=True)
class Series:
    """One boiler's history.

    Attributes
    ----------
    ts_ms
        Times, rising, shape (n,): of the readings, or the UTC start of each period. [ms since 1970]
    columns
        Signal (raw), or `signal_mean`, `signal_min`, `signal_max` (15m, 1d) -> values, shape (n,), NaN where none.
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
        `signal_mean`, `signal_min`, `signal_max` -> values, shape (n,).
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


class Latest(NamedTuple):
    """Newest value of each asked signal, shape (n_boilers,); NaN and 0 where none."""

    values: dict[str, Floats]
    ts_ms: dict[str, NDArray[np.int64]]


class Store(Protocol):
    """Written by storing alone; written again, the same rows change nothing."""

    def setup(self) -> list[str]:
        """Make what is missing (database, retention); return what was done, in sentences. Idempotent."""
        ...

    def write(self, batch: Batch) -> list[str]:
        """Store readings and events; return a sentence for each row the database refused.

        Raises
        ------
        StoreError
            If the store does not answer (retryable), or refuses all of it.
        """
        ...

    def write_rollup(self, resolution: Literal["15m", "1d"], rollup: Rollup) -> None:
        """Store folded periods; the same period again replaces it."""
        ...

    def write_points(self, points: Sequence[Point]) -> None:
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

    def close(self) -> None:
        """Release connections."""
        ...
