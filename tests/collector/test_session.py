"""The session against a broker that misbehaves: a clear word, a count, and it goes on; nothing unacknowledged is lost."""

import asyncio
from collections.abc import Iterator

import pytest

from boilerwatch.settings import MqttSettings
from collector import session as module
from tests.collector.scripted_broker import CONNACK, WITH_SESSION, Heard, Peer, serving
from tests.collector.test_framing import publish
from tests.servers import free_port

ONE = publish(b"boilers/s/b-1/telemetry", b"{}", 7, False, 5)
TWO = publish(b"boilers/s/b-2/telemetry", b"{}", 9, False, 5)


@pytest.fixture(autouse=True)
def delays(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Longest delays that were drawn from; no test waits for them."""
    drawn: list[float] = []

    def draw(low: float, high: float) -> float:
        assert low == 0
        drawn.append(high)
        return 0.05

    monkeypatch.setattr(module.random, "uniform", draw)
    return drawn


def settings(port: int, **more: object) -> MqttSettings:
    return MqttSettings(port=port).model_copy(update=more)  # a keep-alive below what people may set


async def two_then_hang(peer: Peer) -> None:
    await peer.welcome()
    await peer.say(ONE, TWO)
    await peer.hang()


@pytest.mark.parametrize("cut", [1, 2, 5, len(ONE) - 1])
def test_a_packet_cut_off_by_a_closed_connection_comes_again_whole_and_once(cut: int) -> None:
    async def cut_off(peer: Peer) -> None:
        await peer.welcome()
        await peer.say(ONE[:cut])

    async def run() -> None:
        async with serving(cut_off, two_then_hang) as port, Heard(settings(port)).running() as heard:
            await heard.until_heard(2)
            assert [topic for topic, *_ in heard.messages] == [b"boilers/s/b-1/telemetry", b"boilers/s/b-2/telemetry"]
            assert heard.session.counters["disconnections"] == 1

    asyncio.run(run())


@pytest.mark.parametrize("said", [b"", CONNACK[:3], CONNACK])
def test_a_broker_that_closes_at_any_step_is_tried_again(said: bytes) -> None:
    async def close(peer: Peer) -> None:
        await peer.read()
        await peer.say(said)

    async def run() -> None:
        async with serving(close, close, two_then_hang) as port, Heard(settings(port)).running() as heard:
            await heard.until_heard(2)
            assert heard.session.counters["disconnections"] == 2

    asyncio.run(run())


def test_acknowledgements_go_out_when_told_in_order_and_those_of_an_old_connection_are_forgotten() -> None:
    acknowledged: list[list[int]] = []

    async def leave(peer: Peer) -> None:
        await peer.welcome()
        await peer.say(ONE, TWO)
        await asyncio.sleep(0.1)

    async def listen(peer: Peer) -> None:
        await peer.welcome()
        await peer.say(TWO, ONE, publish(b"boilers/s/b-3/telemetry", b"{}", 0, False, 5))
        acknowledged.append(await peer.pubacks(2))
        await peer.hang()

    async def run() -> None:
        async with serving(leave, listen) as port, Heard(settings(port)).running() as heard:
            await heard.until_heard(2)
            old = heard.upto
            await heard.until_heard(5)
            heard.session.acknowledge(old)
            assert heard.session.held() == 3
            heard.session.acknowledge(heard.upto)
            await heard.until(lambda: bool(acknowledged))

    asyncio.run(run())
    assert acknowledged == [[9, 7]]


def test_a_welcome_without_the_session_we_expected_is_possible_loss_and_the_first_one_is_not() -> None:
    async def forget(peer: Peer) -> None:
        await peer.welcome(CONNACK)

    async def run(expect: bool) -> int:
        async with (
            serving(forget, two_then_hang) as port,
            Heard(settings(port), expect_session=expect).running() as heard,
        ):
            await heard.until_heard(2)
            return heard.session.possible_loss

    assert asyncio.run(run(False)) == 0
    assert asyncio.run(run(True)) == 1


def test_a_broker_that_answers_no_ping_is_left_for_another_try() -> None:
    pings: list[bytes] = []

    async def deaf(peer: Peer) -> None:
        await peer.welcome()
        while True:
            pings.append(await peer.read())

    async def run() -> str:
        async with serving(deaf, two_then_hang) as port, Heard(settings(port, keep_alive_s=1)).running() as heard:
            await heard.until(lambda: heard.session.counters["disconnections"] > 0)
            said = heard.session.last_error
            await heard.until_heard(2)
            return said

    assert "the broker was silent for" in asyncio.run(run())
    assert pings[0] == b"\xc0"


def test_a_broker_that_never_answers_at_all_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.2)

    async def run() -> None:
        async with serving(Peer.hang, two_then_hang) as port, Heard(settings(port)).running() as heard:
            await heard.until_heard(2)
            assert heard.session.counters["disconnections"] == 1

    asyncio.run(run())


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_oversized_message_is_read_past_counted_and_acknowledged_in_its_place(protocol: str) -> None:
    version = 5 if protocol == "5" else 4
    large = publish(b"boilers/s/b-1/telemetry", b" " * 10_000_000, 1, False, version)
    small = publish(b"boilers/s/b-2/telemetry", b"{}", 2, False, version)
    acknowledged: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.read()
        await peer.say(WITH_SESSION if version == 5 else b"\x20\x02\x01\x00")
        await peer.read()
        await peer.say(b"\x90\x04\x00\x01\x00\x01" if version == 5 else b"\x90\x03\x00\x01\x01", large, small)
        acknowledged.extend(await peer.pubacks(2))
        await peer.hang()

    async def run() -> None:
        async with serving(script) as port, Heard(settings(port, protocol=protocol)).running() as heard:
            await heard.until_heard(2)
            assert heard.messages == [(b"", b"", False), (b"boilers/s/b-2/telemetry", b"{}", False)]
            assert heard.session.counters["oversized"] == 1
            heard.session.acknowledge(heard.upto)
            await heard.until(lambda: len(acknowledged) == 2)

    asyncio.run(run())
    assert acknowledged == [1, 2]


@pytest.mark.parametrize(
    ("protocol", "answers", "said"),
    [
        ("5", [b"\x20\x03\x00\x87\x00"], "this login is not authorised; see the broker's access list"),
        ("5", [b"\x20\x03\x00\x86\x00"], "user name or password are wrong; see [mqtt] username and password"),
        ("3.1.1", [b"\x20\x02\x00\x05"], "this login is not authorised; see the broker's access list"),
        ("3.1.1", [b"\x20\x02\x00\x01"], "it does not speak this protocol version; try [mqtt] protocol"),
        ("5", [CONNACK, b"\x90\x04\x00\x01\x00\x87"], "refused to subscribe us to boilers/#; see its access list"),
        (
            "3.1.1",
            [b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x80"],
            "refused to subscribe us to boilers/#; see its access list",
        ),
        ("5", [CONNACK, b"\xe0\x02\x8e\x00"], "another client took over with the same [mqtt] client_id"),
        ("5", [b"\x20\x01\x00"], "the broker's CONNACK is too short"),
        ("5", [CONNACK, b"\x36\x05\x00\x01t\x00\x01"], "impossible QoS"),
        ("5", [CONNACK, b"\xff\xff\xff\xff\xff\xff"], "a packet length of more than four bytes"),
        ("5", [b"\x90\x04\x00\x01\x00\x01"], "the broker answered out of turn"),
        ("5", [b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 80], "did not answer|answered out of turn|broke|closed"),
    ],
)
def test_what_the_broker_refuses_is_a_sentence_with_a_way_out(
    protocol: str, answers: list[bytes], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.5)

    async def refuse(peer: Peer) -> None:
        for answer in answers:
            await peer.read()
            await peer.say(answer)
        await peer.hang()

    async def run() -> str:
        async with serving(refuse) as port, Heard(settings(port, protocol=protocol)).running() as heard:
            await heard.until(lambda: heard.session.counters["disconnections"] > 0)
            return heard.session.last_error

    found = asyncio.run(run())
    assert any(part in found for part in said.split("|")), found


def test_it_comes_back_with_full_jitter_ever_slower_up_to_half_a_minute(delays: list[float]) -> None:
    async def run() -> str:
        async with Heard(settings(free_port())).running() as heard:
            await heard.until(lambda: len(delays) >= 9)
            return heard.session.last_error

    assert "cannot be reached" in asyncio.run(run())
    assert delays[:9] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_qos_0_beyond_what_we_may_hold_is_dropped_and_counted_and_qos_1_never() -> None:
    many = b"".join(publish(b"boilers/s/b-1/telemetry", b"%d" % i, i % 2 and i, False, 5) for i in range(1, 101))

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.say(many)
        await peer.hang()

    async def run() -> None:
        async with serving(script) as port, Heard(settings(port, receive_maximum=10)).running() as heard:
            await heard.until(lambda: heard.session.counters["dropped_qos0"] == 40)
            assert sum(int(payload) % 2 for _, payload, _ in heard.messages) == 50
            assert heard.session.counters["received"] == 60

    asyncio.run(run())
