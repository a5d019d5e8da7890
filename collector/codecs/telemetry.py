"""Native telemetry of a whole batch at once: one decode, columns out, no call and no object of ours a message.

The payloads of a batch are joined to one JSON array and decoded into typed rows that hold just the signals that are spoken
at present; one signal more, and the decoder learns it. Where that fails, the batch is cut in halves until few are left,
and these are read key by key.

No payload can put words into another one's mouth: each begins with `{`, rows hold no objects, so a payload that is not
closed makes the decode fail, and one that holds two objects makes the count wrong.
"""

import json
import math
from collections.abc import Callable, Mapping
from itertools import repeat
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import xxhash

from boilerwatch.model import Floats, Ints, Source
from boilerwatch.signals import FLAGS, SIGNAL_NAMES
from collector.codecs.draft import Block, Draft, Message, boot_hash, hash_of, seed_of, seq_of

_TRAIL = frozenset({"ts", "boot", "seq"})
_TS, _BOOT, _SEQ = attrgetter("ts"), attrgetter("boot"), attrgetter("seq")
_PLAIN = msgspec.json.Decoder()
_REMEMBERED = 2_000_000
#: So few are read key by key rather than cut further.
_FEW = 32

_Rows = list[Any]


class Telemetry:
    """Reads telemetry, and remembers whose each topic is.

    Attributes
    ----------
    ids
        Topic -> its number here.
    """

    def __init__(self) -> None:
        self.ids: dict[bytes, int] = {}
        self._sources: list[Source] = []
        self._seeds: list[int] = []
        self._boots = _Boots()
        self._names: tuple[str, ...] = ()
        self._getters: list[Callable[[Any], float]] = []
        self._decoder = _decoder_of(())
        self._full = _decoder_of(SIGNAL_NAMES)

    def learn(self, topic: bytes, source: Source) -> int:
        """Return the topic's number."""
        if topic not in self.ids:
            self.ids[topic] = len(self._sources)
            self._sources.append(source)
            self._seeds.append(seed_of(topic))
        return self.ids[topic]

    def forget_many(self) -> None:
        """Forget all topics when they are too many: hostile ones must not fill the memory."""
        if len(self.ids) > _REMEMBERED:
            self.ids.clear()
            self._sources.clear()
            self._seeds.clear()

    def read(self, ids: list[int], topics: list[bytes], payloads: list[bytes], draft: Draft) -> None:
        """Read messages, in order, the topics of which are known."""
        rows: _Rows | None = self._decode(payloads)
        times = _times(rows, draft) if rows else None
        if rows and times is not None:
            self._add(ids, payloads, rows, times, draft)
        elif len(payloads) > _FEW:
            half = len(payloads) // 2
            self.read(ids[:half], topics[:half], payloads[:half], draft)
            self.read(ids[half:], topics[half:], payloads[half:], draft)
        else:
            for number, topic, payload in zip(ids, topics, payloads, strict=True):
                read_alone(Message(topic, payload, False), draft.number_of(self._sources[number]), draft)

    def _decode(self, payloads: list[bytes]) -> _Rows | None:
        """Return a row for each payload, or None."""
        if not all(map(bytes.startswith, payloads, repeat(b"{"))):
            return None
        joined = b"[" + b",".join(payloads) + b"]"
        rows: _Rows | None
        try:
            rows = self._decoder.decode(joined)
        except msgspec.ValidationError:
            rows = self._widen(joined)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return rows if rows is not None and len(rows) == len(payloads) else None

    def _widen(self, joined: bytes) -> _Rows | None:
        """Learn a signal that was not spoken before."""
        try:
            rows = self._full.decode(joined)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        spoken = {name for name in SIGNAL_NAMES if any(not math.isnan(getattr(row, name)) for row in rows)}
        self._names = tuple(name for name in SIGNAL_NAMES if name in spoken or name in self._names)
        self._getters = [attrgetter(name) for name in self._names]
        self._decoder = _decoder_of(self._names)
        return rows

    def _add(self, ids: list[int], payloads: list[bytes], rows: _Rows, times: tuple[Ints, Any], draft: Draft) -> None:
        count = len(rows)
        unique, place = np.unique(np.array(ids, np.int64), return_inverse=True)
        source = draft.numbers_of([self._sources[number] for number in unique.tolist()])[place]
        hashes = list(map(xxhash.xxh3_64_intdigest, payloads, map(self._seeds.__getitem__, ids)))
        columns: dict[str, Floats] = {
            name: np.fromiter(map(getter, rows), np.float64, count)
            for name, getter in zip(self._names, self._getters, strict=True)
        }
        draft.add_block(
            Block(
                source, times[0], times[1], np.array(hashes, np.uint64),
                np.array(list(map(self._boots.__getitem__, map(_BOOT, rows))), np.uint64), _numbers(rows),
                np.arange(draft.counted, draft.counted + count), columns,
            )
        )  # fmt: skip
        draft.count_each(source, "accepted")


