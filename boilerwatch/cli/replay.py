"""`boilerwatch replay`: detection over a file of readings, offline."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from boilerwatch.errors import InputError
from boilerwatch.register import Boiler, read_fleet
from boilerwatch.wire import finding_to_json
from detectors.replay import replay as replay_findings


def replay(
    readings: Annotated[Path, typer.Argument(help="Readings: .jsonl, .jsonl.gz or .parquet.")],
    findings: Annotated[Path, typer.Option(help="Where to write findings, one JSON object a line.")],
    register: Annotated[Path | None, typer.Option(help="fleet.csv: families, regions, time zones.")] = None,
) -> None:
    """Find faults in recorded readings; needs no server and no settings, and writes only FINDINGS."""
    boilers: list[Boiler] = []
    if register is not None:
        fleet = read_fleet(register)
        boilers = fleet.boilers
        for complaint in fleet.complaints:
            print(f"{register}: {complaint}", file=sys.stderr)
    refused: Counter[str] = Counter()
    fresh = findings.with_name(f".{findings.name}.part")
    count = 0
    try:
        with fresh.open("wb") as out:
            for finding in replay_findings(readings, boilers, refused):
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
