"""Water in a sealed heating circuit: what its pressure would be at 20 °C.

The boiler does not know its installation, so a usual one stands in: 80 l of water, a vessel of 8 l charged to 0.75 bar.
Source: the devices guide's healthy slope (isothermal gas law; 1.2 bar cold is 1.38 / 1.53 / 1.72 / 1.99 bar at
40 / 50 / 60 / 70 °C) and its density table (water grows 1.5 % from 20 to 60 °C, 2.7 % to 80 °C). Another installation
leaves a share of the daily swing in the figure, not in its trend; the leak detector learns each boiler's own slope.
"""

import numpy as np

from boilerwatch.model import Floats

ATMOSPHERE_BAR = 1.013
_SYSTEM_L, _VESSEL_L, _CHARGE_BAR = 80.0, 8.0, 0.75
#: Gas in the vessel: pressure times volume, the same at every temperature of the water. [bar·l]
_GAS = _VESSEL_L * (_CHARGE_BAR + ATMOSPHERE_BAR)


def expansion(water_temp_c: Floats) -> Floats:
    """Return how much water has grown since 20 °C, a parabola through the density table. [l/l]

    Examples
    --------
    >>> expansion(np.array([20.0, 60.0, 80.0])).round(4).tolist()
    [0.0, 0.015, 0.027]
    """
    rise_k = water_temp_c - 20.0
    grown: Floats = np.maximum(rise_k * 2.25e-4 + rise_k**2 * 3.75e-6, -0.002)
    return grown


def mean_temp_c(flow_temp_c: Floats, return_temp_c: Floats) -> Floats:
    """Return the mean of flow and return, or whichever is known, NaN where neither is. [°C]

    Examples
    --------
    >>> mean_temp_c(np.array([60.0, 60.0, np.nan]), np.array([40.0, np.nan, np.nan])).tolist()
    [50.0, 60.0, nan]
    """
    both = (flow_temp_c + return_temp_c) / 2
    return np.where(np.isnan(return_temp_c), flow_temp_c, np.where(np.isnan(flow_temp_c), return_temp_c, both))


def even_temp_c(water_temp_c: Floats) -> Floats:
    """Return at what temperature water would have grown as much that grew evenly, by 1.5 % from 20 to 60 °C. [°C]

    What is linear in water's volume is linear in this.

    Examples
    --------
    >>> even_temp_c(np.array([20.0, 40.0, 60.0, 80.0])).round(1).tolist()
    [20.0, 36.0, 60.0, 92.0]
    """
    even: Floats = 20.0 + expansion(water_temp_c) / (0.015 / 40)
    return even


def cold_pressure(pressure_bar: Floats, water_temp_c: Floats) -> Floats:
    """Return the gauge pressure at 20 °C of a circuit that has this one now; NaN where either is unknown. [bar]

    Examples
    --------
    >>> cold_pressure(np.array([1.38, 1.53, 1.72, 1.99]), np.array([40.0, 50.0, 60.0, 70.0])).round(1).tolist()
    [1.2, 1.2, 1.2, 1.2]
    """
    gas_l = _GAS / (pressure_bar + ATMOSPHERE_BAR) + _SYSTEM_L * expansion(water_temp_c)
    cold: Floats = _GAS / gas_l - ATMOSPHERE_BAR
    return cold
