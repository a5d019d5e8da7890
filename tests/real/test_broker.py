"""`check` tries the broker, and `setup broker` writes what it needs: real Mosquitto with its defaults and with ours."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from boilerwatch.broker_check import DEEP, WINDOW, broker
from boilerwatch.settings import MqttSettings, Settings
from tests.servers import free_port, mosquitto

pytestmark = pytest.mark.real

MAIN = [sys.executable, "-m", "boilerwatch.cli.main"]
SECRET = "a secret"


def facts(port: int, **mqtt: object) -> dict[str, str]:
    settings = Settings(mqtt=MqttSettings.model_validate({"port": port, **mqtt}))
    return {fact.id: fact.text for fact in broker(settings)}


def setup_broker(folder: Path, mqtt: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "boilerwatch.toml").write_text(
        f'[mqtt]\n{mqtt}\n[dialects]\nems_esp = ["ems-esp/{{boiler}}", "alone"]\notgw = ["OTGW"]\n[notices]\nwebhook_url = "http://127.0.0.1:9"\n'
        'webhook_secret = "s"\n[journal]\ncap_gib = 0.01\n'
    )
    (folder / "boilerwatch.toml").chmod(0o600)
    return subprocess.run([*MAIN, "setup", "broker", *words], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_broker_with_its_defaults_is_complained_of(tmp_path: Path, protocol: str) -> None:
    with mosquitto(tmp_path, config="allow_anonymous true\n") as port:
        found = facts(port, protocol=protocol)
    assert found.keys() == {"broker.E006", "broker.W002"} | ({"broker.W001"} if protocol == "3.1.1" else set())
    kept = int(found["broker.E006"].partition(" kept ")[2].partition(":")[0])
    assert 1_000 <= kept < DEEP
    assert "broker.W001" not in found or f"hands out 20 unacknowledged messages where {WINDOW}" in found["broker.W001"]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_with_our_fragment_it_is_content_and_keeps_nothing_of_the_check(tmp_path: Path, protocol: str) -> None:
    port = free_port()
    (tmp_path / "conf.d").mkdir()
    setup_broker(tmp_path, f'port = {port}\nprotocol = "{protocol}"', "--out", str(tmp_path / "conf.d" / "b.conf"))
    config = f"allow_anonymous true\ninclude_dir {tmp_path}/conf.d\n"
    with mosquitto(tmp_path, port, config):
        checked = subprocess.run([*MAIN, "check"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert checked.stdout == "✓ everything is as it should be\n", checked.stdout
        assert checked.returncode == 0
    log = (tmp_path / "mosquitto.log").read_text()
    assert "boilerwatch-check" in log
    assert (tmp_path / "mosquitto.db").read_bytes().count(b"boilerwatch-check") == 0


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[int]:
    """A broker with our logins and access list."""
    port, place = free_port(), tmp_path / "boilerwatch.conf"
    done = setup_broker(tmp_path, f'port = {port}\nusername = "collector"', "--out", str(place))
    assert f"mosquitto_passwd -c {tmp_path}/boilerwatch.passwd collector" in done.stdout
    for number, name in enumerate(("collector", "boilerwatch-listen", "gateways", "b-1", "b-2")):
        words = ["-b", *(["-c"] if not number else []), str(place.with_suffix(".passwd")), name, SECRET]
        subprocess.run(["mosquitto_passwd", *words], check=True)
    with mosquitto(tmp_path, port, place.read_text()):
        yield port


def test_everyone_may_say_their_own_and_nothing_else(guarded: int) -> None:
    login = {"username": "collector", "password": SECRET}
    assert facts(guarded, **login) == {}
    assert list(facts(guarded, username="collector", password="wrong")) == ["broker.E002"]
    assert "access list" in facts(guarded)["broker.E002"]
    assert list(facts(guarded, username="b-1", password=SECRET)) == ["broker.E004"]

    async def may(name: str, topic: str) -> bool:
        """A broker acknowledges what it refuses, with a reason; who may not read gets nothing."""
        heard = aiomqtt.Client("127.0.0.1", guarded, username="boilerwatch-listen", password=SECRET)
        says = aiomqtt.Client("127.0.0.1", guarded, username=name, password=SECRET)
        async with heard as hears, says as speaks:
            await hears.subscribe("#", qos=1)
            await speaks.publish(topic, b"x", qos=1)
            await speaks.publish("ems-esp/" + name, b"end", qos=1)
            async with asyncio.timeout(0.5 if name not in ("b-1", "b-2") else 5):
                try:
                    async for message in hears.messages:
                        return message.topic.value == topic
                except TimeoutError:
                    return False
            return False

    asked = {
        ("b-1", "boilers/s/b-1/telemetry"): True, ("b-1", "boilers/s/b-2/telemetry"): False, ("b-1", "boilers/s/b-1/other"): False,
        ("b-2", "ems-esp/b-2/boiler_data"): True, ("b-2", "OTGW/value/b-2/Tret"): True, ("b-2", "OTGW/value/b-1/Tret"): False,
        ("gateways", "alone/boiler_data"): True, ("gateways", "boilers/s/b-1/telemetry"): False,
        ("collector", "boilers/s/b-1/telemetry"): False,
    }  # fmt: skip

    async def ask() -> dict[tuple[str, str], bool]:
        found = {}
        for name, topic in asked:
            try:
                found[name, topic] = await may(name, topic)
            except TimeoutError:
                found[name, topic] = False
        return found

    assert asyncio.run(ask()) == asked


def test_it_is_written_once_and_a_file_that_is_not_ours_stays_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.conf"
    theirs.write_text("listener 1\n")
    for place, code, said in (
        ("theirs.conf", 2, "was not made by this command and stays as it is"), ("none/b.conf", 2, "none/b.conf cannot be written"),
        ("b.conf", 0, "b.conf is made"), ("b.conf", 0, "is as it should be"),
    ):  # fmt: skip
        done = setup_broker(tmp_path, "port = 1", "--out", str(tmp_path / place))
        assert done.returncode == code
        assert said in done.stdout + done.stderr
    assert theirs.read_text() == "listener 1\n"


def test_without_a_place_it_is_printed_and_a_login_brings_an_access_list(tmp_path: Path) -> None:
    said = setup_broker(tmp_path, "port = 1").stdout
    assert "max_queued_messages 2000000\n" in said
    assert "acl_file" not in said
    said = setup_broker(tmp_path, 'username = "collector"', "--queue-messages", "5000").stdout
    assert "max_queued_messages 5000\n" in said
    assert "acl_file /etc/mosquitto/conf.d/boilerwatch.acl" in said
    assert "user collector\ntopic read boilers/+/+/telemetry\n" in said


def test_a_broker_that_is_something_else_is_a_fact(tmp_path: Path) -> None:
    (tmp_path / "boilerwatch.toml").write_text(f"[mqtt]\nport = {free_port()}\n[journal]\ncap_gib = 0.01\n")
    done = subprocess.run([*MAIN, "check", "--json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    (one,) = [json.loads(line) for line in done.stdout.splitlines() if "broker" in line]
    assert (one["id"], one["grave"]) == ("broker.E001", True)
