"""MQTT at a low rate, over aiomqtt: for people who listen and for commands that say a few things."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt

from boilerwatch.errors import SettingsError
from boilerwatch.settings import MqttSettings

#: Reason codes of CONNACK and DISCONNECT worth a sentence (MQTT 5, 2.4) and of MQTT 3.1.1's CONNACK (3.2.2.3).
_REASONS = {
    0x01: "it does not speak this protocol version; try [mqtt] protocol",
    0x02: "it refuses the client id; change [mqtt] client_id",
    0x03: "it is not available now",
    0x04: "user name or password are wrong; see [mqtt] username and password",
    0x05: "this login is not authorised; see the broker's access list",
    0x84: "it does not speak this protocol version; try [mqtt] protocol",
    0x85: "it refuses the client id; change [mqtt] client_id",
    0x86: "user name or password are wrong; see [mqtt] username and password",
    0x87: "this login is not authorised; see the broker's access list",
    0x88: "it is not available now",
    0x89: "it is busy",
    0x8B: "it is shutting down",
    0x8D: "it heard nothing from us for longer than the keep-alive",
    0x8E: "another client took over with the same [mqtt] client_id; only one collector may use it",
    0x97: "its quota is exceeded",
}


@asynccontextmanager
async def connected(mqtt: MqttSettings, client_id: str) -> AsyncIterator[aiomqtt.Client]:
    """Give a client with a session of its own, which leaves nothing at the broker.

    Raises
    ------
    SettingsError
        If the broker cannot be reached or refuses us.
    """
    five = mqtt.protocol == "5"
    try:
        secure = tls_context(mqtt) if mqtt.tls else None
        async with aiomqtt.Client(
            mqtt.host, mqtt.port, identifier=client_id, username=mqtt.username or None,
            password=mqtt.password.get_secret_value() or None, tls_context=secure, keepalive=mqtt.keep_alive_s,
            protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
            transport=mqtt.transport, websocket_path=mqtt.websocket_path, clean_session=None if five else True,
        ) as client:  # fmt: skip
            yield client
    except aiomqtt.MqttError as exc:
        raise SettingsError(f"broker {mqtt.host}:{mqtt.port}: {exc}; see [mqtt] in the settings") from exc


def reason_text(code: int) -> str:
    """Return a reason code in words."""
    return _REASONS.get(code, f"its reason code is 0x{code:02x}")


def tls_context(mqtt: MqttSettings) -> ssl.SSLContext:
    """Return how to encrypt as the settings say.

    Raises
    ------
    SettingsError
        If a certificate or key cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file or None)
        if mqtt.cert_file:
            context.load_cert_chain(mqtt.cert_file, mqtt.key_file or None)
    except OSError as exc:
        named = ", ".join(name for name in (mqtt.ca_file, mqtt.cert_file, mqtt.key_file) if name)
        raise SettingsError(
            f"{named} cannot be used as certificate or key: {exc}; see [mqtt] ca_file and cert_file"
        ) from exc
    return context
