"""Hot water: a plate exchanger between the boiler's own small loop and the tap."""

from boilerwatch.model import Floats
from simulators.physics.water import W_PER_K_LPM


def flow_needed(heat_w: Floats, tap_c: Floats, cold_c: Floats, plate_w_per_k: Floats, flow_lpm: Floats) -> Floats:
    """Return the flow temperature that drives a heat through a plate exchanger. [degrees C]

    Means on both sides differ by heat over conductance (arithmetic for logarithmic, good to 2 K for combis).

    Parameters
    ----------
    tap_c, cold_c
        Water out of the tap and into the house. [degrees C]
    plate_w_per_k
        Conductance of the plates; scale lowers it. [W/K]
    flow_lpm
        Of the boiler's loop. [l/min]
    """
    flow: Floats = (tap_c + cold_c) / 2 + heat_w * (1 / plate_w_per_k + 0.5 / (flow_lpm * W_PER_K_LPM))
    return flow


def most_heat(limit_c: float, tap_c: Floats, cold_c: Floats, plate_w_per_k: Floats, flow_lpm: Floats) -> Floats:
    """Return the heat at which the flow reaches its limit: `flow_needed` the other way round. [W]"""
    heat: Floats = (limit_c - (tap_c + cold_c) / 2) / (1 / plate_w_per_k + 0.5 / (flow_lpm * W_PER_K_LPM))
    return heat


def fouled(clean_w_per_k: Floats, fouling: Floats) -> Floats:
    """Return the conductance of scaled plates; fouling is the scale's resistance over the clean plates'. [W/K]"""
    left: Floats = clean_w_per_k / (1.0 + fouling)
    return left
