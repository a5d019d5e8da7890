"""The collector's room: session -> codecs -> validate -> journal (fsync) -> PUBACK.

A batch closes by count, by time, or at once when it may hold an event. Only when the journal has it is it acknowledged.
When the journal refuses (its cap, a full disk) nothing is acknowledged, the broker queues, and the same batch is tried
again; what was not durable at a disconnect is forgotten, for it comes again.
"""

import asyncio
import sqlite3
import threading
from collections import Counter
from itertools import chain
from typing import NamedTuple, cast

import structlog

from boilerwatch.channels import Channels
from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.columns import decode, encode
from boilerwatch.errors import JournalError
from boilerwatch.journal import READINGS, Journal, NewRow, open_writer
from boilerwatch.model import Batch
from boilerwatch.settings import Settings
from collector.again import Again, Limits
from collector.codecs import Codec, Draft, Message, Native, codecs_of
from collector.codecs.memory import CodeMemory
from collector.deliveries import Deliveries
from collector.figures import CollectorFigures
from collector.paho_session import PahoSession
from collector.quarantine import Quarantine
from collector.repeats import Repeats
from collector.session import Session
from collector.standstill import Standstill

_TICK_MS = 1_000
_RETRY_S = 1.0
_TRIM_S = 60.0

log = structlog.get_logger()


class _Closing(NamedTuple):
    """A batch on its way to the journal, and what is acknowledged when it is there."""

    batch: Batch
    draft: Draft
    upto: int
    connections: int


