"""`boilerwatch replay`: detection over a file of readings, offline, or over what the store has."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from boilerwatch.cli.options import SettingsOption, load_settings, moment_ms
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import InputError
from boilerwatch.ledger import open_ledger
from boilerwatch.minutes import Late
from boilerwatch.model import Batch, Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler, read_fleet
from boilerwatch.service import FILE, read_rows
from boilerwatch.settings import DetectorSettings, load
from boilerwatch.store.opening import open_store
from boilerwatch.wire import finding_to_json, format_time
from detectors.backtest import Change, compare
from detectors.catalogue.registry import DETECTORS
from detectors.replay import replay_batches
from detectors.stored import stored_batches
from detectors.tuning import Tuning
from simulators.episode import read_findings

_LATE_NAMED = 10


def replay(
    readings: Annotated[
        Path | None, typer.Argument(help="Readings: .jsonl, .jsonl.gz or .parquet; left out with --store.")
    ] = None,
    *,
    findings: Annotated[Path, typer.Option(help="Where to write findings, one JSON object a line.")],
    register: Annotated[Path | None, typer.Option(help="fleet.csv: families, regions, time zones.")] = None,
    service: Annotated[
        Path | None, typer.Option(help="What people did, as `dataset` writes it: repairs, new parts, top-ups.")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(help="A settings file whose [detectors] limits, models, boilers and disabled count.")
    ] = None,
    disable: Annotated[list[str] | None, typer.Option(help="A detector not to run; may be given again.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="Findings of an earlier replay: say what is added, gone, earlier, later.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Replay what the settings' store has, --start to --end.")
    ] = False,
    start: Annotated[str, typer.Option(help="With --store: first moment, RFC 3339 or a date, UTC.")] = "",
    end: Annotated[str, typer.Option(help="With --store: end; now, when it is left out.")] = "",
    settings: SettingsOption = None,
) -> None:
    """Find faults in recorded readings; over a file it needs no server and no settings, and writes only FINDINGS."""
    if (readings is None) == (not store):
        raise InputError("name either a file of READINGS or --store with --start, not both and not neither")
    own = load(limits).detectors if limits is not None else DetectorSettings.model_validate({})
    tuning, disabled = Tuning(own.limits, own.models, own.boilers), [*own.disabled, *(disable or [])]
    for name in sorted(set(disabled) - DETECTORS.keys()):
        raise InputError(f"there is no detector {name!r}; known: {', '.join(DETECTORS)}")
    earlier = read_findings(against) if against is not None else None
    boilers = _registered(register) if register is not None else []
    done = read_rows(service) if service is not None else []
    if service is None and readings is not None and (beside := readings.with_name(FILE)).exists():
        print(f"{beside} tells of repairs; detectors take it with --service", file=sys.stderr)
    refused: Counter[str] = Counter()
    late: dict[str, Late] = {}
    batches = read_batches(readings, refused) if readings is not None else _stored(settings, start, end)
    fresh = findings.with_name(f".{findings.name}.part")
    count, found = 0, list[Finding]()
    try:
        with fresh.open("wb") as out:
            for finding in replay_batches(batches, boilers, tuning, disabled, late, done):
                found += [finding] if earlier is not None and finding.state == "raised" else []
                out.write(msgspec.json.encode(finding_to_json(finding)) + b"\n")
                count += 1
        fresh.replace(findings)
    except OSError as exc:
        raise InputError(f"{findings} cannot be written: {exc.strerror}") from exc
    finally:
        fresh.unlink(missing_ok=True)
    _say_left_out(refused, late)
    print(f"{count} findings in {findings}", file=sys.stderr)
    if earlier is not None:
        print_changes(compare(earlier, found))


def _registered(register: Path) -> list[Boiler]:
    """Return the boilers of a register; what is wrong with it is said."""
    fleet = read_fleet(register)
    for complaint in fleet.complaints:
        print(f"{register}: {complaint}", file=sys.stderr)
    return fleet.boilers


def _say_left_out(refused: Counter[str], late: dict[str, Late]) -> None:
    """Say which readings could not be taken, and which came too late to be judged."""
    for reason, times in refused.most_common():
        print(f"refused {times}: {reason}", file=sys.stderr)
    for boiler, one in sorted(late.items(), key=lambda pair: -pair[1].readings)[:_LATE_NAMED]:
        span = f"{format_time(one.oldest_ms)} to {format_time(one.newest_ms)}"
        print(f"too late to be judged: {one.readings} readings of {boiler}, {span}", file=sys.stderr)
    if len(late) > _LATE_NAMED:
        print(f"too late to be judged: readings of {len(late) - _LATE_NAMED} more boilers", file=sys.stderr)


def _stored(settings: Path | None, start: str, end: str) -> Iterator[Batch]:
    """Return what the store of these settings has."""
    if not start:
        raise InputError("--store needs --start: the first moment to replay, such as 2026-01-05")
    start_ms, end_ms = moment_ms("--start", start), moment_ms("--end", end) if end else SYSTEM.now_ms()
    if end_ms <= start_ms:
        raise InputError(f"--end {end or 'now'} is not after --start {start}")
    loaded = load_settings(settings)
    ledger, place = open_ledger(loaded), open_store(loaded)
    try:
        yield from stored_batches(place, ledger.heard(), start_ms, end_ms)
    finally:
        place.close()
        ledger.close()


def print_changes(changes: list[Change]) -> None:
    """Print what is different as a table, and how many of each."""
    table = Table("what", "boiler", "kind", "then", "now", "hours")
    for one in changes:
        then, now = (format_time(at) if at else "" for at in (one.was_ms, one.is_ms))
        table.add_row(one.what, one.subject, one.kind, then, now, f"{one.hours:+.1f}" if one.hours else "")
    Console().print(table)
    counts = Counter(one.what for one in changes)
    print(", ".join(f"{counts[what]} {what}" for what in ("added", "gone", "earlier", "later")))
