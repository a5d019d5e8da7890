"""A broker that does what a test tells it, byte by byte, one script a connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from boilerwatch.clock import SYSTEM
from boilerwatch.settings import MqttSettings
from collector.deliveries import Deliveries
from collector.session import Session

CONNACK, SUBACK = b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x01"
WITH_SESSION = b"\x20\x03\x01\x00\x00"


class Peer:
    """One connection, seen from the broker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        """Return the next packet, whole."""
        head = await self._reader.readexactly(2)
        length, shift, digit, raw = head[1] & 0x7F, 7, head[1], head
        while digit & 0x80:
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
        return raw[:1] + await self._reader.readexactly(length)

    async def say(self, *packets: bytes) -> None:
        for packet in packets:
            self._writer.write(packet)
        await self._writer.drain()

    async def welcome(self, connack: bytes = WITH_SESSION) -> None:
        """Take CONNECT and SUBSCRIBE, answer both."""
        assert (await self.read())[0] == 0x10
        await self.say(connack)
        assert (await self.read())[0] == 0x82
        await self.say(SUBACK)

    async def pubacks(self, count: int) -> list[int]:
        """Return the ids of the next PUBACKs; pings between them are passed over."""
        found: list[int] = []
        while len(found) < count:
            packet = await self.read()
            if packet[0] == 0x40:
                found.append(int.from_bytes(packet[1:3], "big"))
        return found

    async def hang(self) -> None:
        await asyncio.Event().wait()


Script = Callable[[Peer], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(*scripts: Script) -> AsyncIterator[int]:
    """Serve each connection by the next script, the last one again and again; the port."""
    left = list(scripts)
    serving_tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = left.pop(0) if len(left) > 1 else left[0]
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await script(Peer(reader, writer))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving_tasks.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in serving_tasks:
            task.cancel()
        for found in await asyncio.gather(*serving_tasks, return_exceptions=True):
            if isinstance(found, AssertionError):
                raise found


class Heard:
    """A session and what it handed over."""

    def __init__(
        self, mqtt: MqttSettings, filters: Sequence[str] = ("boilers/#",), kind: type[Session] = Session, *,
        expect_session: bool = False, max_packet_bytes: int = 1_000,
    ) -> None:  # fmt: skip
        self.messages: list[tuple[bytes, bytes, bool]] = []
        self.upto = 0
        self.session = kind(
            mqtt, filters, self._take, clock=SYSTEM, max_packet_bytes=max_packet_bytes, expect_session=expect_session
        )
        self.stop = asyncio.Event()

    def _take(self, deliveries: Deliveries) -> None:
        retained = [place in deliveries.retained_at for place in range(len(deliveries.topics))]
        self.messages += zip(deliveries.topics, deliveries.payloads, retained, strict=True)
        self.upto = deliveries.upto

    async def until(self, what: Callable[[], bool], timeout_s: float = 10) -> None:
        async with asyncio.timeout(timeout_s):
            while not what():  # noqa: ASYNC110 -- it waits for any state of the world
                await asyncio.sleep(0.01)

    async def until_heard(self, count: int) -> None:
        await self.until(lambda: len(self.messages) >= count)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Heard"]:
        """Run it, and end it as the collector does."""
        task = asyncio.create_task(self.session.run(self.stop))
        try:
            yield self
        finally:
            self.stop.set()
            await asyncio.wait_for(task, 15)
