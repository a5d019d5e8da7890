"""Where the heat goes: circuit, flow and return, tap and tank, flue gas, pump, home, condensate."""

import math
from functools import lru_cache

import numpy as np

from boilerwatch.model import Floats
from simulators.physics import building, flue, tank, water
from simulators.plant.burning import Fire
from simulators.plant.firing import Firing
from simulators.plant.state import FULL_L, Bools, State
from simulators.plant.surroundings import Surroundings

_OVERRUN_S = 240.0
#: Spread a modulating pump aims at, and least speed. [K], [-]
_AIM_K, _SLOWEST = 14.0, 0.4
#: Time constants: water in the boiler when it flows, when it stands, and until flow and return are alike; hot water
#: sensor when drawn and when not; flue gas with and without a flame. [s]
_TAUS_S = (25.0, 5_400.0, 180.0, 12.0, 900.0, 40.0, 900.0)
_GAINS_W = 350.0
#: Water under 1.5 bar boils; it gets no hotter. [degrees C]
_BOILS_C = 127.0
#: What of its water's warmth reaches the hot water sensor in the same casing. [-]
_CASING = 0.05


def move(state: State, given: Surroundings, firing: Firing, fire: Fire, seconds: float) -> None:
    """Move the heat of a step."""
    homes, passing = state.homes, state.health.passing
    flowing, standing, mixing, *others = _shares(seconds)
    state.overrun_s = np.where(firing.heats, _OVERRUN_S, np.maximum(state.overrun_s - seconds, 0.0))
    loops = state.tapping & ~state.stopped
    circulates = (state.overrun_s > 0) & ~state.tapping
    state.pump_on = circulates | loops
    emitted_w = building.emission(state.water_c, state.air_c, homes.emit_w_at_40k)
    state.emitted_w = emitted_w
    into_w = np.where(state.tapping, fire.mean_w * passing, fire.mean_w)
    state.water_c += (into_w - emitted_w) * (seconds / homes.circuit_j_per_k)
    flow_heating = np.minimum(state.water_c + (fire.heat_w - 0.5 * emitted_w) / fire.across_w_per_k, _BOILS_C)
    useful_w = fire.heat_w * (1.0 - passing)
    flow_tapping = _tap_side_c(state, given) + useful_w / fire.passed_w_per_k
    flow_goal = np.where(loops, flow_tapping, np.where(circulates, flow_heating, given.around_c))
    spread_k = fire.heat_w / np.where(loops, given.loop_w_per_k, fire.flow_w_per_k)
    state.return_c += np.where(
        state.pump_on, (flow_goal - spread_k - state.return_c) * flowing, (state.flow_c - state.return_c) * mixing
    )
    state.flow_c += (flow_goal - state.flow_c) * np.where(state.pump_on, flowing, standing)
    _serve_taps(state, given, fire, useful_w, circulates, seconds, others[0], others[1])
    _warm_flue(state, given, fire, others[2], others[3])
    pump_goal = np.minimum(np.maximum(fire.heat_w / (given.full_lpm * (water.W_PER_K_LPM * _AIM_K)), _SLOWEST), 1.0)
    state.pump = np.where(state.modulates & ~state.tapping, state.pump + (pump_goal - state.pump) * 0.3, 1.0)
    into_floor_w = emitted_w * homes.floor
    state.air_c, state.mass_c = building.warmed(
        state.air_c, state.mass_c, state.outdoor_c, emitted_w - into_floor_w + _GAINS_W, into_floor_w, seconds,
        air_j_per_k=homes.air_j_per_k, mass_j_per_k=homes.mass_j_per_k, coupling_w_per_k=homes.coupling_w_per_k,
        loss_w_per_k=homes.loss_w_per_k,
    )  # fmt: skip
    made = fire.mean_w * (flue.CONDENSATE_L_PER_KWH / 3.6e6 * seconds)
    made = made * flue.condensing(state.return_c) * state.condenses
    state.level_l = np.minimum(np.maximum(state.level_l + made - given.drain_l_per_s * seconds, 0.0), FULL_L)


@lru_cache(maxsize=64)
def _shares(seconds: float) -> tuple[float, ...]:
    """Return how far first-order lags come in a step."""
    return tuple(-math.expm1(-seconds / tau) for tau in _TAUS_S)


def _tap_side_c(state: State, given: Surroundings) -> Floats:
    """Return what plates and coils have on their other side: cold water, or a tank. [degrees C]"""
    if not state.charging.any():
        return given.cold_c
    side_c = given.cold_c.copy()
    side_c[state.tanks] = state.dhw_c[state.tanks]
    return side_c


def _serve_taps(
    state: State, given: Surroundings, fire: Fire, useful_w: Floats, circulates: Bools, seconds: float, fast: float,
    slow: float,
) -> None:  # fmt: skip
    """Warm the water drawn through plates; the hot water sensor stands in it."""
    tapped_c = np.minimum(given.cold_c + useful_w / fire.tap_w_per_k, 80.0)
    state.short_tap_k = np.where(state.tapping & ~state.stopped, state.people.tap_c - tapped_c, 0.0)
    drawn = np.where(circulates, state.health.passing, 0.0) + _CASING
    goal = np.where(state.tapping, tapped_c, given.around_c + drawn * (state.flow_c - given.around_c))
    change_k = (goal - state.dhw_c) * np.where(state.tapping, fast, slow)
    if len(state.tanks):
        change_k[state.tanks], state.short_tap_k[state.tanks] = (
            _tanks_change_k(state, given, fire, circulates, seconds),
            0.0,
        )
    state.dhw_c += change_k


def _tanks_change_k(state: State, given: Surroundings, fire: Fire, circulates: Bools, seconds: float) -> Floats:
    """Return how tanks warm, by charging and by what a diverter lets through while heating runs, which radiators miss. [K]"""
    places, homes = state.tanks, state.homes
    tank_c, passing = state.dhw_c[places], state.health.passing[places]
    over_k = np.maximum(state.flow_c[places] - tank_c, 0.0)
    strayed_w = passing * circulates[places] * given.coil_w_per_k * over_k
    state.water_c[places] -= strayed_w * (seconds / homes.circuit_j_per_k[places])
    charged_w = state.charging * fire.mean_w[places] * (1.0 - passing)
    around_c, tank_l = given.around_c[places], homes.tank_l[places]
    change_k: Floats = tank.warmed(tank_c, around_c, strayed_w + charged_w, seconds, tank_l) - tank_c
    return change_k


def _warm_flue(state: State, given: Surroundings, fire: Fire, fast: float, slow: float) -> None:
    hot_c = state.return_c + state.homes.flue_over_k + flue.FLAME_OVER_RETURN_K * fire.unexchanged
    goal = np.where(state.burning, hot_c, 0.5 * (state.return_c + given.around_c))
    state.flue_c += (goal - state.flue_c) * np.where(state.burning, fast, slow)
