"""A shift is found over the length it has lasted; a channel that wanders counts for less and leaves the others their sensitivity."""

import numpy as np

from detectors.level import Floats, Track, Ways, medians, ways_of
from detectors.shifts import Shifts, shifts_of

LENGTHS = (5, 20, 80)
ROWS = 400


def noise(seed: int, rows: int = ROWS) -> Floats:
    return np.random.default_rng(seed).normal(0, 1, (rows, 2))


def with_a_wander(seed: int) -> Floats:
    values = noise(seed)
    values[:, 0] += np.cumsum(np.random.default_rng(seed + 100).normal(0, 0.3, ROWS))
    return values


def known(values: Floats) -> tuple[Ways, Shifts, Track]:
    ways = ways_of(values, 5e-6, np.zeros(2))
    track = Track(ways, medians(values[:60]), ways.long_run / 30)
    for row in values:
        track.step(row, 3.5)
    return ways, shifts_of(ways, LENGTHS, np.ones((1, 2)), ROWS), track


def evidence(shifts: Shifts, track: Track, later: Floats) -> tuple[float, int]:
    news = [track.step(row, 3.5)[0] for row in later]
    newest = np.zeros((LENGTHS[-1], 2))
    newest[: len(news)] = news[::-1]
    return shifts.evidence(shifts.odds(shifts.scores(newest)))


def test_how_a_channel_goes_is_learned_from_its_rows() -> None:
    ways = ways_of(with_a_wander(1), 5e-6, np.zeros(2))
    assert 0.03 < ways.wander[0] < 0.3
    assert ways.wander[1] < 1e-4
    assert 0.8 < ways.row[1] < 1.25
    remembering = noise(2)
    for i in range(1, ROWS):
        remembering[i] = 0.8 * remembering[i - 1] + 0.6 * remembering[i]
    ways = ways_of(remembering, 5e-6, np.zeros(2))
    assert (np.abs(ways.long_run / ways.row - 9) < 5).all()


def test_rounding_is_noise_too() -> None:
    still = np.zeros((ROWS, 2))
    still[::90] = 1.0
    assert (ways_of(still, 5e-6, np.ones(2)).white >= 1 / 12).all()


def test_a_shift_is_told_over_the_length_it_has_lasted() -> None:
    for seed in range(5):
        _, shifts, track = known(noise(seed))
        assert evidence(shifts, track, noise(seed + 50, 80))[0] < 6
        _, shifts, track = known(noise(seed))
        small, length = evidence(shifts, track, noise(seed + 50, 80) + np.array([0.9, 0]))
        assert small > 6
        assert length == 2
        _, shifts, track = known(noise(seed))
        large, length = evidence(shifts, track, noise(seed + 50, 5) + np.array([4, 0]))
        assert large > 6
        assert length == 0


def test_a_channel_that_wanders_needs_more_and_takes_nothing_from_the_other() -> None:
    _, shifts, track = known(with_a_wander(3))
    level = track.level.copy()
    later = noise(4, 80) + level
    later[:, 0] += np.linspace(0, 1.5, 80)
    assert evidence(shifts, track, later)[0] < 6
    _, shifts, track = known(with_a_wander(3))
    assert evidence(shifts, track, noise(4, 80) + level + np.array([0, 1.5]))[0] > 6


def test_a_missing_row_says_nothing_and_makes_a_level_less_known() -> None:
    _, _, track = known(with_a_wander(5))
    unknown = track.unknown.copy()
    news, _ = track.step(np.full(2, np.nan), 3.5)
    assert (news == 0).all()
    assert (track.unknown > unknown).all()
