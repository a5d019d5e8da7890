"""The flue: its temperature from return and load over the primary exchanger, and the water that condenses."""

import numpy as np

from boilerwatch.model import Floats

#: Of burnt gas before the exchanger, over the return. [K]
FLAME_OVER_RETURN_K = 1_050.0
#: A condensing return lies below the dew point of gas flues. [degrees C]
DEW_POINT_C = 55.0
#: Of natural gas, when all of its water condenses. [l/kWh]
CONDENSATE_L_PER_KWH = 0.13


def unexchanged(load: Floats, units_at_full: Floats, fouling: Floats) -> Floats:
    """Return the share of the flame's heat that the exchanger leaves in the gas. [-]

    Number of transfer units: conductance goes with the flow to the power of 0.75 (turbulent, Dittus-Boelter), so units
    with load to the power of -0.25; fouling is its resistance over the clean exchanger's.

    Examples
    --------
    >>> (FLAME_OVER_RETURN_K * unexchanged(np.array([1.0, 0.3]), 3.9 * np.ones(2), np.zeros(2))).round().tolist()
    [21.0, 5.0]
    """
    units = units_at_full / (np.sqrt(np.sqrt(load)) * (1.0 + fouling))
    left: Floats = np.exp(-units)
    return left


def condensing(return_c: Floats) -> Floats:
    """Return the share of water that condenses at a return temperature: all 25 K below the dew point. [-]"""
    return np.minimum(np.maximum((DEW_POINT_C - return_c) / 25.0, 0.0), 1.0)
