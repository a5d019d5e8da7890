"""What weather, habits and wear mean for the next minutes: taken in every few minutes, constant in between."""

import math
from dataclasses import dataclass

import numpy as np

from boilerwatch.model import Floats
from simulators.household import cold_water_c, wants_heat
from simulators.physics import burner, hot_water, tank, water
from simulators.plant.state import Bools, State

#: The flow that hot water aims at at most. [degrees C]
TAP_AIM_C = 78.0
#: A tank is charged with a flow so far above its set point. [K]
_CHARGE_OVER_K = 22.0
#: What of a kelvin outdoors reaches the boiler's place. [-]
_WALL = 0.06
#: Nobody pulls the plug of a boiler when it may freeze. [degrees C]
_NO_FROST_C = 3.0
#: What a clean trap's drain takes. [l/h]
_DRAIN_L_PER_H = 5.0
_MEAN_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a step is given, one value a boiler.

    Attributes
    ----------
    wanted_c, warms, frost_guard, taps_per_s
        Room temperature wanted; whether heating is on, and the guard against frost; taps opened.
    cold_c, around_c
        Cold water, and the air about the boiler. [degrees C]
    full_lpm, through, loop_w_per_k
        Water moved at full speed; what of it reaches the radiators; heat capacity that flows for hot water.
    gas_most, air_free, current_gain
        Load that gas allows, air that goes, flame current of the electrode. [-]
    plate_w_per_k, most_over_k
        Of the plates; how far the flow may stand above cold water.
    charge_c, coil_w_per_k
        Flow that charges a tank, and what its coil passes; of places with a tank only.
    drain_l_per_s, leak_l_per_s, weeps
        Condensate that drains; water that goes; whether any relief valve weeps.
    """

    wanted_c: Floats
    warms: Bools
    frost_guard: Bools
    taps_per_s: Floats
    cold_c: Floats
    around_c: Floats
    full_lpm: Floats
    through: Floats
    loop_w_per_k: Floats
    gas_most: Floats
    air_free: Floats
    current_gain: Floats
    plate_w_per_k: Floats
    most_over_k: Floats
    charge_c: Floats
    coil_w_per_k: Floats
    drain_l_per_s: Floats
    leak_l_per_s: Floats
    weeps: bool


def take_in(
    state: State, at_s: float, seconds: float, *, outdoor_c: Floats, gust: Floats, dip_mbar: Floats
) -> Surroundings:
    """Let the seasons go on by `seconds` and return what the next steps are given."""
    homes, people, health = state.homes, state.people, state.health
    state.outdoor_c = outdoor_c
    state.mean_outdoor_c += (outdoor_c - state.mean_outdoor_c) * -math.expm1(-seconds / _MEAN_S)
    state.warms = wants_heat(state.mean_outdoor_c, state.warms)
    away = people.is_away(at_s)
    state.unplugged = (away & people.pulls_plug & (state.mean_outdoor_c > _NO_FROST_C)) | (at_s < state.out_until_s)
    switched_off = (health.draught > 0.5) | state.unplugged
    wanted_c = people.room_c(at_s, away)
    curve_c = 24.0 + homes.steep * (20.0 - outdoor_c) + 2.0 * (wanted_c - 20.0)
    lowest = np.where(homes.floor, 25.0, 30.0)
    asked_c: Floats = np.where(homes.curve, np.minimum(np.maximum(curve_c, lowest), homes.hot_c), homes.fixed_c)
    state.flow_set_c = np.rint(asked_c)
    state.gas_amount = homes.vessel_l * (homes.charge_bar + water.ATMOSPHERE_BAR) * health.gas_share
    cold_c = cold_water_c(state.mean_outdoor_c)
    room_c = state.air_c - 1.5 + _WALL * outdoor_c
    loop_w_per_k = homes.loop_lpm * water.W_PER_K_LPM
    frozen = homes.aloft * np.clip((-2.0 - outdoor_c) / 8.0, 0.0, 0.9)
    tanks = state.tanks
    return Surroundings(
        wanted_c=wanted_c,
        warms=state.warms & ~switched_off,
        frost_guard=~switched_off,
        taps_per_s=people.taps_per_s(at_s, away | state.unplugged) * (homes.tap_w > 0),
        cold_c=cold_c,
        around_c=room_c + health.draught * (outdoor_c - room_c),
        full_lpm=homes.flow_lpm * health.flow_share,
        through=1.0 - health.bypass,
        loop_w_per_k=loop_w_per_k,
        gas_most=burner.gas_limit(health.inlet_mbar - dip_mbar),
        air_free=burner.air_share(health.resistance + 0.6 * gust * homes.windy * health.resistance),
        current_gain=homes.current_gain * health.flame_share,
        plate_w_per_k=hot_water.fouled(homes.plate_w_per_k, health.plate_fouling),
        most_over_k=TAP_AIM_C - cold_c,
        charge_c=np.minimum(people.tap_c[tanks] + _CHARGE_OVER_K, TAP_AIM_C),
        coil_w_per_k=tank.coil_conductance(homes.coil_w_per_k[tanks], loop_w_per_k[tanks]),
        drain_l_per_s=_DRAIN_L_PER_H / 3_600 * health.drain_share * (1.0 - frozen),
        leak_l_per_s=(health.leak_l_per_day - health.filling_l_per_day) / 86_400,
        weeps=bool((health.seat_bar < water.RELIEF_BAR).any()),
    )
