"""A batch in the making: what codecs fill and receiving closes."""

import math
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xxhash

from boilerwatch.model import Batch, Event, Floats, Ints, Source, Status
from boilerwatch.signals import BY_NAME, FLAGS
from boilerwatch.wire import parse_time
from collector.quarantine import Refusal
from collector.validate import NOT_FINITE, WRONG_TYPE, keep_possible

OUTCOMES = ("received", "accepted", "quarantined", "repeated", "retained", "status")
#: 2000-01-01: an earlier time is a clock that was never set, or seconds taken for milliseconds.
EARLIEST_MS = 946_684_800_000
#: The largest float64: whole numbers beyond it, which JSON allows, count as infinite.
_LARGEST = sys.float_info.max


class Message(NamedTuple):
    """One delivery."""

    topic: bytes
    payload: bytes
    retained: bool


class Draft:
    """Collects rows, events, statuses, refusals and counts.

    Parameters
    ----------
    received_at_ms
        Arrival of everything in it. [ms since 1970]
    future_ms, oldest_ms
        Accepted times: up to `received_at_ms + future_ms`, not before `oldest_ms`. [ms]
    """

    def __init__(self, received_at_ms: int, *, future_ms: int = 600_000, oldest_ms: int = EARLIEST_MS) -> None:
        self.received_at_ms = received_at_ms
        self.latest_ms = received_at_ms + future_ms
        self.oldest_ms = max(oldest_ms, EARLIEST_MS)
        self.refusals: list[Refusal] = []
        self.dropped: Counter[tuple[str, str]] = Counter()
        self.unknown: Counter[str] = Counter()
        self.events: list[Event] = []
        self.statuses: list[Status] = []
        self.outcomes: list[tuple[int, str]] = []
        self._numbers: dict[Source, int] = {}
        self._sources: list[Source] = []
        self._source: list[int] = []
        self._ts: list[int] = []
        self._stamped: list[bool] = []
        self._hash: list[int] = []
        self._boot: list[int] = []
        self._seq: list[int] = []
        self._delivery: list[int] = []
        self._values: dict[str, list[float]] = {}
        self._rows = 0

    def __len__(self) -> int:
        """Return the number of reading rows."""
        return self._rows

    def number_of(self, source: Source) -> int:
        """Return the source's index in the batch's dictionary."""
        number = self._numbers.setdefault(source, len(self._sources))
        if number == len(self._sources):
            self._sources.append(source)
        return number

    def count(self, source: int, outcome: str) -> None:
        """Count one delivery's outcome."""
        self.outcomes.append((source, outcome))

    def refuse(self, message: Message, reason: str, source: int = -1, *, whole: bool = True) -> None:
        """Send a delivery to quarantine; `whole` unless it is one element of an array."""
        number = source if source >= 0 else self.number_of(Source("", "", ""))
        account = self._sources[number]
        self.refusals.append(
            Refusal(self.received_at_ms, message.topic, message.payload, reason, account.boiler, account.site, whole)
        )
        if whole:
            self.count(number, "quarantined")

    def add_rows(
        self, source: list[int], ts: list[int], stamped: list[bool], trail: tuple[list[int], list[int], list[int]],
        values: Mapping[str, list[float]], *, each: bool = False,
    ) -> None:  # fmt: skip
        """Add decoded rows of one delivery, or each row of its own; they are counted next.

        Parameters
        ----------
        trail
            Hash, boot and seq of each row.
        values
            Signal -> one value a row.
        """
        before = self._rows
        number = len(self.outcomes)
        self._delivery += range(number, number + len(ts)) if each else [number] * len(ts)
        self._source += source
        self._ts += ts
        self._stamped += stamped
        for mine, theirs in zip((self._hash, self._boot, self._seq), trail, strict=True):
            mine.extend(theirs)
        self._rows += len(ts)
        for name, column in values.items():
            mine_values = self._values.setdefault(name, [])
            mine_values.extend([math.nan] * (before - len(mine_values)))
            mine_values.extend(column)

    def add_event(self, source: int, ts_ms: int, code: str, active: bool, *, stamped: bool, family: str = "") -> None:
        """Add an error code that appeared or went; `family` where the dialect says whose code it is."""
        self.events.append(Event(source, ts_ms, self.received_at_ms, code[:64], active, self._rows, stamped, family))

    def add_status(self, source: int, online: bool, *, retained: bool) -> None:
        """Add a birth or last will."""
        self.statuses.append(Status(source, self.received_at_ms, online, retained, self._rows))

    def time_of(self, raw: object) -> int | str:
        """Return a wire time in ms since 1970, or why it is refused."""
        if isinstance(raw, str):
            try:
                ts_ms = parse_time(raw)
            except (ValueError, OverflowError):
                return f"bad time: {raw[:40]!r} is not RFC 3339 with a zone"
        elif isinstance(raw, bool) or not isinstance(raw, int):
            return "bad time: ts is neither whole milliseconds nor text"
        else:
            ts_ms = raw
        if ts_ms < EARLIEST_MS:
            return f"bad time: ts {ts_ms} lies before 2000; it is milliseconds since 1970"
        if ts_ms < self.oldest_ms:
            return "too old: ts lies before what the store keeps"
        if ts_ms > self.latest_ms:
            return "in the future: ts lies more than the allowed span ahead of arrival"
        return ts_ms

    def values_of(self, plain: Mapping[str, Any], known: frozenset[str]) -> dict[str, float]:
        """Return the numbers of one reading; wrong ones are dropped and counted, unknown keys counted."""
        found: dict[str, float] = {}
        for name, raw in plain.items():
            if name not in BY_NAME:
                if name not in known:
                    self.unknown[name[:64]] += 1
                continue
            if isinstance(raw, bool) and name not in FLAGS:
                self.dropped[name, WRONG_TYPE] += 1
            elif not isinstance(raw, (bool, int, float)):
                self.dropped[name, WRONG_TYPE] += raw is not None
            elif not abs(raw) < _LARGEST:
                self.dropped[name, NOT_FINITE] += 1
            else:
                found[name] = float(raw)
        return found

    @property
    def delivery(self) -> Ints:
        """Which delivery each row came in."""
        return np.array(self._delivery, np.int64)

    def close(self) -> Batch:
        """Return the batch, impossible values dropped and counted."""
        sources = self._sources
        columns: dict[str, Floats] = {}
        for name, values in self._values.items():
            values.extend([math.nan] * (self._rows - len(values)))
            columns[name] = np.array(values, np.float64)
        ledger = {outcome: np.zeros(len(sources), np.int64) for outcome in OUTCOMES}
        for source, outcome in self.outcomes:
            ledger[outcome][source] += 1
            ledger["received"][source] += 1
        return Batch(
            sources=sources,
            source=np.array(self._source, np.int64),
            ts_ms=np.array(self._ts, np.int64),
            received_at_ms=np.full(self._rows, self.received_at_ms, np.int64),
            stamped=np.array(self._stamped, np.bool_),
            columns=keep_possible(columns, self.dropped),
            hash=np.array(self._hash, np.uint64),
            boot=np.array(self._boot, np.uint64),
            seq=np.array(self._seq, np.int64),
            events=self.events,
            statuses=self.statuses,
            ledger={name: counts for name, counts in ledger.items() if counts.any()},
        )


def hash_of(topic: bytes, payload: bytes) -> int:
    """Return the 64 bits by which a repeat is known."""
    return xxhash.xxh3_64_intdigest(payload, xxhash.xxh32_intdigest(topic))


def boot_hash(raw: object) -> int:
    """Return a gateway's boot id as 64 bits, 0 without one."""
    return 0 if raw is None else xxhash.xxh3_64_intdigest(repr(raw).encode()[:256]) | 1


def seq_of(raw: object) -> int:
    """Return a publication's number, -1 where it is none."""
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 2**32 else -1
