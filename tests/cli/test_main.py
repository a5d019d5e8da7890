"""Every command is there, and a room is not made to load what it does not need."""

import subprocess
import sys

from typer.testing import CliRunner

from boilerwatch.cli.main import COMMANDS, app


def test_every_command_has_its_help() -> None:
    said = CliRunner().invoke(app, ["--help"]).output
    for name in COMMANDS:
        assert f" {name} " in said
        one = CliRunner().invoke(app, [name, "--help"])
        assert one.exit_code == 0, one.output
        assert f"Usage: boilerwatch {name}" in one.output


def test_a_command_that_is_none_is_told_the_nearest_one() -> None:
    done = CliRunner().invoke(app, ["quarantin"])
    assert done.exit_code == 2
    assert "did you mean 'quarantine'?" in done.output


def test_a_room_loads_neither_pictures_nor_the_other_rooms() -> None:
    code = (
        "import sys; from boilerwatch.cli.main import app\n"
        "from boilerwatch.cli.run import _main_of; _main_of('collector')\n"
        "print([name for name in ('matplotlib', 'sqlalchemy', 'fastapi', 'detectors', 'alerting') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
