"""`boilerwatch`: puts the commands together and turns our errors into one sentence and an exit code."""

import os
import sys

import typer

from boilerwatch.cli import detectors, fleet, grafana, maintenance, notices, policy, quarantine, setup, tickets
from boilerwatch.cli.check import check
from boilerwatch.cli.dataset import dataset
from boilerwatch.cli.demo import demo
from boilerwatch.cli.evaluate import evaluate
from boilerwatch.cli.listen import listen
from boilerwatch.cli.replay import replay
from boilerwatch.cli.report import handover, report
from boilerwatch.cli.run import run
from boilerwatch.cli.score import score
from boilerwatch.cli.score_tickets import score_tickets_command
from boilerwatch.cli.simulate import simulate
from boilerwatch.errors import BoilerwatchError

app = typer.Typer(
    name="boilerwatch",
    help="Watches boilers over MQTT, finds faults while they are small, opens the ticket by itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.command()(replay)
app.command()(run)
app.command()(dataset)
app.command()(score)
app.command()(evaluate)
app.command("score-tickets")(score_tickets_command)
app.command()(simulate)
app.command()(demo)
app.command()(listen)
app.command()(check)
app.command()(report)
app.add_typer(fleet.app, name="fleet")
app.add_typer(tickets.app, name="tickets")
app.add_typer(maintenance.app, name="maintenance")
app.add_typer(handover, name="handover")
app.add_typer(policy.app, name="policy")
app.add_typer(notices.app, name="notices")
app.add_typer(detectors.app, name="detectors")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(grafana.app, name="grafana")
app.add_typer(setup.app, name="setup")


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
