"""Who wants heat: taps that open, tanks that have cooled, rooms below what is wanted, water that may freeze."""

import numpy as np

from boilerwatch.model import Floats
from simulators.household import draw_taps
from simulators.physics import tank
from simulators.plant.state import State
from simulators.plant.surroundings import Surroundings

_FROST_ON_C, _FROST_OFF_C = 6.0, 30.0


def draw_water(state: State, given: Surroundings, seconds: float, even: Floats) -> Floats:
    """Let taps open and run; return for what share of the step hot water is served. [-]"""
    state.drawing = state.tap_left_s > 0
    opened = np.flatnonzero((even < given.taps_per_s * seconds) & ~state.drawing)
    if len(opened):
        state.tap_left_s[opened], state.tap_lpm[opened] = draw_taps(state.random, len(opened))
        state.drawing[opened] = True
        plates = opened[state.homes.tank_l[opened] <= 0]
        state.trim[plates] = 0.0  # what heating, or the last tap, fell short of says nothing of this one
    share = np.minimum(state.tap_left_s / seconds, 1.0)
    state.tap_left_s = np.maximum(state.tap_left_s - seconds, 0.0)
    state.tapping = state.drawing
    if len(state.tanks):
        _draw_from_tanks(state, given, seconds, share)
    return share


def _draw_from_tanks(state: State, given: Surroundings, seconds: float, share: Floats) -> None:
    """Empty tanks by their taps; their boilers serve hot water while the tank calls, not while a tap runs."""
    places = state.tanks
    tank_l, cold_c = state.homes.tank_l[places], given.cold_c[places]
    at_tap_l = state.drawing[places] * state.tap_lpm[places] * share[places] * (seconds / 60.0)
    drawn_l = tank.drawn_hot(at_tap_l, state.dhw_c[places], cold_c)
    state.dhw_c[places] = tank.after_draw(state.dhw_c[places], cold_c, drawn_l, tank_l)
    calls = tank.calls(state.dhw_c[places], state.people.tap_c[places], state.charging) & ~state.unplugged[places]
    state.trim[places[calls & ~state.charging]] = 0.0
    state.charging = calls
    state.tapping = state.drawing.copy()
    state.tapping[places] = calls
    share[places] = 1.0


def call_for_heat(state: State, given: Surroundings) -> None:
    """Let thermostats and the guard against frost call."""
    below_k = given.wanted_c - state.air_c
    state.call = given.warms & (below_k > np.where(state.call, -0.3, 0.3))
    state.frost = (state.flow_c < np.where(state.frost, _FROST_OFF_C, _FROST_ON_C)) & given.frost_guard
    state.ch_active = state.call | state.frost
