"""`boilerwatch replay`: detection over a file of readings, offline."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from boilerwatch.errors import InputError
from boilerwatch.model import Finding
from boilerwatch.register import Boiler, read_fleet
from boilerwatch.settings import DetectorSettings, load
from boilerwatch.wire import finding_from_json, finding_to_json, format_time
from detectors.backtest import Change, compare
from detectors.catalogue.registry import DETECTORS
from detectors.replay import replay as replay_findings
from detectors.tuning import Tuning


def replay(
    readings: Annotated[Path, typer.Argument(help="Readings: .jsonl, .jsonl.gz or .parquet.")],
    findings: Annotated[Path, typer.Option(help="Where to write findings, one JSON object a line.")],
    register: Annotated[Path | None, typer.Option(help="fleet.csv: families, regions, time zones.")] = None,
    limits: Annotated[
        Path | None, typer.Option(help="A settings file whose [detectors] limits, models, boilers and disabled count.")
    ] = None,
    disable: Annotated[list[str] | None, typer.Option(help="A detector not to run; may be given again.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Findings of an earlier replay: say what is added, gone, earlier, later.")
    ] = None,
) -> None:
    """Find faults in recorded readings; needs no server and no settings, and writes only FINDINGS."""
    own = load(limits).detectors if limits is not None else DetectorSettings.model_validate({})
    tuning, disabled = Tuning(own.limits, own.models, own.boilers), [*own.disabled, *(disable or [])]
    for name in sorted(set(disabled) - DETECTORS.keys()):
        raise InputError(f"there is no detector {name!r}; known: {', '.join(DETECTORS)}")
    earlier = read_findings(against) if against is not None else None
    boilers: list[Boiler] = []
    if register is not None:
        fleet = read_fleet(register)
        boilers = fleet.boilers
        for complaint in fleet.complaints:
            print(f"{register}: {complaint}", file=sys.stderr)
    refused: Counter[str] = Counter()
    fresh = findings.with_name(f".{findings.name}.part")
    count, found = 0, list[Finding]()
    try:
        with fresh.open("wb") as out:
            for finding in replay_findings(readings, boilers, refused, tuning, disabled):
                found += [finding] if earlier is not None and finding.state == "raised" else []
                out.write(msgspec.json.encode(finding_to_json(finding)) + b"\n")
                count += 1
        fresh.replace(findings)
    except OSError as exc:
        raise InputError(f"{findings} cannot be written: {exc.strerror}") from exc
    finally:
        fresh.unlink(missing_ok=True)
    for reason, times in refused.most_common():
        print(f"refused {times}: {reason}", file=sys.stderr)
    print(f"{count} findings in {findings}", file=sys.stderr)
    if earlier is not None:
        print_changes(compare(earlier, found))


def read_findings(path: Path) -> list[Finding]:
    """Return the findings of a file, one JSON object a line.

    Raises
    ------
    InputError
        If it cannot be read, or a line is no finding.
    """
    found = []
    try:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                found.append(finding_from_json(msgspec.json.decode(line)))
            except (msgspec.MsgspecError, KeyError, TypeError, ValueError, AttributeError) as exc:
                raise InputError(f"{path}, line {number}, is no finding: {exc}") from exc
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    return found


def print_changes(changes: list[Change]) -> None:
    """Print what is different as a table, and how many of each."""
    table = Table("what", "boiler", "kind", "then", "now", "hours")
    for one in changes:
        then, now = (format_time(at) if at else "" for at in (one.was_ms, one.is_ms))
        table.add_row(one.what, one.subject, one.kind, then, now, f"{one.hours:+.1f}" if one.hours else "")
    Console().print(table)
    counts = Counter(one.what for one in changes)
    print(", ".join(f"{counts[what]} {what}" for what in ("added", "gone", "earlier", "later")))
