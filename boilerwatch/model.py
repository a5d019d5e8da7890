"""The values that rooms hand each other: batches of readings in columns, events, statuses, findings.

A batch is a table: one row a reading, one column a signal, NaN where nothing came. Boilers are written once, in a
dictionary, and named by index, because a batch of 4,000 rows may come from 4,000 boilers or from one.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: What a room tells of itself: field -> value; `told_at_ms` says when.
Figures = dict[str, float | int | str | bool]
Severity = Literal["advisory", "warning", "critical"]
FindingState = Literal["raised", "updated", "cleared"]

SEVERITIES: tuple[Severity, ...] = ("advisory", "warning", "critical")


class Source(NamedTuple):
    """Who a row is about: an entry of a batch's dictionary.

    Attributes
    ----------
    boiler, site
        Ids; `site` is empty where the dialect does not tell.
    gateway
        The id that spoke, which is another one after a gateway was swapped (see the register's aliases).
    """

    boiler: str
    site: str
    gateway: str


class Event(NamedTuple):
    """An error code that appeared or went."""

    source: int
    """Index into the batch's `sources`."""
    ts_ms: int
    """When, by the boiler's clock. [ms since 1970]"""
    received_at_ms: int
    code: str
    active: bool
    before: int
    """How many reading rows of the same batch arrived before it."""
    stamped: bool = False
    """Whether `ts_ms` is our own arrival time because none was sent."""
    family: str = ""
    """Controller family whose code this is, where the dialect tells; else the register's counts."""


class Status(NamedTuple):
    """A gateway's birth or last will. Retained ones are last-known values, not news."""

    source: int
    received_at_ms: int
    online: bool
    retained: bool
    before: int


@dataclass(slots=True)
class Batch:
    """What arrived together, in order of arrival.

    Attributes
    ----------
    sources
        Dictionary of those it speaks about.
    source
        Index into `sources`, shape (n,), int64.
    ts_ms
        Time of the reading by the boiler's clock, shape (n,). [ms since 1970]
    received_at_ms
        Time of arrival by ours, shape (n,). [ms since 1970]
    stamped
        True where no time was sent and `ts_ms` is the arrival, shape (n,).
    columns
        Signal name -> values, shape (n,), float64 in the signal's unit, flags 0 or 1, NaN where nothing came.
        A signal nobody sent is absent.
    hash
        64 bits of topic and payload, shape (n,), uint64: repeats are known by it.
    boot
        Hash of the gateway's boot id, 0 without one, shape (n,), uint64.
    seq
        Number of the publication within the boot, -1 without one, shape (n,).
    ledger
        Outcome -> deliveries per source, shape (len(sources),), int64.
    tick_ms
        Set in a tick: time of arrival of nothing. [ms since 1970]
    connected
        Whether the collector listened while this batch came.
    figures
        What the collector told of itself with it; in most batches nothing.
    """

    sources: list[Source] = field(default_factory=list)
    source: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    ts_ms: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    received_at_ms: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    stamped: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    columns: dict[str, Floats] = field(default_factory=dict)
    hash: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    boot: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    seq: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    events: list[Event] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    ledger: dict[str, Ints] = field(default_factory=dict)
    tick_ms: int = 0
    connected: bool = True
    figures: Figures = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of reading rows."""
        return len(self.ts_ms)

    @classmethod
    def tick(cls, now_ms: int, connected: bool) -> Self:
        """Return the batch that says nothing came until `now_ms`. [ms since 1970]"""
        return cls(tick_ms=now_ms, connected=connected)

    def newest_arrival_ms(self) -> int:
        """Return the latest arrival it knows of, 0 when it is empty. [ms since 1970]"""
        arrivals = [event.received_at_ms for event in self.events] + [status.received_at_ms for status in self.statuses]
        rows = int(self.received_at_ms[-1]) if len(self) else 0
        return max(self.tick_ms, rows, *arrivals)


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a detector says; see docs/wire.md for the JSON form.

    All times are milliseconds since 1970 UTC inside, RFC 3339 in JSON. `id`, `boiler`, `kind`, `problem` and
    `raised_at_ms` never change within an episode.
    """

    id: str
    kind: str
    problem: str
    chain: str
    severity: Severity
    state: FindingState
    detector: str
    raised_at_ms: int
    evidence_at_ms: int
    received_at_ms: int
    boiler: str = ""
    district: str = ""
    site: str = ""
    cleared_at_ms: int | None = None
    failure_expected_at_ms: int | None = None
    confidence: float = 1.0
    values: dict[str, float | int | str | bool | list[str]] = {}
