"""`boilerwatch grafana`: boards, folders and rules, as files or on a running Grafana."""

from pathlib import Path
from typing import Annotated

import typer

from boilerwatch.errors import InputError
from grafana.build import write
from grafana.variables import DESK
from grafana.words import LANGUAGES

app = typer.Typer(help="The NOC's boards on Grafana.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Build or push the NOC's boards."""


@app.command()
def build(
    language: Annotated[str, typer.Option(help="en, or zh, which needs --out.")] = "en",
    out: Annotated[Path | None, typer.Option(help="Folder to write to; None: ./grafana of this checkout.")] = None,
    desk: Annotated[str, typer.Option(help="How people reach the desk, for links to tickets; needs --out.")] = DESK,
) -> None:
    """Write dashboards and provisioning; in a checkout, without arguments, the committed ones byte for byte."""
    if language not in LANGUAGES:
        raise InputError(f"--language {language}: there is no such language; known: {', '.join(LANGUAGES)}")
    if out is None and (language != "en" or desk != DESK):
        raise InputError("the committed boards are in English and name no desk; say where others go: --out DIR")
    folder = out or _checkout()
    changed = write(folder, "zh" if language == "zh" else "en", desk)
    print(f"{folder}: {f'{len(changed)} files written' if changed else 'every file is as it should be'}")


def _checkout() -> Path:
    folder = Path("grafana")
    if not (folder / "build.py").is_file():
        raise InputError(
            "this folder is no checkout of boilerwatch (there is no grafana/build.py); name a folder: --out DIR"
        )
    return folder
