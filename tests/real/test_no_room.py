"""A full disk, and a journal at its cap: nothing is acknowledged, people are told, nothing acknowledged is lost."""

import asyncio
import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import aiomqtt
import pytest

from boilerwatch.clock import SYSTEM
from boilerwatch.columns import decode
from boilerwatch.journal import READINGS, ROLLUPS, open_reader
from boilerwatch.journal.opening import CONSUMERS
from boilerwatch.settings import Settings
from collector import standstill
from collector.receiving import Receiving
from tests.servers import free_port, mosquitto

pytestmark = pytest.mark.real

WAVE = 400


@pytest.fixture
def notices() -> Iterator[tuple[str, list[dict[str, str]]]]:
    told: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", told
    server.shutdown()
    server.server_close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "boilerwatch-test", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def settings_of(folder: Path, port: int, url: str, cap_gib: float) -> Settings:
    return Settings.model_validate({
        "data": {"dir": folder / "data"}, "mqtt": {"port": port, "client_id": "no-room"}, "journal": {"cap_gib": cap_gib},
        "notices": {"webhook_url": url}, "collector": {"idle_batch_ms": 20, "batch_ms": 20},
    })  # fmt: skip


@contextlib.asynccontextmanager
async def receiving(settings: Settings) -> AsyncIterator[Receiving]:
    room = Receiving(settings, SYSTEM)
    stop = asyncio.Event()
    task = asyncio.create_task(room.run(stop))
    await until(lambda: room.session.connected)
    try:
        yield room
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def until(what: Callable[[], bool], timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not what():  # noqa: ASYNC110 -- any state of the world
            await asyncio.sleep(0.05)


class Publisher:
    """Publishes numbered readings whose unknown texts do not compress, and remembers what the broker took."""

    def __init__(self, port: int) -> None:
        self.sent: list[int] = []
        self._port = port
        self._start_ms = SYSTEM.now_ms() - 3_600_000

    async def wave(self, count: int) -> None:
        async with aiomqtt.Client("127.0.0.1", self._port, max_inflight_messages=500) as client:
            client.pending_calls_threshold = 10_000
            for _ in range(count):
                ts = self._start_ms + len(self.sent)
                values = {
                    f"{name}": int.from_bytes(os.urandom(4), "big")
                    for name in ("burner_starts", "flame_losses", "ignition_failures")
                }
                body = {"ts": ts, "boot": os.urandom(8).hex(), "seq": 1, **values}
                await client.publish(f"boilers/s/b-{len(self.sent) % 50}/telemetry", json.dumps(body), qos=1)
                self.sent.append(ts)


def journaled(settings: Settings) -> set[int]:
    reader = open_reader(settings, READINGS)
    found: set[int] = set()
    after = reader.first() - 1
    while rows := reader.read(after, 500):
        for row in rows:
            found.update(decode(row.body).ts_ms.tolist())
        after = rows[-1].offset
    reader.close()
    return found


async def stand_still(room: Receiving, publisher: Publisher, told: list[dict[str, str]]) -> None:
    """Publish until nothing is acknowledged any more, and people were told."""
    for _ in range(200):
        await publisher.wave(WAVE)
        if told:
            break
    assert [(one["room"], one["action"]) for one in told] == [("collector", "collector_stopped")]
    before = room.session.counters["acknowledged"]
    await publisher.wave(WAVE)
    await asyncio.sleep(1.5)
    assert room.session.counters["acknowledged"] == before
    assert room.session.held() >= WAVE
    assert room.session.connected


def test_a_full_disk(
    tmp_path: Path, small_disk: Path, notices: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "TELL_S", 0.0)
    url, told = notices
    port = free_port()

    async def run() -> Settings:
        settings = settings_of(small_disk, port, url, 1)
        publisher = Publisher(port)
        async with receiving(settings) as room:
            await publisher.wave(WAVE)
            filler = small_disk / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4_096)
            await stand_still(room, publisher, told)
            assert "full" in told[0]["text"]
            acknowledged = room.session.counters["acknowledged"]
            assert len(journaled(settings)) >= acknowledged
            filler.unlink()
            await until(lambda: room.session.held() == 0)
            await until(lambda: len(told) == 2)
        assert told[1]["action"] == "collector_goes_on"
        assert journaled(settings) == set(publisher.sent)
        return settings

    with mosquitto(tmp_path, port):
        asyncio.run(run())


def test_a_journal_at_its_cap(
    tmp_path: Path, notices: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "TELL_S", 0.0)
    url, told = notices
    port = free_port()

    async def run() -> None:
        settings = settings_of(tmp_path, port, url, 4 / 1024)
        publisher = Publisher(port)
        async with receiving(settings) as room:
            await stand_still(room, publisher, told)
            assert "has reached its cap" in told[0]["text"]
            assert len(journaled(settings)) >= room.session.counters["acknowledged"]
            kept = journaled(settings)
            reader = open_reader(settings, READINGS)
            for consumer in (*CONSUMERS[READINGS], ROLLUPS):
                reader.publish_position(consumer, reader.last())
            reader.close()
            await until(lambda: room.session.held() == 0)
            await until(lambda: len(told) == 2)
        assert told[1]["action"] == "collector_goes_on"
        assert kept | journaled(settings) == set(publisher.sent)

    with mosquitto(tmp_path, port):
        asyncio.run(run())


def test_what_is_not_acknowledged_when_it_ends_comes_again(
    tmp_path: Path, notices: tuple[str, list[dict[str, str]]]
) -> None:
    url, _ = notices
    port = free_port()

    async def run() -> None:
        settings = settings_of(tmp_path, port, url, 2 / 1024)
        publisher = Publisher(port)
        async with receiving(settings) as room:
            while not room.session.held():
                await publisher.wave(WAVE)
                await asyncio.sleep(0.2)
        began = time.monotonic()
        again = settings_of(tmp_path, port, url, 1)
        async with receiving(again) as room:
            await until(lambda: len(journaled(again)) == len(publisher.sent))
            await until(lambda: room.session.held() == 0)
        assert journaled(again) == set(publisher.sent)
        assert time.monotonic() - began < 60

    with mosquitto(tmp_path, port):
        asyncio.run(run())
