"""Any cut of a stream gives the same packets; anything else is a protocol error, never another one."""

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.framing import Framer, ProtocolError, Publishes


def length_of(size: int) -> bytes:
    coded = bytearray()
    while True:
        size, digit = size >> 7, size & 0x7F
        coded.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(coded)


def publish(topic: bytes, payload: bytes, packet_id: int, retained: bool, version: int) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + (packet_id.to_bytes(2, "big") if packet_id else b"")
    body += (b"\x00" if version == 5 else b"") + payload
    return bytes([0x30 | (2 if packet_id else 0) | retained]) + length_of(len(body)) + body


messages = st.lists(
    st.tuples(st.binary(min_size=1, max_size=40), st.binary(max_size=300), st.integers(0, 65_535), st.booleans()),
    max_size=12,
)


def feed(framer: Framer, stream: bytes, cuts: list[int]) -> tuple[Publishes, list[tuple[int, bytes]]]:
    found, others = Publishes(), []
    retained: list[bool] = []
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        some, more = framer.feed(stream[start:end])
        retained += [place in some.retained_at for place in range(len(some.topics))]
        for name in ("topics", "payloads", "packet_ids"):
            getattr(found, name).extend(getattr(some, name))
        others += more
    found.retained_at = [place for place, is_retained in enumerate(retained) if is_retained]
    return found, others


@settings(max_examples=150, deadline=None)
@given(sent=messages, cuts=st.lists(st.integers(0, 5_000), max_size=20), version=st.sampled_from([4, 5]))
def test_any_cut_of_a_stream_gives_the_same_packets(
    sent: list[tuple[bytes, bytes, int, bool]], cuts: list[int], version: int
) -> None:
    stream = b"".join(publish(*one, version) + b"\xd0\x00" for one in sent)
    found, others = feed(Framer(version, 1_000_000), stream, cuts)
    retained = [place in found.retained_at for place in range(len(sent))]
    assert list(zip(found.topics, found.payloads, found.packet_ids, retained, strict=True)) == sent
    assert others == [(0xD0, b"")] * len(sent)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 60_000), max_size=8), size=st.integers(2_000, 50_000))
def test_an_oversized_message_is_read_past_counted_and_can_be_acknowledged(cuts: list[int], size: int) -> None:
    small = publish(b"t", b"x", 2, False, 5)
    framer = Framer(5, 1_500)
    found, _ = feed(framer, publish(b"big", b"y" * size, 1, False, 5) + small, cuts)
    assert found.packet_ids == [1, 2]
    assert found.topics == [b"", b"t"]
    assert framer.oversized == 1


@settings(max_examples=200, deadline=None)
@given(chunks=st.lists(st.binary(max_size=80), max_size=10), version=st.sampled_from([4, 5]))
def test_random_bytes_raise_nothing_but_a_protocol_error(chunks: list[bytes], version: int) -> None:
    framer = Framer(version, 10_000)
    with contextlib.suppress(ProtocolError):
        for chunk in chunks:
            framer.feed(chunk)
    assert framer.oversized >= 0


@pytest.mark.parametrize(
    "raw", [b"\x36\x05\x00\x01t\x00\x01", b"\x32\x04\x00\x01t\x00", b"\x30\xff\xff\xff\xff\x01", b"\x30\x01\x00"]
)
def test_a_malformed_publish_is_named(raw: bytes) -> None:
    with pytest.raises(ProtocolError, match="the broker sent"):
        Framer(5, 1_000).feed(raw)
