"""The fleet live over MQTT: native topics, QoS 1, `boot` and `seq`, a retained status with its last will."""

import asyncio
import json
import threading

import aiomqtt

from boilerwatch.clock import Clock
from boilerwatch.settings import MqttSettings
from boilerwatch.wire import EVENT, STATUS, TELEMETRY, topic_of
from simulators.dataset import readings_of
from simulators.fleet import SITES, Fleet, Step


async def publish_live(
    fleet: Fleet, mqtt: MqttSettings, interval_s: float, stop: threading.Event, clock: Clock
) -> None:
    """Publish a step every `interval_s`, in real time, until `stop` is set; reconnect for ever.

    Parameters
    ----------
    fleet
        A fleet that stands at about now. [s since 1970]
    """
    seq = 0
    boot = clock.now_ms()
    version = aiomqtt.ProtocolVersion.V5 if mqtt.protocol == "5" else aiomqtt.ProtocolVersion.V311
    while not stop.is_set():
        try:
            async with aiomqtt.Client(
                mqtt.host, mqtt.port, protocol=version, identifier=f"boilerwatch-simulator-{boot}",
                username=mqtt.username or None, password=mqtt.password.get_secret_value() or None,
            ) as client:  # fmt: skip
                for site, name in zip(fleet.site, fleet.ids, strict=True):
                    await client.publish(topic_of(SITES[site][0], name, STATUS), b"online", qos=1, retain=True)
                while not stop.is_set():
                    step = fleet.step(clock.now_ms() / 1000 - fleet.now_s)
                    await _publish(client, fleet, step, boot, seq)
                    seq += 1
                    await asyncio.to_thread(stop.wait, interval_s)
        except aiomqtt.MqttError:
            await asyncio.to_thread(stop.wait, 1.0)


async def _publish(client: aiomqtt.Client, fleet: Fleet, step: Step, boot: int, seq: int) -> None:
    ts = round(step.at_s * 1000)
    sites = [SITES[site][0] for site in fleet.site]
    for i, values in readings_of(step):
        body = json.dumps({"ts": ts, "boot": boot, "seq": seq, **values})
        await client.publish(topic_of(sites[i], fleet.ids[i], TELEMETRY), body, qos=1)
    for i, code, active in step.codes:
        body = json.dumps({"ts": ts, "code": code, "active": active})
        await client.publish(topic_of(sites[i], fleet.ids[i], EVENT), body, qos=1)
