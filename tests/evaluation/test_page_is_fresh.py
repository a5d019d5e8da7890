"""docs/detectors.md is what `evaluate` writes: its versions, its words, and the figures of the small fleets, measured anew."""

import json
from pathlib import Path

import pytest

from boilerwatch.evaluation.document import render
from boilerwatch.evaluation.fleets import FAST, FULL
from boilerwatch.evaluation.whole import evaluate, versions

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
FIGURES = json.loads((DOCS / "detectors.json").read_text(encoding="utf-8"))


def test_the_page_says_what_the_figures_and_the_catalogue_say() -> None:
    assert (DOCS / "detectors.md").read_text(encoding="utf-8") == render(FIGURES)


def test_the_figures_are_of_these_detectors_and_these_fleets() -> None:
    assert FIGURES["versions"] == versions()
    assert set(FIGURES["full"]) == {group.name for group in FULL}


@pytest.mark.timeout(900)
def test_the_small_fleets_measured_anew_give_the_same_figures() -> None:
    assert evaluate(FAST, 2, print) == FIGURES["fast"]
