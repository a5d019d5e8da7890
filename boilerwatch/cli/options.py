"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from boilerwatch.errors import InputError
from boilerwatch.settings import Settings, load
from boilerwatch.wire import parse_time

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


def moment_ms(option: str, text: str) -> int:
    """Return the moment an option names: a date in UTC, or an RFC 3339 time. [ms since 1970]

    Raises
    ------
    InputError
        If it is neither.
    """
    try:
        return parse_time(text if "T" in text else f"{text}T00:00:00Z")
    except (ValueError, OverflowError) as exc:
        raise InputError(f"{option} {text!r} is neither a date nor an RFC 3339 time with a zone") from exc


def names(text: str) -> tuple[str, ...]:
    """Return the words of an option that takes several, with commas between."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def interval_s(option: str, text: str, least_s: float) -> float:
    """Return how often boilers speak, 0 for each gateway's own habit. [s]

    Raises
    ------
    InputError
        If it is neither that nor `least_s` to a day.
    """
    if text in ("own", "0"):
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not least_s <= seconds <= 86_400:
        raise InputError(f"{option} {text!r} is neither {least_s:g} to 86400 seconds nor `own`")
    return seconds
