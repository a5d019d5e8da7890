"""`boilerwatch dataset`: the fleet in files."""

from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer

from boilerwatch.cli.options import interval_s, moment_ms, names
from boilerwatch.errors import InputError
from simulators.dataset import READINGS, Order, write
from simulators.draw import World

Word = TypeVar("Word", bound=str)
_WORLDS: tuple[World, ...] = get_args(World)


def dataset(
    out: Annotated[Path, typer.Option(help="Folder for readings, fleet.csv, truth.csv and dataset.json.")],
    boilers: Annotated[int, typer.Option(min=1, max=1_000_000)] = 50,
    days: Annotated[float, typer.Option(min=0.01, max=3_660)] = 30,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    start: Annotated[str, typer.Option(help="First day, UTC.")] = "2026-01-05",
    interval: Annotated[
        str, typer.Option(help="Seconds between readings, or `own` (0) for each gateway's habit.")
    ] = "300",
    models: Annotated[str, typer.Option(help="Boilers of these models only, with commas between.")] = "",
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of boilers with a fault.")] = 0.2,
    kinds: Annotated[str, typer.Option(help="Faults of these kinds only, with commas between.")] = "",
    bad_links: Annotated[
        bool, typer.Option("--bad-links", help="Gateways go away, repeat, tear, tell wrong times; lines tell arrival.")
    ] = False,
    world: Annotated[
        str, typer.Option(help="usual, or outside: constants beyond what detectors were tuned on.")
    ] = "usual",
    as_format: Annotated[str, typer.Option("--format", help="jsonl or parquet.")] = "jsonl",
    plot: Annotated[bool, typer.Option("--plot", help="Also boiler.png and fleet.png.")] = False,
) -> None:
    """Write labelled readings of a simulated fleet; equal arguments give equal files."""
    order = Order(
        boilers=boilers, days=days, seed=seed, start_s=moment_ms("--start", start) / 1000, interval_s=interval_s("--interval", interval, least_s=1), faults=faults,
        kinds=names(kinds), models=names(models), bad_links=bad_links, world=_one_of("--world", world, _WORLDS),
        format=_one_of("--format", as_format, tuple(READINGS)),
    )  # fmt: skip
    write(order, out, plot)


def _one_of(option: str, text: str, known: tuple[Word, ...]) -> Word:
    for one in known:
        if one == text:
            return one
    raise InputError(f"{option} {text!r}: known are {', '.join(known)}")
