"""`boilerwatch evaluate`: how good the detectors are, measured anew and written down."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from boilerwatch.errors import InputError
from boilerwatch.evaluation.document import render
from boilerwatch.evaluation.fleets import FAST, FULL
from boilerwatch.evaluation.whole import evaluate as evaluate_plan
from boilerwatch.evaluation.whole import versions


def evaluate(
    fast: Annotated[
        bool, typer.Option("--fast", help="The small fleets only: a minute instead of half an hour.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/detectors.md"),
    figures: Annotated[Path, typer.Option(help="The figures to keep; what is not measured now stays.")] = Path(
        "docs/detectors.json"
    ),
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Fleets side by side; each takes about 1 GB.")] = 2,
) -> None:
    """Measure the detectors on simulated fleets, beside plain thresholds, and write the page that says how good they are."""
    for path in (out, figures):  # before the half hour that it takes
        if not path.parent.is_dir():
            raise InputError(
                f"{path} cannot be written: there is no folder {path.parent}; run it in the source's folder, or name --out and --figures"
            )
    known = _known(figures)
    known["fast"] = evaluate_plan(FAST, jobs, _say)
    if not fast:
        known["full"] = evaluate_plan(FULL, jobs, _say)
    known["versions"] = versions()
    text = json.dumps(known, indent=1, ensure_ascii=False) + "\n"
    _write(figures, text)
    _write(out, render(json.loads(text)))  # the page is of the file, not of what was in memory
    _say(f"{out} and {figures} are written")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _known(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise InputError(f"--figures {path} cannot be read: {exc}; take it away to begin anew") from exc
    if not isinstance(plain, dict):
        raise InputError(f"--figures {path} holds no figures; take it away to begin anew")
    return plain


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.part")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror or exc}") from exc
