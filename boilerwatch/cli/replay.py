"""`boilerwatch replay`: detection over a file of readings, offline, or over what the store has."""

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from boilerwatch.cli.back_test import show
from boilerwatch.cli.options import SettingsOption, load_settings, moment_ms
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import InputError
from boilerwatch.garbage import collect_rarely, keep_freed
from boilerwatch.ledger import open_ledger
from boilerwatch.minutes import Late
from boilerwatch.model import Batch, Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler, read_fleet
from boilerwatch.service import FILE, ServiceRow, read_rows
from boilerwatch.settings import DetectorSettings, Settings, load
from boilerwatch.store.opening import open_store
from boilerwatch.wire import finding_to_json, format_time, parse_time
from detectors.backtest import Judged, stories_of
from detectors.catalogue.contract import Detector
from detectors.catalogue.registry import DETECTORS
from detectors.own import blamed, load_own
from detectors.replay import Replay, side_by_side
from detectors.stored import stored_batches
from detectors.tuning import Tuning
from simulators.episode import read_findings

_LATE_NAMED = 10


@dataclass(slots=True)
class Past:
    """What is replayed: readings, and what is known beside them.

    Attributes
    ----------
    as_now
        How detectors are set at present, before anything is changed.
    """

    batches: Iterable[Batch]
    boilers: list[Boiler] = field(default_factory=list)
    service: list[ServiceRow] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    as_now: DetectorSettings = field(default_factory=lambda: DetectorSettings.model_validate({}))
    refused: Counter[str] = field(default_factory=Counter)


