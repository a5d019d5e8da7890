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


def load_settings(path: Path | None) -> Settings:
    """Return the settings of a file, or of the default one, or the defaults.

    Raises
    ------
    SettingsError
        If something in them is wrong.
    """
    return load(path if path is not None else DEFAULT if DEFAULT.exists() else None)
