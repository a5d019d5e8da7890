"""MQTT at a low rate, over aiomqtt: for people who listen and for commands that say a few things."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt

from boilerwatch.errors import SettingsError
from boilerwatch.settings import MqttSettings


@asynccontextmanager
async def connected(mqtt: MqttSettings, client_id: str) -> AsyncIterator[aiomqtt.Client]:
    """Give a client with a session of its own, which leaves nothing at the broker.

    Raises
    ------
    SettingsError
        If the broker cannot be reached or refuses us.
    """
    five = mqtt.protocol == "5"
    secure = ssl.create_default_context(cafile=mqtt.ca_file or None) if mqtt.tls else None
    if secure is not None and mqtt.cert_file:
        secure.load_cert_chain(mqtt.cert_file, mqtt.key_file or None)
    try:
        async with aiomqtt.Client(
            mqtt.host, mqtt.port, identifier=client_id, username=mqtt.username or None,
            password=mqtt.password.get_secret_value() or None, tls_context=secure, keepalive=mqtt.keep_alive_s,
            protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
            transport=mqtt.transport, clean_session=None if five else True,
        ) as client:  # fmt: skip
            yield client
    except aiomqtt.MqttError as exc:
        raise SettingsError(f"broker {mqtt.host}:{mqtt.port}: {exc}; see [mqtt] in the settings") from exc
