"""Burners stop and start; a start is a sequence of attempts."""

from typing import NamedTuple

import numpy as np

from boilerwatch.model import Floats, Ints
from simulators.physics import burner
from simulators.plant.state import LIGHTING, Bools, State
from simulators.plant.surroundings import TAP_AIM_C, Surroundings

#: Air is blown through before each attempt. [s]
_PURGE_S, _PAUSE_S = 8.0, 12.0
#: Burner off above the set point: 8 K at first, later 5 (Ariston: 8, 6, 4 in minutes 1, 2, 3). [K]
_OVER_FIRST_K, _OVER_K, _UNDER_K = 8.0, 5.0, 3.0
#: The flow that ends hot water (Bosch 348: 85). [degrees C]
_TAP_LIMIT_C = 85.0
#: What of its sparks a drowned burner loses. [-]
_DROWNED_SPARK = 0.94


class Firing(NamedTuple):
    """What burners are there for.

    Attributes
    ----------
    heats
        Whether heating asks.
    set_c
        Flow that is aimed at. [degrees C]
    """

    heats: Bools
    set_c: Floats


def switch(state: State, given: Surroundings, seconds: float, even: Floats) -> Firing:
    """Let burners stop and start."""
    seen_c, runs, tapping = state.seen_flow_c, ~state.stopped, state.tapping
    heats = state.ch_active & ~tapping & runs
    want = heats | (tapping & runs)
    set_c = np.where(state.frost & ~state.call, 40.0, state.flow_set_c)
    charging = state.tanks[state.charging]
    if len(charging):
        set_c[charging] = given.charge_c[state.charging]
    over_c = set_c + np.where(state.burn_s < 120, _OVER_FIRST_K, _OVER_K)
    too_hot = np.where(tapping, (seen_c > _TAP_LIMIT_C) | (state.dhw_c > state.people.tap_c + 7.0), seen_c > over_c)
    if len(charging):
        too_hot[charging] = seen_c[charging] > np.minimum(over_c[charging], _TAP_LIMIT_C)
    stops = state.on & (too_hot | ~want)
    state.rest_s = np.where(stops & ~tapping, state.homes.pause_s, np.maximum(state.rest_s - seconds, 0.0))
    cold_enough = np.where(tapping, seen_c < TAP_AIM_C, (seen_c < set_c - _UNDER_K) & (state.rest_s <= 0))
    if len(charging):
        cold_enough[charging] = seen_c[charging] < set_c[charging] - _UNDER_K
    starts = want & ~state.on & cold_enough
    state.on &= ~stops
    state.gave_up[:] = False
    lighting = np.flatnonzero(starts)
    if len(lighting):
        _ignite(state, given, lighting, even[lighting])
    return Firing(heats, set_c)


def _ignite(state: State, given: Surroundings, places: Ints, even: Floats) -> None:
    health = state.health
    gas = np.minimum(given.gas_most[places] / LIGHTING, 1.0)
    ease = gas * gas * (1.0 - _DROWNED_SPARK * state.drowned()[places])
    spark = np.maximum(health.spark_per_s[places] * ease, 1e-6)
    delay_s = health.valve_delay_s[places]
    seen_ua = burner.flame_current(np.full(len(places), LIGHTING), given.current_gain[places]) * gas
    unseen = np.exp(-np.maximum(seen_ua - burner.CUT_CURRENT_UA, 0.0) / burner.FLICKER_UA)
    fails = 1.0 - (1.0 - burner.failed_attempt(spark, delay_s)) * (1.0 - unseen)
    tries = np.floor(np.log(even + 1e-300) / np.log(np.clip(fails, 1e-12, 1 - 1e-12)))
    failed = np.minimum(tries, state.attempts[places])
    state.failures[places] += failed
    lit = failed < state.attempts[places]
    state.gave_up[places[~lit]] = True
    took_s = burner.ignition_time(state.random.random(len(places)), spark, delay_s)
    state.wait_s[places] = _PURGE_S + failed * (_PAUSE_S + burner.SAFETY_S) + took_s
    places, took_s = places[lit], took_s[lit]
    state.on[places], state.burn_s[places], state.load[places] = True, 0.0, LIGHTING
    state.starts[places] += 1
    state.ignition_s[places] += 0.3 * (took_s - state.ignition_s[places])