class _Boots(dict[object, int]):
    """Boot id -> its hash; hashed once."""

    def __missing__(self, boot: object) -> int:
        if len(self) > _REMEMBERED:
            self.clear()
        self[boot] = boot_hash(boot)
        return self[boot]


def _decoder_of(names: tuple[str, ...]) -> "msgspec.json.Decoder[list[Any]]":
    """Return what decodes an array of readings of these signals and no others."""
    reading = msgspec.defstruct(
        "Reading",
        [
            ("ts", int | str | None, None), ("boot", int | float | str | None, None), ("seq", int, -1),
            *((name, bool | float if name in FLAGS else float, math.nan) for name in names),
        ],
        forbid_unknown_fields=True,
        gc=False,
    )  # fmt: skip
    return msgspec.json.Decoder(list[reading])  # type: ignore[valid-type]


def _times(rows: _Rows, draft: Draft) -> tuple[Ints, Any] | None:
    """Return the time of each row and whether it is our own; None when one of them is refused."""
    raw = list(map(_TS, rows))
    stamped = np.zeros(len(raw), np.bool_)
    if set(map(type, raw)) != {int}:
        stamped = np.array([at is None for at in raw])
        raw = [draft.received_at_ms if at is None else at if isinstance(at, int) else draft.time_of(at) for at in raw]
        if str in set(map(type, raw)):
            return None
    try:
        ts_ms = np.array(raw, np.int64)
    except OverflowError:
        return None
    return (ts_ms, stamped) if draft.oldest_ms <= ts_ms.min() and ts_ms.max() <= draft.latest_ms else None


def _numbers(rows: _Rows) -> Ints:
    """Return each publication's number, -1 where it is none."""
    raw = list(map(_SEQ, rows))
    try:
        found = np.array(raw, np.int64)
    except OverflowError:
        return np.array([seq_of(number) for number in raw], np.int64)
    return np.where((found >= 0) & (found < 2**32), found, -1)


def decode_json(payload: bytes) -> Any:
    """Return what a payload says as JSON; NaN and Infinity, which are not JSON, are let through to be dropped.

    Raises
    ------
    ValueError
        With the reason for the quarantine.
    """
    try:
        return _PLAIN.decode(payload)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        return json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except ValueError as exc:
        raise ValueError(f"not JSON: {str(exc)[:80]}") from None


def read_alone(message: Message, source: int, draft: Draft) -> None:
    """Read one payload key by key; one bad element of an array takes only itself."""
    try:
        plain = decode_json(message.payload)
    except ValueError as exc:
        draft.refuse(message, str(exc), source)
        return
    whole = hash_of(message.topic, message.payload)
    if isinstance(plain, dict):
        if (why := _read_element(plain, source, whole, draft)) is None:
            draft.count(source, "accepted")
        else:
            draft.refuse(message, why, source)
        return
    if not isinstance(plain, list):
        draft.refuse(message, "wrong shape: JSON that is neither an object nor an array", source)
        return
    good = 0
    for element in plain:
        if (why := _read_element(element, source, whole, draft)) is None:
            good += 1
        else:
            draft.refuse(message._replace(payload=_again(element)), why, source, whole=False)
    draft.count(source, "accepted" if good or not plain else "quarantined")


def _read_element(element: object, source: int, whole: int, draft: Draft) -> str | None:
    """Read one object of a payload whose hash is `whole`; return why it cannot be read."""
    if not isinstance(element, Mapping):
        return "wrong shape: an element that is not an object"
    ts = draft.received_at_ms if element.get("ts") is None else draft.time_of(element["ts"])
    if isinstance(ts, str):
        return ts
    draft.add_row(
        source, ts, draft.values_of(element, _TRAIL), stamped=element.get("ts") is None, hash_=whole,
        boot=boot_hash(element.get("boot")), seq=seq_of(element.get("seq")),
    )  # fmt: skip
    return None


def _again(element: object) -> bytes:
    try:
        return json.dumps(element).encode()
    except (ValueError, RecursionError):
        return b""
