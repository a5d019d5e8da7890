"""The MQTT packets a publisher sends, as bytes, many at a time. MQTT 5 (OASIS, 2019) and 3.1.1."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from boilerwatch.settings import MqttSettings
from simulators.dialects.contract import Publication

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
CONNACK, PUBACK = 2, 4
MOST_IDS = 65_535
_RECEIVE_MAXIMUM = 0x21
#: Properties of CONNACK that may stand before Receive Maximum: identifier -> bytes of its value (MQTT 5, 2.2.2.2).
_FIXED = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
_TEXTS = (0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F)


def _length(number: int) -> bytes:
    coded = bytearray()
    while True:
        number, digit = number >> 7, number & 0x7F
        coded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(coded)


_LENGTHS = [_length(number) for number in range(2_048)]
_IDS = [struct.pack(">H", number) for number in range(MOST_IDS + 1)]


class Welcome(NamedTuple):
    """The broker's answer to CONNECT."""

    reason: int
    receive_maximum: int


def connect(mqtt: MqttSettings, client_id: str, will: Publication | None) -> bytes:
    """Return CONNECT with a clean session and a last will."""
    five = mqtt.protocol == "5"
    password = mqtt.password.get_secret_value()
    flags = 0x02 | (0x80 if mqtt.username else 0) | (0x40 if password else 0)
    if will is not None:
        flags |= 0x04 | will.qos << 3 | (0x20 if will.retain else 0)
    body = _text(b"MQTT") + bytes([5 if five else 4, flags]) + struct.pack(">H", mqtt.keep_alive_s)
    body += (b"\x00" if five else b"") + _text(client_id.encode())
    if will is not None:
        body += (b"\x00" if five else b"") + _text(will.topic.encode()) + _text(will.payload)
    body += _text(mqtt.username.encode()) if mqtt.username else b""
    body += _text(password.encode()) if password else b""
    return b"\x10" + _length(len(body)) + body


def read_connack(body: bytes, *, five: bool) -> Welcome:
    """Return what CONNACK says, with how many QoS 1 messages the broker takes unacknowledged."""
    reason = body[1] if len(body) > 1 else 0xFF
    at, end = 3, len(body)
    while five and at < end:
        kind = body[at]
        at += 1
        if kind == _RECEIVE_MAXIMUM:
            return Welcome(reason, int.from_bytes(body[at : at + 2], "big"))
        if kind in _FIXED:
            at += _FIXED[kind]
        elif kind in _TEXTS:
            at += 2 + int.from_bytes(body[at : at + 2], "big")
        else:
            break
    return Welcome(reason, MOST_IDS)


def head_of(topic: str) -> bytes:
    """Return a topic as a PUBLISH holds it."""
    return _text(topic.encode())


def publishes(heads: Sequence[bytes], payloads: Sequence[bytes], first_id: int, *, five: bool) -> list[bytes]:
    """Return PUBLISH packets at QoS 1, their ids counting up from `first_id`; one loop, no call a message."""
    lengths, ids = _LENGTHS, _IDS
    properties = b"\x00" if five else b""
    extra = 2 + len(properties)
    number = first_id
    found = []
    for head, payload in zip(heads, payloads, strict=True):
        size = len(head) + extra + len(payload)
        coded = lengths[size] if size < 2_048 else _length(size)
        found.append(b"\x32" + coded + head + ids[number] + properties + payload)
        number = number + 1 if number < MOST_IDS else 1
    return found


def publish(one: Publication, packet_id: int, *, five: bool) -> bytes:
    """Return one PUBLISH with its own flags; `packet_id` counts at QoS 1 only."""
    properties = b"\x00" if five else b""
    body = head_of(one.topic) + (_IDS[packet_id] if one.qos else b"") + properties + one.payload
    return bytes([0x30 | one.qos << 1 | one.retain]) + _length(len(body)) + body


def _text(raw: bytes) -> bytes:
    return struct.pack(">H", len(raw)) + raw
