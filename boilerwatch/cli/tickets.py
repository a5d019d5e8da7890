"""`boilerwatch tickets`: what people do to tickets, from a shell."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alerting.actions import act
from alerting.database import open_database, read_ticket, read_tickets, reading
from alerting.policy import load_policy
from alerting.tables import TICKET
from boilerwatch.cli.options import ActorOption, SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import TicketError
from boilerwatch.wire import format_time

app = typer.Typer(help="Tickets and what is done to them.", no_args_is_help=True)
_NUMBER = typer.Argument(help="The ticket's number.", min=1)


@app.command("list")
def listing(settings: SettingsOption = None) -> None:
    """List open tickets by nearest deadline."""
    loaded = load_settings(settings)
    with reading(open_database(loaded)) as connection:
        found = read_tickets(connection, TICKET.c.open_key.isnot(None))
    table = Table("#", "boiler", "problem", "severity", "state", "promise", "due")
    for one in found:
        due = one.next_due
        last = (due.name, format_time(due.due_at_ms)) if due else ("-", "-")
        table.add_row(str(one.id), one.boiler, one.problem, one.severity, one.state, *last)
    Console().print(table)


@app.command()
def show(number: Annotated[int, _NUMBER], settings: SettingsOption = None) -> None:
    """Show one ticket with its clocks and its history."""
    loaded = load_settings(settings)
    with reading(open_database(loaded)) as connection:
        one = read_ticket(connection, number)
    if one is None:
        raise TicketError(f"there is no ticket {number}; see `boilerwatch tickets list`")
    print(f"#{one.id} {one.boiler} {one.problem} ({one.kind}, {one.severity}): {one.state}")
    for clock in one.obligations:
        end = f"met {format_time(clock.met_at_ms)}" if clock.met_at_ms else "running" if clock.running else "stopped"
        print(f"  {clock.name}: since {format_time(clock.started_at_ms)}, due {format_time(clock.due_at_ms)}, {end}")
    for entry in one.history:
        print(f"  {format_time(entry.at_ms)} {entry.action} by {entry.actor}: {entry.reason}")


def _command(action: str) -> Callable[..., None]:
    def do(
        number: Annotated[int, _NUMBER], actor: ActorOption = "",
        reason: Annotated[str, typer.Option(help="A note; pause and reopen need one.")] = "",
        assignee: Annotated[str, typer.Option(help="The technician, for assign.")] = "",
        settings: SettingsOption = None,
    ) -> None:  # fmt: skip
        loaded = load_settings(settings)
        if action == "assign" and not assignee:
            raise TicketError("assign needs --assignee, the technician's name")
        facts = {"assignee": assignee} if action == "assign" else {}
        with open_database(loaded).begin() as connection:
            done = act(
                connection, load_policy(loaded.alerting.policy), number, action, actor, SYSTEM.now_ms(), reason, facts
            )
        print(f"ticket {number} is {done.state}{' and paused' if done.paused else ''}")

    do.__doc__ = f"{action.replace('_', ' ').capitalize()} a ticket."
    return do


for _name in ("acknowledge", "assign", "check_in", "repair", "close", "reopen", "pause", "resume", "loaner", "note"):
    app.command(_name.replace("_", "-"))(_command(_name))
