"""The sealed heating circuit: pressure from the water in it, its temperature and the expansion vessel."""

import numpy as np

from boilerwatch.model import Floats

ATMOSPHERE_BAR = 1.013
KELVIN_PER_DECADE = 10.0


def expansion(water_temp_c: Floats) -> Floats:
    """Return how much water has grown since 20 °C. [litres per litre]

    A parabola through the density table: 1.5 % from 20 to 60 °C, 2.7 % from 20 to 80 °C.

    Examples
    --------
    >>> expansion(np.array([20.0, 60.0, 80.0])).round(4).tolist()
    [0.0, 0.015, 0.027]
    """
    rise_k = np.asarray(water_temp_c, np.float64) - 20.0
    grown: Floats = rise_k * 2.25e-4 + rise_k**2 * 3.75e-6
    return np.maximum(grown, -0.002)


def pressure(
    water_temp_c: Floats, lost_l: Floats, *, system_l: Floats, vessel_l: Floats, charge_bar: Floats, cold_bar: Floats
) -> Floats:
    """Return the gauge pressure of a sealed system by the isothermal gas law. [bar]

    Parameters
    ----------
    water_temp_c
        Mean water temperature. [degrees C]
    lost_l
        Water lost since it was filled to `cold_bar` at 20 °C. [litres]
    system_l, vessel_l
        Water content and vessel size. [litres]
    charge_bar
        Gas charge of the vessel without water. [bar, gauge]
    cold_bar
        Filling pressure at 20 °C. [bar, gauge]

    Examples
    --------
    >>> one = np.array([1.0])
    >>> hot = pressure(np.array([60.0]), 0 * one, system_l=80 * one, vessel_l=8 * one, charge_bar=0.75 * one, cold_bar=1.2 * one)
    >>> bool(1.6 < hot[0] < 1.85)
    True
    """
    gas_l = vessel_l * (charge_bar + ATMOSPHERE_BAR) / (cold_bar + ATMOSPHERE_BAR)
    gas_now_l = np.clip(gas_l - system_l * expansion(water_temp_c) + lost_l, 0.05 * vessel_l, vessel_l)
    with_water: Floats = vessel_l * (charge_bar + ATMOSPHERE_BAR) / gas_now_l - ATMOSPHERE_BAR
    empty = lost_l - system_l * expansion(water_temp_c) > vessel_l - gas_l
    return np.clip(np.where(empty, 0.0, with_water), 0.0, 3.0)
