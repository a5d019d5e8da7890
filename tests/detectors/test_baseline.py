"""The learned baseline on tables whose truth is known."""

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from bench.recordings import TRAIN_ROWS, WORLDS, recordings
from detectors.baseline import Baseline

pytestmark = pytest.mark.slow

OF_ORDER = "a score accumulated over time is not that of shuffled or picked rows"
EXPECTED = {"check_methods_sample_order_invariance": OF_ORDER, "check_methods_subset_invariance": OF_ORDER}

Table = NDArray[np.float64]


def table(seed: int, rows: int = 1000, columns: int = 6, memory: float = 0.3) -> Table:
    """Columns with noise that remembers, two of them tied together; a unit and a level each."""
    chance = np.random.default_rng(seed)
    values = chance.normal(0, 1, (rows, columns))
    for i in range(1, rows):
        values[i] = memory * values[i - 1] + np.sqrt(1 - memory**2) * values[i]
    if columns > 1:
        values[:, 1] = 0.95 * values[:, 0] + 0.3 * values[:, 1]
    return values * 10.0 ** np.arange(columns) + 50


def odd(model: Baseline, values: Table) -> NDArray[np.bool_]:
    return model.predict(values) < 0


#: These pass themselves over where pandas is not installed, or no array library but numpy is asked for: so it is here.
NOT_HERE = {"check_classifier_data_not_an_array", "check_array_api_input"}


def test_it_is_an_estimator_of_scikit_learn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks warn of what is not installed
        results = check_estimator(Baseline(), expected_failed_checks=EXPECTED, on_fail=None)
    by_status: dict[str, set[str]] = {}
    for one in results:
        by_status.setdefault(one["status"], set()).add(one["check_name"])
    assert len(results) > 40
    assert by_status.get("failed", set()) == set()
    assert by_status["xfail"] == set(EXPECTED)
    assert by_status.get("skipped", set()) <= NOT_HERE


def test_one_value_a_row_lower_is_odder_and_the_limit_is_the_offset() -> None:
    values = table(0)
    values[700:, 2] += 400
    model = Baseline().fit(values[:400])
    score, told = model.score_samples(values[400:]), model.predict(values[400:])
    assert score.shape == told.shape == (600,)
    assert score[350:].max() < score[:250].mean()
    assert ((score < model.offset_) == (told == -1)).all()
    assert set(told) == {1, -1}


def test_healthy_rows_never_seen_are_told_about_as_often_as_stated() -> None:
    shares = [odd(Baseline().fit(rows[:400]), rows[400:]).mean() for rows in map(table, range(12))]
    assert 0 < np.mean(shares) <= 0.03
    strict = [odd(Baseline(false_alarm_rate=0.001).fit(rows[:400]), rows[400:]).mean() for rows in map(table, range(4))]
    assert np.mean(strict) < np.mean(shares)


def row_by_row(train: Table, later: Table) -> NDArray[np.bool_]:
    """T² of each row alone, limit at the same rate."""
    middle, inverse = train.mean(axis=0), np.linalg.inv(np.cov(train.T))
    distance = [np.einsum("ij,jk,ik->i", rows - middle, inverse, rows - middle) for rows in (train, later)]
    return np.asarray(distance[1] > np.quantile(distance[0], 0.99))


def test_a_small_shift_that_lasts_shows_where_single_rows_do_not() -> None:
    mine, theirs = [], []
    for seed in range(5):
        values = table(seed)
        values[700:, 3] += 1.7 * 10.0**3
        mine.append(odd(Baseline().fit(values[:400]), values[400:])[340:].mean())
        theirs.append(row_by_row(values[:400], values[400:])[340:].mean())
    assert np.mean(mine) > 0.8
    assert np.mean(theirs) < 0.2


def test_two_columns_that_part_are_seen_though_each_stays_where_it_was() -> None:
    values = table(1, columns=2)
    parted = values.copy()
    parted[700:, 1] = values[700:, 1] - 1.0 * (values[:, 1].std())
    assert np.abs(parted[700:, 1] - parted[:400, 1].mean()).mean() < 2 * values[:, 1].std()
    assert odd(Baseline().fit(parted[:400]), parted[400:])[350:].mean() > 0.9


@pytest.mark.parametrize("size", [8.0, 1e3, 1e9])
def test_a_spike_of_one_row_is_over_soon(size: float) -> None:
    values = table(2)
    values[700, 2] += size * 100
    spiked = odd(Baseline().fit(values[:400]), values[400:])
    assert spiked[300]
    assert spiked[301:].mean() < 0.03


def test_an_alarm_ends_soon_after_its_cause_and_does_not_latch() -> None:
    values = table(3)
    values[600:700, 2] += 2000
    told = odd(Baseline().fit(values[:400]), values[400:])
    assert told[220:300].all()
    assert not told[345:].any() or told[345:].mean() < 0.05
    lasting = table(3, rows=8000)
    lasting[600:, 2] += 2000
    assert odd(Baseline().fit(lasting[:400]), lasting[400:])[-1000:].mean() < 0.1


def test_a_column_that_comes_back_not_quite_to_where_it_was_is_no_new_alarm_and_a_new_fault_is() -> None:
    again, new = [], []
    for seed in range(8):
        values = table(seed)
        spread = values[:, 3].std()
        values[550:750, 3] += 4 * spread
        values[750:, 3] += spread
        again.append(odd(Baseline().fit(values[:400]), values[400:])[410:].mean())
        values[850:, 4] += 4 * values[:, 4].std()
        new.append(odd(Baseline().fit(values[:400]), values[400:])[470:].mean())
    assert np.mean(again) < 0.05
    assert np.mean(new) > 0.9


