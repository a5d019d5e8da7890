"""`boilerwatch dataset` and `boilerwatch simulate`: the fleet in files, and live."""

import asyncio
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import InputError
from boilerwatch.wire import parse_time
from simulators.dataset import Order, plan_faults, steps, write
from simulators.fleet import KINDS, Fleet
from simulators.publish import publish_live


def _start_s(text: str) -> float:
    try:
        return parse_time(text if "T" in text else f"{text}T00:00:00Z") / 1000
    except ValueError as exc:
        raise InputError(f"--start {text!r} is neither a date nor an RFC 3339 time with a zone") from exc


def dataset(
    out: Annotated[Path, typer.Option(help="Folder for readings.jsonl.gz, fleet.csv and truth.csv.")],
    boilers: Annotated[int, typer.Option(min=1)] = 50,
    days: Annotated[float, typer.Option(min=0.01)] = 30,
    seed: int = 1,
    start: Annotated[str, typer.Option(help="First day, UTC.")] = "2026-01-05",
    interval: Annotated[float, typer.Option(min=1, help="Seconds between readings.")] = 300,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of boilers with a fault.")] = 0.2,
) -> None:
    """Write labelled readings of a simulated fleet; equal arguments give equal files."""
    write(Order(boilers, days, seed, _start_s(start), interval, faults), out)


def simulate(
    boilers: Annotated[int, typer.Option(min=1)] = 50,
    seed: int = 1,
    interval: Annotated[float, typer.Option(min=0.01, help="Seconds between readings.")] = 10,
    history: Annotated[float, typer.Option(min=0, help="Days the fleet has behind it, not published.")] = 0,
    history_interval: Annotated[float, typer.Option(min=1, help="Step of that past in seconds.")] = 300,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of boilers with a fault in that past.")] = 0.2,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="KIND:BOILER:LITRES_PER_DAY:IN_SECONDS, such as burst_leak:boiler-0003:400:60."),
    ] = None,
    settings: SettingsOption = None,
) -> None:
    """Publish a simulated fleet over MQTT in real time until it is stopped."""
    loaded = load_settings(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    now_s = SYSTEM.now_ms() / 1000
    order = Order(boilers, history, seed, now_s - history * 86_400, history_interval, faults)
    fleet = Fleet(boilers, seed, order.start_s)
    if history:
        plan_faults(fleet, order)
        for _ in steps(fleet, order):
            pass
    for one in fault or []:
        _add_fault(fleet, one, now_s)
    asyncio.run(publish_live(fleet, loaded.mqtt, interval, stop, SYSTEM))


def _add_fault(fleet: Fleet, text: str, now_s: float) -> None:
    kind, _, rest = text.partition(":")
    boiler, _, numbers = rest.partition(":")
    rate, _, wait = numbers.partition(":")
    if kind not in KINDS:
        raise InputError(f"--fault {text!r}: no fault is called {kind!r}; known: {', '.join(KINDS)}")
    if boiler not in fleet.ids:
        raise InputError(f"--fault {text!r}: there is no boiler {boiler!r} in this fleet")
    try:
        fleet.add_fault(fleet.ids.index(boiler), kind, now_s + float(wait or 0), float(rate or 0))
    except ValueError as exc:
        raise InputError(f"--fault {text!r}: {exc}") from exc
