"""`boilerwatch maintenance`: windows in which trouble opens no ticket."""

import re
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alerting.database import open_database, reading
from alerting.windows import end_window, set_window, windows
from boilerwatch.cli.options import ActorOption, SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import InputError
from boilerwatch.wire import format_time, parse_time

app = typer.Typer(help="Windows in which trouble opens no ticket.", no_args_is_help=True)
_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


@app.command("set")
def set_(
    boiler: Annotated[str, typer.Option(help="The boiler.")] = "",
    site: Annotated[str, typer.Option(help="... or a whole site.")] = "",
    start: Annotated[str, typer.Option(help="RFC 3339 with a zone; now without.")] = "",
    end: Annotated[str, typer.Option(help="RFC 3339 with a zone, or how long: 90m, 4h, 2d.")] = "4h",
    mute: Annotated[bool, typer.Option("--mute", help="Only hear nothing of it; detectors are not told.")] = False,
    problem: Annotated[str, typer.Option(help="Only this problem.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    actor: ActorOption = "",
    settings: SettingsOption = None,
) -> None:
    """Set a window for a boiler or a site."""
    if bool(boiler) == bool(site):
        raise InputError("name either --boiler or --site")
    now_ms = SYSTEM.now_ms()
    start_ms = _moment(start, now_ms) if start else now_ms
    what, scope = "mute" if mute else "maintenance", "boiler" if boiler else "site"
    with open_database(load_settings(settings)).begin() as connection:
        number = set_window(
            connection, what, scope, boiler or site, start_ms, _moment(end, start_ms), actor, reason, now_ms, problem
        )
    print(f"window {number} is set for {scope} {boiler or site}")


@app.command("end")
def end_(
    number: Annotated[int, typer.Argument(min=1)], actor: ActorOption = "", settings: SettingsOption = None
) -> None:
    """End a window now."""
    with open_database(load_settings(settings)).begin() as connection:
        end_window(connection, number, actor, SYSTEM.now_ms())
    print(f"window {number} is over")


@app.command("list")
def list_(settings: SettingsOption = None) -> None:
    """List windows that are open or to come, and the last ten that are over."""
    now_ms = SYSTEM.now_ms()
    with reading(open_database(load_settings(settings))) as connection:
        found = windows(connection, now_ms, past=10)
    table = Table("#", "what", "for", "problem", "from", "until", "state", "by", "why")
    for one in found:
        state = "open" if one.is_open(now_ms) else "to come" if one.starts_at_ms > now_ms else "over"
        span = format_time(one.starts_at_ms), format_time(one.ends_at_ms)
        table.add_row(str(one.id), one.what, f"{one.scope} {one.subject}", one.problem or "any", *span, state, one.actor, one.reason)  # fmt: skip
    Console().print(table)


def _moment(text: str, from_ms: int) -> int:
    span = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if span:
        return from_ms + int(span[1]) * _UNITS_MS[span[2]]
    try:
        return parse_time(text)
    except ValueError as exc:
        raise InputError(f"{text!r} is neither a time such as 2026-12-01T08:00:00+08:00 nor a span such as 4h") from exc
