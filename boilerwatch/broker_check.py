"""Finds out by trying what the broker does for a client that is away: the things its defaults do wrong in silence.

Two clients of short life, on topics of their own below `boilerwatch/check`; what they made is taken away again.
"""

import contextlib
import queue
import secrets
from collections.abc import Iterator
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from boilerwatch.broker_config import CHECK_TOPIC
from boilerwatch.errors import BoilerwatchError, SettingsError
from boilerwatch.facts import Fact
from boilerwatch.mqtt import reason_text, tls_context
from boilerwatch.settings import MqttSettings, Settings

#: One more than Mosquitto keeps by default, with room for what it has in flight.
DEEP = 1_200
#: More than the 20 that brokers hand out where nobody says how much is held.
WINDOW = 200
_ANSWER_S, _QUIET_S = 5.0, 1.0
_SETUP = "`boilerwatch setup broker` writes what Mosquitto needs; other brokers have the like"


class _NoError(BoilerwatchError):
    """The broker does not do what was asked; carries the fact."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(fact.text)
        self.fact = fact


def broker(settings: Settings) -> Iterator[Fact]:
    """Try the broker: version, login, rights, session, depth of its queue, messages in flight, QoS 0."""
    mqtt = settings.mqtt
    name = f"boilerwatch-check-{secrets.token_hex(6)}"
    try:
        with _Client(mqtt, name, expiry_s=60) as away:
            away.subscribe(f"{CHECK_TOPIC}/{name}")
            if mqtt.protocol == "5" and away.granted_expiry_s < min(60, mqtt.session_expiry_s):
                yield Fact(
                    "broker.W003", f"the broker keeps our queue for {away.granted_expiry_s} s only",
                    "let it keep sessions for as long as you may be away",
                )  # fmt: skip
        with _Client(mqtt, f"{name}-out") as out:
            out.publish(f"{CHECK_TOPIC}/{name}")
        yield from _come_back(mqtt, name)
    except _NoError as exc:
        yield exc.fact
    finally:
        with contextlib.suppress(_NoError), _Client(mqtt, name, clean=True):
            pass


def _come_back(mqtt: MqttSettings, name: str) -> Iterator[Fact]:
    with _Client(mqtt, name, expiry_s=60) as back:
        if not back.session_present:
            yield Fact("broker.E005", "the broker forgets our session when we are away: what it held is lost", _SETUP)
            return
        unacknowledged = back.take(acknowledge=False)
        handed = sum(message.qos > 0 for message in unacknowledged)
        if handed < WINDOW - 1:  # what is queued at QoS 0 may stand in the window
            yield Fact(
                "broker.W001", f"the broker hands out {handed} unacknowledged messages where {WINDOW} can be held: ingest is slow",
                f"speak MQTT 5 ([mqtt] protocol), or set max_inflight_messages; {_SETUP}",
            )  # fmt: skip
        elif handed > WINDOW and mqtt.protocol == "5":
            yield Fact(
                "broker.W001", f"the broker hands out {handed} unacknowledged messages where we hold {WINDOW}",
                "it does not honour Receive Maximum: report it to its makers",
            )  # fmt: skip
        for message in unacknowledged:
            back.acknowledge(message)
        arrived = {message.payload: message.qos for message in (*unacknowledged, *back.take(acknowledge=True))}
    deep = sum(qos > 0 for qos in arrived.values())
    if deep < DEEP:
        yield Fact(
            "broker.E006", f"the broker took {DEEP} messages for us while we were away and kept {deep}: the rest is lost",
            f"raise max_queued_messages and max_queued_bytes; {_SETUP}",
        )  # fmt: skip
    if 0 not in arrived.values():
        yield Fact(
            "broker.W002", "the broker drops QoS 0 messages, which EMS-ESP, OTGW and ebusd send, while we are away",
            f"set queue_qos0_messages; {_SETUP}",
        )  # fmt: skip


class _Client:
    """One connection, for as long as it is needed."""

    def __init__(self, mqtt: MqttSettings, name: str, *, expiry_s: int = 0, clean: bool = False) -> None:
        self._mqtt = mqtt
        self._five = mqtt.protocol == "5"
        self._expiry_s = expiry_s
        self._fresh = clean or not expiry_s
        self.session_present = False
        self.granted_expiry_s = expiry_s
        self._said: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._messages: queue.SimpleQueue[paho.MQTTMessage] = queue.SimpleQueue()
        version = MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, name, clean_session=None if self._five else self._fresh, protocol=version,
            transport=mqtt.transport, manual_ack=True, reconnect_on_failure=False,
        )  # fmt: skip
        if mqtt.transport == "websockets":
            self._client.ws_set_options(mqtt.websocket_path)
        if mqtt.username:
            self._client.username_pw_set(mqtt.username, mqtt.password.get_secret_value() or None)
        self._client.connect_timeout = _ANSWER_S
        self._client.max_inflight_messages_set(1_000)
        self._client.on_connect = lambda _c, _u, flags, code, more: self._said.put(("connect", (flags, code, more)))
        self._client.on_disconnect = lambda _c, _u, _f, code, _p: self._said.put(("disconnect", code))
        self._client.on_subscribe = lambda _c, _u, _m, codes, _p: self._said.put(("subscribe", codes))
        self._client.on_publish = lambda _c, _u, _m, code, _p: self._said.put(("publish", code))
        self._client.on_message = lambda _c, _u, message: self._messages.put(message)

    def __enter__(self) -> Self:
        where = f"{self._mqtt.host}:{self._mqtt.port}"
        properties = None
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._expiry_s
            properties.ReceiveMaximum = WINDOW
        try:
            if self._mqtt.tls:
                self._client.tls_set_context(tls_context(self._mqtt))
            self._client.connect(
                self._mqtt.host,
                self._mqtt.port,
                30,
                clean_start=self._fresh if self._five else 3,
                properties=properties,
            )
        except (OSError, ValueError, SettingsError) as exc:
            hint = "start it, or mend [mqtt] host, port, tls and ca_file"
            raise _NoError(Fact("broker.E001", f"the broker {where} cannot be reached: {exc}", hint)) from exc
        self._client.loop_start()
        try:
            flags, code, more = self._answer("connect")
        except _NoError:
            self._client.loop_stop()
            raise
        if code.is_failure:
            self._client.loop_stop()
            raise _NoError(_refused(where, code))
        self.session_present = bool(flags.session_present)
        self.granted_expiry_s = getattr(more, "SessionExpiryInterval", self._expiry_s) if self._five else self._expiry_s
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, topic: str) -> None:
        """Subscribe at QoS 1."""
        self._client.subscribe(topic, options=SubscribeOptions(qos=1)) if self._five else self._client.subscribe(
            topic, 1
        )
        if any(code.is_failure for code in self._answer("subscribe")):
            raise _NoError(Fact("broker.E004", f"the broker refuses a subscription to {topic}", _RIGHTS))

    def publish(self, topic: str) -> None:
        """Publish one message at QoS 0 and `DEEP` at QoS 1, and see them acknowledged."""
        self._client.publish(topic, b"zero", 0)
        for number in range(DEEP):
            self._client.publish(topic, b"%d" % number, 1)
        for _ in range(DEEP + 1):
            code = self._answer("publish")
            if code.is_failure:
                raise _NoError(Fact("broker.E004", f"the broker refuses what is published to {topic}", _RIGHTS))

    def take(self, *, acknowledge: bool) -> list[paho.MQTTMessage]:
        """Return what comes until nothing more does."""
        found: list[paho.MQTTMessage] = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._messages.get(timeout=_QUIET_S))
                if acknowledge:
                    self.acknowledge(found[-1])
        return found

    def acknowledge(self, message: paho.MQTTMessage) -> None:
        """Send a PUBACK where one is due."""
        self._client.ack(message.mid, message.qos)

    def _answer(self, kind: str) -> Any:
        try:
            found, what = self._said.get(timeout=_ANSWER_S)
        except queue.Empty:
            found, what = "", f"it did not answer within {_ANSWER_S:.0f} s"
        if found != kind:
            where, words = f"{self._mqtt.host}:{self._mqtt.port}", getattr(what, "getName", lambda: what)()
            raise _NoError(
                Fact("broker.E001", f"the broker {where} broke off: {words}", "see the broker's log, and [mqtt] tls")
            )
        return what


_RIGHTS = f"give our login the right to read and write {CHECK_TOPIC}/#; {_SETUP}"


def _refused(where: str, code: ReasonCode) -> Fact:
    text = f"the broker {where} refused us: {reason_text(code.value)}"
    if code.value in (0x84, 0x01):
        return Fact("broker.E003", text, "set [mqtt] protocol")
    return Fact("broker.E002", text, "mend [mqtt] username and password, or the broker's password file and access list")
