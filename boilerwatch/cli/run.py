"""`boilerwatch run`: one room alone, or all of them under a supervisor."""

import signal
import threading
from collections.abc import Callable
from typing import Annotated

import typer

from boilerwatch.cli.options import SettingsOption, load_settings, settings_path
from boilerwatch.errors import InputError
from boilerwatch.garbage import collect_rarely
from boilerwatch.logs import configure
from boilerwatch.settings import Settings
from boilerwatch.supervisor import ROOMS, supervise


def run(
    room: Annotated[str, typer.Argument(help=f"One of {', '.join(ROOMS)}; none for all of them.")] = "",
    settings: SettingsOption = None,
) -> None:
    """Run boilerwatch: every room in a process of its own, or one room alone."""
    loaded = load_settings(settings)
    configure(loaded.log)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if not room:
        supervise(loaded, settings_path(settings), stop)
        return
    if room not in ROOMS:
        raise InputError(f"there is no room {room!r}; known: {', '.join(ROOMS)}")
    run_room = _main_of(room)
    collect_rarely()
    run_room(loaded, stop)


def _main_of(room: str) -> Callable[[Settings, threading.Event], None]:
    """Each room is imported alone: a process holds only what it needs."""
    if room == "collector":
        from collector.receiving import main  # noqa: PLC0415
    elif room == "storing":
        from collector.storing import main  # noqa: PLC0415
    elif room == "detectors":
        from detectors.service import main  # noqa: PLC0415
    else:
        from alerting.service import main  # noqa: PLC0415
    return main
