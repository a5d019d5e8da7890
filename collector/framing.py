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
    """PUBLISH packets of one chunk, in order.

    Attributes
    ----------
    topics, payloads, packet_ids
        Of each, lists of the same length; a packet id is 0 at QoS 0.
    retained_at
        Which of them are retained, rising; hardly ever any.
    """

    topics: list[bytes] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    packet_ids: list[int] = field(default_factory=list)
    retained_at: list[int] = field(default_factory=list)


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

    def feed(  # noqa: PLR0912 -- one loop on purpose: a call a message costs more than its work
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
        with_properties = self._version == 5
        lengths = (1, 3) if with_properties else (0, 2)  # of packet id and empty properties, at QoS 0 and 1
        add_topic, add_payload, add_id = found.topics.append, found.payloads.append, found.packet_ids.append
        while size - at >= 2:
            first = data[at]
            length = data[at + 1]
            body = at + 2
            if length & 0x80:
                if body < size and data[body] < 0x80:
                    length += (data[body] << 7) - 0x80
                    body += 1
                else:
                    length, body = _long_length(data, at + 1)
                    if body == 0:
                        break
            end = body + length
            if first & 0xF4 == 0x30 and 2 <= length <= self._max and end <= size:  # PUBLISH at QoS 0 or 1, whole
                cut = body + 2 + (data[body] << 8) + data[body + 1]
                start = cut + lengths[first >> 1 & 1]
                if start <= end and not (with_properties and data[start - 1]):
                    add_topic(data[body + 2 : cut])
                    add_payload(data[start:end])
                    add_id(data[cut] << 8 | data[cut + 1] if first & 2 else 0)
                    if first & 1:
                        found.retained_at.append(len(found.topics) - 1)
                    at = end
                    continue
            if first >> 4 == 3 and length > self._max:
                if not self._pass_by(data, body, end, first, found):
                    break
                self._skip = max(end - size, 0)
                at = min(end, size)
                continue
            if end > size:
                break
            if first >> 4 == 3:
                _take_odd(data, body, end, first, found, with_properties=with_properties)
            else:
                others.append((first, data[body:end]))
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
            found.packet_ids.append(data[cut] << 8 | data[cut + 1])
        return True


def _take_odd(data: bytes, body: int, end: int, first: int, found: Publishes, *, with_properties: bool) -> None:
    """Take a PUBLISH that has properties, or say why it is none."""
    cut = body + 2 + (data[body] << 8 | data[body + 1]) if end - body >= 2 else end + 1
    topic, qos, packet_id = data[body + 2 : cut], first & 0x06, 0
    if qos:
        if qos == 0x06 or cut + 2 > end:
            raise ProtocolError("the broker sent a PUBLISH with an impossible QoS or no packet id")
        packet_id = data[cut] << 8 | data[cut + 1]
        cut += 2
    if with_properties:
        properties, behind = _long_length(data, cut) if cut < end else (0, end + 1)
        cut = behind + properties if behind else end + 1
    if cut > end:
        raise ProtocolError("the broker sent a PUBLISH that is shorter than its own parts")
    if first & 1:
        found.retained_at.append(len(found.topics))
    found.topics.append(topic)
    found.payloads.append(data[cut:end])
    found.packet_ids.append(packet_id)


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
