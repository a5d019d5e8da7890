"""Boilers with a storage tank: charged by priority between hysteresis, drawn empty by taps, and no riddle to detectors."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from boilerwatch.errors import InputError
from boilerwatch.model import Floats
from boilerwatch.register import read_fleet
from detectors.replay import replay
from simulators.dataset import Order, write
from simulators.episode import episodes_of
from simulators.fleet import Fleet
from simulators.nuisances import RATES
from simulators.score import score
from simulators.truth import read_truth
from simulators.watch import watch_beside

pytestmark = pytest.mark.slow

START_S, MODEL = 1_767_571_200.0, "Vitola 160 T"
Bools = np.ndarray


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Floats]:
    """Three days of thirty such boilers by the minute, without nuisances, shape (minutes, boilers)."""
    for name in RATES:
        monkeypatch.setitem(RATES, name, 0.0)
    fleet = Fleet(30, 3, START_S, (MODEL,))
    steps = [fleet.step(60.0) for _ in range(3 * 1_440)]
    assert not [code for step in steps for code in step.codes]
    return {name: np.array([step.columns[name] for step in steps]) for name in steps[0].columns}


def test_a_tank_is_charged_within_its_hysteresis_by_a_hot_flow_and_heating_waits(told: dict[str, Floats]) -> None:
    active, below_k = told["dhw_active"] > 0.5, told["dhw_setpoint_c"] - told["dhw_temp_c"]
    starts = np.diff(active.astype(int), axis=0) > 0
    ends = np.diff(active.astype(int), axis=0) < 0
    assert 2 < starts.sum() / 30 / 3 < 8, "charges a day"
    assert 4 < active.sum() / starts.sum() < 25, "minutes a charge"
    assert np.median(below_k[1:][starts]) == pytest.approx(5, abs=1)
    assert np.median(below_k[1:][ends]) == pytest.approx(0, abs=1)
    flow = told["flow_temp_c"][active]
    assert np.percentile(flow, 10) > 65
    assert flow.max() < 88
    heating = told["ch_active"] > 0.5
    assert (active & heating).any(), "both are asked for at times"
    both = told["flow_temp_c"][active & heating]
    only = told["flow_temp_c"][~active & heating & (told["flame_on"] > 0.5)]
    assert np.median(both) > np.median(only) + 5, "and then the tank has its way"


def test_between_charges_a_tank_cools_slowly_and_taps_draw_it_down(told: dict[str, Floats]) -> None:
    idle = told["dhw_active"][1:] < 0.5
    change = np.diff(told["dhw_temp_c"], axis=0)
    nights = slice(18 * 60, 20 * 60)  # two to four in Beijing
    assert -0.5 < np.median(change[nights][idle[nights]].mean()) * 60 < -0.1, "kelvin an hour"
    assert told["dhw_temp_c"].min() > 25
    assert change.min() < -1.0, "a shower"


def test_a_tank_has_no_plates_to_scale_and_a_diverter_that_passes_warms_it_beyond_its_set_point() -> None:
    fleet = Fleet(8, 3, START_S, (MODEL,))
    with pytest.raises(InputError, match="comes from a tank"):
        fleet.add_fault(0, "plate_scale", START_S)
    before = [fleet.step(600.0).columns for _ in range(144)]
    for boiler in range(8):
        fleet.add_fault(boiler, "diverter_passing", START_S + 86_400, end=0.8, days=0.01)
    after = [fleet.step(600.0).columns for _ in range(144)]
    over = [np.mean([one["dhw_temp_c"] > one["dhw_setpoint_c"] + 2 for one in some]) for some in (before, after)]
    assert over[0] < 0.02
    assert over[1] > over[0] + 0.05


def test_detectors_are_not_confused_by_healthy_tanks(tmp_path: Path) -> None:
    write(Order(30, 30, 8, START_S, faults=0.0, models=(MODEL,)), tmp_path)
    boilers = read_fleet(tmp_path / "fleet.csv").boilers
    found = list(replay(tmp_path / "readings.jsonl.gz", boilers, Counter()))
    watch = watch_beside(tmp_path / "truth.csv")
    assert watch is not None
    result = score(episodes_of(found), read_truth(tmp_path / "truth.csv"), watch.boiler_days, watch.codes)
    assert [one.kind for one in result.false] == []
