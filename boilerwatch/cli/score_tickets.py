"""`boilerwatch score-tickets`: the ticket list after a live run against the truth of its fleet."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from alerting.database import open_database, read_tickets
from alerting.tables import TICKET
from alerting.ticket import Ticket
from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.errors import InputError
from boilerwatch.wire import format_time
from simulators.ticket_score import WITHIN_MS, TicketScore, TicketSeen, score_tickets
from simulators.truth import read_truth


class _Clock(msgspec.Struct):
    name: str
    started_at_ms: int


class _Plain(msgspec.Struct):
    """A ticket of `/api/tickets`."""

    id: int
    boiler: str
    chain: str
    problem: str
    kind: str
    opened_at_ms: int
    obligations: list[_Clock] = []


def score_tickets_command(
    truth: Annotated[Path, typer.Argument(help="truth.csv, as `simulate --truth` writes it.")],
    tickets: Annotated[
        Path | None,
        typer.Option(help="Open tickets as /api/tickets gives them; none for the database of the settings."),
    ] = None,
    within: Annotated[float, typer.Option(min=0, help="Seconds a response clock may be off.")] = WITHIN_MS / 1000,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write all of it here.")] = None,
    settings: SettingsOption = None,
) -> None:
    """Score tickets against the truth: right boiler, right cause, right clock; missing, surplus, double."""
    faults = read_truth(truth)
    seen = _of_database(settings) if tickets is None else _of_file(tickets)
    result = score_tickets(seen, faults, round(within * 1000))
    _print(result)
    if as_json is not None:
        try:
            as_json.write_text(json.dumps(result.to_json(), indent=1) + "\n", encoding="utf-8")
        except OSError as exc:
            raise InputError(f"{as_json} cannot be written: {exc.strerror}") from exc


def _of_database(settings: Path | None) -> list[TicketSeen]:
    loaded = load_settings(settings)
    engine = open_database(loaded)
    with engine.connect() as connection:
        found = read_tickets(connection, TICKET.c.id > 0)
    engine.dispose()
    return [_seen(one) for one in found]


def _seen(ticket: Ticket) -> TicketSeen:
    clocks = [one.started_at_ms for one in ticket.obligations if one.name == "response"]
    closings = [one.at_ms for one in ticket.history if one.action == "close"]
    closed_ms = closings[-1] if ticket.state == "closed" and closings else None
    return TicketSeen(
        ticket.id, ticket.boiler, ticket.chain, ticket.problem, ticket.kind, ticket.opened_at_ms, closed_ms,
        clocks[0] if clocks else None,
    )  # fmt: skip


def _of_file(path: Path) -> list[TicketSeen]:
    try:
        plain = msgspec.json.decode(path.read_bytes(), type=list[_Plain])
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise InputError(f"{path} is no list of tickets: {exc!s:.150}") from exc
    return [
        TicketSeen(
            one.id, one.boiler, one.chain, one.problem, one.kind, one.opened_at_ms, None,
            next((clock.started_at_ms for clock in one.obligations if clock.name == "response"), None),
        )
        for one in plain
    ]  # fmt: skip


def _print(result: TicketScore) -> None:
    table = Table("boiler", "fault", "failed", "ticket", "chain", "problem", "clock off by", box=SIMPLE_HEAD)
    for one in result.matches:
        off = (
            "-"
            if one.clock_error_ms is None
            else f"{one.clock_error_ms / 1000:+.1f} s{'' if one.right_clock else ' !'}"
        )
        table.add_row(
            one.fault.boiler, one.fault.kind, format_time(one.fault.failure_ms or 0),
            f"#{one.ticket.id}" if one.ticket else "missing", "right" if one.right_chain else "wrong",
            "right" if one.right_problem else "wrong", off,
        )  # fmt: skip
    console = Console()
    if result.matches:
        console.print(table)
    for what, ticket in result.extras:
        console.print(f"#{ticket.id} {ticket.boiler} {ticket.problem}: {what.replace('_', ' ')}", highlight=False)
    console.print(
        ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in result.counts().items()), highlight=False
    )
