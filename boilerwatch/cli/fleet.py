"""`boilerwatch fleet import`: the register from a fleet.csv."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from alerting.database import open_database
from alerting.register import import_boilers
from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import InputError
from boilerwatch.register import read_fleet

app = typer.Typer(help="The boiler register.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The boiler register."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="fleet.csv")],
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help="Take no row when one is wrong.")] = False,
    settings: SettingsOption = None,
) -> None:
    """Take a fleet.csv into the register; bad rows are named by line and column."""
    fleet = read_fleet(file)
    for complaint in fleet.complaints:
        print(f"{file}: {complaint}", file=sys.stderr)
    if all_or_nothing and any(complaint.fatal for complaint in fleet.complaints):
        raise InputError(f"{file}: nothing was taken, for --all-or-nothing was given")
    engine = open_database(load_settings(settings))
    import_boilers(engine, fleet.boilers, SYSTEM.now_ms())
    print(f"{len(fleet.boilers)} boilers are in the register")
