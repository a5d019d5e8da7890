"""Cuts the stream of a broker into MQTT packets; no input or output of its own.

PUBLISH is what comes 33,000 times a second, so it is taken apart in one loop over a whole chunk, without a call or an
object a message but for the slices themselves. Everything else is handed out as (type and flags, body).
"""

from dataclasses import dataclass, field

from boilerwatch.errors import BoilerwatchError

MAX_LENGTH_BYTES = 4


class ProtocolError(BoilerwatchError):
    """The broker sent bytes that are not MQTT."""


@dataclass(slots=True)
class Publishes:
    """PUBLISH packets of one chunk, in order, each list of the same length.

    Attributes
    ----------
    packet_ids
        0 for QoS 0.
    """

    topics: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    retained: list[bool] = field(default_factory=list)
    packet_ids: list[int] = field(default_factory=list)


class Framer:
    """Keeps what is left of a packet between chunks.

    Parameters
    ----------
    version
        5, or 4 for MQTT 3.1.1.
    max_packet_bytes
        Larger PUBLISH packets are read past; their QoS 1 ids are still given, with an empty topic. [bytes]
    """

    def __init__(self, version: int, max_packet_bytes: int) -> None:
        self._version = version
        self._max = max_packet_bytes
        self._rest = b""
        self._skip = 0
        self.oversized = 0

    def feed(  # noqa: PLR0912, PLR0915 -- one loop on purpose: a call a message costs more than its work
        self, chunk: bytes
    ) -> tuple[Publishes, list[tuple[int, bytes]]]:
        """Return the PUBLISH packets and the other packets that end in this chunk.

        Raises
        ------
        ProtocolError
            If the bytes cannot be MQTT.
        """
        found, others = Publishes(), []
        if self._skip:
            passed = min(self._skip, len(chunk))
            self._skip -= passed
            chunk = chunk[passed:]
        data = self._rest + chunk if self._rest else chunk
        at, size = 0, len(data)
        topics, payloads, retained, ids = found.topics, found.payloads, found.retained, found.packet_ids
        with_properties = self._version == 5
        while size - at >= 2:
            first = data[at]
            length = data[at + 1]
            body = at + 2
            if length & 0x80:
                length, body = _long_length(data, at + 1)
                if body == 0:
                    break
            end = body + length
            if length > self._max and first >> 4 == 3:
                body_here = self._pass_by(data, body, end, first, found)
                if body_here:
                    at = min(end, size)
                    self._skip = end - size if end > size else 0
                    continue
                break
            if end > size:
                break
            if first >> 4 != 3:
                others.append((first, data[body:end]))
                at = end
                continue
            cut = body + 2 + (data[body] << 8 | data[body + 1]) if length >= 2 else end + 1
            topic = data[body + 2 : cut]
            qos = first & 0x06
            packet_id = 0
            if qos:
                if qos == 0x06 or cut + 2 > end:
                    raise ProtocolError("the broker sent a PUBLISH with an impossible QoS or no packet id")
                packet_id = data[cut] << 8 | data[cut + 1]
                cut += 2
            if with_properties and cut < end:
                properties = data[cut]
                cut += 1
                if properties & 0x80:
                    properties, cut = _long_length(data, cut - 1)
                cut += properties
            elif with_properties:
                cut = end + 1
            if cut > end:
                raise ProtocolError("the broker sent a PUBLISH that is shorter than its own parts")
            topics.append(topic)
            payloads.append(data[cut:end])
            retained.append(bool(first & 1))
            ids.append(packet_id)
            at = end
        self._rest = data[at:]
        return found, others

    def _pass_by(self, data: bytes, body: int, end: int, first: int, found: Publishes) -> bool:
        """Count an oversized PUBLISH once its packet id has come; False while that is still to come."""
        if len(data) < body + 2:
            return False
        cut = body + 2 + (data[body] << 8 | data[body + 1])
        needed = cut + 2 if first & 0x06 else cut
        if needed > end:
            raise ProtocolError("the broker sent a PUBLISH that is shorter than its own parts")
        if len(data) < needed:
            return False
        self.oversized += 1
        if first & 0x06:
            found.topics.append(b"")
            found.payloads.append(b"")
            found.retained.append(False)
            found.packet_ids.append(data[cut] << 8 | data[cut + 1])
        return True


def _long_length(data: bytes, at: int) -> tuple[int, int]:
    """Return (length, where the body begins) of a variable byte integer; the second is 0 when it is cut off."""
    value, shift = 0, 0
    for place in range(at, min(at + MAX_LENGTH_BYTES, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    if len(data) >= at + MAX_LENGTH_BYTES:
        raise ProtocolError("the broker sent a packet length of more than four bytes")
    return 0, 0
