"""Receiving at QoS 1: CPU a message from the socket to the journal's fsync and the acknowledgement, and messages a second.

`python -m bench.ingest [--messages N] [--boilers B] [--json FILE]`. Mosquitto holds a backlog for a client that is away;
the collector takes it, framed, decoded, validated, in the ledger's counts, in the journal, acknowledged after the commit.
Every boiler was heard once before, for a first word costs more: that is the price of a boiler, not of a message. Beside it, in the same run, paho-mqtt's own loop takes the like backlog and decodes each payload.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from boilerwatch.clock import SYSTEM
from boilerwatch.columns import decode
from boilerwatch.journal import READINGS, open_reader
from boilerwatch.settings import Settings
from collector.receiving import Receiving
from tests.servers import mosquitto

LIMIT_US = 4.0
FILTER = "boilers/+/+/telemetry"
CONFIG = "allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n"


class Taken(NamedTuple):
    """What it took to take a backlog."""

    messages: int
    wall_s: float
    cpu_s: float


def settings_of(folder: Path, port: int, client_id: str) -> Settings:
    return Settings.model_validate({
        "data": {"dir": folder}, "mqtt": {"port": port, "client_id": client_id}, "log": {"level": "error"},
        "dialects": {"native": True},
    })  # fmt: skip


def reserve(port: int, client_id: str) -> None:
    """Make a session, so that the broker holds what comes for it."""
    words = ["-V", "5", "-p", str(port), "-c", "-i", client_id, "-x", "3600", "-q", "1", "-t", FILTER, "-E"]
    subprocess.run(["mosquitto_sub", *words], check=True)


def publish(port: int, boilers: int, messages: int) -> None:
    """Have another process publish so many, and wait until the broker has them."""
    subprocess.run([sys.executable, "-m", "bench.load", str(port), str(boilers), str(messages)], check=True)


async def collect(settings: Settings, port: int, boilers: int, messages: int) -> Taken:
    """Run the collector until every boiler is known and it has acknowledged a backlog behind that."""
    room, stop = Receiving(settings, SYSTEM), asyncio.Event()
    publish(port, boilers, boilers + messages)
    task = asyncio.create_task(room.run(stop))
    counters = room.session.counters

    async def acknowledged(count: int) -> tuple[int, float, float]:
        while counters["acknowledged"] < count:  # noqa: ASYNC110 -- what is measured must not tell us
            await asyncio.sleep(0.02)
        return counters["acknowledged"], time.perf_counter(), time.process_time()

    first = await acknowledged(boilers)
    last = await acknowledged(boilers + messages)
    stop.set()
    await task
    return Taken(*(end - begin for begin, end in zip(first, last, strict=True)))


def collect_backlog(folder: Path, port: int, boilers: int, messages: int) -> Taken:
    settings = settings_of(folder, port, "ours")
    taken = asyncio.run(collect(settings, port, boilers, messages))
    reader = open_reader(settings, READINGS)
    stored, after = 0, 0
    while rows := reader.read(after, 100):
        stored += sum(len(decode(row.body)) for row in rows)
        after = rows[-1].offset
    reader.close()
    if stored != boilers + messages:
        raise RuntimeError(f"{boilers + messages} messages were acknowledged and {stored} stand in the journal")
    return taken


def paho_backlog(port: int, messages: int) -> Taken:
    """Take the backlog by paho-mqtt's own loop, each payload decoded and forgotten."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "paho", protocol=MQTTProtocolVersion.MQTTv5)
    count, done = 0, threading.Event()
    decoder = msgspec.json.Decoder()

    def take(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        nonlocal count
        decoder.decode(message.payload)
        count += 1
        if count == messages:
            client.disconnect()
            done.set()

    client.on_message = take
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval, properties.ReceiveMaximum = 3_600, 16_384
    wall, cpu = time.perf_counter(), time.process_time()
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    client.loop_forever()
    return Taken(count, time.perf_counter() - wall, time.process_time() - cpu)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=400_000)
    parser.add_argument("--boilers", type=int, default=50_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    peer_messages = min(asked.messages, 40_000)
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name), config=CONFIG) as port:
        reserve(port, "ours")
        taken = collect_backlog(Path(name) / "data", port, asked.boilers, asked.messages)
        reserve(port, "paho")
        publish(port, min(asked.boilers, peer_messages), peer_messages)
        peer = paho_backlog(port, peer_messages)
    found = {
        "messages": taken.messages, "per_s": taken.messages / taken.wall_s, "cpu_us": taken.cpu_s / taken.messages * 1e6,
        "limit_cpu_us": LIMIT_US, "paho_per_s": peer.messages / peer.wall_s, "paho_cpu_us": peer.cpu_s / peer.messages * 1e6,
        "cores": os.cpu_count() or 0,
    }  # fmt: skip
    for title, value in found.items():
        print(f"{title:14} {value:12,.1f}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0 if found["cpu_us"] <= LIMIT_US else 1


if __name__ == "__main__":
    sys.exit(main())
