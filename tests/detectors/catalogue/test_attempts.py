"""Failed ignitions as counts: what is chance, what is not, and what is learned from."""

import numpy as np
import pytest

from detectors.catalogue.attempts import Attempts, Failing
from detectors.catalogue.flame import Flame
from tests.detectors.series import findings_of, series

ONE = np.zeros(1, np.int64)


def lived(days: list[tuple[float, float]]) -> Failing:
    """The verdict after days of (failed, started)."""
    attempts = Attempts()
    for failed, started in days:
        found = attempts.take(ONE, ONE + 1, np.array([failed]), np.array([started]), 1)
    return found


def test_one_failure_in_a_hundred_is_what_boilers_do() -> None:
    assert lived([(float(day % 4 == 0), 25.0) for day in range(30)]).likelihood[0] < 3


def test_three_and_five_failures_after_a_month_without_are_not_chance() -> None:
    found = lived([(0.0, 15.0)] * 30 + [(3.0, 17.0), (5.0, 15.0)])
    assert found.likelihood[0] > 12
    assert (found.failures[0], found.days[0]) == (8.0, 2)
    assert 0.15 < found.share[0] < 0.25


def test_a_boiler_that_always_failed_a_tenth_is_held_to_its_own_past() -> None:
    always = [(1.0, 24.0) for _ in range(60)]
    assert lived(always).likelihood[0] < lived([(0.0, 24.0)] * 60 + [(1.0, 24.0)] * 5).likelihood[0]


def test_a_bad_day_teaches_nothing_and_an_uncounted_one_says_nothing() -> None:
    bad = [(0.0, 20.0)] * 20 + [(20.0, 5.0)] * 30 + [(0.0, 20.0)] * 8
    assert lived([*bad, (4.0, 16.0)]).likelihood[0] > 6  # still measured against the sound past
    assert lived([(0.0, 20.0)] * 20 + [(np.nan, np.nan)]).likelihood[0] == 0


def test_a_gap_of_weeks_leaves_no_window_over_it() -> None:
    attempts = Attempts()
    for _ in range(20):
        attempts.take(ONE, ONE + 1, np.array([0.0]), np.array([20.0]), 1)
    attempts.take(ONE, ONE + 1, np.array([6.0]), np.array([14.0]), 1)
    found = attempts.take(ONE, ONE + 30, np.array([0.0]), np.array([20.0]), 1)
    assert found.failures[0] == 0


def test_three_failures_within_a_week_of_a_burner_that_starts_once_a_day_are_not_chance_and_two_are() -> None:
    seldom = [(0.0, 1.0)] * 30
    assert lived([*seldom, (1.0, 1.0), (1.0, 1.0), (0.0, 1.0), (1.0, 1.0)]).likelihood[0] > 10
    assert lived([*seldom, (1.0, 1.0), (0.0, 1.0), (0.0, 1.0), (1.0, 1.0)]).likelihood[0] < 10


@pytest.mark.parametrize(("days", "told"), [((31, 32, 33), {"warning"}), ((32, 32, 32), set())])
def test_they_are_a_visit_on_several_days_and_nothing_where_they_may_be_of_one_start(
    days: tuple[int, ...], told: set[str]
) -> None:
    hours = np.arange(0, 40 * 24, 0.25)
    failed = np.sum([hours / 24 > day + 0.45 for day in days], axis=0)
    columns = {"ignition_failures": failed.astype(float), "burner_starts": np.floor(hours / 24 + 0.5)}
    found = findings_of([series(hours, columns)], [Flame()], beat_ms=21_600_000)
    assert {one.severity for one in found if one.state != "cleared"} == told
    assert {one.kind for one in found} <= {"ignition_wear"}
