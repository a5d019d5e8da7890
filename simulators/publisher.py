"""One publishing connection: packets in bulk, own ids, a window of unacknowledged QoS 1 messages, a last will.

What was not acknowledged when a connection broke is sent again on the next one, so QoS 1 loses nothing over a broker's
restart; QoS 0 is lost, as it is from a real gateway. A gateway that goes without a word leaves its will to the broker.
"""

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Sequence

from boilerwatch.clock import Clock
from boilerwatch.errors import BoilerwatchError
from boilerwatch.settings import MqttSettings
from simulators import packets
from simulators.dialects.contract import Publication

_ANSWER_S = 10.0
_LONGEST_DELAY_S = 10.0
#: Unacknowledged messages at most: one TCP window's worth, and far below the 65,535 ids.
_WINDOW = 8_000
_CHUNK = 1_000


class RefusedError(BoilerwatchError):
    """The broker refused the login or the messages."""


class Publisher:
    """A gateway's connection, or one that many gateways share.

    Parameters
    ----------
    mqtt
        Where the broker is.
    client_id
        Its name at the broker.
    will
        What the broker says when it is gone.
    birth
        What it says on every connection, before anything else.

    Attributes
    ----------
    sent, acknowledged, refused
        Publications handed to the network; QoS 1 publications the broker took, and those it refused.
    trouble
        Why there is no connection; empty while there is one.
    """

    def __init__(
        self, mqtt: MqttSettings, client_id: str, will: Publication | None, birth: Sequence[Publication]
    ) -> None:  # fmt: skip
        self._mqtt = mqtt
        self._five = mqtt.protocol == "5"
        self._client_id = client_id
        self._will = will
        self._birth = list(birth)
        self._wire: _Wire | None = None
        self._unacknowledged: deque[bytes] = deque()
        self._unsent: deque[bytes] = deque()
        self._next_id = 1
        self._window = _WINDOW
        self._moved = asyncio.Event()
        self.sent = self.acknowledged = self.refused = 0
        self.trouble = ""

    async def run(self, stop: asyncio.Event, clock: Clock) -> None:
        """Stay connected until `stop` is set; then go without a word, so that the will is told.

        Raises
        ------
        RefusedError
            If the broker refuses the login.
        """
        delay_s = 0.2
        while not stop.is_set():
            began_s = clock.monotonic_s()
            try:
                wire = await self._connect()
                await wire.live(stop, self._mqtt.keep_alive_s)
            except (OSError, TimeoutError, ssl.SSLError) as exc:
                self.trouble = str(exc) or type(exc).__name__
            if self._wire is not None:
                self._wire.close()
            self._wire = None
            delay_s = 0.2 if clock.monotonic_s() - began_s > 10 else min(delay_s * 2, _LONGEST_DELAY_S)
            await _wait(stop, random.uniform(0, delay_s))

    async def send_bulk(self, heads: Sequence[bytes], payloads: Sequence[bytes]) -> None:
        """Publish many at QoS 1, in order, waiting for room where there is none."""
        at = 0
        while at < len(heads):
            room = await self._room()
            upto = min(at + min(room, _CHUNK), len(heads))
            found = packets.publishes(heads[at:upto], payloads[at:upto], self._next_id, five=self._five)
            self._next_id = (self._next_id + len(found) - 1) % packets.MOST_IDS + 1
            self._unacknowledged.extend(found)
            self._write(b"".join(found), len(found))
            at = upto

    async def send(self, publications: Sequence[Publication]) -> None:
        """Publish a few with flags of their own, in order."""
        raw: list[bytes] = []
        for one in publications:
            if not one.qos:
                raw.append(packets.publish(one, 0, five=self._five))
                continue
            if not self._has_room():
                self._write(b"".join(raw), len(raw))  # what is not sent is never acknowledged
                raw = []
                await self._room()
            raw.append(packets.publish(one, self._next_id, five=self._five))
            self._next_id = self._next_id % packets.MOST_IDS + 1
            self._unacknowledged.append(raw[-1])
        self._write(b"".join(raw), len(raw))

    async def drained(self, timeout_s: float) -> bool:
        """Wait until everything at QoS 1 is acknowledged; False when that takes too long."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._unacknowledged or self._unsent:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def take_acknowledgements(self, count: int, refused: int) -> None:
        """Forget the oldest: a broker acknowledges in the order of publishing (MQTT 5, 4.6)."""
        for _ in range(min(count, len(self._unacknowledged))):
            self._unacknowledged.popleft()
        self.acknowledged += count - refused
        self.refused += refused
        self._pump()
        self._moved.set()

    def wake(self) -> None:
        """Let a waiting publisher look again."""
        self._moved.set()

    def _has_room(self) -> bool:
        ready = self._wire is not None and not self._wire.is_full and not self._unsent
        return ready and len(self._unacknowledged) < self._window

    async def _room(self) -> int:
        while not self._has_room():
            self._moved.clear()
            await self._moved.wait()
        return self._window - len(self._unacknowledged)

    def _pump(self) -> None:
        """Send again what an older connection left, as far as the window allows."""
        while self._wire is not None and self._unsent and len(self._unacknowledged) < self._window:
            self._unacknowledged.append(self._unsent.popleft())
            self._wire.write(self._unacknowledged[-1])

    def _write(self, raw: bytes, count: int) -> None:
        if self._wire is not None:
            self.sent += count
            self._wire.write(raw)

    async def _connect(self) -> "_Wire":
        wire = _Wire(self)
        loop = asyncio.get_running_loop()
        secure = ssl.create_default_context(cafile=self._mqtt.ca_file or None) if self._mqtt.tls else None
        opening = loop.create_connection(lambda: wire, self._mqtt.host, self._mqtt.port, ssl=secure)
        await asyncio.wait_for(opening, _ANSWER_S)
        wire.write(packets.connect(self._mqtt, self._client_id, self._will))
        welcome = packets.read_connack(await asyncio.wait_for(wire.welcome, _ANSWER_S), five=self._five)
        if welcome.reason:
            where = f"{self._mqtt.host}:{self._mqtt.port}"
            raise RefusedError(f"broker {where} refused the simulator: reason code 0x{welcome.reason:02x}")
        self._window = min(welcome.receive_maximum, _WINDOW)
        self._unsent.extendleft(reversed(self._unacknowledged))
        self._unacknowledged.clear()
        born = []
        for one in self._birth:
            packet = packets.publish(one, self._next_id, five=self._five)
            if one.qos:
                born.append(packet)
                self._next_id = self._next_id % packets.MOST_IDS + 1
            else:
                wire.write(packet)
        self._unsent.extendleft(reversed(born))
        self._wire = wire
        self.trouble = ""
        self.sent += len(self._birth)
        self._pump()
        self._moved.set()
        return wire


class _Wire(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._lost = asyncio.Event()
        self.welcome: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=4_000_000)

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self._publisher.wake()

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        at, size, count, refused = 0, len(data), 0, 0
        while size - at >= 2 and size - at >= 2 + data[at + 1]:  # nothing a publisher hears is 128 bytes long
            kind, length = data[at] >> 4, data[at + 1]
            if kind == packets.PUBACK:
                count += 1
                refused += length > 2 and data[at + 4] >= 0x80
            elif kind == packets.CONNACK and not self.welcome.done():
                self.welcome.set_result(data[at + 2 : at + 2 + length])
            at += 2 + length
        self._rest = data[at:]
        if count:
            self._publisher.take_acknowledgements(count, refused)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
        if not self.welcome.done():
            self.welcome.set_exception(ConnectionResetError("the broker closed the connection"))

    def write(self, raw: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(raw)

    async def live(self, stop: asyncio.Event, keep_alive_s: int) -> None:
        """Ping until the connection ends or `stop` is set."""
        stopping, lost = asyncio.create_task(stop.wait()), asyncio.create_task(self._lost.wait())
        try:
            while not (stop.is_set() or self._lost.is_set()):
                await asyncio.wait({stopping, lost}, timeout=keep_alive_s / 2, return_when=asyncio.FIRST_COMPLETED)
                self.write(packets.PINGREQ)
        finally:
            stopping.cancel()
            lost.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
