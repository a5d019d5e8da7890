"""Physics at known points: the reference's figures, and limits that nature sets."""

import numpy as np
import pytest

from boilerwatch.model import Floats
from simulators.physics import building, burner, flue, hot_water, tank, water


def one(value: float) -> Floats:
    return np.array([value])


def bar_at(water_c: float, gas_share: float = 1.0, lost_l: float = 0.0, refilled_to: float | None = 1.2) -> float:
    """Pressure of the reference's system: 80 l, vessel 8 l at 0.75 bar, filled to 1.2 bar cold (devices guide 6)."""
    amount = one(8 * (0.75 + water.ATMOSPHERE_BAR) * gas_share)
    cold_l = amount / ((refilled_to or 1.2) + water.ATMOSPHERE_BAR)
    gas_l = water.gas_volume(one(water_c), one(lost_l), system_l=one(80), gas_cold_l=cold_l, vessel_l=one(8))
    return float(water.pressure(gas_l, amount, one(8))[0])


@pytest.mark.parametrize(("water_c", "bar"), [(40, 1.38), (50, 1.53), (60, 1.72), (70, 1.99)])
def test_pressure_follows_temperature_as_the_reference_computes(water_c: float, bar: float) -> None:
    assert bar_at(water_c) == pytest.approx(bar, abs=0.02)


@pytest.mark.parametrize(("share", "water_c", "bar"), [(0.75, 70, 2.39), (0.5, 60, 2.57), (0.25, 40, 2.16)])
def test_a_vessel_that_lost_its_charge_makes_pressure_climb(share: float, water_c: float, bar: float) -> None:
    assert bar_at(water_c, share) == pytest.approx(bar, abs=0.05)
    assert bar_at(50, 0.25) > 3


def test_a_litre_lost_costs_a_third_of_a_bar_and_an_empty_vessel_the_rest() -> None:
    assert bar_at(20) - bar_at(20, lost_l=1) == pytest.approx(0.35, abs=0.08)
    assert bar_at(20, lost_l=1.6) > 0.7
    assert bar_at(20, lost_l=2.2) < 0.5
    assert bar_at(20, lost_l=50) == 0


def test_water_expands_as_the_density_table_says() -> None:
    assert water.expansion(np.array([20.0, 60, 80])) == pytest.approx([0, 0.015, 0.027], abs=3e-4)


def test_an_installers_system_swings_as_he_wants() -> None:
    size = water.system_for_swing(one(0.45), one(62), vessel_l=one(8), charge_bar=one(0.75), cold_bar=one(1.2))
    amount = one(8 * (0.75 + water.ATMOSPHERE_BAR))
    gas_l = water.gas_volume(
        one(62), one(0), system_l=size, gas_cold_l=amount / (1.2 + water.ATMOSPHERE_BAR), vessel_l=one(8)
    )
    assert water.pressure(gas_l, amount, one(8))[0] == pytest.approx(1.65, abs=1e-6)


def test_a_relief_valve_opens_at_three_bar_and_closes_lower() -> None:
    amount = one(14.0)
    shut, opened = (amount / (bar + water.ATMOSPHERE_BAR) for bar in (2.99, 3.2))
    assert water.vented(shut, amount)[0] == 0
    out = water.vented(opened, amount)
    assert water.pressure(opened + out, amount, one(8))[0] == pytest.approx(water.RESEAT_BAR)
    assert water.weeping(one(1.5), one(2.0), one(0.1))[0] == 0
    assert water.weeping(one(2.5), one(2.0), one(0.1))[0] == pytest.approx(0.05)


def test_twenty_kelvin_at_full_load_is_seventeen_litres_a_minute() -> None:
    assert water.spread(one(24_000), one(17.2))[0] == pytest.approx(20, abs=0.1)


def test_a_tank_keeps_its_heat_but_for_what_is_drawn_and_what_its_shell_loses() -> None:
    volume, warm = one(160.0), one(55.0)
    heat_j = 160 * water.WATER_J_PER_L_K
    after = tank.warmed(warm, one(20.0), one(12_000.0), 60.0, volume)
    lost_w = tank.standing_loss(volume) * 35
    assert (after - warm) * heat_j == pytest.approx((12_000 - lost_w) * 60)
    assert lost_w[0] * 24 / 35 * 45 == pytest.approx(1_900, rel=0.06), "about 1.9 kWh a day at 45 K"
    sips, gulp = warm, tank.after_draw(warm, one(10.0), one(30.0), volume)
    for _ in range(30):
        sips = tank.after_draw(sips, one(10.0), one(1.0), volume)
    assert sips[0] == pytest.approx(gulp[0]), "thirty litres are thirty litres"
    assert tank.after_draw(warm, one(10.0), one(9_000.0), volume)[0] == pytest.approx(10.0)


