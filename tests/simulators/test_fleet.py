"""The fleet: healthy boilers stay healthy and within the reference's ranges, equal seeds give equal fleets, faults are refused."""

import numpy as np
import pytest

from boilerwatch import codes
from boilerwatch.errors import InputError
from boilerwatch.model import Floats
from boilerwatch.signals import BY_NAME
from simulators.controller import PROBLEMS
from simulators.dialects import DIALECTS
from simulators.faults import MECHANISMS
from simulators.fleet import Fleet
from simulators.models import MODELS, STEPS, code_of
from simulators.nuisances import RATES

pytestmark = pytest.mark.slow

START_S = 1_767_571_200.0


def run(fleet: Fleet, days: float, seconds: float = 300.0) -> tuple[dict[str, Floats], list[tuple[int, str, bool]]]:
    """Return what a fleet tells, shape (steps, boilers), and its codes."""
    told = [fleet.step(seconds) for _ in range(round(days * 86_400 / seconds))]
    columns = {name: np.array([step.columns[name] for step in told]) for name in told[0].columns}
    return columns, [code for step in told for code in step.codes]


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No nuisances."""
    for name in RATES:
        monkeypatch.setitem(RATES, name, 0.0)


@pytest.mark.parametrize("world", ["usual", "outside"])
def test_a_healthy_fleet_never_locks_out_and_stays_within_the_references_ranges(quiet: None, world: str) -> None:
    fleet = Fleet(60, 3, START_S, world=world)  # type: ignore[arg-type]  # both are worlds
    columns, told = run(fleet, 8)
    assert told == []
    for name, values in columns.items():
        known = values[~np.isnan(values)]
        assert known.min() >= BY_NAME[name].low, name
        assert known.max() <= BY_NAME[name].high, name
    if world == "outside":
        return
    bar = columns["water_pressure_bar"]
    has = ~np.isnan(bar[0])
    swing = np.percentile(bar[:, has], 99, axis=0) - np.percentile(bar[:, has], 1, axis=0)
    assert 0.2 < np.median(swing) < 0.6
    assert bar[:, has].max() < 2.5
    assert bar[:, has].min() > 0.9
    burning = columns["flame_on"] > 0.5
    current = columns["flame_current_ua"][burning]
    assert np.nanpercentile(current, 1) > 10
    assert np.nanpercentile(current, 99) < 60
    spread = (columns["flow_temp_c"] - columns["return_temp_c"])[burning]
    assert 4 < np.median(spread) < 20
    assert np.percentile(spread, 99) < 30
    condensing = np.array([model.condensing for model in fleet.models])
    flue = np.where(burning & condensing, columns["flue_temp_c"], np.nan)
    assert 35 < np.nanmedian(flue) < 65
    assert np.nanpercentile(flue, 99) < 95
    hot = np.where(burning & ~condensing, columns["flue_temp_c"], np.nan)
    assert 90 < np.nanmedian(hot) < 180


def test_counters_never_fall_and_count_starts_between_readings() -> None:
    fleet = Fleet(40, 5, START_S)
    columns, _ = run(fleet, 1, 1_800.0)
    for name in ("burner_starts", "burner_hours", "ignition_failures", "flame_losses"):
        assert (np.nan_to_num(np.diff(columns[name], axis=0)) >= 0).all(), name
    seen = (np.diff(columns["flame_on"], axis=0) > 0).sum()
    counted = np.nansum(columns["burner_starts"][-1] - columns["burner_starts"][0])
    assert counted > 1.5 * seen, "half-hourly snapshots miss most cycles"


def test_equal_seeds_give_equal_fleets_and_others_do_not() -> None:
    first, second, other = (Fleet(20, seed, START_S).step(3_600) for seed in (7, 7, 8))
    for name, values in first.columns.items():
        assert np.array_equal(values, second.columns[name], equal_nan=True)
    assert not np.array_equal(first.columns["flow_temp_c"], other.columns["flow_temp_c"])


def test_a_world_outside_draws_nothing_from_within_the_usual_ranges() -> None:
    usual, outside = (Fleet(300, 2, START_S, world=world)._plant.homes for world in ("usual", "outside"))  # type: ignore[arg-type]
    low, high = usual.charge_bar.min(), usual.charge_bar.max()
    assert ((outside.charge_bar < low + 0.01) | (outside.charge_bar > high - 0.01)).all()


def test_every_model_says_what_its_dialects_and_its_familys_codes_know() -> None:
    assert len(MODELS) >= 8
    for model in MODELS:
        assert set(model.dialects) <= set(DIALECTS)
        assert set(model.signals) <= set(STEPS)
        for cause in ("low_pressure", "overheat", "no_ignition", "flame_losses", "fan", "no_circulation", "board"):
            code = code_of(model.family, *PROBLEMS[cause])
            row = codes.look_up(model.family, code)
            assert row is not None, (model.name, cause)
            assert row.problem in PROBLEMS[cause]
    spoken = {dialect for model in MODELS for dialect in model.dialects}
    assert spoken == set(DIALECTS)


def test_only_named_models_are_in_a_fleet_that_asks_for_them() -> None:
    fleet = Fleet(30, 1, START_S, models=("eco-tec 25", "GB 24"))
    assert {model.name for model in fleet.models} == {"ecoTEC 25", "GB 24"}
    with pytest.raises(InputError, match="there is no such model"):
        Fleet(1, 1, START_S, models=("Samovar",))


@pytest.mark.parametrize(
    ("model", "kind", "end", "said"),
    [
        ("Condens 18 S", "plate_scale", None, "makes no hot water"),
        ("turboMAG 24", "condensate_blocked", None, "does not condense"),
        ("RBF 20", "pressure_sensor_failed", None, "has no pressure sensor"),
        ("GB 24", "slow_leak", -1.0, "litres_per_day=-1 is impossible"),
        ("GB 24", "vessel_flat", 2.0, "gas_share=2 is impossible"),
        ("GB 24", "silent", None, "this fleet cannot have it"),
        ("GB 24", "melted", None, "there is no such fault"),
    ],
)
def test_what_physics_forbids_is_refused(model: str, kind: str, end: float | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Fleet(1, 1, START_S, models=(model,)).add_fault(0, kind, START_S, end=end)


def test_every_kind_that_a_process_can_have_has_one() -> None:
    from boilerwatch.kinds import KIND_BY_NAME

    assert set(KIND_BY_NAME) - set(MECHANISMS) == {"silent", "signal_stale", "unusual", "maintenance_code"}
