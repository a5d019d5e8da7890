"""`boilerwatch`: puts the commands together and turns our errors into one sentence and an exit code.

A command's module is imported when it is asked for: a room must not wait for what draws pictures, nor hold it.
"""

import difflib
import os
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from boilerwatch.errors import BoilerwatchError

#: Command -> module below `boilerwatch.cli`, and what it is called there; in the order of the help.
COMMANDS: dict[str, tuple[str, str]] = {
    "replay": ("replay", "replay"), "run": ("run", "run"), "dataset": ("dataset", "dataset"), "score": ("score", "score"),
    "evaluate": ("evaluate", "evaluate"),
    "score-tickets": ("score_tickets", "score_tickets_command"), "simulate": ("simulate", "simulate"), "demo": ("demo", "demo"),
    "listen": ("listen", "listen"), "check": ("check", "check"), "report": ("report", "report"), "fleet": ("fleet", "app"),
    "tickets": ("tickets", "app"), "maintenance": ("maintenance", "app"), "handover": ("report", "handover"),
    "policy": ("policy", "app"), "baseline": ("baseline", "app"), "notices": ("notices", "app"), "detectors": ("detectors", "app"),
    "quarantine": ("quarantine", "app"), "grafana": ("grafana", "app"), "setup": ("setup", "app"),
}  # fmt: skip


class _Commands(TyperGroup):
    """Commands by name."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names."""
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that was typed; the nearest one is named where there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            ctx.fail(f"there is no command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of this name, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        found = getattr(import_module(f"boilerwatch.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            group = typer.main.get_group(found)
            group.name = cmd_name
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(found)
        return typer.main.get_command(alone)


app = typer.Typer(
    name="boilerwatch",
    cls=_Commands,
    help="Watches boilers over MQTT, finds faults while they are small, opens the ticket by itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _root() -> None:
    """Watches boilers over MQTT, finds faults while they are small, opens the ticket by itself."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except BoilerwatchError as exc:
        print(f"boilerwatch: {exc}", file=sys.stderr)
        sys.exit(exc.exit_code)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
