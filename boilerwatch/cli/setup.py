"""`boilerwatch setup`: makes what is missing; running it again changes nothing."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from alerting.database import connect
from alerting.schema import upgrade
from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.errors import InputError
from boilerwatch.settings_example import example
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


@app.command("settings")
def settings_file(
    out: Annotated[Path | None, typer.Option(help="File to write; it must not be there yet. None: print it.")] = None,
) -> None:
    """Write a settings file with every key, its sentence and its default."""
    if out is None:
        sys.stdout.write(example())
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError as exc:
        raise InputError(f"{out} is there already and stays as it is; name another file") from exc
    except OSError as exc:
        raise InputError(f"{out} cannot be written: {exc.strerror}") from exc
    print(f"{out} holds every setting at its default")


@app.command()
def database(settings: SettingsOption = None) -> None:
    """Bring the tickets' database to the tables of this version."""
    engine = connect(load_settings(settings))
    for sentence in upgrade(engine) or ["the tickets' database is as it should be"]:
        print(sentence)
    engine.dispose()
