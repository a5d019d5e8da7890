"""Limits of window means: a channel that wanders counts for less and leaves the others their sensitivity."""

import numpy as np

from detectors.shifts import Shifts, shifts_of
from detectors.windows import Windows

LENGTHS = (10, 25, 50)


def learned(wandering: bool) -> tuple[Shifts, float]:
    """What is learned of two channels, and how much the first strays in truth over 50 rows."""
    chance = np.random.default_rng(1)
    values = chance.normal(0, 1, (800, 2))
    if wandering:
        for i in range(1, 800):
            values[i, 0] = 0.97 * values[i - 1, 0] + 0.24 * values[i, 0]
    windows = Windows(LENGTHS, 2)
    means = np.stack([windows.push(row) for row in values])[50:]
    shifts = shifts_of(means, LENGTHS, np.ones((1, 2)), 0.005, 0.0, 0.5)
    return shifts, float((means[:, 2, 0] ** 2).mean())


def test_few_independent_windows_widen_a_limit_beyond_the_spread_seen() -> None:
    (steady, _), (wandering, seen) = learned(wandering=False), learned(wandering=True)
    assert wandering.spread[2, 0] > 1.2 * seen
    assert wandering.spread[2, 0] > 10 * steady.spread[2, 0]
    assert abs(wandering.spread[2, 1] / steady.spread[2, 1] - 1) < 0.01


def test_a_shift_of_a_steady_channel_shows_beside_one_that_wanders() -> None:
    shifts, _ = learned(wandering=True)
    means = np.zeros((3, 2))
    means[:, 1] = 1.6
    assert shifts.oddness(means, np.zeros(2))[0] > 1
    assert shifts.oddness(means[:, ::-1], np.zeros(2))[0] < 1
    assert shifts.oddness(means, np.full(2, 4.0))[0] < 1
