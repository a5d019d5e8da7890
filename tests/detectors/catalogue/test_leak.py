"""Cold pressure that creeps up without a step is a filling loop, one that sinks a leak; one that steps or stays is nothing."""

import numpy as np
import pytest

from boilerwatch.model import Finding
from detectors.catalogue.leak import SlowLeak
from tests.detectors.series import findings_of, series

HOURS = np.arange(0, 30 * 24, 0.5)


def found(bar_per_day: float, step_bar: float, seed: int = 1, jump_bar: float = 0.0) -> list[Finding]:
    """The one real log of the field guide: half-hourly, 0.01 bar/K; here with a gain from the tenth day on."""
    chance = np.random.default_rng(seed)
    warm = 45 + 15 * np.sin(HOURS / 24 * 2 * np.pi) + chance.normal(0, 4, len(HOURS))
    days = np.maximum(HOURS / 24 - 10, 0)
    bar = 1.3 + 0.01 * (warm - 45) + bar_per_day * days + np.where(days > 0, jump_bar, 0.0)
    columns = {
        "water_pressure_bar": np.round(bar / step_bar) * step_bar,
        "flow_temp_c": warm + 5,
        "return_temp_c": warm - 5,
    }
    return findings_of([series(HOURS, columns)], [SlowLeak()], beat_ms=21_600_000)


@pytest.mark.parametrize("step_bar", [0.1, 0.004])
def test_water_that_creeps_in_is_a_filling_loop_found_before_the_relief_valve_opens(step_bar: float) -> None:
    findings = found(0.05, step_bar)
    assert {one.kind for one in findings} == {"filling_loop_passing"}
    assert any(one.severity == "warning" for one in findings)
    assert 0.02 < findings[0].values["gain_bar_per_day"] < 0.07
    assert findings[0].values["days_to_limit"] > 5


@pytest.mark.parametrize("step_bar", [0.1, 0.004])
def test_a_tight_system_and_one_that_is_filled_up_once_raise_nothing(step_bar: float) -> None:
    for seed in range(3):
        assert found(0.0, step_bar, seed) == []
        assert found(0.0, step_bar, seed, jump_bar=0.5) == []


def standing(bar_per_day: float, lost_bar: float = 0.0, *, told: bool = True) -> list[Finding]:
    """Heat by day and let the circuit cool by night; once the burner is out the boiler's sensors keep their warmth.

    From the tenth day on the nights grow longer: block means of pressure sink, those of the sensors do not.
    """
    hour, days = HOURS % 24, HOURS / 24
    heats = (hour > 6) & (hour < np.where(days > 10, 14 - (days - 10) / 4, 14))
    circuit = np.where(heats, 50.0, 25.0)
    bar = 1.4 + 0.012 * (circuit - 50) - np.maximum(days - 10, 0) * bar_per_day - np.where(days > 26, lost_bar, 0.0)
    columns = {"water_pressure_bar": np.round(bar, 2), "flow_temp_c": np.where(heats, 55.0, 50.0)}
    columns |= {"return_temp_c": np.where(heats, 45.0, 50.0)} | ({"flame_on": heats.astype(float)} if told else {})
    return findings_of([series(HOURS, columns)], [SlowLeak()], beat_ms=21_600_000)


def test_a_sensor_that_stands_warm_while_the_circuit_cools_is_no_leak_and_hides_none() -> None:
    assert standing(0.0) == []
    leak = standing(0.03)
    assert {one.kind for one in leak} == {"slow_leak"}
    assert leak[0].values["loss_bar_per_day"] == pytest.approx(0.03, abs=0.008)


def test_air_let_out_two_days_ago_is_a_step_and_no_leak() -> None:
    assert standing(0.0, 0.15) == []
