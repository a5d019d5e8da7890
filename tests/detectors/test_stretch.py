"""An alarm's channels coming back ends it; noise, spikes, time and other columns do not."""

import numpy as np
import pytest

from detectors.level import Floats, Track, Ways
from detectors.stretch import Stretch

ONES, NONE = np.ones(3), np.zeros(3)
GROUPS = np.ones((1, 3))
FREEDOM = np.full(3, 40.0)


def ways(wander: float = 5e-6) -> Ways:
    return Ways(ONES, NONE, NONE, np.full(3, wander))


def rows(shift: float, count: int, seed: int = 0) -> Floats:
    values = np.random.default_rng(seed).normal(0, 1, (count, 3))
    values[:, 0] += shift
    return values


def begun(shift: float = 3.0, wander: float = 5e-6) -> Stretch:
    first = np.array([True, False, False])
    return Stretch(ways(wander), first, NONE, ONES / 100, np.array([shift, 0, 0]), 10, ONES)


def ended(stretch: Stretch, values: Floats) -> int | None:
    for i, row in enumerate(values):
        stretch.push(row, FREEDOM)
        if stretch.returned or stretch.outlived(GROUPS):
            return i
    return None


@pytest.mark.parametrize(("shift", "wrong"), [(1.5, 2), (3.0, 0), (30.0, 0)])
def test_an_alarm_that_lasts_does_not_end(shift: float, wrong: int) -> None:
    ends = [ended(begun(shift), rows(shift, 400, seed)) for seed in range(10)]
    assert sum(end is not None for end in ends) <= wrong


def test_it_ends_when_the_shift_is_taken_back_though_another_column_went_away() -> None:
    stretch = begun()
    lasting = rows(3, 200)
    lasting[:, 1] += np.linspace(0, 3, 200)
    assert ended(stretch, lasting) is None
    back = rows(0, 60, 1)
    back[:, 1] += 3
    after = ended(stretch, back)
    assert after is not None
    assert after < 15


def test_spikes_and_gaps_do_not_end_it() -> None:
    lasting = rows(3, 200)
    lasting[::40, 0] = -50
    lasting[5::20, 0] = np.nan
    assert ended(begun(), lasting) is None


def test_a_shift_is_outlived_where_levels_wander_and_they_wander_more_then() -> None:
    stretch = begun(3.0, wander=0.05)
    assert ended(stretch, rows(3, 600)) is not None
    track = Track(ways(0.05), NONE, ONES)
    stretch.end_outlived(track)
    assert track.ways.wander[0] > 2 * track.ways.wander[1]
    assert 0 < track.level[0] < 3.5


def test_after_a_long_alarm_all_channels_find_their_levels_anew() -> None:
    stretch = begun()
    assert ended(stretch, rows(3, 100)) is None
    back = rows(0, 30, 1) + np.array([0, 2, 0])
    last = ended(stretch, back)
    assert last is not None
    track = Track(ways(), np.zeros(3), ONES / 100)
    assert stretch.end_returned(track, back[: last + 1][::-1])
    assert abs(track.level[0]) < 1
    assert track.level[1] > 1
