"""The few MQTT packets a subscriber sends and reads, as bytes. MQTT 5 (OASIS, 2019) and 3.1.1."""

import struct
from typing import NamedTuple

import numpy as np

from boilerwatch.settings import MqttSettings
from collector.framing import ProtocolError

CONNACK, PUBACK, SUBACK, UNSUBACK, PINGRESP, DISCONNECT = 2, 4, 9, 11, 13, 14
PINGREQ = b"\xc0\x00"
GOODBYE = b"\xe0\x00"


class Connack(NamedTuple):
    """The broker's answer to CONNECT."""

    session_present: bool
    reason: int


def connect(mqtt: MqttSettings) -> bytes:
    """Return CONNECT with a session that the broker keeps: Clean Start 0, Session Expiry, Receive Maximum."""
    five = mqtt.protocol == "5"
    flags = (0x80 if mqtt.username else 0) | (0x40 if mqtt.password.get_secret_value() else 0)
    head = _text("MQTT") + bytes([5 if five else 4, flags]) + struct.pack(">H", mqtt.keep_alive_s)
    if five:
        head += _properties(struct.pack(">BIBH", 0x11, mqtt.session_expiry_s, 0x21, mqtt.receive_maximum))
    body = head + _text(mqtt.client_id)
    if mqtt.username:
        body += _text(mqtt.username)
    if mqtt.password.get_secret_value():
        body += _text(mqtt.password.get_secret_value())
    return _packet(0x10, body)


def subscribe(packet_id: int, filters: list[str], *, five: bool) -> bytes:
    """Return SUBSCRIBE at QoS 1; retained messages only for new subscriptions (Retain Handling 1)."""
    body = struct.pack(">H", packet_id) + (b"\x00" if five else b"")
    option = b"\x11" if five else b"\x01"
    return _packet(0x82, body + b"".join(_text(name) + option for name in filters))


def pubacks(packet_ids: list[int]) -> bytes:
    """Return the PUBACKs of these ids, in this order, as one write."""
    found = np.empty((len(packet_ids), 4), np.uint8)
    found[:, 0], found[:, 1] = 0x40, 2
    found[:, 2:] = np.array(packet_ids, ">u2").view(np.uint8).reshape(-1, 2)
    return found.tobytes()


def read_connack(body: bytes) -> Connack:
    """Return what CONNACK says.

    Raises
    ------
    ProtocolError
        If it is too short.
    """
    if len(body) < 2:
        raise ProtocolError("the broker's CONNACK is too short")
    return Connack(bool(body[0] & 1), body[1])


def read_suback(body: bytes, *, five: bool) -> list[int]:
    """Return the reason code of each filter; 0x80 and above is a refusal."""
    if len(body) < 3:
        raise ProtocolError("the broker's SUBACK is too short")
    return list(body[3 + body[2] :] if five else body[2:])


def _packet(first: int, body: bytes) -> bytes:
    length, coded = len(body), bytearray()
    while True:
        length, digit = length >> 7, length & 0x7F
        coded.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([first]) + bytes(coded) + body


def _properties(raw: bytes) -> bytes:
    return bytes([len(raw)]) + raw


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw
