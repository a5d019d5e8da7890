"""`boilerwatch detectors`: the catalogue's limits, and what visits say of them."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.errors import InputError
from detectors.catalogue.registry import DETECTORS
from detectors.feedback import TOO_MANY, VERY_FEW, Proposal, propose, refuted_share
from detectors.tuning import Tuning

app = typer.Typer(help="The detectors' limits, and what visits say of them.", no_args_is_help=True)


@app.command("list")
def list_limits(
    name: Annotated[str, typer.Argument(help="One detector only.")] = "",
    settings: SettingsOption = None,
) -> None:
    """Show every limit that may be changed, and what the settings made of it."""
    own = load_settings(settings).detectors
    tuning = Tuning(own.limits, own.models, own.boilers)
    every = [make() for make in DETECTORS.values()]
    tuning.check(every)
    if name and name not in DETECTORS:
        raise InputError(f"there is no detector {name!r}; known: {', '.join(DETECTORS)}")
    table = Table("detector", "limit", "as it ships", "settings", "for some")
    for one in every:
        if name in ("", one.name):
            for limit, value in getattr(one, "limits", {}).items():
                changed = own.limits.get(one.name, {}).get(limit)
                table.add_row(
                    one.name,
                    limit,
                    f"{value:.4g}",
                    "" if changed is None else f"{changed:g}",
                    _some(tuning, one.name, limit),
                )
    console = Console()
    console.width = max(console.width, 110)
    console.print(table)
    if own.disabled:
        print(f"not run: {', '.join(own.disabled)}")


def _some(tuning: Tuning, detector: str, limit: str) -> str:
    """Return what models and boilers have of their own."""
    apart = [*tuning.models.items(), *tuning.boilers.items()]
    return ", ".join(f"{who}: {table[detector][limit]:g}" for who, table in apart if limit in table.get(detector, {}))


@app.command()
def proposals(
    labels: Annotated[
        Path, typer.Argument(help="CSV detector,kind,found, as `tickets verdicts` prints it: confirmed or refuted.")
    ],
    *,
    as_toml: Annotated[
        bool, typer.Option("--toml", help="Print the proposed limits as settings, for `replay --limits`.")
    ] = False,
    settings: SettingsOption = None,
) -> None:
    """Say how often visits confirmed each detector, and which limits they speak against; changes nothing."""
    counts, own = read_labels(labels), load_settings(settings).detectors.limits
    limits = {name: {**getattr(make(), "limits", {}), **own.get(name, {})} for name, make in DETECTORS.items()}
    found = propose(counts, limits)
    if as_toml:
        print(_toml(found), end="")
        return
    console = Console()
    console.width = max(console.width, 120)
    shares = Table("detector", "kind", "confirmed", "refuted", "refuted share, 95 %", "visits say")
    for (detector, kind), (confirmed, refuted) in sorted(counts.items()):
        low, high = refuted_share(confirmed, refuted)
        says = "too eager" if low > TOO_MANY else "could speak earlier" if high < VERY_FEW else "nothing sure yet"
        if says != "nothing sure yet" and not any((one.detector, one.kind) == (detector, kind) for one in found):
            says += f"; no limit of its own to move, see `detectors list {detector}`"
        shares.add_row(detector, kind, str(confirmed), str(refuted), f"{low:.0%} to {high:.0%}", says)
    console.print(shares)
    if not found:
        print("the visits so far speak against no limit")
        return
    table = Table("detector", "limit", "now", "proposed")
    for one in found:
        table.add_row(one.detector, one.limit, f"{one.value:g}", f"{one.proposed:g}")
    console.print(table)
    print(
        "try them on the past before you set them: --toml > try.toml, then `boilerwatch replay --limits try.toml --compare`"
    )


def _toml(found: Sequence[Proposal]) -> str:
    """Return proposals as a settings file."""
    lines = []
    for detector in dict.fromkeys(one.detector for one in found):
        lines.append(f"[detectors.limits.{detector}]")
        lines += [f"{one.limit} = {one.proposed:g}" for one in found if one.detector == detector]
    return "".join(f"{line}\n" for line in lines)


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
