"""Hot water: a plate exchanger between the boiler's own small loop and the tap."""

import numpy as np

from boilerwatch.model import Floats


def conductance(plate_w_per_k: Floats, tap_w_per_k: Floats, loop_w_per_k: Floats) -> Floats:
    """Return the heat that passes per kelvin between the loop's flow and cold water. [W/K]

    Counterflow, effectiveness by number of transfer units (Kays & London), times the lesser of both streams.

    Parameters
    ----------
    plate_w_per_k
        Of the plates; scale lowers it.
    tap_w_per_k, loop_w_per_k
        Heat capacity that flows to the tap and through the boiler.

    Examples
    --------
    >>> eight_litres, loop = np.array([558.0]), np.array([907.0])
    >>> (22_300 / conductance(np.array([1_350.0]), eight_litres, loop)).round(1).tolist()  # so the flow stands above cold
    [51.0]
    """
    least, most = np.minimum(tap_w_per_k, loop_w_per_k), np.maximum(tap_w_per_k, loop_w_per_k)
    ratio = np.minimum(least / most, 0.999)
    left = np.exp(plate_w_per_k / least * (ratio - 1.0))
    passed: Floats = least * (1.0 - left) / (1.0 - ratio * left)
    return passed


def fouled(clean_w_per_k: Floats, fouling: Floats) -> Floats:
    """Return the conductance of scaled plates; fouling is the scale's resistance over the clean plates'. [W/K]"""
    left: Floats = clean_w_per_k / (1.0 + fouling)
    return left
