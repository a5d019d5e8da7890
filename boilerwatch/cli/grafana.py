"""`boilerwatch grafana`: boards, folders and rules, as files or on a running Grafana."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.errors import InputError, SettingsError
from grafana.build import write
from grafana.changes import apply
from grafana.document import write_documents
from grafana.plan import Plan
from grafana.remote import Remote
from grafana.variables import DESK
from grafana.words import LANGUAGES, Language

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
    known = _language(language)
    if out is None and (language != "en" or desk != DESK):
        raise InputError("the committed boards are in English and name no desk; say where others go: --out DIR")
    folder = out or _checkout()
    changed = write(folder, known, desk)
    if out is None and (Path("docs") / "grafana.md").is_file():
        changed += write_documents(Path("docs"))
    print(f"{folder}: {f'{len(changed)} files written' if changed else 'every file is as it should be'}")


@app.command()
def push(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show each change too; with --dry-run before it is made.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over what somebody else changes meanwhile.")
    ] = False,
    secrets: Annotated[bool, typer.Option("--secrets", help="Send the data source's token or password anew.")] = False,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    settings: SettingsOption = None,
) -> None:
    """Put teams, data source, folders, boards, rules and example contact points on a running Grafana; all of it or nothing."""
    known = _language(language)
    loaded = load_settings(settings)
    if loaded.store.kind != "influx":
        raise SettingsError('[store] kind is "sqlite", which Grafana cannot read; boards need "influx"')
    with contextlib.closing(Remote(loaded)) as remote:
        changes = Plan(remote, loaded, known, overwrite=overwrite, renew=secrets).changes()
        for change in changes:
            if dry_run:
                print(f"would {change.sentence}")
            if diff:
                print(change.diff())
        if not dry_run:
            apply(changes, print)
        if not changes:
            print(f"Grafana at {remote.url}: everything is as it should be")


def _language(text: str) -> Language:
    for language in LANGUAGES:
        if language == text:
            return language
    raise InputError(f"--language {text}: there is no such language; known: {', '.join(LANGUAGES)}")


def _checkout() -> Path:
    folder = Path("grafana")
    if not (folder / "build.py").is_file():
        raise InputError(
            "this folder is no checkout of boilerwatch (there is no grafana/build.py); name a folder: --out DIR"
        )
    return folder
