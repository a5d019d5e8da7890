"""An alarm's jump taken back ends it; noise, time and other columns do not."""

import numpy as np

from detectors.returning import Returning

NOISE = np.ones(3)


def rows(shift: float, count: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    values = np.random.default_rng(seed).normal(0, 1, (count, 3))
    values[:, 0] += shift
    return values


def after(
    returning: Returning, values: np.ndarray[tuple[int, int], np.dtype[np.float64]], oddness: float
) -> int | None:
    for i, row in enumerate(values):
        if returning.push(row, oddness):
            return i
    return None


def begun() -> Returning:
    returning = Returning(NOISE)
    returning.begin(np.array([3.0, 0.0, 0.0]), 2.0)
    return returning


def test_an_alarm_that_lasts_does_not_end() -> None:
    for seed in range(20):
        assert after(begun(), rows(3, 400, seed), 2.0) is None


def test_it_ends_when_the_jump_is_taken_back_though_another_column_went_away() -> None:
    returning = begun()
    lasting = rows(3, 200)
    lasting[:, 1] += np.linspace(0, 3, 200)
    assert after(returning, lasting, 2.0) is None
    back = rows(0, 60, 1)
    back[:, 1] += 3
    ended = after(returning, back, 1.1)
    assert ended is not None
    assert 9 <= ended < 30


def test_rows_that_are_as_odd_as_before_do_not_end_it() -> None:
    returning = begun()
    assert after(returning, rows(3, 100), 2.0) is None
    assert after(returning, rows(0, 60, 1), 2.0) is None
