"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from boilerwatch.settings import Settings, load

DEFAULT = Path("boilerwatch.toml")

SettingsOption = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; boilerwatch.toml of this folder when there is one.")
]
ActorOption = Annotated[
    str, typer.Option("--actor", help="Who does it; none, no transition.", envvar="BOILERWATCH_ACTOR")
]


def settings_path(path: Path | None) -> Path | None:
    """Return the file that was named, or the default one where it is."""
    return path if path is not None else DEFAULT if DEFAULT.exists() else None


def load_settings(path: Path | None) -> Settings:
    """Return the settings of a file, or of the default one, or the defaults.

    Raises
    ------
    SettingsError
        If something in them is wrong.
    """
    return load(settings_path(path))
