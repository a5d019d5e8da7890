"""`boilerwatch tickets`: what people do to tickets, from a shell."""

import csv
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import ColumnElement

from alerting.actions import act
from alerting.database import open_database, read_ticket, read_tickets, reading
from alerting.labels import Label, labels
from alerting.policy import load_policy
from alerting.tables import TICKET
from alerting.ticket import VERDICTS, Ticket
from boilerwatch.cli.options import ActorOption, SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import TicketError
from boilerwatch.settings import Settings
from boilerwatch.wire import format_time

app = typer.Typer(help="Tickets and what is done to them.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(help="The ticket's number.", min=1)]
Reason = Annotated[str, typer.Option(help="A note; pause and reopen need one.")]
Cause = Annotated[str, typer.Option(help="What it was.")]
Part = Annotated[str, typer.Option(help="The part that was used.")]
Verdict = Annotated[
    str,
    typer.Option(
        help=f"What the technician found: {', '.join(VERDICTS)}; without it a repaired fault counts as confirmed, and "
        "another says nothing of its detector."
    ),
]
Problems = Annotated[list[str] | None, typer.Option("--problem", help="A problem that was fixed; may stand again.")]


@app.command("list")
def listing(
    site: Annotated[str, typer.Option(help="Only this site's.")] = "",
    closed: Annotated[bool, typer.Option("--closed", help="The newest closed ones instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 500,
    settings: SettingsOption = None,
) -> None:
    """List open tickets by nearest deadline."""
    wanted: ColumnElement[bool] = TICKET.c.open_key.is_(None) if closed else TICKET.c.open_key.isnot(None)
    if site:
        wanted = wanted & (TICKET.c.site == site)
    with reading(open_database(load_settings(settings))) as connection:
        found = read_tickets(connection, wanted, limit)
    found.sort(key=lambda one: (one.next_due is None, one.next_due.due_at_ms if one.next_due else -one.id))
    table = Table("#", "boiler", "problem", "severity", "state", "promise", "due")
    for one in found:
        due = one.next_due
        last = (due.name, format_time(due.due_at_ms)) if due else ("-", "-")
        table.add_row(str(one.id), one.boiler, one.problem, one.severity, one.state, *last)
    Console().print(table)


@app.command()
def show(number: Number, settings: SettingsOption = None) -> None:
    """Show one ticket with its clocks and its history."""
    with reading(open_database(load_settings(settings))) as connection:
        one = read_ticket(connection, number)
    if one is None:
        raise TicketError(f"there is no ticket {number}; see `boilerwatch tickets list`")
    print(f"#{one.id} {one.boiler} {one.problem} ({one.kind}, {one.severity}): {one.state}")
    for clock in one.obligations:
        end = "running" if clock.running else "paused" if clock.ended_at_ms is None else "given up"
        if clock.met_at_ms is not None:
            end = f"{'met late' if clock.breached else 'met'} {format_time(clock.met_at_ms)}"
        since, due = format_time(clock.started_at_ms), format_time(clock.due_at_ms)
        print(f"  {clock.name}: since {since}, due {due}, {end} (policy {clock.policy})")
    for part in one.segments:
        end = format_time(part.ended_at_ms) if part.ended_at_ms else "now"
        print(f"    {part.name}: {format_time(part.started_at_ms)} to {end}")
    for problem in one.not_held:
        print(f"  the repair of {problem} did not hold")
    for problem in one.claims:
        print(f"  replacement may be claimed for {problem}")
    for entry in one.history:
        print(f"  {format_time(entry.at_ms)} {entry.action} by {entry.actor}: {entry.reason}")


@app.command()
def verdicts(settings: SettingsOption = None) -> None:
    """Print what technicians found as CSV, for `detectors proposals` and `replay --verdicts`."""
    with reading(open_database(load_settings(settings))) as connection:
        rows = [(*one[:4], format_time(one.raised_at_ms)) for one in labels(connection)]
    csv.writer(sys.stdout, lineterminator="\n").writerows([(*Label._fields[:4], "raised_at"), *rows])


@app.command()
def assign(
    number: Number, assignee: Annotated[str, typer.Option(help="The technician.")] = "", actor: ActorOption = "",
    reason: Reason = "", settings: SettingsOption = None,
) -> None:  # fmt: skip
    """Assign a ticket to a technician."""
    _do("assign", number, actor, reason, settings, assignee=assignee)


@app.command()
def repair(
    number: Number, problem: Problems = None, cause: Cause = "", part: Part = "", actor: ActorOption = "",
    reason: Reason = "", settings: SettingsOption = None,
) -> None:  # fmt: skip
    """Say that it is repaired, and which problems that fixed."""
    _do("repair", number, actor, reason, settings, problems=problem or [], cause=cause, part=part)


@app.command()
def close(
    number: Number, verdict: Verdict = "", cause: Cause = "", part: Part = "", actor: ActorOption = "",
    reason: Reason = "", settings: SettingsOption = None,
) -> None:  # fmt: skip
    """Close a ticket, with what the technician found."""
    _do("close", number, actor, reason, settings, verdict=verdict, cause=cause, part=part)


@app.command()
def diagnose(
    number: Number, problem: Annotated[str, typer.Option(help="What it is.")] = "", actor: ActorOption = "",
    reason: Reason = "", settings: SettingsOption = None,
) -> None:  # fmt: skip
    """Say that it is another problem."""
    _do("diagnose", number, actor, reason, settings, problem=problem)


def _plain(action: str, words: str) -> None:
    def do(number: Number, actor: ActorOption = "", reason: Reason = "", settings: SettingsOption = None) -> None:
        _do(action, number, actor, reason, settings)

    do.__doc__ = words
    app.command(action.replace("_", "-"))(do)


for _action, _words in (
    ("acknowledge", "Answer a ticket: its response clock stops."), ("check_in", "Say that the technician is there."),
    ("reopen", "Open a ticket again."), ("pause", "Stop the clocks that wait for the customer."),
    ("resume", "Let the clocks run again."), ("loaner", "Say that a loaner was delivered."), ("note", "Add a note."),
):  # fmt: skip
    _plain(_action, _words)


def _do(action: str, number: int, actor: str, reason: str, settings: Any, **facts: Any) -> None:
    done = act_on(load_settings(settings), number, action, actor, reason, facts)
    print(f"ticket {number} is {done.state}{' and paused' if done.paused else ''}")
    for problem in done.not_held:
        print(f"the repair of {problem} did not hold")


def act_on(loaded: Settings, number: int, action: str, actor: str, reason: str, facts: dict[str, Any]) -> Ticket:
    """Do one thing to one ticket in a transaction of its own."""
    policy = load_policy(loaded.alerting.policy)
    with open_database(loaded).begin() as connection:
        return act(connection, policy, number, action, actor, SYSTEM.now_ms(), reason, facts)
