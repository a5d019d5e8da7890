"""Numbered native telemetry of many boilers, as fast as it goes or at a rate: what the other benches are fed with.

`python -m bench.load PORT BOILERS MESSAGES [PER_SECOND]` publishes exactly so many at QoS 1 and returns once the broker has
acknowledged them all.
"""

import asyncio
import sys

import numpy as np

from boilerwatch.clock import SYSTEM
from boilerwatch.model import Floats
from boilerwatch.settings import MqttSettings
from simulators.bulk import BulkNative
from simulators.publisher import Publisher

_WAVE_S = 0.05


def signals_of(boilers: int) -> dict[str, Floats]:
    """Return eight signals of every boiler, drawn once."""
    chance = np.random.default_rng(1)
    return {
        "water_pressure_bar": chance.uniform(1, 2, boilers).round(2), "flow_temp_c": chance.uniform(40, 60, boilers).round(1),
        "return_temp_c": chance.uniform(30, 50, boilers).round(1), "modulation_pct": chance.uniform(20, 90, boilers).round(0),
        "flame_current_ua": chance.uniform(10, 40, boilers).round(1), "flue_temp_c": chance.uniform(40, 60, boilers).round(1),
        "flame_on": chance.integers(0, 2, boilers).astype(np.float64),
        "burner_starts": chance.integers(0, 90_000, boilers).astype(np.float64),
    }  # fmt: skip


async def load(port: int, boilers: int, messages: int, per_s: float = 0) -> None:
    """Publish; `per_s` 0 for as fast as it goes."""
    publisher = Publisher(MqttSettings(port=port), f"load-{SYSTEM.now_ms()}", None, ())
    stop = asyncio.Event()
    running = asyncio.create_task(publisher.run(stop, SYSTEM))
    bulk = BulkNative([(f"s-{i // 50}", f"b-{i}") for i in range(boilers)], f"load-{SYSTEM.now_ms()}")
    signals, wave = signals_of(boilers), int(per_s * _WAVE_S) or 5_000
    began_s, sent = SYSTEM.monotonic_s(), 0
    while sent < messages:
        rows = np.arange(sent, min(sent + wave, messages)) % boilers
        ts_ms = np.full(len(rows), SYSTEM.now_ms()) - (messages - sent if not per_s else 0)
        await publisher.send_bulk(*bulk.payloads(rows, ts_ms, {name: values[rows] for name, values in signals.items()}))
        sent += len(rows)
        if per_s:
            await asyncio.sleep(max(began_s + sent / per_s - SYSTEM.monotonic_s(), 0))
    if not await publisher.drained(120):
        raise RuntimeError("the broker did not acknowledge everything within two minutes")
    stop.set()
    await running


if __name__ == "__main__":
    asyncio.run(
        load(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]) if len(sys.argv) > 4 else 0)
    )
