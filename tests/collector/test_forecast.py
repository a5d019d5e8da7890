"""`forecast` draws what a finding predicts: from its pressure to its limit, until something newer is said."""

from typing import Any

import pytest

from boilerwatch.model import Finding
from collector.storing.forecast import STEP_MS, line_of

DAY_MS = 86_400_000
T0_MS = 1_767_571_200_000  # a whole six hours


def leak(at_ms: int, days: float | None = 2.0, state: Any = "raised", **values: Any) -> Finding:
    return Finding(
        id="b-1-slow_leak-1", kind="slow_leak", problem="low_water_pressure", chain="water", severity="warning", state=state,
        detector="slow_leak@3", raised_at_ms=T0_MS, evidence_at_ms=at_ms, received_at_ms=at_ms, boiler="b-1", site="s",
        failure_expected_at_ms=None if days is None else at_ms + round(days * DAY_MS),
        values={"cold_pressure_bar": 1.5, "limit_bar": 0.5} | values,
    )  # fmt: skip


def drawn(*said: Finding) -> dict[int, float]:
    """The line as the store has it after all of it was written in order."""
    kept = {point.ts_ms: dict(point.fields) for finding in said for point in line_of(finding)}
    return {at: float(fields["expected_bar"]) for at, fields in kept.items() if fields["stands"]}


def test_the_line_runs_from_the_pressure_to_the_limit_and_one_row_beyond() -> None:
    line = drawn(leak(T0_MS))
    assert line[T0_MS] == 1.5
    assert line[T0_MS + DAY_MS] == pytest.approx(1.0)
    assert line[T0_MS + 2 * DAY_MS] == pytest.approx(0.5), "crossed when failure is expected"
    assert max(line) == T0_MS + 2 * DAY_MS
    between = drawn(leak(T0_MS + STEP_MS // 3))
    assert min(between) == T0_MS
    assert max(between) == T0_MS + 2 * DAY_MS + STEP_MS
    assert between[max(between)] < 0.5 < between[max(between) - STEP_MS]


def test_a_rise_goes_up_and_what_is_far_is_drawn_for_sixty_days() -> None:
    line = drawn(leak(T0_MS, 100, cold_pressure_bar=2.0, limit_bar=3.0))
    assert max(line) == T0_MS + 60 * DAY_MS
    assert line[max(line)] == pytest.approx(2.6)


def test_what_is_said_later_holds_from_then_on_and_the_past_stays_as_it_was_expected() -> None:
    later = leak(T0_MS + DAY_MS, 10, "updated", cold_pressure_bar=1.4)
    line = drawn(leak(T0_MS), later)
    assert line[T0_MS + DAY_MS - STEP_MS] == pytest.approx(1.125)
    assert line[T0_MS + DAY_MS] == pytest.approx(1.4)
    assert max(line) == T0_MS + 11 * DAY_MS
    sooner = leak(T0_MS + 2 * DAY_MS, 1, "updated")
    assert max(drawn(leak(T0_MS), later, sooner)) == T0_MS + 3 * DAY_MS
    assert max(drawn(later, leak(T0_MS + 2 * DAY_MS, 9, "cleared"))) == T0_MS + 2 * DAY_MS - STEP_MS


def test_what_predicts_no_pressure_draws_nothing() -> None:
    assert line_of(leak(T0_MS, None)) == []
    assert line_of(leak(T0_MS, 1, limit_bar="low")) == []
    assert drawn(leak(T0_MS, 0)) == {}, "it is there already"
