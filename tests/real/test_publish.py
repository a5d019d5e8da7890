"""How time goes for a fleet that publishes: from the past as fast as asked, never ahead of now."""

import asyncio
import json
import threading
from pathlib import Path

import aiomqtt
import numpy as np
import pytest

from boilerwatch.clock import SYSTEM
from boilerwatch.settings import MqttSettings
from simulators.dialects import Gateway
from simulators.publish import Live, Member, Pace, Shown, Tally
from simulators.publisher import RefusedError
from tests.servers import free_port, running
from tests.servers import listens as is_listening

pytestmark = pytest.mark.real


class Steady:
    """Boilers that always show the same."""

    def __init__(self, site: str, count: int) -> None:
        self.members = [Member(Gateway(f"b-{i}", site), "native") for i in range(count)]

    def show(self, now_s: float) -> Shown:
        """Return the same values with a new time."""
        count = len(self.members)
        return Shown(
            np.arange(count), np.full(count, round(now_s * 1000), np.int64), {"flow_temp_c": np.full(count, 50.0)}
        )


def heard(port: int, fleet: Steady, pace: Pace, protocol: str = "5") -> tuple[list[tuple[str, int]], Tally]:
    """Return (boiler, ts) of every reading that a subscriber got, in order, and the publisher's own tally."""
    site = fleet.members[0].gateway.site
    mqtt = MqttSettings.model_validate({"port": port, "protocol": protocol})
    found: list[tuple[str, int]] = []

    async def run() -> Tally:
        async with aiomqtt.Client("127.0.0.1", port, max_queued_incoming_messages=0) as client:
            await client.subscribe(f"boilers/{site}/+/telemetry", qos=1)
            tally = await Live(fleet, mqtt, SYSTEM).run(pace, threading.Event())
            await client.publish(f"boilers/{site}/end/telemetry", b'{"ts": 0}', qos=1)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                boiler = str(message.topic).split("/")[2]
                if boiler == "end":
                    return tally
                found.append((boiler, json.loads(message.payload)["ts"]))
        raise AssertionError("the subscriber was disconnected")

    return found, asyncio.run(run())


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_start_in_the_past_is_caught_up_without_a_gap_and_never_gets_ahead_of_now(
    broker_port: int, protocol: str
) -> None:
    now_s = SYSTEM.now_ms() / 1000
    found, tally = heard(broker_port, Steady("past", 2), Pace(now_s - 3_600, 60.0, 0.0, 1.5), protocol)
    after_ms = SYSTEM.now_ms()
    times = [ts for boiler, ts in found if boiler == "b-0"]
    assert times[:60] == [round((now_s - 3_600 + i * 60) * 1000) for i in range(60)]
    assert len(times) in (60, 61)
    assert max(times) <= after_ms
    assert [boiler for boiler, _ in found].count("b-1") == len(times)
    assert tally.refused == 0


def test_a_past_passes_at_the_speed_asked_for(broker_port: int) -> None:
    now_s = SYSTEM.now_ms() / 1000
    found, _ = heard(broker_port, Steady("speed", 1), Pace(now_s - 86_400, 60.0, 600.0, 2.0))
    assert 10 <= len(found) <= 21  # 20 minutes of the past in two seconds


def test_a_fleet_that_shares_a_connection_loses_nothing_through_a_brokers_usual_window(tmp_path: Path) -> None:
    port, config = free_port(), tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n")
    now_s = SYSTEM.now_ms() / 1000
    with running(["/usr/sbin/mosquitto", "-c", str(config)], tmp_path / "log", lambda: is_listening(port)):
        found, tally = heard(port, Steady("shared", 300), Pace(now_s - 600, 60.0, 0.0, 1.5))
    assert len(found) == len(set(found))
    assert len(found) in (3_000, 3_300)
    assert tally.acknowledged == len(found) + 2 * 300  # births and wills


def test_a_broker_that_refuses_the_login_is_named(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n")
    with (
        running(["/usr/sbin/mosquitto", "-c", str(config)], tmp_path / "log", lambda: is_listening(port)),
        pytest.raises(RefusedError, match=f"127.0.0.1:{port} refused"),
    ):
        asyncio.run(
            Live(Steady("no", 1), MqttSettings(port=port), SYSTEM).run(
                Pace(SYSTEM.now_ms() / 1000, 1.0), threading.Event()
            )
        )
