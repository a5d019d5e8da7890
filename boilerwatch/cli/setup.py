"""`boilerwatch setup`: makes what is missing; running it again changes nothing."""

import typer

from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.store.opening import open_store

app = typer.Typer(help="Make what is missing; running it again changes nothing.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make what is missing."""


@app.command()
def store(settings: SettingsOption = None) -> None:
    """Make the database or bucket with its retention."""
    found = open_store(load_settings(settings))
    for sentence in found.setup() or ["the store is as it should be"]:
        print(sentence)
    found.close()
