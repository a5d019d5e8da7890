"""The session over WebSockets, for brokers behind a proxy: paho-mqtt with acknowledgement by hand.

It hands over the same deliveries and keeps the same promises as our own session, at several times the cost a message.
paho's network loop runs in a thread of its own; everything it says is done in the event loop, in the order it was said.
"""

import asyncio
import threading
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from boilerwatch.mqtt import tls_context
from boilerwatch.settings import MqttSettings
from collector.framing import ProtocolError, Publishes
from collector.session import ANSWER_S, Session


class PahoSession(Session):
    """A session whose packets paho-mqtt reads and writes; see `Session`."""

    async def _once(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        connection = _PahoConnection(self, self._mqtt, loop)
        try:
            await asyncio.wait_for(asyncio.to_thread(connection.open), ANSWER_S)
            flags, code = await connection.answer(connection.connected)
            self._welcome(connection, bool(flags.session_present), code.value)
            connection.release()
            connection.subscribe(self._filters)
            self._subscribed([code.value for code in await connection.answer(connection.subscribed)])
            await connection.live(stop)
        finally:
            await asyncio.to_thread(connection.close)

    def take_paho(self, messages: list[paho.MQTTMessage]) -> None:
        """Hand over what paho brought."""
        found = Publishes()
        for message in messages:
            topic = _topic_of(message)
            is_large = len(topic) + len(message.payload) > self._max_packet_bytes
            self.counters["oversized"] += is_large
            found.topics.append(b"" if is_large else topic)
            found.payloads.append(b"" if is_large else bytes(message.payload))
            if message.retain:
                found.retained_at.append(len(found.topics) - 1)
            found.packet_ids.append(message.mid if message.qos else 0)
        self._hand_over(found)


class _PahoConnection:
    """One connection and the thread that serves it."""

    def __init__(self, session: PahoSession, mqtt: MqttSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._session = session
        self._mqtt = mqtt
        self._loop = loop
        self._five = mqtt.protocol == "5"
        self.connected: asyncio.Future[Any] = loop.create_future()
        self.subscribed: asyncio.Future[Any] = loop.create_future()
        self._ended: asyncio.Future[Any] = loop.create_future()
        self._lock = threading.Lock()
        self._come: list[paho.MQTTMessage] = []
        self._is_welcome = False
        version = MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, mqtt.client_id, clean_session=None if self._five else False, protocol=version,
            transport=mqtt.transport, manual_ack=True, reconnect_on_failure=False,
        )  # fmt: skip
        client.connect_timeout = ANSWER_S
        if mqtt.transport == "websockets":
            client.ws_set_options(mqtt.websocket_path)
        if mqtt.username:
            client.username_pw_set(mqtt.username, mqtt.password.get_secret_value() or None)
        client.on_connect = lambda _c, _u, flags, code, _p: self._say(self.connected, (flags, code))
        client.on_subscribe = lambda _c, _u, _m, codes, _p: self._say(self.subscribed, codes)
        client.on_disconnect = lambda _c, _u, _f, code, _p: self._say(self._ended, code)
        client.on_message = self._on_message

    def open(self) -> None:
        """Connect and send CONNECT, with a session that the broker keeps.

        Raises
        ------
        OSError
            If the broker cannot be reached.
        """
        properties = None
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._mqtt.session_expiry_s
            properties.ReceiveMaximum = self._mqtt.receive_maximum
        if self._mqtt.tls:
            self._client.tls_set_context(tls_context(self._mqtt))
        try:
            self._client.connect(
                self._mqtt.host, self._mqtt.port, self._mqtt.keep_alive_s, clean_start=False if self._five else 3,
                properties=properties,
            )  # fmt: skip
        except paho.WebsocketConnectionError as exc:
            raise ProtocolError(
                f"broker {self._mqtt.host}:{self._mqtt.port} speaks no WebSockets at {self._mqtt.websocket_path}: {exc}; "
                "see [mqtt] websocket_path"
            ) from exc
        self._client.loop_start()

    async def answer(self, what: "asyncio.Future[Any]") -> Any:
        """Wait for CONNACK or SUBACK."""
        await asyncio.wait({what, self._ended}, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        if what.done():
            return what.result()
        why = self._why() if self._ended.done() else f"did not answer within {ANSWER_S:.0f} s"
        raise ProtocolError(f"the broker {why}")

    def subscribe(self, filters: list[str]) -> None:
        """Subscribe at QoS 1; retained messages only for new subscriptions."""
        if self._five:
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            self._client.subscribe([(name, options) for name in filters])
        else:
            self._client.subscribe([(name, 1) for name in filters])

    async def live(self, stop: asyncio.Event) -> None:
        """Wait until the connection ends or `stop` is set; paho pings and notices a dead peer."""
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if self._ended.done() and not stop.is_set():
            raise ProtocolError(f"the broker {self._why()}")

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Send PUBACKs in this order."""
        for packet_id in packet_ids:
            self._client.ack(packet_id, 1)

    def close(self) -> None:
        """Say goodbye and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def release(self) -> None:
        """Hand over what came with the broker's welcome, and from now on what comes."""
        self._is_welcome = True
        self._drain()

    def _why(self) -> str:
        code = self._ended.result()
        return f"closed the connection: {str(code).lower()}"

    def _say(self, future: "asyncio.Future[Any]", what: object) -> None:
        def settle() -> None:
            if not future.done():
                future.set_result(what)

        self._loop.call_soon_threadsafe(settle)

    def _on_message(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        with self._lock:
            self._come.append(message)
            is_first = len(self._come) == 1
        if is_first:
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        if not self._is_welcome:
            return
        with self._lock:
            come, self._come = self._come, []
        if come:
            self._session.take_paho(come)


def _topic_of(message: paho.MQTTMessage) -> bytes:
    try:
        return message.topic.encode()
    except UnicodeDecodeError:  # it is refused as a topic that nobody reads
        return b"\xff"
