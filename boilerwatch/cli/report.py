"""`boilerwatch report`: the monthly service report's figures. `handover`: what a shift leaves to the next."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alerting.database import open_database, reading
from alerting.handover import notes, shift_figures, write_note
from alerting.report import Report
from alerting.report import report as figures
from boilerwatch.cli.options import ActorOption, SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.wire import format_time

handover = typer.Typer(help="What one shift leaves to the next.", no_args_is_help=True)


def report(
    month: Annotated[str, typer.Option(help="Such as 2026-11; one that is not over counts until now.")],
    site: Annotated[str, typer.Option(help="Only this site's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    settings: SettingsOption = None,
) -> None:
    """Count a month: tickets, promises kept, availability, false alarms."""
    with reading(open_database(load_settings(settings))) as connection:
        found = figures(connection, month, SYSTEM.now_ms(), site)
    if as_json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        Console().print(_table(found))


def _table(found: Report) -> Table:
    table = Table("", "", title=f"{found.month} {found.site or 'whole fleet'}")
    for name in ("boilers", "opened", "closed", "confirmed", "refuted", "false_alarms"):
        table.add_row(name, str(getattr(found, name)))
    for name, promise in found.promises.items():
        share = "none due" if promise.share is None else f"{promise.kept} of {promise.due} kept ({promise.share:.1%})"
        table.add_row(name, share)
    table.add_row("availability", "unknown" if found.availability is None else f"{found.availability:.4%}")
    for problem, count in found.problems.items():
        table.add_row(f"  {problem}", str(count))
    return table


@handover.command()
def write(
    text: Annotated[str, typer.Argument(help="What the next shift must know.")],
    actor: ActorOption = "",
    settings: SettingsOption = None,
) -> None:
    """Leave a note to the next shift."""
    with open_database(load_settings(settings)).begin() as connection:
        number = write_note(connection, actor, text, SYSTEM.now_ms())
    print(f"note {number} is left to the next shift")


@handover.command()
def show(settings: SettingsOption = None) -> None:
    """Show the last shift's figures and the newest notes."""
    with reading(open_database(load_settings(settings))) as connection:
        counts, found = shift_figures(connection, SYSTEM.now_ms()), notes(connection, 5)
    print("last 12 h: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    for one in found:
        print(f"{format_time(one.at_ms)} {one.actor}: {one.text}")
