"""The burner: spark and safety time, flame current, flame losses, fan and air, gas that suffices or does not."""

import numpy as np

from boilerwatch.model import Floats

#: No flame within it is a failed attempt (EN 298: at most 5 s for fan-assisted burners of this size). [s]
SAFETY_S = 5.0
#: From the spark to gas at the burner. [s]
DEAD_TIME_S = 0.8
#: Below it the controller sees no flame (Giersch manual). [uA]
CUT_CURRENT_UA = 1.5
#: How much a flame's current flickers. [uA]
FLICKER_UA = 0.7
#: Losses an hour of a flame whose current is just enough. [1/h]
_LOSSES_AT_CUT = 120.0
#: A gas valve needs this much to open its servo; beyond it load goes with the root of what is left. [mbar]
_VALVE_MBAR, _FULL_MBAR = 5.0, 10.0
#: Of the whole resistance against air, the share of flue and terminal; the rest is burner and exchanger. [-]
_FLUE_SHARE = 0.3


def failed_attempt(spark_per_s: Floats, delay_s: Floats) -> Floats:
    """Return the chance that no flame stands within the safety time. [-]

    Sparks light a mixture at a rate: after a dead time (gas reaches the burner) the wait is exponential.

    Parameters
    ----------
    spark_per_s
        Rate at which sparks light the gas: about 1.6 with a new electrode. [1/s]
    delay_s
        By how much the gas valve opens late. [s]

    Examples
    --------
    >>> failed_attempt(np.array([1.6, 0.2]), np.zeros(2)).round(4).tolist()
    [0.0012, 0.4317]
    """
    left_s = np.maximum(SAFETY_S - DEAD_TIME_S - delay_s, 0.0)
    chance: Floats = np.exp(-spark_per_s * left_s)
    return chance


def ignition_time(uniform: Floats, spark_per_s: Floats, delay_s: Floats) -> Floats:
    """Return how long a successful attempt took, from a uniform number. [s]"""
    begins_s = DEAD_TIME_S + delay_s
    left_s = np.maximum(SAFETY_S - begins_s, 0.0)
    lit = uniform * (1.0 - np.exp(-spark_per_s * left_s))
    took: Floats = begins_s - np.log1p(-lit) / spark_per_s
    return np.minimum(took, SAFETY_S)


def flame_current(load: Floats, gain: Floats) -> Floats:
    """Return the ionisation current at a load with a clean electrode. [uA]

    A line near the operating points of real boilers: 25.7 at 28 %, 23.0 at 34 %, 37.4 at 61 %.

    Examples
    --------
    >>> flame_current(np.array([0.28, 0.61]), np.ones(2)).round(1).tolist()
    [24.8, 36.3]
    """
    current: Floats = gain * (15.0 + 35.0 * load)
    return current


def losses_per_h(current_ua: Floats) -> Floats:
    """Return how often a flame of such a current is lost. [1/h]"""
    over = np.minimum((current_ua - CUT_CURRENT_UA) / FLICKER_UA, 60.0)
    rate: Floats = _LOSSES_AT_CUT * np.exp(-np.maximum(over, -2.0))
    return rate


def gas_limit(inlet_mbar: Floats) -> Floats:
    """Return the greatest load the gas at the inlet lets a burner have, beyond 1 where there is enough. [-]

    Nominal 20 mbar; pressure lost in valve and nozzle goes with the square of the flow.

    Examples
    --------
    >>> gas_limit(np.array([20.0, 9.0, 4.0])).round(2).tolist()
    [1.22, 0.63, 0.0]
    """
    most: Floats = np.sqrt(np.maximum(inlet_mbar - _VALVE_MBAR, 0.0) / _FULL_MBAR)
    return most


def air_share(resistance: Floats) -> Floats:
    """Return the air that goes at equal fan speed, against that of a free flue. [-]

    Pressure goes with the square of the flow, so flow with the root of the resistance.

    Parameters
    ----------
    resistance
        Of the flue, 1 when free. [-]
    """
    share: Floats = 1.0 / np.sqrt(1.0 - _FLUE_SHARE + _FLUE_SHARE * resistance)
    return share


def fan_ratio(friction: Floats, free_air: Floats, load: Floats) -> Floats:
    """Return fan speed over its set point. [-]

    Friction makes a drive of finite gain lag, the more the faster it turns; a fan that moves less air is unloaded and
    runs ahead.

    Parameters
    ----------
    friction
        Torque of worn bearings, 0 when new, 1 where a fifth of the speed is lost at full load. [-]
    free_air
        From `air_share`. [-]
    """
    ratio: Floats = (1.0 - 0.2 * friction * (0.5 + 0.5 * load)) * (1.0 + 0.4 * (1.0 - free_air))
    return ratio
