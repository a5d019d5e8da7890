"""What the figures are made of: thresholds that see limits, ideas that can be taken away, scores that add up."""

import json
from pathlib import Path

import numpy as np
import pytest

from boilerwatch.cli.evaluate import evaluate
from boilerwatch.errors import InputError
from boilerwatch.evaluation.ablation import WITHOUT, whole
from boilerwatch.evaluation.document import render
from boilerwatch.evaluation.figures import group_figures
from boilerwatch.evaluation.run import CATALOGUE, THRESHOLD, TOLD, run
from boilerwatch.evaluation.threshold import PlainThreshold
from simulators.dataset import Order
from tests.detectors.series import findings_of, series

pytestmark = pytest.mark.slow

HOURS = np.arange(0, 6, 1 / 12)
SMALL = Order(12, 20.0, 5, 1_767_571_200.0, 300.0, 0.7)


def test_plain_thresholds_take_two_readings_in_a_row() -> None:
    bar = np.full(len(HOURS), 1.4)
    bar[20] = 0.0  # a gateway that restarts
    assert findings_of([series(HOURS, {"water_pressure_bar": bar})], [PlainThreshold()]) == []
    bar[40:] = 0.7
    (found,) = findings_of([series(HOURS, {"water_pressure_bar": bar})], [PlainThreshold()])
    assert (found.kind, found.state) == ("slow_leak", "raised")


def test_every_idea_taken_away_leaves_the_same_detectors_by_name() -> None:
    names = [one.name for one in whole()]
    for idea, make in WITHOUT.items():
        assert [one.name for one in make()] == names, idea


def test_a_fleets_figures_add_up_and_make_a_page() -> None:
    result = run(SMALL, ablated=True)
    assert set(result.scores) == {CATALOGUE, THRESHOLD, TOLD, *WITHOUT}
    figures = group_figures([result, result])
    alone = group_figures([result])
    assert figures["boiler_days"] == 2 * alone["boiler_days"] == 2 * 12 * 20
    assert figures["failed"] == sum(one["failed"] for one in figures["kinds"].values())
    assert figures["found"] == sum(one["found"] for one in figures["models"].values()) == 2 * alone["found"]
    assert (
        figures["false"]
        == sum(figures["false_by_kind"].values())
        == sum(m["false"] for m in figures["models"].values())
        == sum(m["false"] for m in figures["gateways"].values())
    )
    assert json.loads(json.dumps(figures)) == figures
    page = render({"fast": {"usual": {"what": "a small fleet", **figures}}})
    for detector in whole():
        assert f"### {detector.name}@{detector.version}" in page
    assert "without bands of modulation" in page
    assert "told of repairs" in page
    assert "told of repairs" not in render({"fast": {"usual": {"what": "as measured before", **figures, "told": None}}})


def test_where_the_page_cannot_be_written_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no/page.md cannot be written: there is no folder"):
        evaluate(fast=False, out=tmp_path / "no/page.md", figures=tmp_path / "figures.json", jobs=1)
    assert not list(tmp_path.iterdir())


def test_figures_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "figures.json"
    broken.write_text("{")
    with pytest.raises(InputError, match="take it away to begin anew"):
        evaluate(fast=True, out=tmp_path / "page.md", figures=broken, jobs=1)
    assert not (tmp_path / "page.md").exists()
