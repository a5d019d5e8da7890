"""The session with real Mosquitto: TLS, logins, and WebSockets by paho, which must bring the same deliveries."""

import asyncio
import gc
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import aiomqtt
import pytest

from boilerwatch.settings import MqttSettings
from collector.paho_session import PahoSession
from collector.session import Session
from tests.collector.scripted_broker import Heard
from tests.servers import free_port, mosquitto

pytestmark = pytest.mark.real


class Ports(NamedTuple):
    """One broker's listeners, and where its certificates lie."""

    plain: int
    websockets: int
    tls: int
    certificates: Path


def certify(folder: Path) -> None:
    """Make a CA of our own, and from it a certificate for the broker and one for us."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("broker", "client"):
        openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
        )
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "names", "-out", f"{name}.crt")  # fmt: skip


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    folder = tmp_path_factory.mktemp("listeners")
    certify(folder)
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(folder / "passwd"), "collector", "secret"], check=True)
    (folder / "acl").write_text("user collector\ntopic readwrite #\n")
    found = Ports(free_port(), free_port(), free_port(), folder)
    login = f"allow_anonymous false\npassword_file {folder}/passwd\nacl_file {folder}/acl\n"
    config = (
        "per_listener_settings true\npersistence true\nmax_queued_messages 0\nmax_inflight_messages 0\n"
        f"listener {found.plain} 127.0.0.1\nallow_anonymous true\n"
        f"listener {found.websockets} 127.0.0.1\nprotocol websockets\nallow_anonymous true\n"
        f"listener {found.tls} 127.0.0.1\n{login}cafile {folder}/ca.crt\ncertfile {folder}/broker.crt\nkeyfile {folder}/broker.key\n"
        "require_certificate true\n"
    )
    with mosquitto(folder, config=config):
        yield found


def encrypted(ports: Ports, **more: object) -> MqttSettings:
    folder = ports.certificates
    plain = {
        "port": ports.tls, "tls": True, "ca_file": f"{folder}/ca.crt", "cert_file": f"{folder}/client.crt", "key_file": f"{folder}/client.key",
        "username": "collector", "password": "secret", "client_id": "tls",
    }  # fmt: skip
    return MqttSettings.model_validate(plain | more)


async def publish(port: int, *messages: tuple[str, bytes, int, bool]) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for topic, payload, qos, retain in messages:
            await client.publish(topic, payload, qos=qos, retain=retain)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("kind", [Session, PahoSession])
def test_tls_with_our_own_ca_a_certificate_and_a_password(ports: Ports, kind: type[Session], protocol: str) -> None:
    name = f"tls-{kind.__name__}-{protocol}"
    mqtt = encrypted(ports, client_id=name, protocol=protocol)

    async def run() -> list[tuple[bytes, bytes, bool]]:
        async with Heard(mqtt, [f"{name}/#"], kind).running() as heard:
            await heard.until(lambda: heard.session.connected)
            context = ssl.create_default_context(cafile=mqtt.ca_file)
            context.load_cert_chain(mqtt.cert_file, mqtt.key_file)
            said = aiomqtt.Client("127.0.0.1", ports.tls, username="collector", password="secret", tls_context=context)
            async with said as client:
                while not heard.messages:  # subscribing takes a moment
                    await client.publish(f"{name}/a", b"x", qos=1)
                    await asyncio.sleep(0.1)
            return heard.messages[:1]

    assert asyncio.run(run()) == [(f"{name}/a".encode(), b"x", False)]


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket")  # paho leaves one to the garbage when a handshake fails
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", [Session, PahoSession])
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"password": "wrong"}, "not authorised; see the broker's access list"),
        ({"password": "wrong", "protocol": "3.1.1"}, "not authorised; see the broker's access list"),
        ({"username": "", "password": ""}, "not authorised; see the broker's access list"),
        ({"ca_file": "other.crt"}, "no encrypted connection"),
        ({"ca_file": "none.crt"}, "none.crt, "),
        ({"cert_file": "", "key_file": ""}, "ertificate|closed|broke"),
    ],
)
def test_a_refused_login_or_certificate_is_a_sentence(
    ports: Ports, kind: type[Session], more: dict[str, str], said: str
) -> None:
    more = {key: f"{ports.certificates}/{value}" if key == "ca_file" else value for key, value in more.items()}

    async def run() -> str:
        async with Heard(encrypted(ports, **more), kind=kind).running() as heard:
            await heard.until(lambda: bool(heard.session.counters["disconnections"]))
            return heard.session.last_error

    found = asyncio.run(run())
    gc.collect()
    assert any(part in found for part in said.split("|")), found


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("kind", [Session, PahoSession])
def test_both_sessions_bring_the_same_deliveries_and_forget_the_same(
    ports: Ports, kind: type[Session], protocol: str
) -> None:
    """A backlog at three QoS, retained and oversized ones; acknowledged up to a point, the rest comes again in order."""
    name = f"twin-{kind.__name__}-{protocol}"
    wire = {"transport": "websockets", "port": ports.websockets} if kind is PahoSession else {"port": ports.plain}
    mqtt = MqttSettings.model_validate({"client_id": name, "protocol": protocol, **wire})
    backlog = [(f"{name}/{i}", b"%d" % i if i != 6 else b"x" * 2_000, 1, False) for i in range(20)]

    async def run() -> None:
        await publish(ports.plain, (f"{name}/kept", b"old", 1, True))
        async with Heard(mqtt, [f"{name}/#"], kind).running() as first:
            await first.until_heard(1)
            assert first.messages == [(f"{name}/kept".encode(), b"old", True)]
            first.session.acknowledge(first.upto)
            await asyncio.sleep(0.1)
        await publish(ports.plain, *backlog)
        wanted = [(topic.encode(), payload, False) for topic, payload, *_ in backlog]
        wanted[6] = (b"", b"", False)
        async with Heard(mqtt, [f"{name}/#"], kind, expect_session=True).running() as second:
            await second.until_heard(20)
            assert second.messages[:20] == wanted
            assert second.session.counters["oversized"] == 1
            assert second.session.possible_loss == 0
            second.session.acknowledge(second.upto - len(second.messages) + 8)
            await asyncio.sleep(0.2)
            await publish(ports.plain, (f"{name}/live", b"0", 0, False))
            await second.until(lambda: (f"{name}/live".encode(), b"0", False) in second.messages)
        async with Heard(mqtt, [f"{name}/#"], kind, expect_session=True).running() as third:
            await third.until(lambda: (f"{name}/19".encode(), b"19", False) in third.messages)
            again = [
                topic for topic, _, retained in third.messages if not retained and topic != f"{name}/live".encode()
            ]
            assert again == [topic for topic, *_ in wanted[8:]]

    asyncio.run(run())


def test_a_broker_that_goes_and_comes_back_brings_what_was_not_acknowledged(tmp_path: Path) -> None:
    port = free_port()

    async def run() -> None:
        with mosquitto(tmp_path, port):
            session = Heard(MqttSettings(port=port), ["b/#"])
            async with session.running() as heard:
                await heard.until(lambda: heard.session.connected)
                await asyncio.sleep(0.2)
                await publish(port, ("b/1", b"1", 1, False), ("b/2", b"2", 1, False))
                await heard.until_heard(2)
                heard.session.acknowledge(1)
                await asyncio.sleep(0.1)
        async with Heard(MqttSettings(port=port), ["b/#"], expect_session=True).running() as heard:
            await heard.until(lambda: heard.session.counters["disconnections"] > 1)
            with mosquitto(tmp_path, port):
                await heard.until_heard(1)
                assert heard.messages == [(b"b/2", b"2", False)]
                assert heard.session.possible_loss == 0
                heard.session.acknowledge(heard.upto)
                await asyncio.sleep(0.1)

    asyncio.run(run())
