"""Misfires within hours, on a series written by hand: a start every half hour, and what the counters add."""

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from detectors.catalogue.misfire import Misfire
from tests.detectors.series import findings_of, series

HOURS = np.arange(0, 6 * 24, 0.25)
STARTS = 5000.0 + np.cumsum(np.arange(len(HOURS)) % 2)
BEGIN = 5 * 96


def counted(more: dict[int, int], signal: str = "ignition_failures") -> list[Finding]:
    """Findings when the counter rises by these at these quarters."""
    added = np.zeros(len(HOURS))
    for quarter, count in more.items():
        added[quarter] = count
    columns: dict[str, Floats] = {
        "burner_starts": STARTS,
        signal: 7 + np.cumsum(added),
        "flame_on": np.ones(len(HOURS)),
    }
    return findings_of([series(HOURS, columns)], [Misfire()], beat_ms=3_600_000)


@pytest.mark.parametrize(
    ("signal", "kind", "problem"),
    [("ignition_failures", "ignition_wear", "ignition_failure"), ("flame_losses", "flame_signal_decay", "flame_loss")],
)
def test_failures_of_some_hours_are_told_within_these_hours(signal: str, kind: str, problem: str) -> None:
    found = counted({BEGIN + 2 * i: 2 for i in range(6)}, signal)
    assert [(one.kind, one.problem, one.severity) for one in found] == [(kind, problem, "advisory")]
    told_h = (found[0].evidence_at_ms - 1_767_571_200_000) / 3_600_000
    assert 120.5 <= told_h <= 122


def test_four_times_as_many_are_a_warning() -> None:
    assert [one.severity for one in counted({BEGIN + 2 * i: 3 for i in range(8)})] == ["advisory", "warning"]


def test_one_bad_quarter_a_failure_a_day_or_a_new_counter_are_nothing() -> None:
    assert counted({BEGIN: 6}) == []
    assert counted({96 * day: 1 for day in range(1, 6)}) == []
    assert counted({BEGIN: 4_000}) == []


def test_two_days_without_end_it() -> None:
    early = {96 * 2 + 2 * i: 2 for i in range(6)}
    assert [one.state for one in counted(early)] == ["raised", "cleared"]


def test_flames_lost_by_a_burner_whose_current_was_as_ever_are_drowned() -> None:
    added = np.zeros(len(HOURS))
    added[[BEGIN, BEGIN + 2, BEGIN + 3]] = 1
    columns: dict[str, Floats] = {
        "burner_starts": STARTS, "flame_losses": 7 + np.cumsum(added), "flame_on": np.ones(len(HOURS)),
        "flame_current_ua": np.full(len(HOURS), 27.0),
    }  # fmt: skip
    found = findings_of([series(HOURS, columns)], [Misfire()], beat_ms=3_600_000)
    assert [(one.kind, one.problem, one.severity) for one in found if one.state == "raised"] == [
        ("condensate_blocked", "condensate", "advisory")
    ]


def test_two_failures_are_nothing_yet() -> None:
    assert counted({BEGIN: 1, BEGIN + 2: 1}) == []
