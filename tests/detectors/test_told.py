"""What was told, in stretches and against the truth."""

import numpy as np
import pytest

from detectors.told import oddest, stretches, worth

TRUE, FALSE = True, False


@pytest.mark.parametrize(
    ("rows", "found"),
    [([], []), ([FALSE], []), ([TRUE, TRUE], [(0, 2)]), ([TRUE, FALSE, FALSE, TRUE], [(0, 1), (3, 4)])],
)
def test_stretches_are_runs_of_true_rows(rows: list[bool], found: list[tuple[int, int]]) -> None:
    assert stretches(np.array(rows, np.bool_)) == found


def test_worth_counts_rows_and_delays() -> None:
    faulty = np.array([0, 0, 1, 1, 1, 1, 0, 0, 1, 1], np.bool_)
    odd = np.array([0, 1, 0, 1, 1, 1, 1, 0, 0, 0], np.bool_)
    one = worth(odd, faulty)
    assert (one.told, one.false, one.missed, one.passed) == (3, 2, 3, 2)
    assert one.f1 == pytest.approx(6 / 11)
    assert one.false_alarm_share == pytest.approx(2 / 4)
    assert one.delays == (1, None)


def test_worth_of_nothing_is_none_and_not_zero() -> None:
    nothing = np.zeros(3, np.bool_)
    assert worth(nothing, nothing).f1 is None
    assert worth(~nothing, ~nothing).false_alarm_share is None


def test_the_oddest_columns_come_first_and_what_never_was_learned_is_not_named() -> None:
    scores = np.array([[-0.2, -3.0, np.nan, -1.5], [-0.3, -2.0, np.nan, -1.5]])
    assert oddest(scores, tuple("abcd")) == ["b", "d"]
    assert oddest(scores[:, [0, 2]], ("a", "c")) == ["a"]
    assert oddest(scores[:, [2]], ("c",)) == []
