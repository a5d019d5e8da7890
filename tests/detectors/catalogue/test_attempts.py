"""Failed ignitions as counts: what is chance, what is not, and what is learned from."""

import numpy as np
import pytest

from detectors.catalogue.attempts import Attempts, Failing
from detectors.catalogue.flame import Flame
from tests.detectors.series import findings_of, series

ONE = np.zeros(1, np.int64)
#: Where failures begin to count.
LIMIT = Flame().limits["failures_log_likelihood"]


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


def test_four_failures_within_a_week_of_a_burner_that_starts_once_a_day_are_not_chance_and_two_are() -> None:
    seldom = [(0.0, 1.0)] * 30
    assert lived([*seldom, (1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0)]).likelihood[0] > LIMIT
    assert lived([*seldom, (1.0, 1.0), (0.0, 1.0), (0.0, 1.0), (1.0, 1.0)]).likelihood[0] < LIMIT


def test_boilers_that_fail_one_start_in_thirty_are_held_to_all_their_days_and_not_to_the_best() -> None:
    """Some of their days are without a failure, and now and then one has six: of 200 in a season a few are told for nothing."""
    chance, attempts, boilers = np.random.default_rng(1), Attempts(), np.arange(200)
    told = np.zeros(200, np.bool_)
    for _ in range(90):
        failed = chance.binomial(35, 1 / 30, 200).astype(float)
        found = attempts.take(boilers, np.ones(200, np.int64), failed, 35.0 - failed, 200)
        told |= (found.likelihood >= LIMIT) & (found.days >= 2)
    assert told.mean() < 0.05
    # their nearest rival: the same boilers, and then sparks that are nearly gone
    for failed_starts in (6.0, 7.0, 9.0):
        failed = np.full(200, failed_starts)
        found = attempts.take(boilers, np.ones(200, np.int64), failed, 35.0 - failed, 200)
    assert (found.likelihood >= LIMIT).all()


def test_starts_counted_in_hundreds_are_spread_over_the_days_that_add_none() -> None:
    sound = [(float(day % 2 == 0), 100.0 * (day % 3 == 0)) for day in range(40)]
    assert lived([*sound, (1.0, 0.0), (1.0, 0.0)]).likelihood[0] < 2
    assert lived([*sound, (5.0, 0.0), (6.0, 0.0), (7.0, 100.0)]).likelihood[0] > LIMIT


@pytest.mark.parametrize(("days", "told"), [((31, 32, 33, 34), {"warning"}), ((32, 32, 32), set())])
def test_they_are_a_visit_on_several_days_and_nothing_where_they_may_be_of_one_start(
    days: tuple[int, ...], told: set[str]
) -> None:
    hours = np.arange(0, 40 * 24, 0.25)
    failed = np.sum([hours / 24 > day + 0.45 for day in days], axis=0)
    columns = {"ignition_failures": failed.astype(float), "burner_starts": np.floor(hours / 24 + 0.5)}
    found = findings_of([series(hours, columns)], [Flame()], beat_ms=21_600_000)
    assert {one.severity for one in found if one.state != "cleared"} == told
    assert {one.kind for one in found} <= {"ignition_wear"}
