"""Load and flame: what is asked of the burner, what gas and air let it do, what its flame is worth and when it is lost."""

import math
from typing import NamedTuple

import numpy as np

from boilerwatch.model import Floats
from simulators.physics import burner, flue, hot_water, water
from simulators.plant.firing import Firing
from simulators.plant.state import State
from simulators.plant.surroundings import Surroundings

_CONTROL_S, _INTEGRAL_KS = 90.0, 1_500.0
#: Boilers modulate down before their spread limit (5 to 10 K) and before the flue's. [K]
_BEFORE_LIMIT_K, _BEFORE_FLUE_LIMIT_K = 6.0, 15.0
#: Of a drowned burner: losses an hour.
_DROWNED_LOSSES = 40.0
#: Less air than this makes a flame lift or choke. [-]
_POOR_AIR, _POOR_LOSSES = 0.64, 500.0


class Fire(NamedTuple):
    """What the burner gives, and through what it goes.

    Attributes
    ----------
    heat_w, mean_w
        Heat into water while burning, and on average over the step. [W]
    flow_w_per_k, across_w_per_k
        Heat capacity that flows through the boiler, and through the radiators.
    tap_w_per_k, passed_w_per_k
        Heat capacity of the water drawn; what plates or coil pass.
    unexchanged
        Share of the flame's heat that stays in the gas. [-]
    """

    heat_w: Floats
    mean_w: Floats
    flow_w_per_k: Floats
    across_w_per_k: Floats
    tap_w_per_k: Floats
    passed_w_per_k: Floats
    unexchanged: Floats


def burn(state: State, given: Surroundings, firing: Firing, seconds: float, even: Floats, served: Floats) -> Fire:
    """Control the load and burn.

    Parameters
    ----------
    served
        For what share of the step hot water is served. [-]
    """
    homes, tapping = state.homes, state.tapping
    flow_w_per_k = np.maximum(given.full_lpm * state.pump, 0.2) * water.W_PER_K_LPM
    most_w = np.where(tapping, homes.tap_w, homes.heat_w)
    across = flow_w_per_k * given.through
    asked_w = across * (firing.set_c - state.flow_offset_k - state.water_c) + 0.5 * state.emitted_w
    _integrate(state, firing, seconds)
    asked_w = np.minimum(asked_w + state.trim * most_w, flow_w_per_k * (state.spread_limit_k - _BEFORE_LIMIT_K))
    tap_w_per_k = state.tap_lpm * water.W_PER_K_LPM
    tap_w = tap_w_per_k * (state.people.tap_c - given.cold_c)
    passed = hot_water.conductance(given.plate_w_per_k, tap_w_per_k, given.loop_w_per_k)
    tap_w = np.minimum(tap_w + state.trim * most_w, passed * given.most_over_k)
    if len(charging := state.tanks[state.charging]):
        passed[charging] = coil = given.coil_w_per_k[state.charging]
        tap_w[charging] = coil * (
            given.charge_c[state.charging] - state.flow_offset_k[charging] - state.dhw_c[charging]
        )
    wanted = np.where(tapping, tap_w, asked_w) / np.maximum(most_w, 1.0)
    pace = np.where(tapping, 1.0, -math.expm1(-seconds / _CONTROL_S))
    state.load += (wanted - state.load) * pace
    most = np.minimum((state.flue_limit_c - state.flue_c) / _BEFORE_FLUE_LIMIT_K, 1.0)
    state.load = np.maximum(np.minimum(state.load, most), homes.least)
    state.ratio = burner.fan_ratio(state.health.friction, given.air_free, state.load)
    state.air_ratio = state.ratio * given.air_free
    gas = np.minimum(given.gas_most / state.load, 1.0)
    real = np.maximum(state.load * gas * np.minimum(state.air_ratio, 1.0), 0.02)
    unexchanged = flue.unexchanged(real, homes.units, state.health.fouling)
    share = np.maximum(seconds - state.wait_s, 0.0) / seconds * state.on
    state.wait_s = np.maximum(state.wait_s - seconds, 0.0)
    state.burning = state.on & (state.wait_s <= 0)
    state.burn_s += share * seconds
    state.hours += share * seconds / 3_600
    heat_w = most_w * real * (1.0 - unexchanged) * state.burning
    _lose_flames(state, given, gas, seconds, share, even)
    mean_w = np.where(tapping, np.minimum(share, served), share) * most_w * real * (1.0 - unexchanged)
    return Fire(heat_w, mean_w, flow_w_per_k, across, tap_w_per_k, passed, unexchanged)


def _lose_flames(
    state: State, given: Surroundings, gas: Floats, seconds: float, share: Floats, even: Floats
) -> None:  # fmt: skip
    """Let flames be lost, the more often the weaker their current, the fuller the trap, the poorer the air."""
    drowned = state.drowned()
    state.current_ua = burner.flame_current(state.load, given.current_gain) * gas * np.sqrt(gas)
    rate = burner.losses_per_h(state.current_ua) + drowned * drowned * _DROWNED_LOSSES
    rate += np.maximum(_POOR_AIR - state.air_ratio, 0.0) * _POOR_LOSSES
    lost = np.flatnonzero(state.burning & (even * 3_600 < rate * (share * seconds)))
    state.bucket = np.maximum(state.bucket - seconds / 1_500, 0.0)
    if len(lost):
        state.losses[lost] += 1
        state.bucket[lost] += 1
        state.on[lost] = False
        state.burning[lost] = False
        state.rest_s[lost] = 0.0


def _integrate(state: State, firing: Firing, seconds: float) -> None:
    """Let the controller ask for more where what it controls stays short of its set point, unless it asks for all."""
    heating_k = np.where(state.tapping, 0.0, firing.set_c - state.flow_offset_k - state.flow_c)
    over_k = heating_k + state.short_tap_k - 1.0
    pace = np.where(over_k < 0, 4.0, state.load < 0.98) * (seconds / _INTEGRAL_KS)
    state.trim = np.where(state.burning, np.minimum(np.maximum(state.trim + over_k * pace, 0.0), 1.0), 0.0)
