"""`boilerwatch score`: what findings are worth against the truth."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from boilerwatch.errors import InputError
from boilerwatch.register import read_fleet
from simulators.episode import Episode, episodes_of, read_findings
from simulators.score import score as score_of
from simulators.score_picture import draw_score
from simulators.score_report import Report, Row, plain_episode, report
from simulators.truth import Truth, read_truth
from simulators.watch import Watch, estimated, watch_beside, watch_of_readings

_PICTURES = (".svg", ".png")
_WIDTH = 126


def score(
    findings: Annotated[Path, typer.Argument(help="Findings as `replay` writes them: .jsonl or .jsonl.gz.")],
    truth: Annotated[Path, typer.Argument(help="truth.csv: boiler,kind,onset,failure,repaired.")],
    boiler_days: Annotated[float | None, typer.Option(min=0, help="Days watched, all boilers together.")] = None,
    readings: Annotated[Path | None, typer.Option(help="The readings: days watched and codes really shown.")] = None,
    register: Annotated[Path | None, typer.Option(help="fleet.csv: how many boilers were watched.")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw them here: .svg or .png.")] = None,
) -> None:
    """Score findings against the truth: recall before failure, lead time, wrong kinds, false findings.

    Boiler-days come from --boiler-days, --readings, the dataset.json beside TRUTH, or are estimated from what is named.
    """
    if plot is not None and plot.suffix not in _PICTURES:
        raise InputError(f"--plot {plot}: a picture ends in {' or '.join(_PICTURES)}")
    faults = read_truth(truth)
    episodes = episodes_of(read_findings(findings))
    watch = _watch(truth, episodes, faults, readings, register, boiler_days)
    result = score_of(episodes, faults, watch.boiler_days, watch.codes)
    made = report(result)
    _print(made)
    if as_json is not None:
        plain = {**made.to_json(), "false_findings": [plain_episode(one) for one in result.false]}
        _write(as_json, (json.dumps(plain, indent=1) + "\n").encode())
    if plot is not None:
        _write(plot, draw_score(made, result.cases, plot.suffix[1:]))


def _watch(
    truth: Path, episodes: list[Episode], faults: list[Truth], readings: Path | None, register: Path | None,
    boiler_days: float | None,
) -> Watch:  # fmt: skip
    known = watch_of_readings(readings) if readings is not None else watch_beside(truth)
    if boiler_days is not None:
        return Watch(boiler_days, known.codes if known else None)
    if known is not None:
        return known
    boilers = [boiler.boiler for boiler in read_fleet(register).boilers] if register is not None else []
    guess = estimated(episodes, faults, boilers)
    print(
        f"score: {guess.boiler_days:.0f} boiler-days are estimated from the boilers and times named; --boiler-days or "
        "--readings tell them exactly", file=sys.stderr,
    )  # fmt: skip
    return guess


def _write(path: Path, body: bytes) -> None:
    fresh = path.with_name(f".{path.name}.part")
    try:
        fresh.write_bytes(body)
        fresh.replace(path)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror}") from exc


def _print(made: Report) -> None:
    console = Console()
    console.width = max(console.width, _WIDTH)
    heads = (
        "fault",
        "failed",
        "found",
        "recall",
        "95 %",
        "lead h",
        "p10 h",
        "forecast met",
        "wrong kind",
        "wrong chain",
        "others found",
    )
    table = Table(*heads, box=SIMPLE_HEAD)
    for rows in (made.kinds, made.chains, [made.gradual]):
        for row in rows:
            table.add_row(*_cells(row))
        table.add_section()
    console.print(table)
    low, high = made.false_per_1000_95 or (0.0, 0.0)
    rate = "-" if made.false_per_1000 is None else f"{made.false_per_1000:.3f} ({low:.3f} to {high:.3f})"
    console.print(
        f"false findings {made.false} in {made.boiler_days:,.0f} boiler-days: {rate} per 1000", highlight=False
    )
    if made.false_by_kind:
        console.print(
            "  " + ", ".join(f"{name} {count}" for name, count in made.false_by_kind.items()), highlight=False
        )
    apart = ", ".join(f"{name} {count}" for name, count in made.outcomes.items() if name != "false")
    console.print(f"duplicates {made.duplicates}; {apart or 'no findings'}", highlight=False)
    if not made.codes_checked:
        console.print(
            "codes were believed: no --readings and no dataset.json say which were really shown", highlight=False
        )


def _cells(row: Row) -> list[str]:
    low, high = row.recall_95 or (0.0, 0.0)
    return [
        row.name, str(row.failed), str(row.found), "-" if row.recall is None else f"{row.recall:.1%}",
        f"{low:.0%} to {high:.0%}" if row.failed else "-",
        *("-" if hours is None else f"{hours:.0f}" for hours in (row.lead_median_h, row.lead_p10_h)),
        f"{row.forecasts_met} of {row.forecasts}", str(row.wrong_kinds), str(row.wrong_chains), f"{row.developing_found} of {row.developing}",
    ]  # fmt: skip