class Receiving:
    """One collector.

    Parameters
    ----------
    settings
        All of them.
    clock
        Where arrival times come from.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._journal: Journal = open_writer(settings, READINGS)
        self._quarantine = Quarantine(settings.data.dir / "quarantine.sqlite", settings.collector.quarantine_rows)
        self._repeats = Repeats(settings.collector.repeat_window_s * 1_000)
        self._codecs: list[Codec] = codecs_of(settings.dialects)
        self._memory = CodeMemory(settings.data.dir / "codes.json", self._codecs)
        self._codec_of: dict[bytes, Codec | None] = {}
        self._native = next((codec for codec in self._codecs if isinstance(codec, Native)), None)
        self._plain: dict[bytes, int] = self._native.telemetry.ids if self._native is not None else {}
        self._again = Again(self._quarantine, self._journal, self._repeats, self._codec)
        self._waiting: list[Deliveries] = []
        self._waiting_count = 0
        self._urgent = False
        self._something = asyncio.Event()
        self._closing: _Closing | None = None
        self._trimmed_s = clock.monotonic_s()
        told = Channels(settings.notices, settings.notices.supervisor_apprise or None)
        self._standstill = Standstill(told, clock)
        self._closed_s = 0.0
        self._figures = CollectorFigures()
        self.dropped: Counter[tuple[str, str]] = Counter()
        self.unknown: Counter[str] = Counter()
        talks = PahoSession if settings.mqtt.transport == "websockets" else Session
        self.session: Session = talks(
            settings.mqtt,
            [name for codec in self._codecs for name in codec.subscriptions()],
            self._take,
            clock=clock,
            max_packet_bytes=settings.collector.max_packet_bytes,
            expect_session=self._journal.last() > 0,
        )
        self._remember_tail()

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until `stop`; then finish the batch, acknowledge it, leave the rest to the broker."""
        receiving = asyncio.create_task(self.session.run(stop))
        while not stop.is_set():
            await self._fill(stop)
            await self._flush(stop)
            self._trim()
        await self._flush(stop)
        await receiving
        self.close()

    def _trim(self) -> None:
        """Drop what everyone has read, once a minute."""
        now_s = self._clock.monotonic_s()
        if now_s - self._trimmed_s > _TRIM_S:
            self._trimmed_s = now_s
            self._journal.trim(self._clock.now_ms())

    def close(self) -> None:
        """Release the journal and the quarantine."""
        self._journal.close()
        self._quarantine.close()

    def _take(self, deliveries: Deliveries) -> None:
        self._waiting.append(deliveries)
        self._waiting_count += len(deliveries.topics)
        if not (self._urgent or all(map(self._plain.__contains__, deliveries.topics))):
            self._urgent = not all(topic.endswith(b"y") for topic in deliveries.topics)
        self._something.set()

    async def _fill(self, stop: asyncio.Event) -> None:
        """Wait until a batch should close: its count, its time, an event, or a second of nothing."""
        collector = self._settings.collector
        try:
            await asyncio.wait_for(self._something.wait(), _TICK_MS / 1_000)
        except TimeoutError:
            return
        began_s = self._clock.monotonic_s()
        many = collector.batch_rows / 4
        while not stop.is_set() and not self._urgent and self._waiting_count < collector.batch_rows:
            waited_ms = (self._clock.monotonic_s() - began_s) * 1_000
            share = min(self._waiting_count / many, 1)  # a batch costs a commit, however few are in it
            if waited_ms >= collector.idle_batch_ms + share * (collector.batch_ms - collector.idle_batch_ms):
                return
            await asyncio.sleep(collector.batch_ms / 5_000)

    async def _flush(self, stop: asyncio.Event) -> None:
        """Make what waits durable and acknowledge it; until that is done or `stop` is set."""
        while not self.turn():
            if stop.is_set():
                return
            await asyncio.sleep(_RETRY_S)
            self._trim()

    def turn(self) -> bool:
        """Make what waits durable, acknowledge it, read again what is asked for; False when the disk or the cap refuses."""
        if self._closing is None:
            self._closing = self._close_batch()
            self._closed_s = self._clock.monotonic_s()
        if not self._store(self._closing.batch, self._closing.draft):
            return False
        self._figures.took(self._clock.monotonic_s() - self._closed_s)
        closing, self._closing = self._closing, None
        self._repeats.remember(closing.batch)
        if self.session.counters["connections"] == closing.connections:
            self.session.acknowledge(closing.upto)
        self._read_again()
        return True

    def _close_batch(self) -> "_Closing":
        connections = self.session.counters["connections"]
        waiting, self._waiting = self._waiting, []
        self._waiting_count, self._urgent = 0, False
        self._something.clear()
        batch, draft = self._read(waiting)
        return _Closing(batch, draft, waiting[-1].upto if waiting else 0, connections)

    def _limits(self, now_ms: int) -> Limits:
        oldest_ms = now_ms - round(self._settings.store.retention_days * 86_400_000)
        return Limits(self._settings.collector.future_s * 1_000, oldest_ms)

    def _read_again(self) -> None:
        """Read what a person asked to be read again; what the disk refuses stays marked."""
        now_ms = self._clock.now_ms()
        try:
            count = self._again.turn(now_ms, self._limits(now_ms))
        except (JournalError, OSError, sqlite3.Error) as exc:
            log.warning("not_read_again", error=str(exc), hint="it stays marked")
            return
        if count:
            log.info("read_again", count=count)

    def _read(self, waiting: list[Deliveries]) -> tuple[Batch, Draft]:
        now_ms = self._clock.now_ms()
        limits = self._limits(now_ms)
        draft = Draft(now_ms, future_ms=limits.future_ms, oldest_ms=limits.oldest_ms)
        topics = list(chain.from_iterable(some.topics for some in waiting))
        payloads = list(chain.from_iterable(some.payloads for some in waiting))
        ids = list(map(self._plain.get, topics))
        if self._native is not None and topics and None not in ids and not any(some.retained_at for some in waiting):
            self._native.telemetry.read(cast("list[int]", ids), topics, payloads, draft)
        else:
            for codec, own in self._grouped(_messages(waiting), draft):
                codec.read(own, draft)
        batch = draft.close()
        self._repeats.drop(batch, draft.delivery)
        if not batch.sources:
            batch = Batch.tick(now_ms, self.session.connected)
        self._figures.add(batch, draft.refusals)
        batch.figures = self._figures.due(now_ms, self.session, self._journal)
        return batch, draft

    def _grouped(self, messages: list[Message], draft: Draft) -> list[tuple[Codec, list[Message]]]:
        """Cut the messages into runs of one codec, in order."""
        runs: list[tuple[Codec, list[Message]]] = []
        for message in messages:
            codec = self._codec(message.topic)
            if codec is None:
                draft.refuse(message, "oversized packet" if not message.topic else "bad topic: no dialect reads it")
            elif runs and runs[-1][0] is codec:
                runs[-1][1].append(message)
            else:
                runs.append((codec, [message]))
        return runs

    def _codec(self, topic: bytes) -> Codec | None:
        if topic not in self._codec_of:
            if len(self._codec_of) > 2_000_000:  # hostile topics must not fill the memory
                self._codec_of.clear()
            text = topic.decode(errors="replace")
            self._codec_of[topic] = next((codec for codec in self._codecs if codec.owns(text)), None)
        return self._codec_of[topic]

    def _store(self, batch: Batch, draft: Draft) -> bool:
        """Make quarantine and batch durable; False when the disk or the cap refuses."""
        try:
            self._quarantine.add(draft.refusals)
            draft.refusals.clear()
            items = max(len(batch), 1)
            self._journal.append([NewRow(max(batch.newest_arrival_ms(), draft.received_at_ms), encode(batch), items)])
        except (JournalError, OSError, sqlite3.Error) as exc:
            self._standstill.refused(str(exc))
            return False
        self._standstill.went_on()
        try:
            self._memory.save()
        except OSError as exc:
            log.warning("codes_not_saved", error=str(exc))
        self.dropped += draft.dropped
        self.unknown += draft.unknown
        return True

    def _remember_tail(self) -> None:
        since_ms = self._clock.now_ms() - self._settings.collector.repeat_window_s * 1_000
        last = self._journal.last()
        start = last
        while start >= self._journal.first():
            (row,) = self._journal.read(start - 1, 1)
            if row.at_ms < since_ms:
                break
            start -= 1
        for offset in range(start, last, 100):
            for row in self._journal.read(offset, min(100, last - offset)):
                self._repeats.remember(decode(row.body))


def _messages(waiting: list[Deliveries]) -> list[Message]:
    found: list[Message] = []
    for some in waiting:
        retained = set(some.retained_at)
        for place, (topic, payload) in enumerate(zip(some.topics, some.payloads, strict=True)):
            found.append(Message(topic, payload, place in retained))
    return found


def main(settings: Settings, stop: threading.Event, clock: Clock = SYSTEM) -> None:
    """Receive until `stop` is set."""
    asyncio.run(_main(settings, stop, clock))


async def _main(settings: Settings, stop: threading.Event, clock: Clock) -> None:
    receiving = Receiving(settings, clock)
    stopping = asyncio.Event()

    async def watch() -> None:
        await asyncio.to_thread(stop.wait)
        stopping.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        tasks.create_task(receiving.run(stopping))
