"""Visits that speak against a limit, and the few that say nothing yet."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from boilerwatch.cli.detectors import app
from detectors.feedback import propose

LIMITS = {"flow": {"circulation_loss_advise": 0.2, "circulation_loss_warn": 0.3}}


@pytest.mark.parametrize(
    ("confirmed", "refuted", "warn"), [(10, 20, 0.375), (200, 0, 0.27), (2, 1, None), (90, 10, None)]
)
def test_limits_follow_only_what_is_sure(confirmed: int, refuted: int, warn: float | None) -> None:
    found = {one.limit: one.proposed for one in propose({("flow", "circulation_loss"): (confirmed, refuted)}, LIMITS)}
    assert found.get("circulation_loss_warn") == warn


def test_the_command_prints_proposals_and_names_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("detector,kind,found\n" + "flow@2,circulation_loss,refuted\n" * 20)
    answer = CliRunner().invoke(app, ["proposals", str(path)], env={"COLUMNS": "200"})
    assert answer.exit_code == 0
    assert "circulation_loss_warn" in answer.output
    path.write_text("detector,kind,found\nflow,circulation_loss,maybe\n")
    answer = CliRunner().invoke(app, ["proposals", str(path)])
    assert "line 2" in str(answer.exception)
