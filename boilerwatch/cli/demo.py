"""`boilerwatch demo`: everything embedded, on loopback, without root."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated

import httpx
import typer

from boilerwatch.clock import SYSTEM
from boilerwatch.demo.history import make
from boilerwatch.embedded_broker import EmbeddedBroker
from boilerwatch.errors import BoilerwatchError
from boilerwatch.settings import load
from boilerwatch.supervisor import die_with_parent, supervise
from simulators.dataset import Order

_DAYS, _SEED, _READY_S = 10, 7, 60.0
_LIVE_FAULTS = ("burst_leak:boiler-0003:litres_per_day=3000,in_s=40", "lockout_code:boiler-0005:in_s=75")


def demo(
    data: Annotated[Path, typer.Option(help="Where the demo keeps its files.")] = Path("var/demo"),
    boilers: Annotated[int, typer.Option(min=10, max=2_000)] = 60,
    port: Annotated[int, typer.Option(help="Port of the page; another one is taken when it is in use.")] = 8300,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo and start anew.")] = False,
) -> None:
    """Show it all: a fleet with ten days behind it, tickets with running clocks, faults that develop while you watch."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if fresh:
        shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    broker = EmbeddedBroker(data)
    if broker.name == "amqtt":
        _say("Mosquitto is not installed: the broker is amqtt, which speaks MQTT 3.1.1 and forgets sessions")
    path = _write_settings(data, broker, port)
    settings = load(path)
    if not (data / "history").exists():
        make(settings, Order(boilers, _DAYS, _SEED, SYSTEM.now_ms() / 1000 - _DAYS * 86_400), _say)
    (data / "desk.url").unlink(missing_ok=True)
    rooms = threading.Thread(target=supervise, args=(settings, path, stop))
    rooms.start()
    fleet = _start_fleet(path, boilers)
    try:
        address = _wait_for_page(data, stop)
        print(address, flush=True)
        if port and not address.endswith(f":{port}/"):
            _say(f"port {port} is in use, so the page took another one")
        _say("a burst and a lock-out will develop within two minutes; Ctrl-C ends the demo")
        stop.wait()
    finally:
        stop.set()
        fleet.terminate()
        rooms.join()
        fleet.wait(10)
        broker.stop()


def _say(text: str) -> None:
    print(f"demo: {text}", file=sys.stderr, flush=True)


def _write_settings(data: Path, broker: EmbeddedBroker, port: int) -> Path:
    path = data / "demo.toml"
    path.write_text(
        f'[data]\ndir = "{data}"\n\n[mqtt]\nport = {broker.port}\nprotocol = "{broker.protocol}"\n\n[desk]\nport = {port}\n\n'
        '[log]\nlevel = "error"\n',
        encoding="utf-8",
    )
    return path


def _start_fleet(settings: Path, boilers: int) -> "subprocess.Popen[bytes]":
    faults = [part for fault in _LIVE_FAULTS for part in ("--fault", fault)]
    command = [
        sys.executable,
        "-m",
        "boilerwatch.cli.main",
        "simulate",
        "--settings",
        str(settings),
        "--boilers",
        str(boilers),
    ]
    command += ["--seed", str(_SEED), "--history", str(_DAYS), "--interval", "5", *faults]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)  # noqa: PLW1509 -- as in the supervisor


def _wait_for_page(data: Path, stop: threading.Event) -> str:
    until_s = SYSTEM.monotonic_s() + _READY_S
    while SYSTEM.monotonic_s() < until_s and not stop.is_set():
        told = data / "desk.url"
        if told.exists():
            address = told.read_text(encoding="ascii").strip()
            try:
                if httpx.get(address, timeout=5).status_code == 200:
                    return address
            except httpx.HTTPError:
                pass
        stop.wait(0.3)
    raise BoilerwatchError(f"the page did not answer within {_READY_S:.0f} s; see the messages above")
