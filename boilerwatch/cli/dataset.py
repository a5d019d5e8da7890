"""`boilerwatch dataset`: the fleet in files."""

from pathlib import Path
from typing import Annotated

import typer

from boilerwatch.errors import InputError
from boilerwatch.wire import parse_time
from simulators.dataset import Order, write


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
