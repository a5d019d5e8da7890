"""Habits on plain tables of days: what drives explains, what lasts shows, what is unknown counts for less."""

import numpy as np

from boilerwatch.model import Floats
from detectors.habit import Habit

DAYS = 74
RAMP = np.clip((np.arange(DAYS) - 44) / 12, 0, 1)  # slow: a jump would be a setting
LIMIT = np.array(5.0)


def worst(table: Floats, gap_days: Floats | None = None) -> Floats:
    """How odd each day of one boiler is; columns are a judged one and its driver, floors of one."""
    habit = Habit(np.ones(2), np.array([False, True]))
    out = []
    for day, row in enumerate(table):
        gap = np.array([1.0 if gap_days is None else gap_days[day]])
        mine, look = habit.take(np.array([0]), gap, row[None], LIMIT)
        out.append(float(look.odd.max()) if len(mine) else 0.0)
    return np.array(out)


def driven(seed: int = 0) -> Floats:
    """A driver that swings for six weeks and then stays high, and a column that follows it."""
    chance = np.random.default_rng(seed)
    driver = chance.normal(0, 3, DAYS)
    driver[44:] = 5.5 * RAMP[44:] + chance.normal(0, 0.3, DAYS - 44)
    return np.column_stack([2 * driver + chance.normal(0, 0.7, DAYS), driver])


def test_what_a_driver_explains_is_not_odd_but_the_same_without_it_is() -> None:
    assert worst(driven()).max() < 3
    alone = driven()
    alone[:, 1] -= 5.5 * RAMP
    assert worst(alone).max() > 5


def test_a_driver_beyond_what_was_learned_makes_all_else_count_less() -> None:
    """The column moves as much both times; the driver has gone where its line is not known the second time."""
    bent = driven()
    bent[:, 0] += 12 * RAMP
    assert worst(bent)[44:].max() > 5
    unknown = bent.copy()
    unknown[:, 1] += 6 * RAMP
    assert worst(unknown)[44:].max() < 3


def test_nothing_is_said_before_six_weeks_nor_after_a_month_without_days() -> None:
    early = driven()
    early[:, 0] += np.clip(np.arange(DAYS) - 30, 0, 12)
    assert worst(early)[: 28 + 14].max() == 0
    later = driven()
    later[:, 0] += 12 * RAMP
    gaps = np.ones(DAYS)
    gaps[50] = 40
    assert worst(later, gaps)[50:].max() == 0
    assert worst(later)[50:].max() > 5
