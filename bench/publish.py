"""Publishing at load: messages a second from one process, its CPU a message, beside aiomqtt in the same run.

`python -m bench.publish [--messages N] [--boilers B] [--json FILE]`; it starts Mosquitto by itself.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import aiomqtt
import numpy as np

from boilerwatch.clock import SYSTEM
from boilerwatch.model import Floats
from boilerwatch.settings import MqttSettings
from boilerwatch.wire import topic_of
from simulators.dialects import Gateway
from simulators.publish import Live, Member, Pace, Shown, Tally
from tests.servers import mosquitto

LIMIT_US, LIMIT_PER_S = 15.0, 33_000
PEER_MESSAGES = 10_000


class Steady:
    """Eight signals of every boiler, drawn once: what is measured is publishing, not physics."""

    def __init__(self, boilers: int, steps: int, stop: threading.Event) -> None:
        self._left, self._stop = steps, stop
        self.members = [Member(Gateway(f"b-{i}", "bench"), "native") for i in range(boilers)]
        random = np.random.default_rng(1)
        self._signals: dict[str, Floats] = {
            "water_pressure_bar": random.uniform(1, 2, boilers).round(2), "flow_temp_c": random.uniform(40, 60, boilers).round(1),
            "return_temp_c": random.uniform(30, 50, boilers).round(1), "modulation_pct": random.uniform(20, 90, boilers).round(0),
            "flame_current_ua": random.uniform(10, 40, boilers).round(1), "flue_temp_c": random.uniform(40, 60, boilers).round(1),
            "flame_on": random.integers(0, 2, boilers).astype(np.float64),
            "burner_starts": random.integers(0, 90_000, boilers).astype(np.float64),
        }  # fmt: skip

    def show(self, now_s: float) -> Shown:
        """Return the same values with a new time; the last step ends the run."""
        self._left -= 1
        if self._left <= 0:
            self._stop.set()
        count = len(self.members)
        return Shown(np.arange(count), np.full(count, round(now_s * 1000), np.int64), self._signals)


def ours(port: int, boilers: int, messages: int) -> tuple[Tally, float, float]:
    steps, stop = messages // boilers, threading.Event()
    now_s = SYSTEM.now_ms() / 1000
    live = Live(Steady(boilers, steps, stop), MqttSettings(port=port), SYSTEM)
    wall, cpu = time.perf_counter(), time.process_time()
    tally = asyncio.run(live.run(Pace(now_s - steps, 1.0, 0.0), stop))
    return tally, time.perf_counter() - wall, time.process_time() - cpu


async def peer(port: int) -> tuple[float, float]:
    """Publish the same payload with aiomqtt, as many in flight as it takes."""
    body = json.dumps({"ts": 1_800_000_000_000, "boot": "b", "seq": 1, "water_pressure_bar": 1.43, "flow_temp_c": 58.2,
                       "return_temp_c": 47.1, "modulation_pct": 48, "flame_current_ua": 28.1, "flue_temp_c": 55.4,
                       "flame_on": True, "burner_starts": 24100})  # fmt: skip
    async with aiomqtt.Client("127.0.0.1", port, max_inflight_messages=1_000) as client:
        client.pending_calls_threshold = PEER_MESSAGES
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(PEER_MESSAGES // 500):
            await asyncio.gather(
                *(client.publish(topic_of("bench", f"p-{i}", "telemetry"), body, 1) for i in range(500))
            )
        return time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--boilers", type=int, default=50_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder)) as port:
        tally, wall_s, cpu_s = ours(port, asked.boilers, asked.messages)
        peer_wall_s, peer_cpu_s = asyncio.run(peer(port))
    sent = tally.acknowledged
    found = {
        "messages": sent, "refused": tally.refused, "per_s": sent / wall_s, "cpu_us": cpu_s / sent * 1e6,
        "aiomqtt_per_s": PEER_MESSAGES / peer_wall_s, "aiomqtt_cpu_us": peer_cpu_s / PEER_MESSAGES * 1e6,
        "limit_per_s": LIMIT_PER_S, "limit_cpu_us": LIMIT_US,
    }  # fmt: skip
    for name, value in found.items():
        print(f"{name:16} {value:12,.1f}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0 if found["per_s"] >= LIMIT_PER_S and found["cpu_us"] <= LIMIT_US else 1


if __name__ == "__main__":
    sys.exit(main())
