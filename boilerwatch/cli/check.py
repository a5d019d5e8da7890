"""`boilerwatch check`: what is not as it should be, each with a stable id and a way out."""

import json
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from sqlalchemy import text

from alerting.database import open_database, reading
from alerting.policy import load_policy
from alerting.register import boilers_of
from boilerwatch.checks import CHECKS, readable
from boilerwatch.cli.options import SettingsOption, load_settings, settings_path
from boilerwatch.errors import BoilerwatchError, SettingsError
from boilerwatch.facts import Check, Fact
from boilerwatch.settings import Settings
from collector.quarantine import Quarantine
from detectors.catalogue.registry import DETECTORS
from detectors.tuning import Tuning


def tickets(settings: Settings) -> Iterator[Fact]:
    """Ask the tickets' database something, and read the policy."""
    try:
        load_policy(settings.alerting.policy)
    except BoilerwatchError as exc:
        yield Fact("policy.E001", str(exc), "mend the file, or leave [alerting] policy out")
    if not settings.alerting.database_url.get_secret_value() and not (settings.data.dir / "tickets.sqlite").exists():
        return
    try:
        engine = open_database(settings)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        engine.dispose()
    except BoilerwatchError as exc:
        yield Fact("database.E001", str(exc), "start it, or mend [alerting] database_url")


def quarantine(settings: Settings) -> Iterator[Fact]:
    """Look at what could not be read."""
    path = settings.data.dir / "quarantine.sqlite"
    if not path.exists():
        return
    kept = Quarantine(path)
    groups = kept.groups()
    kept.close()
    if groups:
        worst = ", ".join(f"{group.payloads} × {group.reason}" for group in groups[:5])
        yield Fact(
            "quarantine.W001", f"payloads could not be read: {worst}",
            "`boilerwatch quarantine list` and `show` tell which, `quarantine replay` reads them again after a fix",
        )  # fmt: skip


def detectors(settings: Settings) -> Iterator[Fact]:
    """Look for detectors that the settings name and that are not there."""
    own = settings.detectors
    for name in sorted({*own.disabled, *own.limits} - DETECTORS.keys()):
        yield Fact(
            "detectors.E001", f"[detectors] names {name!r}, which is no detector", f"known: {', '.join(DETECTORS)}"
        )
    known = {name: values for name, values in own.limits.items() if name in DETECTORS}
    try:
        Tuning(known, own.models, own.boilers).check([make() for make in DETECTORS.values()])
    except SettingsError as exc:
        yield Fact("detectors.E002", str(exc), "correct it in the settings; the detectors' room does not start with it")
    if own.models or own.boilers:
        yield from _unmatched(settings)


def _unmatched(settings: Settings) -> Iterator[Fact]:
    """Look for limits of models and boilers that the register does not have."""
    if not settings.alerting.database_url.get_secret_value() and not (settings.data.dir / "tickets.sqlite").exists():
        return
    try:
        engine = open_database(settings)
    except BoilerwatchError:
        return  # said already
    with reading(engine) as connection:
        boilers = boilers_of(connection)
    engine.dispose()
    tuning = Tuning(settings.detectors.limits, settings.detectors.models, settings.detectors.boilers)
    for sentence in tuning.unmatched((one.boiler for one in boilers), (one.model for one in boilers)):
        yield Fact("detectors.W001", sentence, "correct the name, or take the boiler into the register: fleet import")


ROOM_CHECKS: tuple[Check, ...] = (tickets, quarantine, detectors)


def check(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: SettingsOption = None,
) -> None:
    """Say what is not as it should be; exit 1 when something must be mended."""
    loaded = load_settings(settings)
    facts = [fact for one in (*CHECKS, *ROOM_CHECKS) for fact in one(loaded)]
    path = settings_path(settings)
    facts += readable(path) if path is not None else ()
    for fact in sorted(facts, key=lambda one: (not one.grave, one.id)):
        if as_json:
            print(json.dumps(fact._asdict() | {"grave": fact.grave}, ensure_ascii=False))
        else:
            print(f"{'✗' if fact.grave else '!'} {fact.id:16} {fact.text}\n  {'':16} → {fact.hint}")
    if not facts and not as_json:
        print("✓ everything is as it should be")
    if any(fact.grave for fact in facts):
        sys.exit(1)
