"""Water in the sealed circuit: what leaks, weeps and is let out, what people fill in, and the pressure that leaves."""

import numpy as np

from boilerwatch.model import Floats, Ints
from simulators.physics import water
from simulators.plant.state import State
from simulators.plant.surroundings import Surroundings


def change(state: State, given: Surroundings, seconds: float) -> None:
    """Let water go and come, and pressure follow."""
    homes = state.homes
    state.lost_l += given.leak_l_per_s * seconds
    if given.weeps:
        state.lost_l += water.weeping(state.bar, state.health.seat_bar, homes.weep_l_per_h_bar) * (seconds / 3_600)
    gas_l = _gas_l(state)
    state.bar = water.pressure(gas_l, state.gas_amount, homes.vessel_l)
    if state.bar.max() > water.RELIEF_BAR:
        out_l = water.vented(gas_l, state.gas_amount)
        state.relieved |= out_l > 0
        state.lost_l += out_l


def fill(state: State, places: Ints, to_bar: Floats) -> None:
    """Fill up, or let out, to a pressure at the present temperature. [bar]"""
    gas_l = _gas_l(state)[places]
    state.lost_l[places] += state.gas_amount[places] / (to_bar + water.ATMOSPHERE_BAR) - gas_l


def service(state: State, place: int) -> None:
    """Leave the system of one boiler as an installer does: cold pressure right, trap clean, no flame losses in mind."""
    homes = state.homes
    state.gas_amount[place] = homes.vessel_l[place] * (homes.charge_bar[place] + water.ATMOSPHERE_BAR)
    state.lost_l[place], state.level_l[place], state.bucket[place] = 0.0, 0.0, 0.0
    state.rest_s[place] = 0.0


def _gas_l(state: State) -> Floats:
    homes = state.homes
    gas_l: Floats = water.gas_volume(
        state.water_c, state.lost_l, system_l=homes.system_l, gas_cold_l=homes.gas_cold_l, vessel_l=homes.vessel_l
    )
    return np.asarray(gas_l)