def replay(
    readings: Annotated[
        Path | None,
        typer.Argument(help="Readings: .jsonl, .jsonl.gz, .parquet, .csv or .csv.gz; left out with --store."),
    ] = None,
    *,
    findings: Annotated[Path, typer.Option(help="Where to write findings, one JSON object a line.")],
    register: Annotated[
        Path | None,
        typer.Option(help="fleet.csv: families, models, regions, time zones; with --store, the database's."),
    ] = None,
    service: Annotated[
        Path | None,
        typer.Option(
            help="What people did, as `dataset` writes it: repairs, parts, top-ups; with --store, the database's."
        ),
    ] = None,
    limits: Annotated[
        Path | None,
        typer.Option(help="A settings file: limits, models, boilers and disabled of its section 'detectors'."),
    ] = None,
    disable: Annotated[list[str] | None, typer.Option(help="A detector not to run; may be given again.")] = None,
    detector: Annotated[
        list[Path] | None,
        typer.Option(help="A Python file with a detector of your own; one of a name that is there takes its place."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Replay without these changes too, and say what is different.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option(help="Findings of an earlier replay: say what is different from them.")
    ] = None,
    changes: Annotated[Path | None, typer.Option(help="Write every difference here, CSV.")] = None,
    verdicts: Annotated[
        Path | None,
        typer.Option(help="What visits found, as `tickets verdicts` prints it; with --store, the database's."),
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Replay what the settings' store has, --start to --end.")
    ] = False,
    start: Annotated[str, typer.Option(help="With --store: first moment, RFC 3339 or a date, UTC.")] = "",
    end: Annotated[str, typer.Option(help="With --store: end; now, when it is left out.")] = "",
    settings: SettingsOption = None,
) -> None:
    """Find faults in recorded readings; over a file it needs no server and no settings, and writes only FINDINGS.

    With --store, limits, register, repairs and verdicts are those of the settings and their database.
    """
    if (readings is None) == (not store):
        raise InputError("name either a file of READINGS or --store with --start, not both and not neither")
    if compare and against is not None:
        raise InputError("name either --compare or --against FINDINGS, not both")
    if not compare and against is None and (changes or verdicts):
        raise InputError("--changes and --verdicts tell of differences: they need --compare or --against FINDINGS")
    if changes is not None and not changes.parent.is_dir():  # before the hours that a winter takes
        raise InputError(f"{changes} cannot be written: there is no folder {changes.parent}")
    own = [one for path in detector or () for one in load_own(path)]
    past = _of_file(readings) if readings is not None else _of_store(settings, start, end)
    if register is not None:
        past.boilers = _registered(register)
    if service is not None:
        past.service = read_rows(service)
    if verdicts is not None:
        past.judged = _read_verdicts(verdicts)
    if service is None and readings is not None and (beside := readings.with_name(FILE)).exists():
        print(f"{beside} tells of repairs; detectors take it with --service", file=sys.stderr)
    changed = load(limits).detectors if limits is not None else DetectorSettings.model_validate({})
    now = _way(past, past.as_now, changed, disable or (), own)
    earlier = read_findings(against) if against is not None else []
    then = _way(past, past.as_now, None) if compare else None
    collect_rarely()
    keep_freed()
    with blamed(detector or ()):
        found, told_then = _run(past, now, then, findings, keep=compare or against is not None)
    _say_left_out(past.refused, now.late())
    if compare or against is not None:
        show(stories_of(told_then or earlier), stories_of(found), past.judged, changes)


def _run(
    past: Past, now: Replay, then: Replay | None, findings: Path, *, keep: bool
) -> tuple[list[Finding], list[Finding]]:
    """Write what is found now; return it, if it is to be kept, and what would have been found then."""
    fresh = findings.with_name(f".{findings.name}.part")
    found, told_then, count = list[Finding](), list[Finding](), 0
    ways = [now] if then is None else [now, then]
    try:
        with fresh.open("wb") as out:
            for mine, *others in side_by_side(past.batches, ways, past.service):
                count += _write(out, mine)
                if keep:
                    found += mine
                for one in others:
                    told_then += one
        fresh.replace(findings)
    except OSError as exc:
        raise InputError(f"{findings} cannot be written: {exc.strerror}") from exc
    finally:
        fresh.unlink(missing_ok=True)
    print(f"{count} findings in {findings}", file=sys.stderr)
    return found, told_then


def _write(out: IO[bytes], findings: Sequence[Finding]) -> int:
    for one in findings:
        out.write(msgspec.json.encode(finding_to_json(one)) + b"\n")
    return len(findings)


def _way(
    past: Past, as_now: DetectorSettings, changed: DetectorSettings | None, disable: Sequence[str] = (),
    own: Sequence[Detector] = (),
) -> Replay:  # fmt: skip
    """Return detectors as they are set now, with changes laid over where there are any."""
    tuning, disabled = Tuning(as_now.limits, as_now.models, as_now.boilers), list(as_now.disabled)
    if changed is not None:
        tuning = Tuning(changed.limits, changed.models, changed.boilers).over(tuning)
        disabled += [*changed.disabled, *disable]
        for sentence in tuning.unmatched((one.boiler for one in past.boilers), (one.model for one in past.boilers)):
            print(sentence, file=sys.stderr)
    for name in sorted(set(disabled) - DETECTORS.keys() - {one.name for one in own}):
        raise InputError(f"there is no detector {name!r}; known: {', '.join(DETECTORS)}")
    return Replay(past.boilers, tuning, disabled, own)


def _registered(register: Path) -> list[Boiler]:
    """Return the boilers of a register; what is wrong with it is said."""
    fleet = read_fleet(register)
    for complaint in fleet.complaints:
        print(f"{register}: {complaint}", file=sys.stderr)
    return fleet.boilers


def _of_file(readings: Path) -> Past:
    refused: Counter[str] = Counter()
    return Past(read_batches(readings, refused), refused=refused)


def _of_store(settings: Path | None, start: str, end: str) -> Past:
    """Return what the store of these settings has, and what their database knows beside it."""
    if not start:
        raise InputError("--store needs --start: the first moment to replay, such as 2026-01-05")
    start_ms, end_ms = moment_ms("--start", start), moment_ms("--end", end) if end else SYSTEM.now_ms()
    if end_ms <= start_ms:
        raise InputError(f"--end {end or 'now'} is not after --start {start}")
    loaded = load_settings(settings)
    past = Past(_stored(loaded, start_ms, end_ms), as_now=loaded.detectors)
    _ask_database(loaded, past, end_ms)
    return past


def _stored(loaded: Settings, start_ms: int, end_ms: int) -> Iterator[Batch]:
    console = Console(stderr=True)
    with (
        closing(open_ledger(loaded)) as ledger,
        closing(open_store(loaded)) as place,
        Progress(console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("replayed", total=end_ms - start_ms)
        for batch in stored_batches(place, ledger.heard(), start_ms, end_ms):
            yield batch
            bar.update(task, completed=batch.newest_arrival_ms() - start_ms)


def _ask_database(loaded: Settings, past: Past, end_ms: int) -> None:
    """Take register, repairs and verdicts from the tickets' database, where there is one."""
    embedded = loaded.data.dir / "tickets.sqlite"
    if not loaded.alerting.database_url.get_secret_value() and not embedded.exists():
        print(
            f"there is no {embedded}: no register and no repairs are known, but by --register and --service",
            file=sys.stderr,
        )
        return
    from alerting.database import open_database, reading  # noqa: PLC0415 -- a replay of a file needs no SQL
    from alerting.labels import labels  # noqa: PLC0415
    from alerting.outbox import told_service  # noqa: PLC0415
    from alerting.register import boilers_of  # noqa: PLC0415

    engine = open_database(loaded)
    with reading(engine) as connection:
        past.boilers = boilers_of(connection)
        past.service = [msgspec.convert(one, ServiceRow) for one in told_service(connection) if one["at_ms"] < end_ms]
        past.judged = [Judged(one.boiler, one.kind, one.raised_at_ms, one.found) for one in labels(connection)]
    engine.dispose()
    known = f"{len(past.boilers)} boilers, {len(past.service)} repairs and other service, {len(past.judged)} verdicts"
    print(f"the settings' database knows {known}", file=sys.stderr)


def _read_verdicts(path: Path) -> list[Judged]:
    """Return the findings that visits judged, of a file of `tickets verdicts`."""
    found = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                try:
                    at_ms = parse_time(row.get("raised_at") or "")
                except ValueError as exc:
                    raise InputError(f"{path}, line {number}: raised_at {row.get('raised_at')!r} is no time") from exc
                if row.get("found") not in ("confirmed", "refuted") or not row.get("boiler") or not row.get("kind"):
                    raise InputError(
                        f"{path}, line {number}: must name boiler, kind, raised_at, and found: confirmed or refuted"
                    )
                found.append(Judged(row["boiler"], row["kind"], at_ms, row["found"]))
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read: {exc}") from exc
    return found


def _say_left_out(refused: Counter[str], late: dict[str, Late]) -> None:
    """Say which readings could not be taken, and which came too late to be judged."""
    for reason, times in refused.most_common():
        print(f"refused {times}: {reason}", file=sys.stderr)
    for boiler, one in sorted(late.items(), key=lambda pair: -pair[1].readings)[:_LATE_NAMED]:
        span = f"{format_time(one.oldest_ms)} to {format_time(one.newest_ms)}"
        print(f"too late to be judged: {one.readings} readings of {boiler}, {span}", file=sys.stderr)
    if len(late) > _LATE_NAMED:
        print(f"too late to be judged: readings of {len(late) - _LATE_NAMED} more boilers", file=sys.stderr)
