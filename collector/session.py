"""The receiving session: an asyncio protocol that reads whole chunks and acknowledges in order, when told to.

It reconnects with full jitter for ever, pings, notices a dead peer, and never acknowledges by itself. While nothing is
acknowledged it keeps reading and pinging; QoS 1 messages beyond Receive Maximum cannot come, and QoS 0 messages are
dropped and counted once as many are held.
"""

import asyncio
import contextlib
import random
import ssl
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from boilerwatch.clock import Clock
from boilerwatch.errors import BoilerwatchError
from boilerwatch.mqtt import reason_text, tls_context
from boilerwatch.settings import MqttSettings
from collector import packets
from collector.deliveries import Deliveries
from collector.framing import Framer, ProtocolError, Publishes

_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 30.0
ANSWER_S = 10.0
#: A broker sends each message by itself, and a read costs more than a message: after a small one we let some gather.
_SMALL_READ_BYTES, _REST_S = 32_768, 0.005

log = structlog.get_logger()


class RefusedError(BoilerwatchError):
    """The broker refused the login or a subscription."""


class Connection(Protocol):
    """What is left of a connection once it stands."""

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Send PUBACKs in this order, if there is still anyone to send them to."""
        ...


class Session:
    """One subscriber with a durable queue at the broker.

    Parameters
    ----------
    mqtt
        Where the broker is and who we are.
    filters
        Topic filters.
    on_deliveries
        Called with the messages of each read, in order, from the event loop.
    clock
        For measuring spans.
    max_packet_bytes
        Larger packets are read past, counted and acknowledged. [bytes]
    """

    def __init__(
        self,
        mqtt: MqttSettings,
        filters: Sequence[str],
        on_deliveries: Callable[[Deliveries], None],
        *,
        clock: Clock,
        max_packet_bytes: int,
        expect_session: bool = False,
    ) -> None:
        self._mqtt = mqtt
        self._filters = list(filters)
        self._deliver = on_deliveries
        self._clock = clock
        self._max_packet_bytes = max_packet_bytes
        self._expect_session = expect_session
        self._connection: Connection | None = None
        self._handed = 0
        self._done = 0
        self._held = 0
        self._unacknowledged: deque[list[int]] = deque()
        self.counters: Counter[str] = Counter()
        self.connected = False
        self.possible_loss = 0
        self.last_error = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until `stop` is set; then leave without acknowledging what is not."""
        delay_s = _FIRST_DELAY_S
        while not stop.is_set():
            began_s = self._clock.monotonic_s()
            try:
                await self._once(stop)
            except (OSError, BoilerwatchError, TimeoutError, ssl.SSLError) as exc:
                self._note(exc)
            self.connected = False
            self._connection = None
            if stop.is_set():
                return
            if self._clock.monotonic_s() - began_s > 60:
                delay_s = _FIRST_DELAY_S
            await _wait(stop, random.uniform(0, delay_s))
            delay_s = min(delay_s * 2, _LONGEST_DELAY_S)

    def acknowledge(self, upto: int) -> None:
        """Send the PUBACKs of everything handed over up to `upto`; what an older connection brought is forgotten."""
        count = min(upto, self._handed) - self._done
        if count <= 0:
            return
        self._done += count
        self._held -= count
        ids: list[int] = []
        while count:
            part = self._unacknowledged.popleft()
            if len(part) > count:
                self._unacknowledged.appendleft(part[count:])
                part = part[:count]
            count -= len(part)
            ids += part
        if 0 in ids:  # QoS 0
            ids = [packet_id for packet_id in ids if packet_id]
        if ids and self._connection is not None:
            self._connection.acknowledge(ids)
            self.counters["acknowledged"] += len(ids)

    def held(self) -> int:
        """Return how many messages were handed over and not acknowledged."""
        return self._held

    async def _once(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        connection = _Connection(self)
        secure = tls_context(self._mqtt) if self._mqtt.tls else None
        await asyncio.wait_for(
            loop.create_connection(lambda: connection, self._mqtt.host, self._mqtt.port, ssl=secure), ANSWER_S
        )
        try:
            connection.write(packets.connect(self._mqtt))
            await connection.answer(packets.CONNACK)
            connection.write(packets.subscribe(1, self._filters, five=self._five))
            self._subscribed(packets.read_suback(await connection.answer(packets.SUBACK), five=self._five))
            await connection.live(stop, self._mqtt.keep_alive_s, self._clock)
        finally:
            connection.close()

    def _welcome(self, connection: Connection, session_present: bool, reason: int) -> None:
        """Take the broker's answer to CONNECT; forget what the old connection brought: the broker sends it again."""
        if reason:
            raise RefusedError(f"broker {self._mqtt.host}:{self._mqtt.port} refused us: {reason_text(reason)}")
        self._done = self._handed
        self._held = 0
        self._unacknowledged.clear()
        if self._expect_session and not session_present:
            self.possible_loss += 1
            log.warning("session_lost", hint="the broker forgot our queue: what it held for us is lost")
        self._expect_session = True
        self._connection = connection
        self.connected = True
        self.last_error = ""
        self.counters["connections"] += 1
        log.info("connected", host=self._mqtt.host, port=self._mqtt.port, session=session_present)

    def _subscribed(self, codes: list[int]) -> None:
        refused = [name for name, code in zip(self._filters, codes, strict=False) if code >= 0x80]
        if refused:
            raise RefusedError(f"the broker refused to subscribe us to {', '.join(refused)}; see its access list")

    @property
    def _five(self) -> bool:
        return self._mqtt.protocol == "5"

    def new_framer(self) -> Framer:
        """Return a framer for a new connection."""
        return Framer(5 if self._five else 4, self._max_packet_bytes)

    def welcomed(self, connection: Connection, body: bytes) -> None:
        """Take CONNACK. It is taken before what comes behind it in the same read, or that would be forgotten with the rest.

        Raises
        ------
        RefusedError
            If the broker refuses us.
        """
        answer = packets.read_connack(body)
        self._welcome(connection, answer.session_present, answer.reason)

    def take(self, found: Publishes, oversized: int) -> None:
        """Hand over what a read brought."""
        self.counters["oversized"] += oversized
        if found.topics:
            self._hand_over(found)

    def _hand_over(self, found: Publishes) -> None:
        room = 2 * self._mqtt.receive_maximum - self._held
        if len(found.topics) > room:
            found = self._drop_unheld(found, room)
        count = len(found.topics)
        self._handed += count
        self._held += count
        self._unacknowledged.append(found.packet_ids)
        self.counters["received"] += count
        self._deliver(Deliveries(found.topics, found.payloads, found.retained_at, self._handed))

    def _drop_unheld(self, found: Publishes, room: int) -> Publishes:
        """Drop QoS 0 messages beyond what we may hold; QoS 1 is bounded by the broker."""
        keep = [i for i, packet_id in enumerate(found.packet_ids) if packet_id or i < room]
        self.counters["dropped_qos0"] += len(found.packet_ids) - len(keep)
        retained = set(found.retained_at)
        return Publishes(
            [found.topics[i] for i in keep], [found.payloads[i] for i in keep], [found.packet_ids[i] for i in keep],
            [place for place, i in enumerate(keep) if i in retained],
        )  # fmt: skip

    def _note(self, exc: Exception) -> None:
        text = self._sentence(exc)
        if text != self.last_error:
            log.warning("disconnected", error=text, host=self._mqtt.host, port=self._mqtt.port)
        self.last_error = text
        self.counters["disconnections"] += 1

    def _sentence(self, exc: Exception) -> str:
        """Say what happened, where, and what can be done."""
        if isinstance(exc, BoilerwatchError):
            return str(exc)
        where, why = f"broker {self._mqtt.host}:{self._mqtt.port}", str(exc) or "no answer in time"
        if isinstance(exc, ssl.SSLError):
            return f"{where}: no encrypted connection: {why}; see [mqtt] tls and ca_file"
        if self.connected:
            return f"{where}: the connection broke: {why}"
        return f"{where} cannot be reached: {why}; see [mqtt] host and port"


class _Connection(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._framer = session.new_framer()
        self._transport: asyncio.Transport | None = None
        self._answers: asyncio.Queue[tuple[int, bytes] | Exception] = asyncio.Queue()
        self._lost = asyncio.Event()
        self._error: Exception | None = None
        self._heard = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard = True
        before = self._framer.oversized
        try:
            found, others = self._framer.feed(data)
            for first, body in others:
                self._answered(first >> 4, body)
        except BoilerwatchError as exc:
            self._fail(exc)
            return
        self._session.take(found, self._framer.oversized - before)
        if found.topics and len(data) < _SMALL_READ_BYTES and self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(_REST_S, self._transport.resume_reading)

    def _answered(self, kind: int, body: bytes) -> None:
        if kind == packets.DISCONNECT:
            raise RefusedError(f"the broker closed the connection: {reason_text(body[0] if body else 0)}")
        if kind == packets.CONNACK:
            self._session.welcomed(self, body)
        if kind in (packets.CONNACK, packets.SUBACK):
            self._answers.put_nowait((kind, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("the broker closed the connection"))

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Send the PUBACKs as one write."""
        self.write(packets.pubacks(packet_ids))

    def write(self, raw: bytes) -> None:
        """Send bytes, if there is still anyone to send them to."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(raw)

    async def answer(self, kind: int) -> bytes:
        """Wait for CONNACK or SUBACK."""
        try:
            found = await asyncio.wait_for(self._answers.get(), ANSWER_S)
        except TimeoutError:
            raise ProtocolError(f"the broker did not answer within {ANSWER_S:.0f} s") from None
        if isinstance(found, Exception):
            raise found
        if found[0] != kind:
            raise ProtocolError("the broker answered out of turn")
        return found[1]

    async def live(self, stop: asyncio.Event, keep_alive_s: int, clock: Clock) -> None:
        """Ping until the connection ends or `stop` is set; a peer silent for 1.5 keep-alives is dead (MQTT 5, 3.1.2.10)."""
        heard_s = clock.monotonic_s()
        stopping, lost = asyncio.create_task(stop.wait()), asyncio.create_task(self._lost.wait())
        try:
            while not stop.is_set():
                await asyncio.wait({stopping, lost}, timeout=keep_alive_s / 2, return_when=asyncio.FIRST_COMPLETED)
                if self._error is not None:
                    raise self._error
                now_s = clock.monotonic_s()
                heard_s = now_s if self._heard else heard_s
                self._heard = False
                if now_s - heard_s > 1.5 * keep_alive_s:
                    raise ProtocolError(f"the broker was silent for {now_s - heard_s:.0f} s")
                self.write(packets.PINGREQ)
        finally:
            stopping.cancel()
            lost.cancel()

    def close(self) -> None:
        """Say goodbye."""
        if self._transport is not None:
            self.write(packets.GOODBYE)
            self._transport.close()

    def _fail(self, exc: Exception) -> None:
        if self._error is None:
            self._error = exc
            self._answers.put_nowait(exc)
            self._lost.set()
        if self._transport is not None:
            self._transport.close()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