def test_water_of_a_hot_tank_is_mixed_at_the_tap_and_a_coil_passes_less_than_its_wall_could() -> None:
    drawn = tank.drawn_hot(one(60.0), one(60.0), one(10.0))[0]
    assert drawn * 60 + (60 - drawn) * 10 == pytest.approx(60 * tank.MIXED_C)
    assert tank.drawn_hot(one(60.0), one(tank.MIXED_C - 1), one(10.0))[0] == 60
    wall, loop = one(720.0), one(907.0)
    assert tank.coil_conductance(wall, loop)[0] < min(wall[0], loop[0])
    assert tank.coil_conductance(wall, one(1e7))[0] == pytest.approx(720, rel=1e-3)


def test_a_tanks_thermostat_keeps_to_its_hysteresis() -> None:
    no, yes = np.array([False]), np.array([True])
    assert [bool(tank.calls(one(c), one(55), no)[0]) for c in (49.9, 50.1, 54.9)] == [True, False, False]
    assert [bool(tank.calls(one(c), one(55), yes)[0]) for c in (49.9, 54.9, 55.0)] == [True, True, False]


def test_heat_is_kept_and_a_home_cools_towards_the_weather() -> None:
    air, mass = one(20.0), one(19.0)
    home = {
        "air_j_per_k": one(2e6),
        "mass_j_per_k": one(4e7),
        "coupling_w_per_k": one(600.0),
        "loss_w_per_k": one(150.0),
    }
    before = air * 2e6 + mass * 4e7
    lost_j = 75.0 * (air + 5) * 60 + 75.0 * (mass + 5) * 60
    air, mass = building.warmed(air, mass, one(-5.0), one(3_000.0), one(500.0), 60.0, **home)
    assert air * 2e6 + mass * 4e7 - before == pytest.approx(3_500 * 60 - lost_j)
    for _ in range(60 * 24 * 40):
        air, mass = building.warmed(air, mass, one(-5.0), one(0.0), one(0.0), 60.0, **home)
    assert air[0] == pytest.approx(-5, abs=0.1)
    assert building.emission(one(18.0), one(20.0), one(6_000.0))[0] == 0


def test_sparks_light_within_the_safety_time_or_not_at_all() -> None:
    assert burner.failed_attempt(one(1.6), one(0))[0] < 0.003
    assert burner.failed_attempt(one(0.1), one(0))[0] > 0.6
    assert burner.failed_attempt(one(1.6), one(6))[0] == 1
    took = burner.ignition_time(np.linspace(0, 0.999, 200), np.full(200, 0.3), np.full(200, 0.5))
    assert took.min() >= 1.3
    assert took.max() <= burner.SAFETY_S


def test_flame_current_lies_where_real_boilers_show_it() -> None:
    shown = burner.flame_current(np.array([0.28, 0.34, 0.61]), np.ones(3))
    assert shown == pytest.approx([25.7, 23.0, 37.4], abs=4)
    assert burner.losses_per_h(one(20.0))[0] < 1e-6
    assert burner.losses_per_h(one(1.5))[0] > 60


def test_gas_that_sags_limits_the_load() -> None:
    assert burner.gas_limit(one(20))[0] > 1
    assert 0.5 < burner.gas_limit(one(9))[0] < 0.8
    assert burner.gas_limit(one(4))[0] == 0


def test_a_worn_fan_lags_and_a_blocked_one_runs_ahead_of_its_order_with_less_air() -> None:
    assert burner.fan_ratio(one(0), one(1), one(1))[0] == 1
    assert burner.fan_ratio(one(1), one(1), one(1))[0] == pytest.approx(0.8)
    blocked = burner.air_share(one(8))
    assert blocked[0] < 0.7
    ahead = burner.fan_ratio(one(0), blocked, one(1))
    assert 1.07 < ahead[0] < 1.2
    assert ahead[0] * blocked[0] < 0.75


def test_a_condensing_flue_is_as_hot_as_the_reference_says_and_scale_heats_it() -> None:
    left = flue.unexchanged(np.array([0.3, 1.0]), np.full(2, 3.9), np.zeros(2))
    over_k = flue.FLAME_OVER_RETURN_K * left
    assert (45 + 5 + over_k).max() < 75
    scaled = flue.FLAME_OVER_RETURN_K * flue.unexchanged(np.array([0.3, 1.0]), np.full(2, 3.9), np.full(2, 0.5))
    assert (scaled - over_k > 15).all()
    assert flue.condensing(np.array([60.0, 25.0])) == pytest.approx([0, 1])


def test_a_clean_plate_needs_a_flow_of_sixty_and_a_scaled_one_more_but_never_less_than_the_tap() -> None:
    loop, clean = one(13 * water.W_PER_K_LPM), one(1_350)
    eight = one(8.6 * water.W_PER_K_LPM)
    needed = 8 + 40 * eight / hot_water.conductance(clean, eight, loop)
    assert 55 < needed[0] < 66
    scaled = hot_water.fouled(clean, one(2))
    assert 8 + 40 * eight / hot_water.conductance(scaled, eight, loop) > 85
    little = one(2.0 * water.W_PER_K_LPM)
    assert 48 < 8 + 40 * little / hot_water.conductance(clean, little, loop) < 49
