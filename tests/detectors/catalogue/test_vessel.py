"""The expansion vessel by the gas law: charge lost is found, water lost or filled in is not mistaken for it."""

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from boilerwatch.water import ATMOSPHERE_BAR, expansion
from detectors.catalogue.vessel import Vessel
from tests.detectors.series import T0_MS, findings_of, series

DAYS, DAY_MS = 45, 86_400_000
HOURS = np.arange(0, DAYS * 24, 0.25)


def found(gas_share: Floats, water_l: Floats, step_bar: float, seed: int = 1, season_k: float = 0.0) -> list[Finding]:
    """80 litres, an 8 litre vessel with 0.75 bar, filled to 1.2 bar at 20 °C."""
    chance = np.random.default_rng(seed)
    warm = 42 + 9 * np.sin(HOURS / 24 * 2 * np.pi) + chance.normal(0, 4, len(HOURS)) + season_k * HOURS / HOURS[-1]
    filled_l = 8 * (1 - 1.763 / 2.213)
    gas_l = 8 - filled_l - 80 * expansion(warm) - water_l
    bar = 8 * 1.763 * gas_share / gas_l - ATMOSPHERE_BAR + chance.normal(0, 0.01, len(HOURS))
    columns = {
        "water_pressure_bar": np.round(bar / step_bar) * step_bar,
        "flow_temp_c": warm + 5,
        "return_temp_c": warm - 5,
    }
    return findings_of([series(HOURS, columns)], [Vessel()], beat_ms=21_600_000)


@pytest.mark.parametrize("step_bar", [0.1, 0.004])
def test_a_vessel_that_loses_gas_but_is_filled_up_with_water_is_found_before_the_relief_valve_opens(
    step_bar: float,
) -> None:
    share = 1 - 0.67 * np.clip((HOURS / 24 - 20) / 24, 0, 1)
    findings = found(share, 6.374 * (1 - share), step_bar)
    assert {one.kind for one in findings} == {"vessel_flat"}
    assert any(one.severity == "warning" for one in findings)
    assert (T0_MS + 44 * DAY_MS - findings[0].raised_at_ms) / DAY_MS > 4


@pytest.mark.parametrize("step_bar", [0.1, 0.004])
@pytest.mark.parametrize("season_k", [0.0, 12.0, -12.0])
def test_leak_top_up_and_season_are_not_mistaken_for_it(step_bar: float, season_k: float) -> None:
    steady, days = np.ones(len(HOURS)), HOURS / 24
    for water_l in (0 * days, -0.04 * days, 0.03 * days, np.where(days > 25, 0.8, 0.0)):
        assert found(steady, water_l, step_bar, season_k=season_k) == []
