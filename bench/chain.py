"""Collector and storing together, from Mosquitto to InfluxDB: CPU a message, and how far the store is behind at a steady rate.

`python -m bench.chain [--messages N] [--boilers B] [--rate R] [--seconds S] [--roll-ups] [--json FILE]`. The rooms are real
processes. First a backlog as fast as it goes, each boiler heard once before; then R messages a second for S seconds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.ingest import CONFIG
from bench.rooms import Rooms, running
from boilerwatch.journal import READINGS, Reader, open_reader
from boilerwatch.settings import Settings, load
from boilerwatch.store.influx_server import Server
from boilerwatch.store.opening import open_store
from tests.servers import influxd, mosquitto

LIMIT_US, LIMIT_LAG_S = 7.0, 5.0
TELEGRAF_US = 22.0
_ROOMS = ("collector", "storing")


def installation(folder: Path, port: int, url: str, *, roll_ups: bool) -> tuple[Path, Settings]:
    """Write settings and make the store."""
    path = folder / "boilerwatch.toml"
    path.write_text(
        f'[data]\ndir = "{folder}/var"\n[mqtt]\nport = {port}\nclient_id = "chain"\n[log]\nlevel = "warning"\n[desk]\nport = 0\n'
        f'[store]\nkind = "influx"\nurl = "{url}"\nrollups = {str(roll_ups).lower()}\n'
    )
    settings = load(path)
    store = open_store(settings)
    store.setup()
    store.close()
    return path, settings


def stored(server: Server) -> int:
    """Return how many readings the database holds."""
    found = server.query('SELECT count("flow_temp_c") FROM "boiler"')
    return int(found[0].values[0][1]) if found else 0


def publishing(port: int, boilers: int, messages: int, rate: float = 0) -> "subprocess.Popen[bytes]":
    words = [str(port), str(boilers), str(messages), str(rate)]
    return subprocess.Popen([sys.executable, "-m", "bench.load", *words])


def until(what: Callable[[], bool], rooms: Rooms, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        rooms.check()
        if time.monotonic() > end:
            raise RuntimeError(f"it did not come true within {timeout_s:.0f} s")
        time.sleep(0.1)


def caught_up(reader: Reader) -> bool:
    return reader.positions().get("storing", 0) >= reader.last() > 0


def all_stored(rooms: Rooms, settings: Settings, server: Server, count: int) -> float:
    """Wait until storing is done and the database has so many; return when storing was done."""
    reader = open_reader(settings, READINGS)
    until(lambda: caught_up(reader), rooms, 600)
    while stored(server) < count:  # the last rows were on their way to the journal
        until(lambda: caught_up(reader), rooms, 600)
        time.sleep(0.2)
    reader.close()
    return time.monotonic()


def backlog(
    rooms: Rooms, settings: Settings, server: Server, port: int, boilers: int, messages: int
) -> dict[str, float]:
    """Measure messages as fast as they go."""
    publishing(port, boilers, boilers).wait()
    all_stored(rooms, settings, server, boilers)
    began, cpu = time.monotonic(), rooms.cpu_s()
    publishing(port, boilers, messages).wait()
    wall_s = all_stored(rooms, settings, server, boilers + messages) - began
    spent = {name: (used - cpu[name]) / messages * 1e6 for name, used in rooms.cpu_s().items()}
    return {"messages": messages, "per_s": messages / wall_s, "cpu_us": sum(spent.values())} | {
        f"{name}_cpu_us": value for name, value in spent.items()
    }


def steady(
    rooms: Rooms, settings: Settings, server: Server, port: int, boilers: int, rate: float, seconds: float
) -> dict[str, Any]:
    """Measure the store's lag and memory at a rate."""
    before, messages = stored(server), int(rate * seconds)
    reader = open_reader(settings, READINGS)
    began, memory, cpu = time.monotonic(), rooms.resident_mib(), rooms.cpu_s()
    publisher = publishing(port, boilers, messages, rate)
    lags: list[float] = []
    while publisher.poll() is None:
        rooms.check()
        time.sleep(0.5)
        lags.append(lag_s(reader))
    took_s = time.monotonic() - began
    reader.close()
    all_stored(rooms, settings, server, before + messages)
    spent = {f"{name}_cpu_us": (used - cpu[name]) / messages * 1e6 for name, used in rooms.cpu_s().items()}
    return spent | {
        "asked_per_s": rate, "published_per_s": messages / took_s, "seconds": seconds, "lost": before + messages - stored(server),
        "worst_lag_s": max(lags, default=0.0), "memory_growth_mib": sum(rooms.resident_mib().values()) - sum(memory.values()),
    }  # fmt: skip


def lag_s(reader: Reader) -> float:
    """Return how old the oldest row is that is not stored yet."""
    rows = reader.read(reader.positions().get("storing", 0), 1)
    return max(time.time() - rows[0].at_ms / 1_000, 0.0) if rows else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--boilers", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=33_333)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--roll-ups", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        mosquitto(Path(name), config=CONFIG) as port,
        influxd(Path(name)) as url,
    ):
        path, settings = installation(Path(name), port, url, roll_ups=asked.roll_ups)
        server = Server(settings.store)
        with running(path, _ROOMS) as rooms:
            reader = open_reader(settings, READINGS)
            until(lambda: reader.last() > 0, rooms, 180)
            reader.close()
            found: dict[str, Any] = backlog(rooms, settings, server, port, asked.boilers, asked.messages)
            found |= {"limit_cpu_us": LIMIT_US, "telegraf_cpu_us_elsewhere": TELEGRAF_US}
            if asked.seconds:
                found["steady"] = steady(rooms, settings, server, port, asked.boilers, asked.rate, asked.seconds)
                found["steady"]["limit_lag_s"] = LIMIT_LAG_S
        server.close()
    found["cores"] = os.cpu_count()
    found["met"] = found["cpu_us"] <= LIMIT_US
    print(json.dumps(found, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
