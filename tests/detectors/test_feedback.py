"""Visits that speak against a limit, and the few that say nothing yet."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from boilerwatch.cli.detectors import app
from boilerwatch.settings import load
from detectors.feedback import propose

LIMITS = {"flow": {"circulation_loss_advise": 0.2, "circulation_loss_warn": 0.3}}


@pytest.mark.parametrize(
    ("confirmed", "refuted", "warn"), [(10, 20, 0.375), (200, 0, 0.27), (2, 1, None), (90, 10, None)]
)
def test_limits_follow_only_what_is_sure(confirmed: int, refuted: int, warn: float | None) -> None:
    found = {one.limit: one.proposed for one in propose({("flow", "circulation_loss"): (confirmed, refuted)}, LIMITS)}
    assert found.get("circulation_loss_warn") == warn


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_detector_without_a_limit_of_its_own_for_the_kind_is_shown_all_the_same(tmp_path: Path) -> None:
    path = _written(tmp_path / "labels.csv", "detector,kind,found\n" + "slow_leak@4,slow_leak,refuted\n" * 20)
    answer = CliRunner().invoke(app, ["proposals", str(path)], env={"COLUMNS": "200"})
    assert "too eager; no limit of its own to move, see `detectors list slow_leak`" in answer.output
    assert "speak against no limit" in answer.output


def test_the_command_prints_proposals_and_names_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("detector,kind,found\n" + "flow@2,circulation_loss,refuted\n" * 20)
    answer = CliRunner().invoke(app, ["proposals", str(path)], env={"COLUMNS": "200"})
    assert answer.exit_code == 0
    assert "circulation_loss_warn" in answer.output
    assert "too eager" in answer.output
    tried = CliRunner().invoke(app, ["proposals", str(path), "--toml"])
    proposed = load(_written(tmp_path / "try.toml", tried.output)).detectors.limits
    assert proposed == {
        "flow": {
            "circulation_loss_advise": pytest.approx(0.2789, abs=1e-3),
            "circulation_loss_warn": pytest.approx(0.4206, abs=1e-3),
        }
    }
    own = _written(tmp_path / "own.toml", "[detectors.limits.flow]\ncirculation_loss_warn = 0.4\n")
    again = CliRunner().invoke(app, ["proposals", str(path), "--toml", "--settings", str(own)])
    assert "circulation_loss_warn = 0.5" in again.output  # from what is in force, not from what ships
    path.write_text("detector,kind,found\nflow,circulation_loss,maybe\n")
    answer = CliRunner().invoke(app, ["proposals", str(path)])
    assert "line 2" in str(answer.exception)
