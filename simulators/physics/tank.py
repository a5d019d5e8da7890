"""Hot water in a storage tank: a coil that warms it, a shell that cools it, taps that empty it, a thermostat with hysteresis."""

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats
from simulators.physics.water import WATER_J_PER_L_K

Bools = NDArray[np.bool_]
#: The difference to its surroundings at which a tank's standing loss is declared (EN 12897). [K]
_DECLARED_K = 45.0
#: Charging starts so far below the set point, and ends at it (EMS: `hyston` -5, `hystoff` 0). [K]
STARTS_K = 5.0
#: Mixed at the tap to about this, where the tank is hotter. [degrees C]
MIXED_C = 42.0


def coil_conductance(coil_w_per_k: Floats, loop_w_per_k: Floats) -> Floats:
    """Return the heat that passes per kelvin between the flow that enters a coil and the tank around it. [W/K]

    One side stands still, so effectiveness is 1 - exp(-NTU) (Kays & London).

    Parameters
    ----------
    coil_w_per_k
        Of the coil's wall: a square metre of it passes 600 to 900.
    loop_w_per_k
        Heat capacity that flows through it.

    Examples
    --------
    >>> (30 * coil_conductance(np.array([720.0]), np.array([907.0]))).round(-2).tolist()  # tank at 50, flow at 80
    [14900.0]
    """
    passed: Floats = loop_w_per_k * -np.expm1(-coil_w_per_k / loop_w_per_k)
    return passed


def standing_loss(tank_l: Floats) -> Floats:
    """Return what a tank of energy class C loses per kelvin over its surroundings. [W/K]

    References
    ----------
    Regulation (EU) 812/2013, annex II: class C ends at 16.66 + 8.33 V^0.4 watts, declared at 45 K.

    Examples
    --------
    >>> standing_loss(np.array([150.0])).round(2).tolist()  # 1.9 kWh a day at 45 K
    [1.74]
    """
    loss: Floats = (16.66 + 8.33 * tank_l**0.4) / _DECLARED_K
    return loss


def drawn_hot(tap_l: Floats, tank_c: Floats, cold_c: Floats) -> Floats:
    """Return what of the water at the tap comes from the tank; the rest is mixed in cold. [litres]

    Examples
    --------
    >>> drawn_hot(np.array([60.0, 60.0]), np.array([58.0, 35.0]), np.array([10.0, 10.0])).tolist()
    [40.0, 60.0]
    """
    share: Floats = np.minimum((MIXED_C - cold_c) / np.maximum(tank_c - cold_c, 1.0), 1.0)
    return tap_l * share


def after_draw(tank_c: Floats, cold_c: Floats, drawn_l: Floats, tank_l: Floats) -> Floats:
    """Return a tank's temperature after so much was drawn from it and replaced by cold water, fully mixed. [degrees C]

    Examples
    --------
    >>> after_draw(np.array([55.0]), np.array([10.0]), np.array([46.0]), np.array([150.0])).round(1).tolist()
    [43.1]
    """
    left: Floats = cold_c + (tank_c - cold_c) * np.exp(-drawn_l / tank_l)
    return left


def warmed(tank_c: Floats, around_c: Floats, heat_w: Floats, seconds: float, tank_l: Floats) -> Floats:
    """Return a tank's temperature after some seconds of heat into it and loss through its shell. [degrees C]

    Examples
    --------
    >>> one = np.ones(1)
    >>> warmed(50 * one, 20 * one, 20_000 * one, 314.0, 150 * one).round(1).tolist()  # 10 K, less the shell's loss
    [60.0]
    >>> warmed(60 * one, 20 * one, 0 * one, 3_600.0, 150 * one).round(1).tolist()
    [59.6]
    """
    gained_w = heat_w - standing_loss(tank_l) * (tank_c - around_c)
    warm: Floats = tank_c + gained_w * (seconds / (tank_l * WATER_J_PER_L_K))
    return warm


def calls(tank_c: Floats, set_c: Floats, charging: Bools) -> Bools:
    """Return where a thermostat calls for heat: from 5 K below the set point until the set point."""
    return tank_c < np.where(charging, set_c, set_c - STARTS_K)
