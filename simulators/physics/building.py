"""The dwelling: two nodes, what the thermostat feels and what walls and floors hold; radiators that warm them."""

import numpy as np

from boilerwatch.model import Floats


def emission(water_c: Floats, room_c: Floats, w_at_40k: Floats) -> Floats:
    """Return the heat of radiators. [W]

    Heat follows the difference to the power of 1.25, between panels (1.3, EN 442) and floors (1.1, EN 1264).

    Parameters
    ----------
    w_at_40k
        Heat at 40 K over the room. [W]

    Examples
    --------
    >>> emission(np.array([60.0, 40.0]), np.array([20.0, 20.0]), np.array([6000.0, 6000.0])).round().tolist()
    [6000.0, 2523.0]
    """
    over = np.maximum(water_c - room_c, 0.0) / 40.0
    heat: Floats = w_at_40k * over * np.sqrt(np.sqrt(over))
    return heat


def warmed(
    air_c: Floats,
    mass_c: Floats,
    outdoor_c: Floats,
    to_air_w: Floats,
    to_mass_w: Floats,
    seconds: float,
    *,
    air_j_per_k: Floats,
    mass_j_per_k: Floats,
    coupling_w_per_k: Floats,
    loss_w_per_k: Floats,
) -> tuple[Floats, Floats]:
    """Return air and mass temperature after some seconds, at most a few minutes. [degrees C]

    Half of the loss goes from the air (windows, draught), half from the mass (walls).

    Parameters
    ----------
    to_air_w, to_mass_w
        Heat that comes in. [W]
    coupling_w_per_k
        Between air and mass. [W/K]
    loss_w_per_k
        To the outside. [W/K]
    """
    across_w = coupling_w_per_k * (mass_c - air_c)
    half = loss_w_per_k * 0.5
    air = air_c + (to_air_w + across_w - half * (air_c - outdoor_c)) * (seconds / air_j_per_k)
    mass = mass_c + (to_mass_w - across_w - half * (mass_c - outdoor_c)) * (seconds / mass_j_per_k)
    return air, mass
