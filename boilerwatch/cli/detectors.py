"""`boilerwatch detectors`: the catalogue's limits, and what visits say of them."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from boilerwatch.errors import InputError
from detectors.catalogue.registry import DETECTORS
from detectors.feedback import propose

app = typer.Typer(help="The detectors' limits, and what visits say of them.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `proposals` a command of its own."""


@app.command()
def proposals(
    labels: Annotated[
        Path, typer.Argument(help="CSV detector,kind,found: a line a visit, found confirmed or refuted.")
    ],
) -> None:
    """Say which limits the visits speak against; changes nothing."""
    limits = {name: dict(getattr(make(), "limits", {})) for name, make in DETECTORS.items()}
    table = Table("detector", "limit", "now", "proposed", "confirmed", "refuted", "refuted share, 95 %")
    for one in propose(read_labels(labels), limits):
        share = f"{one.low_share:.0%} to {one.high_share:.0%}"
        row = (one.value, one.proposed, one.confirmed, one.refuted)
        table.add_row(one.detector, one.limit, *(f"{value:g}" for value in row), share)
    Console().print(table if table.row_count else "The visits so far speak against no limit.")


def read_labels(path: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """Return (detector, kind) -> visits that confirmed and refuted it.

    Raises
    ------
    InputError
        If the file cannot be read, or a line is none of these.
    """
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                found = row.get("found")
                if found not in ("confirmed", "refuted") or not row.get("detector") or not row.get("kind"):
                    raise InputError(f"{path}, line {number}: must be detector,kind,found with confirmed or refuted")
                counts[row["detector"].partition("@")[0], row["kind"]][found == "refuted"] += 1
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read: {exc}") from exc
    return {key: (confirmed, refuted) for key, (confirmed, refuted) in counts.items()}
