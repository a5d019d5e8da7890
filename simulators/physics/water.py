"""The sealed heating circuit: pressure from the water in it, its temperature and the expansion vessel; flow and spread."""

import numpy as np

from boilerwatch.model import Floats

ATMOSPHERE_BAR = 1.013
#: Of water, of which a litre is taken to weigh a kilogram. [J/(l K)]
WATER_J_PER_L_K = 4_186.0
#: The same for a flow in litres a minute. [W/K for 1 l/min]
W_PER_K_LPM = WATER_J_PER_L_K / 60
#: A relief valve opens here and closes again a tenth lower (Vaillant ecoMAX manual: 3 bar). [bar]
RELIEF_BAR, RESEAT_BAR = 3.0, 2.7
#: Of the vessel, the gas that never leaves however much water comes. [-]
_LEAST_GAS = 0.03
#: Air in radiators and in the separator: what still gives way when the vessel holds no water. [l]
_AIR_POCKET_L = 0.6


def expansion(water_temp_c: Floats) -> Floats:
    """Return how much water has grown since 20 °C. [litres per litre]

    A parabola through the density table: 1.5 % from 20 to 60 °C, 2.7 % from 20 to 80 °C; below 20 °C it shrinks little.

    Examples
    --------
    >>> expansion(np.array([20.0, 60.0, 80.0])).round(4).tolist()
    [0.0, 0.015, 0.027]
    """
    rise_k = water_temp_c - 20.0
    grown: Floats = rise_k * (2.25e-4 + rise_k * 3.75e-6)
    return np.maximum(grown, -0.0025)


def system_for_swing(
    swing_bar: Floats, hot_c: Floats, *, vessel_l: Floats, charge_bar: Floats, cold_bar: Floats
) -> Floats:
    """Return the water content with which pressure swings by so much between 20 °C and hot. [litres]

    An installer sizes vessel and system for each other; this is the isothermal gas law solved for the system.

    Examples
    --------
    >>> one = np.ones(1)
    >>> size = system_for_swing(0.45 * one, 62 * one, vessel_l=8 * one, charge_bar=0.75 * one, cold_bar=1.2 * one)
    >>> bool(55 < size[0] < 75)
    True
    """
    gas_l = vessel_l * (charge_bar + ATMOSPHERE_BAR) / (cold_bar + ATMOSPHERE_BAR)
    grown_l = gas_l * swing_bar / (cold_bar + swing_bar + ATMOSPHERE_BAR)
    size: Floats = grown_l / expansion(hot_c)
    return size


def gas_volume(
    water_temp_c: Floats, lost_l: Floats, *, system_l: Floats, gas_cold_l: Floats, vessel_l: Floats
) -> Floats:
    """Return what the water leaves of the vessel to the gas. [litres]

    Parameters
    ----------
    water_temp_c
        Mean temperature of all water. [degrees C]
    lost_l
        Water that went since it was filled at 20 °C, negative for water that came. [litres]
    gas_cold_l
        Gas volume when it was filled at 20 °C. [litres]
    """
    return np.maximum(gas_cold_l - system_l * expansion(water_temp_c) + lost_l, _LEAST_GAS * vessel_l)


def pressure(gas_l: Floats, amount_bar_l: Floats, vessel_l: Floats) -> Floats:
    """Return the gauge pressure by the isothermal gas law; once the vessel holds no water it falls fast. [bar]

    Parameters
    ----------
    gas_l
        Gas volume, which a system that lost more than the vessel held seems to exceed. [litres]
    amount_bar_l
        Absolute pressure times volume of the gas. [bar l]

    Examples
    --------
    >>> one = np.ones(1)
    >>> amount = 8 * (0.75 + ATMOSPHERE_BAR) * one
    >>> gas = gas_volume(60 * one, 0 * one, system_l=80 * one, gas_cold_l=amount / (1.2 + ATMOSPHERE_BAR), vessel_l=8 * one)
    >>> pressure(gas, amount, 8 * one).round(2).tolist()  # 1.72 in the table of reference numbers
    [1.72]
    """
    missing_l = np.maximum(gas_l - vessel_l, 0.0)
    bar: Floats = amount_bar_l / (gas_l - missing_l) * (_AIR_POCKET_L / (_AIR_POCKET_L + missing_l)) - ATMOSPHERE_BAR
    return np.maximum(bar, 0.0)


def vented(
    gas_l: Floats, amount_bar_l: Floats, opens_bar: float = RELIEF_BAR, closes_bar: float = RESEAT_BAR
) -> Floats:
    """Return what a relief valve lets out until it closes again, nought where it stays shut. [litres]"""
    opened = gas_l < amount_bar_l / (opens_bar + ATMOSPHERE_BAR)
    out: Floats = np.where(opened, amount_bar_l / (closes_bar + ATMOSPHERE_BAR) - gas_l, 0.0)
    return out


def weeping(bar: Floats, seat_bar: Floats, litres_per_h_bar: Floats) -> Floats:
    """Return what a relief valve loses whose seat lets water by above a pressure. [litres/h]"""
    out: Floats = np.maximum(bar - seat_bar, 0.0) * litres_per_h_bar
    return out


def spread(heat_w: Floats, flow_lpm: Floats) -> Floats:
    """Return by how much a flow of water warms. [K]

    Examples
    --------
    >>> spread(np.array([24_000.0]), np.array([17.2])).round(1).tolist()
    [20.0]
    """
    warmed: Floats = heat_w / (flow_lpm * W_PER_K_LPM)
    return warmed
