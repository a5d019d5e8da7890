"""The demo's broker: Mosquitto where it is installed, else amqtt, which speaks MQTT 3.1.1 only and forgets sessions."""

import asyncio
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from boilerwatch.broker_config import queue_lines
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import BoilerwatchError
from boilerwatch.settings import MqttSettings
from boilerwatch.supervisor import die_with_parent

_READY_S = 20.0
_PLACES = ("mosquitto", "/usr/sbin/mosquitto")


class EmbeddedBroker:
    """A broker on loopback, for as long as it is asked for.

    Attributes
    ----------
    port
        Where it listens.
    protocol
        The MQTT version to speak with it.
    """

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        program = next((found for place in _PLACES if (found := shutil.which(place))), None)
        self.name = "Mosquitto" if program else "amqtt"
        self.protocol = "5" if program else "3.1.1"
        if program:
            config = folder / "mosquitto.conf"
            config.write_text(
                f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence_location {folder.resolve()}/\n"
                + "\n".join(queue_lines(MqttSettings().receive_maximum))  # type: ignore[call-arg]
                + "\n",
                encoding="utf-8",
            )
            command = [program, "-c", str(config)]
        else:
            command = [sys.executable, "-m", "boilerwatch.embedded_broker", str(self.port)]
        log = (folder / "broker.log").open("ab")
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        self._process = subprocess.Popen(command, **quiet, preexec_fn=die_with_parent)  # noqa: PLW1509 -- as in the supervisor
        log.close()
        self._wait(folder)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, folder: Path) -> None:
        until_s = SYSTEM.monotonic_s() + _READY_S
        while SYSTEM.monotonic_s() < until_s and self._process.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise BoilerwatchError(f"the embedded broker {self.name} did not start; see {folder / 'broker.log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _run_amqtt(port: int) -> None:
    from amqtt.broker import Broker  # noqa: PLC0415

    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = Broker(config)
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run_amqtt(int(sys.argv[1])))