def test_a_column_that_only_becomes_restless_shows() -> None:
    seen = []
    for seed in range(6):
        values = table(seed)
        values[650:850, 3] = 50 + 3.0 * (values[650:850, 3] - 50)
        told = odd(Baseline().fit(values[:400]), values[400:])
        assert told[:250].mean() < 0.1
        seen.append(told[290:450].mean())
    assert np.mean(seen) > 0.5


def test_a_column_that_wandered_in_training_may_wander_on() -> None:
    shares = []
    for seed in range(8):
        values = table(seed, rows=1200)
        values[:, 2] += 100 * np.cumsum(np.random.default_rng(seed).normal(0.01, 0.3, 1200))
        shares.append(odd(Baseline().fit(values[:400]), values[400:]).mean())
    assert np.mean(shares) < 0.06


def test_an_alarm_ends_with_its_cause_though_another_column_wandered_meanwhile() -> None:
    values = table(9, rows=1100)
    values[600:900, 2] += 4 * values[:, 2].std()
    values[:, 4] += 2.5 * values[:, 4].std() * np.clip((np.arange(1100) - 600) / 300, 0, 1)
    told = odd(Baseline().fit(values[:400]), values[400:])
    assert told[210:490].mean() > 0.95
    assert told[550:].mean() < 0.3


def test_a_column_that_warms_up_all_through_training_may_go_on() -> None:
    shares = []
    for seed in range(6):
        values = table(seed, rows=1000)
        values[:, 3] -= 8 * values[:, 3].std() * np.exp(-np.arange(1000) / 300)
        shares.append(odd(Baseline().fit(values[:400]), values[400:]).mean())
    assert np.mean(shares) < 0.06


def test_a_fault_of_one_steady_column_shows_beside_columns_that_wander() -> None:
    seen = []
    for seed in range(6):
        values, chance = table(seed), np.random.default_rng(seed)
        values[:, 4:] += values[:, 4:].std(axis=0) * np.cumsum(chance.normal(0, 0.1, (1000, 2)), axis=0)
        values[700:, 3] += 2 * values[:, 3].std()
        seen.append(odd(Baseline().fit(values[:400]), values[400:])[340:].mean())
    assert np.mean(seen) > 0.8


def test_gaps_and_columns_that_say_nothing_are_borne() -> None:
    values = table(4)
    values[700:, 3] += 3000
    chance = np.random.default_rng(0)
    holed = np.where(chance.random(values.shape) < 0.3, np.nan, values)
    holed = np.column_stack([holed, np.full(len(holed), np.nan), np.full(len(holed), 7.0)])
    holed[450:, 7] = 8.0
    told = odd(Baseline().fit(holed[:400]), holed[400:])
    assert told[340:].mean() > 0.9
    assert told[:300].mean() < 0.05
    blank = np.full((50, 3), np.nan)
    assert (Baseline().fit(holed[:400, [6, 7, 6]]).predict(blank) == 1).all()
    assert np.isfinite(Baseline().fit(holed[:400]).score_samples(np.full((50, 8), np.nan))).all()


@pytest.mark.parametrize("rows", [2, 3, 10, 40])
def test_short_training_is_enough_to_answer(rows: int) -> None:
    values = table(5)
    score = Baseline().fit(values[:rows]).score_samples(values[rows:])
    assert np.isfinite(score).all()


def test_a_table_of_one_column() -> None:
    values = table(6, columns=1)
    values[700:] += 1.5
    told = odd(Baseline().fit(values[:400]), values[400:])
    assert told[340:].mean() > 0.7  # an alarm that ended by mistake is told anew at a higher limit
    assert told[:300].mean() < 0.05


def test_a_quantised_column_that_hardly_moved_is_judged_by_its_step() -> None:
    values = table(7)
    values[:, 2] = 20.0
    values[np.arange(0, 1000, 90), 2] = 20.5
    values[700:, 2] = 20.5
    told = odd(Baseline().fit(values[:400]), values[400:])
    assert told[:300].mean() < 0.08
    assert told[340:600].mean() > 0.8


def test_the_same_rows_give_the_same_scores_and_later_rows_change_nothing() -> None:
    values = table(8)
    first, second = Baseline().fit(values[:400]), clone(Baseline()).fit(values[:400].copy())
    whole = first.score_samples(values[400:])
    assert (whole == second.score_samples(values[400:])).all()
    assert (whole[:200] == first.score_samples(values[400:600])).all()


def test_settings_that_make_no_sense_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="false_alarm_rate must be between"):
        Baseline(false_alarm_rate=2).fit(table(0))
    with pytest.raises(ValueError, match="windows must be"):
        Baseline(windows=(20, 5)).fit(table(0))
    with pytest.raises(ValueError, match="wander must be"):
        Baseline(wander=0).fit(table(0))


@pytest.mark.parametrize("world", WORLDS)
def test_recordings_are_the_same_again_and_hold_what_they_say(world: str) -> None:
    first, again = (list(recordings(world, 3, seed=5)) for _ in range(2))
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(one.values, two.values, equal_nan=True)
        assert not one.faulty[:TRAIN_ROWS].any()
        assert 200 < one.faulty.sum() < 700
    assert not np.array_equal(first[0].values, next(recordings(world, 1, seed=6)).values, equal_nan=True)
