"""`boilerwatch policy`: reads a policy before it is put in place."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from alerting.adopt import moves
from alerting.database import open_database
from alerting.policy import load_policy
from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.wire import format_time

app = typer.Typer(help="The service plan as numbers.", no_args_is_help=True)
_FILE = typer.Argument(help="A policy file; without one: that of the settings.")


@app.command()
def check(file: Annotated[Path | None, _FILE] = None, settings: SettingsOption = None) -> None:
    """Read a policy and say what it holds tickets to."""
    policy = load_policy(file or load_settings(settings).alerting.policy)
    table = Table(
        "", "response [h]", "on site [h]", "loaner [h]", "repair [h]", title=f"policy version {policy.version}"
    )
    rows = [(region, {"region": region}) for region in ("city", "county")]
    at_ms = SYSTEM.now_ms()
    for name, who in rows:
        targets = policy.targets(who, at_ms)
        hours = [targets[f"{one}_ms"] / 3_600_000 for one in ("response", "on_site", "loaner", "repair")]
        table.add_row(name, *(f"{value:g}" for value in hours))
    for one in policy.special:
        own = [getattr(one, f"{n}_h") for n in ("response", "on_site", "loaner", "repair")]
        table.add_row(one.name, *("" if value is None else f"{value:g}" for value in own))
    Console().print(table)


@app.command()
def diff(file: Annotated[Path | None, _FILE] = None, settings: SettingsOption = None) -> None:
    """Say which open tickets' deadlines a policy would move; changes nothing."""
    loaded = load_settings(settings)
    engine = open_database(loaded)
    policy = load_policy(file or loaded.alerting.policy)
    found = moves(engine, policy, SYSTEM.now_ms())
    engine.dispose()
    table = Table("#", "boiler", "promise", "due now", "due then")
    for one in found:
        table.add_row(
            str(one.ticket), one.boiler, one.obligation, format_time(one.before_ms), format_time(one.after_ms)
        )
    if found:
        Console().print(table)
    print(f"policy version {policy.version} would move {len(found)} deadlines")
