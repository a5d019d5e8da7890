"""A batch in the making: what codecs fill and receiving closes."""

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

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


class Block(NamedTuple):
    """Decoded rows in columns, each of shape (n,); see `Batch`.

    Attributes
    ----------
    delivery
        Which delivery each row came in.
    """

    source: Ints
    ts_ms: Ints
    stamped: NDArray[np.bool_]
    hash: NDArray[np.uint64]
    boot: NDArray[np.uint64]
    seq: Ints
    delivery: Ints
    columns: dict[str, Floats]


class Draft:
    """Collects rows, events, statuses, refusals and counts.

    Parameters
    ----------
    received_at_ms
        Arrival of everything in it. [ms since 1970]
    future_ms, oldest_ms
        Accepted times: up to `received_at_ms + future_ms`, not before `oldest_ms`. [ms]

    Attributes
    ----------
    counted
        How many deliveries were counted so far.
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
        self.counted = 0
        self._outcomes: list[tuple[int, str]] = []
        self._bulk: list[tuple[Ints, str]] = []
        self._numbers: dict[Source, int] = {}
        self._sources: list[Source] = []
        self._blocks: list[Block] = []
        self._single: list[tuple[int, int, bool, int, int, int, int, Mapping[str, float]]] = []
        self._rows = 0
        self._delivery = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Return the number of reading rows."""
        return self._rows

    @property
    def is_read(self) -> bool:
        """Whether something of it could be read."""
        return bool(self._bulk) or any(outcome != "quarantined" for _, outcome in self._outcomes)

    def number_of(self, source: Source) -> int:
        """Return the source's index in the batch's dictionary."""
        if len(self._numbers) < len(self._sources):
            self._numbers = dict(zip(self._sources, range(len(self._sources)), strict=True))
        number = self._numbers.setdefault(source, len(self._sources))
        if number == len(self._sources):
            self._sources.append(source)
        return number

    def numbers_of(self, sources: list[Source]) -> Ints:
        """Return the index of each, which are all different."""
        if self._sources:
            return np.array([self.number_of(source) for source in sources], np.int64)
        self._sources = sources
        return np.arange(len(sources))

    def count(self, source: int, outcome: str) -> None:
        """Count one delivery's outcome."""
        self._outcomes.append((source, outcome))
        self.counted += 1

    def count_each(self, sources: Ints, outcome: str) -> None:
        """Count a delivery of each of these."""
        self._bulk.append((sources, outcome))
        self.counted += len(sources)

    def refuse(self, message: Message, reason: str, source: int = -1, *, whole: bool = True) -> None:
        """Send a delivery to quarantine; `whole` unless it is one element of an array."""
        number = source if source >= 0 else self.number_of(Source("", "", ""))
        account = self._sources[number]
        self.refusals.append(
            Refusal(self.received_at_ms, message.topic, message.payload, reason, account.boiler, account.site, whole)
        )
        if whole:
            self.count(number, "quarantined")

    def add_row(
        self, source: int, ts_ms: int, values: Mapping[str, float], *, stamped: bool, hash_: int, boot: int = 0, seq: int = -1
    ) -> None:  # fmt: skip
        """Add a decoded row of the delivery that is counted next."""
        self._single.append((source, ts_ms, stamped, hash_, boot, seq, self.counted, values))
        self._rows += 1

    def add_block(self, block: Block) -> None:
        """Add decoded rows, each of a delivery of its own."""
        self._seal()
        self._blocks.append(block)
        self._rows += len(block.ts_ms)

    def _seal(self) -> None:
        """Put rows that came one by one into a block."""
        if not self._single:
            return
        source, ts_ms, stamped, hashes, boot, seq, delivery, values = zip(*self._single, strict=True)
        columns: dict[str, Floats] = {}
        for row, plain in enumerate(values):
            for name, value in plain.items():
                if name not in columns:
                    columns[name] = np.full(len(values), np.nan)
                columns[name][row] = value
        self._blocks.append(
            Block(
                np.array(source, np.int64), np.array(ts_ms, np.int64), np.array(stamped, np.bool_), np.array(hashes, np.uint64),
                np.array(boot, np.uint64), np.array(seq, np.int64), np.array(delivery, np.int64), columns,
            )
        )  # fmt: skip
        self._single = []

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
        """Which delivery each row came in, once it is closed."""
        return self._delivery

    def close(self) -> Batch:
        """Return the batch, impossible values dropped and counted."""
        self._seal()
        rows = _joined(self._blocks)
        self._delivery = rows.delivery
        return Batch(
            sources=self._sources,
            source=rows.source,
            ts_ms=rows.ts_ms,
            received_at_ms=np.full(self._rows, self.received_at_ms, np.int64),
            stamped=rows.stamped,
            columns=keep_possible(rows.columns, self.dropped),
            hash=rows.hash,
            boot=rows.boot,
            seq=rows.seq,
            events=self.events,
            statuses=self.statuses,
            ledger=self._ledger(),
        )

    def _ledger(self) -> dict[str, Ints]:
        count = len(self._sources)
        ledger = {outcome: np.zeros(count, np.int64) for outcome in OUTCOMES}
        for source, outcome in self._outcomes:
            ledger[outcome][source] += 1
        for sources, outcome in self._bulk:
            ledger[outcome] += np.bincount(sources, minlength=count)
        ledger["received"] = sum(ledger.values(), np.zeros(count, np.int64))
        return {name: counts for name, counts in ledger.items() if counts.any()}


def _joined(blocks: list[Block]) -> Block:
    """Return the rows of all blocks, in order."""
    if len(blocks) == 1:
        return blocks[0]
    none = np.zeros(0, np.int64)
    empty = Block(none, none, none.astype(np.bool_), none.astype(np.uint64), none.astype(np.uint64), none, none, {})
    parts = [empty, *blocks]
    names = dict.fromkeys(name for block in blocks for name in block.columns)
    columns = {
        name: np.concatenate(
            [block.columns[name] if name in block.columns else np.full(len(block.ts_ms), np.nan) for block in blocks]
        )
        for name in names
    }

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    fixed = {name: column(name) for name in Block._fields if name != "columns"}
    return Block(**fixed, columns=columns)


def hash_of(topic: bytes, payload: bytes) -> int:
    """Return the 64 bits by which a repeat is known."""
    return xxhash.xxh3_64_intdigest(payload, seed_of(topic))


def seed_of(topic: bytes) -> int:
    """Return what a topic adds to the hash of its payloads."""
    return xxhash.xxh32_intdigest(topic)


def boot_hash(raw: object) -> int:
    """Return a gateway's boot id as 64 bits, 0 without one."""
    return 0 if raw is None else xxhash.xxh3_64_intdigest(repr(raw).encode()[:256]) | 1


def seq_of(raw: object) -> int:
    """Return a publication's number, -1 where it is none."""
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 2**32 else -1
