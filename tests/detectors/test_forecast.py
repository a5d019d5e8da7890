"""When a boiler will stop, on ways that are known by formula."""

import numpy as np
import pytest

from detectors.forecast import emptying, filling, forecast, growing_since, locking

AGE = np.arange(12.0)[None, :]


def way(began_days_ago: float, exponent: float, days: float = 20.0) -> np.ndarray:
    """A wear that reaches 1 after `days`, seen on the last twelve days, newest first."""
    return (np.clip(began_days_ago - AGE, 0, None) / days) ** exponent


@pytest.mark.parametrize("began", [2, 5, 9])
def test_a_growth_is_dated_to_where_it_left_nought(began: int) -> None:
    gone = way(began, 1.0)
    gone[0, 3] = np.nan  # a day without readings
    assert abs(growing_since(gone, AGE)[0] - began) <= 1


@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("stops_at", [0.4, 0.7, 1.0])
def test_the_interval_holds_wear_that_goes_evenly_or_ever_faster(exponent: float, stops_at: float) -> None:
    began, days = 8.0, 20.0
    seen = way(began, exponent, days)
    left_days = days * stops_at ** (1 / exponent) - began
    come = forecast(seen, AGE, seen[:, 0], np.array([1.0]))
    assert come.soonest[0] <= left_days <= come.latest[0]
    assert come.soonest[0] <= come.expected[0] <= come.latest[0]


def test_what_is_beyond_its_limit_may_stop_at_once_but_no_day_is_told_better_than_a_day() -> None:
    come = forecast(way(8.0, 1.0), AGE, np.array([2.0]), np.array([1.0]))
    assert (come.soonest[0], come.expected[0], come.latest[0]) == (0.0, 0.0, 1.0)


def test_pressure_empties_within_the_interval_evenly_or_fading() -> None:
    loss, cold = 0.05, 1.3
    expected, soonest, latest = emptying(cold, 0.5, loss, 0.002)
    assert expected == pytest.approx((cold - 0.5) / loss)
    assert soonest <= (cold - 0.9) / loss <= expected <= latest
    assert latest >= cold * np.log(cold / 0.5) / loss  # seeping in proportion to pressure
    assert emptying(0.4, 0.5, loss, 0.002) == (0.0, 0.0, 1.0)
    assert emptying(-0.1, 0.5, loss, 0.002) == (0.0, 0.0, 1.0)  # a sensor below nought


def test_pressure_rises_to_the_valve_sooner_where_hot_water_stands_higher() -> None:
    expected, soonest, latest = filling(1.5, 2.5, 3.0, 0.1, 0.01)
    assert expected == pytest.approx(11.0)
    assert soonest < expected < latest
    assert soonest <= (2.0 - 1.5) / 0.2  # the seat wears on
    assert filling(3.1, 2.5, 3.0, 0.1, 0.01) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("began_days", [2.0, 6.0])
@pytest.mark.parametrize("starts", [2, 30])
@pytest.mark.parametrize("exponent", [1.0, 1.5, 2.0])
def test_lock_outs_of_worn_sparks_come_within_the_interval_by_chance(
    began_days: float, starts: int, exponent: float
) -> None:
    """Two hundred boilers whose share of failed attempts grows from a fifth, four attempts a start, drawn start by start."""
    chance = np.random.default_rng(3)
    expected, soonest, latest = locking(0.2, began_days, float(starts))
    assert soonest < expected < latest
    after = np.arange(0, 120, 1 / starts)
    share = np.minimum(0.2 * (1 + after / began_days) ** exponent, 0.9)
    failed = chance.random((200, len(after))) < share**4
    locked = after[failed.argmax(axis=1)]
    assert np.mean((locked >= soonest) & (locked <= latest)) > 0.8


def test_a_boiler_that_starts_once_a_day_lasts_longer_than_one_that_starts_fifty_times() -> None:
    assert locking(0.45, 3.0, 1.0)[2] > 3 * locking(0.45, 3.0, 50.0)[2]
    assert locking(0.45, 3.0, 50.0)[0] < 1.0


@pytest.mark.parametrize("gas_days", [12.0, 20.0])
def test_a_vessel_that_loses_its_gas_evenly_and_is_filled_up_fails_within_the_interval_that_its_loss_told(
    gas_days: float,
) -> None:
    """Absolute pressure falls with the gas (isothermal law); a third of it opens the relief valve near 55 degrees (guide 6)."""
    cold = 1.3
    loss = (cold + 1.013) * 0.67 / gas_days
    _, soonest, latest = emptying(cold, 0.5, loss, 0.1 * loss)
    assert soonest <= gas_days <= latest
