"""`boilerwatch simulate`: a fleet live over MQTT."""

import asyncio
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from boilerwatch.cli.options import SettingsOption, interval_s, load_settings, moment_ms, names
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import InputError
from simulators.bad_links import WITH_TIME, Troubles
from simulators.dataset import Order, steps
from simulators.fault_plan import plan_faults
from simulators.fleet import Fleet
from simulators.live_fleet import LiveView, add_fault
from simulators.publish import Live, Pace
from simulators.register_file import fleet_csv
from simulators.truth import truth_csv


def simulate(
    boilers: Annotated[int, typer.Option(min=1)] = 50,
    seed: int = 1,
    interval: Annotated[
        str, typer.Option(help="Seconds between readings, or `own` (0) for each gateway's habit, 10 s to half an hour.")
    ] = "10",
    models: Annotated[str, typer.Option(help="Boilers of these models only, with commas between.")] = "",
    dialect: Annotated[
        str, typer.Option(help="What gateways speak, such as native or otgw,ebusd_json; all for a mixture.")
    ] = "native",
    start: Annotated[str, typer.Option(help="Begin in the past: a day, or an RFC 3339 time with a zone.")] = "",
    speed: Annotated[
        float, typer.Option(min=0, help="Seconds of that past a second, 0 for as fast as it goes; never ahead of now.")
    ] = 0,
    seconds: Annotated[float, typer.Option(min=0, help="End after so long; 0 for never.")] = 0,
    history: Annotated[float, typer.Option(min=0, help="Days the fleet has behind it, not published.")] = 0,
    history_interval: Annotated[float, typer.Option(min=1, help="Step of that past in seconds.")] = 300,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of boilers with a fault in that past.")] = 0.2,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="KIND:BOILER:NAME=VALUE,..., such as slow_leak:boiler-17:litres_per_day=0.5,in_s=60."),
    ] = None,
    register: Annotated[Path | None, typer.Option(help="Write the fleet.csv that `fleet import` takes.")] = None,
    truth: Annotated[Path | None, typer.Option(help="At the end, write what was wrong with whom: a truth.csv.")] = None,
    bad_links: Annotated[
        bool, typer.Option("--bad-links", help="Gateways go away, repeat, garble, tell wrong times.")
    ] = False,
    settings: SettingsOption = None,
) -> None:
    """Publish a simulated fleet over MQTT, from now or from a start in the past, until it is stopped."""
    loaded = load_settings(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    now_s = SYSTEM.now_ms() / 1000
    start_s = start_s_of(start, now_s)
    order = Order(boilers, history, seed, start_s - history * 86_400, history_interval, faults, models=names(models))
    fleet = Fleet(boilers, seed, order.start_s, order.models)
    view = LiveView(fleet, dialect, interval_s=interval_s("--interval", interval, least_s=0.01))
    if history:
        plan_faults(fleet, order.faults, order.kinds, seed, history)
    for one in fault or []:
        add_fault(fleet, one, start_s)
    if register is not None:  # only now: whatever is refused leaves no file
        _write(register, fleet_csv(fleet))
    without = sorted({member.dialect for member in view.members} - set(WITH_TIME))
    if start and without:
        print(f"simulate: {', '.join(without)} tell no time, so their past bears its arrival", file=sys.stderr)
    if truth is not None:
        _write(truth, truth_csv(view.truth(), arrived=True))  # a place that cannot be written is told now
    if history:
        for _ in steps(fleet, order):
            if stop.is_set():
                return
    live = Live(view, loaded.mqtt, SYSTEM, Troubles() if bad_links else None)
    tally = asyncio.run(live.run(Pace(start_s, view.step_s(), speed, seconds), stop))
    if truth is not None:
        _write(truth, truth_csv(view.truth(), arrived=True))
    print(f"{tally.published} published, {tally.acknowledged} acknowledged, {tally.refused} refused", file=sys.stderr)


def start_s_of(text: str, now_s: float) -> float:
    """Return where a fleet begins: now without a text. [s since 1970]

    Raises
    ------
    InputError
        If it is no time, or ahead of now.
    """
    if not text:
        return now_s
    start_s = moment_ms("--start", text) / 1000
    if start_s > now_s:
        raise InputError(f"--start {text!r} lies ahead of now")
    return start_s


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc
