"""Boiler, water and home of every boiler at once, advanced by at most a minute: what is, not what sensors tell of it.

Slow things (weather, habits, wear) are taken in by `refresh` every few minutes; `advance` costs about 180 array
operations whatever the number of boilers.
"""

import math

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Ints
from simulators.health import Health
from simulators.homes import Homes
from simulators.household import Households, cold_water_c, draw_taps, wants_heat
from simulators.models import Model
from simulators.physics import building, burner, flue, hot_water, water

Bools = NDArray[np.bool_]
#: Load at which a burner lights. [-]
_LIGHTING = 0.45
#: Air is blown through before each attempt. [s]
_PURGE_S, _PAUSE_S = 8.0, 12.0
_OVERRUN_S = 240.0
_CONTROL_S, _INTEGRAL_KS = 90.0, 1_500.0
#: Burner off above the set point: 8 K at first, later 5 (Ariston: 8, 6, 4 in minutes 1, 2, 3). [K]
_OVER_FIRST_K, _OVER_K, _UNDER_K = 8.0, 5.0, 3.0
#: The flow that ends hot water, and that is aimed at at most (Bosch 348: 85). [degrees C]
_TAP_LIMIT_C, _TAP_AIM_C = 85.0, 78.0
_FROST_ON_C, _FROST_OFF_C = 6.0, 30.0
#: Spread a modulating pump aims at, and least speed. [K], [-]
_AIM_K, _SLOWEST = 14.0, 0.4
#: Boilers modulate down before their spread limit (5 to 10 K) and before the flue's. [K]
_BEFORE_LIMIT_K, _BEFORE_FLUE_LIMIT_K = 6.0, 15.0
#: Time constants: water in the boiler when it flows, when it stands, and until flow and return are alike; hot water
#: sensor when drawn and when not; flue gas. [s]
_FLOWING_S, _STANDING_S, _MIXING_S, _TAP_S, _TAP_COOLS_S, _FLUE_S, _FLUE_OFF_S = (
    25.0,
    5_400.0,
    180.0,
    12.0,
    900.0,
    40.0,
    900.0,
)
#: Rise at which hot water is rated. [K]
_RATED_K = 40.0
_GAINS_W = 350.0
#: What of a kelvin outdoors reaches the boiler's place, and what of its water's warmth the hot water sensor beside it. [-]
_WALL, _CASING = 0.06, 0.05
#: Nobody pulls the plug of a boiler when it may freeze. [degrees C]
_NO_FROST_C = 3.0
#: A trap that holds more begins to drown the burner, and has drowned it when full; what a clean drain takes. [l], [l/h]
_TRAP_L, _FULL_L, _DRAIN_L_PER_H = 0.9, 1.5, 5.0
#: Of a drowned burner: losses an hour, and how much less its sparks light.
_DROWNED_LOSSES, _DROWNED_SPARK = 40.0, 0.94
#: Less air than this makes a flame lift or choke. [-]
_POOR_AIR, _POOR_LOSSES = 0.64, 500.0
_MEAN_S = 86_400.0


class Plant:
    """The state of all boilers; see `homes` and `health` for what does not move by itself.

    Parameters
    ----------
    random
        Source of taps, sparks and flicker.
    outdoor_c
        At the start, shape (n,). [degrees C]
    """

    def __init__(
        self, homes: Homes, people: Households, health: Health, models: list[Model], random: np.random.Generator, outdoor_c: Floats
    ) -> None:  # fmt: skip
        count = len(models)
        self.homes, self.people, self.health, self._random = homes, people, health, random
        self.attempts = np.array([model.attempts for model in models])
        self.condenses = np.array([model.condensing for model in models])
        self.modulates = np.array([model.pump_modulates for model in models])
        self.spread_limit_k = np.array([model.spread_limit_k for model in models])
        self._flue_limit_c = np.array([model.flue_limit_c for model in models])
        self.stopped = np.zeros(count, np.bool_)
        self.flow_offset_k, self.return_offset_k = np.zeros(count), np.zeros(count)
        self.flow_fixed_c = np.full(count, np.nan)
        self.mean_outdoor_c = outdoor_c.copy()
        self.warms = wants_heat(outdoor_c, np.ones(count, np.bool_))
        self.air_c = people.day_c - 0.2
        self.mass_c = self.air_c - 0.6
        load_w = np.maximum(homes.loss_w_per_k * (self.air_c - outdoor_c), 0.0)
        over_k = 40.0 * (load_w / homes.emit_w_at_40k) ** 0.8
        self.water_c = np.where(self.warms, np.minimum(self.air_c + over_k, homes.hot_c), self.air_c)
        self.flow_c, self.return_c = self.water_c.copy(), self.water_c.copy()
        self.dhw_c, self.flue_c = np.full(count, 25.0), self.water_c.copy()
        self.lost_l = np.zeros(count)
        self.level_l = np.zeros(count)
        self.tap_left_s, self.tap_lpm = np.zeros(count), np.full(count, 5.0)
        self.call, self.frost = self.warms & (random.random(count) < 0.6), np.zeros(count, np.bool_)
        self.on, self.burning, self.tapping = (np.zeros(count, np.bool_) for _ in range(3))
        self.pump_on, self.ch_active = np.zeros(count, np.bool_), self.call.copy()
        self.wait_s, self.rest_s, self.burn_s, self.overrun_s = (np.zeros(count) for _ in range(4))
        self.load, self.pump, self.trim = np.full(count, _LIGHTING), np.ones(count), np.zeros(count)
        self.ratio, self.air_ratio, self.current_ua = np.ones(count), np.ones(count), np.zeros(count)
        self.starts, self.hours = np.zeros(count), np.zeros(count)
        self.failures, self.losses = np.zeros(count), np.zeros(count)
        self.ignition_s = np.full(count, 1.4)
        self.bucket = np.zeros(count)
        self.gave_up = np.zeros(count, np.bool_)
        self.relieved = np.zeros(count, np.bool_)
        self.bar = homes.cold_bar.copy()
        self.out_until_s = np.zeros(count)
        self._emitted_w, self._short_tap_k = np.zeros(count), np.zeros(count)
        self._steps: dict[float, tuple[float, ...]] = {}

    def refresh(self, at_s: float, seconds: float, outdoor_c: Floats, gust: Floats, dip_mbar: Floats) -> None:
        """Take in weather, habits and wear, `seconds` after the last time."""
        homes, people, health = self.homes, self.people, self.health
        self.outdoor_c = outdoor_c
        self.mean_outdoor_c += (outdoor_c - self.mean_outdoor_c) * -math.expm1(-seconds / _MEAN_S)
        self.warms = wants_heat(self.mean_outdoor_c, self.warms)
        away = people.is_away(at_s)
        self.unplugged = (away & people.pulls_plug & (self.mean_outdoor_c > _NO_FROST_C)) | (at_s < self.out_until_s)
        switched_off = (health.draught > 0.5) | self.unplugged
        self.wanted_c = people.room_c(at_s, away)
        self.warms_now = self.warms & ~switched_off
        self.taps_per_s = people.taps_per_s(at_s, away | self.unplugged) * (homes.tap_w > 0)
        curve_c = 24.0 + homes.steep * (20.0 - outdoor_c) + 2.0 * (self.wanted_c - 20.0)
        lowest = np.where(homes.floor, 25.0, 30.0)
        self.flow_set_c = np.round(
            np.where(homes.curve, np.minimum(np.maximum(curve_c, lowest), homes.hot_c), homes.fixed_c)
        )
        self.cold_c = cold_water_c(self.mean_outdoor_c)
        room_c = self.air_c - 1.5 + _WALL * outdoor_c
        self.around_c = room_c + health.draught * (outdoor_c - room_c)
        self._frost_guard = ~switched_off
        self._full_lpm = homes.flow_lpm * health.flow_share
        self._through = 1.0 - health.bypass
        self._gas_most = burner.gas_limit(health.inlet_mbar - dip_mbar)
        self._air_free = burner.air_share(health.resistance + 0.6 * gust * homes.windy * health.resistance)
        self._plate = hot_water.fouled(homes.plate_w_per_k, health.plate_fouling)
        self._most_over_k = _TAP_AIM_C - self.cold_c
        self._loop_w_per_k = homes.loop_lpm * water.W_PER_K_LPM
        frozen = homes.aloft * np.clip((-2.0 - outdoor_c) / 8.0, 0.0, 0.9)
        self._drain = _DRAIN_L_PER_H / 3_600 * health.drain_share * (1.0 - frozen)
        self._gas_amount = homes.vessel_l * (homes.charge_bar + water.ATMOSPHERE_BAR) * health.gas_share
        self._leak_l_per_s = (health.leak_l_per_day - health.filling_l_per_day) / 86_400
        self._weeps = bool((health.seat_bar < water.RELIEF_BAR).any())
        self._fails = burner.failed_attempt(health.spark_per_s, health.valve_delay_s)
        self._current_gain = homes.current_gain * health.flame_share

    def advance(self, seconds: float) -> None:
        """Advance by at most a minute. [s]"""
        even = self._random.random((3, len(self.on)))
        shares = self._shares(seconds)
        self._draw_water(seconds, even[0])
        self._call()
        self._switch(seconds, even[1])
        heat_w, mean_w = self._burn(seconds, even[2])
        self._move_heat(seconds, shares, heat_w, mean_w)
        self._change_water(seconds)

    @property
    def seen_flow_c(self) -> Floats:
        """What the controller takes for the flow temperature. [degrees C]"""
        seen = self.flow_c + self.flow_offset_k
        fixed = ~np.isnan(self.flow_fixed_c)
        return np.where(fixed, self.flow_fixed_c, seen) if fixed.any() else seen

    def hold_tap(self, place: int) -> float:
        """Return the share of its rated hot water power that a boiler's plates can still pass. [-]"""
        one = slice(place, place + 1)
        rated_w = np.maximum(self.homes.tap_w[one], 1.0)
        passed = hot_water.conductance(self._plate[one], rated_w / _RATED_K, self._loop_w_per_k[one])
        most_w = np.minimum(passed * self._most_over_k[one], rated_w)
        return float((most_w / rated_w)[0])

    def fill(self, places: Ints, to_bar: Floats) -> None:
        """Fill up, or let out, to a pressure at the present temperature. [bar]"""
        gas_l = self._gas_l()[places]
        self.lost_l[places] += self._gas_amount[places] / (to_bar + water.ATMOSPHERE_BAR) - gas_l

    def service(self, place: int) -> None:
        """Leave the system of one boiler as an installer does: cold pressure right, trap clean, no flame losses in mind."""
        self._gas_amount[place] = self.homes.vessel_l[place] * (self.homes.charge_bar[place] + water.ATMOSPHERE_BAR)
        self.lost_l[place], self.level_l[place], self.bucket[place] = 0.0, 0.0, 0.0
        self.rest_s[place] = 0.0

    # -------------------------------------------------------------------------------------------------- parts of a step

    def _shares(self, seconds: float) -> tuple[float, ...]:
        """Return how far first-order lags come in a step."""
        if seconds not in self._steps:
            taus = (_FLOWING_S, _STANDING_S, _MIXING_S, _TAP_S, _TAP_COOLS_S, _FLUE_S, _FLUE_OFF_S)
            self._steps[seconds] = tuple(-math.expm1(-seconds / tau) for tau in taus)
        return self._steps[seconds]

    def _draw_water(self, seconds: float, even: Floats) -> None:
        self.tapping = self.tap_left_s > 0
        opened = np.flatnonzero((even < self.taps_per_s * seconds) & ~self.tapping)
        if len(opened):
            self.tap_left_s[opened], self.tap_lpm[opened] = draw_taps(self._random, len(opened))
            self.tapping[opened] = True
            self.trim[opened] = 0.0  # what heating, or the last tap, fell short of says nothing of this one
        self._tap_share = np.minimum(self.tap_left_s / seconds, 1.0)
        self.tap_left_s = np.maximum(self.tap_left_s - seconds, 0.0)

    def _call(self) -> None:
        below_k = self.wanted_c - self.air_c
        self.call = self.warms_now & (below_k > np.where(self.call, -0.3, 0.3))
        self.frost = (self.flow_c < np.where(self.frost, _FROST_OFF_C, _FROST_ON_C)) & self._frost_guard
        self.ch_active = self.call | self.frost

    def _switch(self, seconds: float, even: Floats) -> None:
        """Let burners stop and start; a start is a sequence of attempts."""
        seen_c, runs = self.seen_flow_c, ~self.stopped
        self._heats = self.ch_active & ~self.tapping & runs
        want = self._heats | (self.tapping & runs)
        set_c = np.where(self.frost & ~self.call, 40.0, self.flow_set_c)
        over_c = set_c + np.where(self.burn_s < 120, _OVER_FIRST_K, _OVER_K)
        too_hot = np.where(
            self.tapping, (seen_c > _TAP_LIMIT_C) | (self.dhw_c > self.people.tap_c + 7.0), seen_c > over_c
        )
        stops = self.on & (too_hot | ~want)
        self.rest_s = np.where(stops & ~self.tapping, self.homes.pause_s, np.maximum(self.rest_s - seconds, 0.0))
        cold_enough = np.where(self.tapping, seen_c < _TAP_AIM_C, (seen_c < set_c - _UNDER_K) & (self.rest_s <= 0))
        starts = want & ~self.on & cold_enough
        self.on &= ~stops
        self._set_c = set_c
        self.gave_up[:] = False
        places = np.flatnonzero(starts)
        if len(places):
            self._ignite(places, even[places])

    def _ignite(self, places: Ints, even: Floats) -> None:
        health = self.health
        gas = np.minimum(self._gas_most[places] / _LIGHTING, 1.0)
        ease = gas * gas * (1.0 - _DROWNED_SPARK * self._drowned()[places])
        spark = np.maximum(health.spark_per_s[places] * ease, 1e-6)
        delay_s = health.valve_delay_s[places]
        seen_ua = burner.flame_current(np.full(len(places), _LIGHTING), self._current_gain[places]) * gas
        unseen = np.exp(-np.maximum(seen_ua - burner.CUT_CURRENT_UA, 0.0) / burner.FLICKER_UA)
        fails = 1.0 - (1.0 - burner.failed_attempt(spark, delay_s)) * (1.0 - unseen)
        tries = np.floor(np.log(even + 1e-300) / np.log(np.clip(fails, 1e-12, 1 - 1e-12)))
        failed = np.minimum(tries, self.attempts[places])
        self.failures[places] += failed
        lit = failed < self.attempts[places]
        self.gave_up[places[~lit]] = True
        took_s = burner.ignition_time(self._random.random(len(places)), spark, delay_s)
        self.wait_s[places] = _PURGE_S + failed * (_PAUSE_S + burner.SAFETY_S) + took_s
        places, took_s = places[lit], took_s[lit]
        self.on[places], self.burn_s[places], self.load[places] = True, 0.0, _LIGHTING
        self.starts[places] += 1
        self.ignition_s[places] += 0.3 * (took_s - self.ignition_s[places])

    def _burn(self, seconds: float, even: Floats) -> tuple[Floats, Floats]:
        """Control the load; return the heat into water while burning, and on average over the step. [W]"""
        homes = self.homes
        flow_lpm = np.maximum(self._full_lpm * self.pump, 0.2)
        self._w_per_k = flow_lpm * water.W_PER_K_LPM
        most_w = np.where(self.tapping, homes.tap_w, homes.heat_w)
        self._across = self._w_per_k * self._through
        asked_w = self._across * (self._set_c - self.flow_offset_k - self.water_c) + 0.5 * self._emitted_w
        self._integrate(seconds)
        asked_w = np.minimum(asked_w + self.trim * most_w, self._w_per_k * (self.spread_limit_k - _BEFORE_LIMIT_K))
        self._tap_w_per_k = self.tap_lpm * water.W_PER_K_LPM
        tap_w = self._tap_w_per_k * (self.people.tap_c - self.cold_c)
        self._passed = hot_water.conductance(self._plate, self._tap_w_per_k, self._loop_w_per_k)
        tap_w = np.minimum(tap_w + self.trim * most_w, self._passed * self._most_over_k)
        wanted = np.where(self.tapping, tap_w, asked_w) / np.maximum(most_w, 1.0)
        pace = np.where(self.tapping, 1.0, -math.expm1(-seconds / _CONTROL_S))
        self.load += (wanted - self.load) * pace
        most = np.minimum((self._flue_limit_c - self.flue_c) / _BEFORE_FLUE_LIMIT_K, 1.0)
        self.load = np.maximum(np.minimum(self.load, most), homes.least)
        self.ratio = burner.fan_ratio(self.health.friction, self._air_free, self.load)
        self.air_ratio = self.ratio * self._air_free
        gas = np.minimum(self._gas_most / self.load, 1.0)
        real = np.maximum(self.load * gas * np.minimum(self.air_ratio, 1.0), 0.02)
        self._left = flue.unexchanged(real, homes.units, self.health.fouling)
        share = np.maximum(seconds - self.wait_s, 0.0) / seconds * self.on
        self.wait_s = np.maximum(self.wait_s - seconds, 0.0)
        self.burning = self.on & (self.wait_s <= 0)
        burn_s = share * seconds
        self.burn_s += burn_s
        self.hours += burn_s / 3_600
        heat_w = most_w * real * (1.0 - self._left) * self.burning
        drowned = self._drowned()
        self.current_ua = burner.flame_current(self.load, self._current_gain) * gas * np.sqrt(gas)
        rate = burner.losses_per_h(self.current_ua) + drowned * drowned * _DROWNED_LOSSES
        rate += np.maximum(_POOR_AIR - self.air_ratio, 0.0) * _POOR_LOSSES
        lost = np.flatnonzero(self.burning & (even * 3_600 < rate * burn_s))
        self.bucket = np.maximum(self.bucket - seconds / 1_500, 0.0)
        if len(lost):
            self.losses[lost] += 1
            self.bucket[lost] += 1
            self.on[lost] = False
            self.burning[lost] = False
            self.rest_s[lost] = 0.0
        return heat_w, np.where(self.tapping, np.minimum(share, self._tap_share), share) * most_w * real * (
            1.0 - self._left
        )

    def _integrate(self, seconds: float) -> None:
        """Let the controller ask for more where what it controls stays short of its set point, unless it asks for all."""
        heating_k = np.where(self.tapping, 0.0, self._set_c - self.flow_offset_k - self.flow_c)
        over_k = heating_k + self._short_tap_k - 1.0
        pace = np.where(over_k < 0, 4.0, self.load < 0.98) * (seconds / _INTEGRAL_KS)
        self.trim = np.where(self.burning, np.minimum(np.maximum(self.trim + over_k * pace, 0.0), 1.0), 0.0)

    def _move_heat(self, seconds: float, shares: tuple[float, ...], heat_w: Floats, mean_w: Floats) -> None:
        homes, health = self.homes, self.health
        flowing, standing, mixing, tap_fast, tap_slow, flue_fast, flue_slow = shares
        self.overrun_s = np.where(self._heats, _OVERRUN_S, np.maximum(self.overrun_s - seconds, 0.0))
        loops = self.tapping & ~self.stopped
        circulates = (self.overrun_s > 0) & ~self.tapping
        self.pump_on = circulates | loops
        emitted_w = building.emission(self.water_c, self.air_c, homes.emit_w_at_40k)
        self._emitted_w = emitted_w
        into_w = np.where(self.tapping, mean_w * health.passing, mean_w)
        self.water_c += (into_w - emitted_w) * (seconds / homes.circuit_j_per_k)
        flow_heating = self.water_c + (heat_w - 0.5 * emitted_w) / self._across
        useful_w = heat_w * (1.0 - health.passing)
        tapped_c = np.minimum(self.cold_c + useful_w / self._tap_w_per_k, 80.0)
        self._short_tap_k = np.where(loops, self.people.tap_c - tapped_c, 0.0)
        flow_tapping = self.cold_c + useful_w / self._passed
        flow_goal = np.where(loops, flow_tapping, np.where(circulates, flow_heating, self.around_c))
        spread_k = heat_w / np.where(loops, self._loop_w_per_k, self._w_per_k)
        self.return_c += np.where(
            self.pump_on, (flow_goal - spread_k - self.return_c) * flowing, (self.flow_c - self.return_c) * mixing
        )
        self.flow_c += (flow_goal - self.flow_c) * np.where(self.pump_on, flowing, standing)
        drawn = np.where(circulates, health.passing, 0.0) + _CASING
        dhw_goal = np.where(self.tapping, tapped_c, self.around_c + drawn * (self.flow_c - self.around_c))
        self.dhw_c += (dhw_goal - self.dhw_c) * np.where(self.tapping, tap_fast, tap_slow)
        hot_c = self.return_c + homes.flue_over_k + flue.FLAME_OVER_RETURN_K * self._left
        flue_goal = np.where(self.burning, hot_c, 0.5 * (self.return_c + self.around_c))
        self.flue_c += (flue_goal - self.flue_c) * np.where(self.burning, flue_fast, flue_slow)
        pump_goal = np.minimum(np.maximum(heat_w / (self._full_lpm * (water.W_PER_K_LPM * _AIM_K)), _SLOWEST), 1.0)
        self.pump = np.where(self.modulates & ~self.tapping, self.pump + (pump_goal - self.pump) * 0.3, 1.0)
        into_floor_w = emitted_w * homes.floor
        self.air_c, self.mass_c = building.warmed(
            self.air_c, self.mass_c, self.outdoor_c, emitted_w - into_floor_w + _GAINS_W, into_floor_w, seconds,
            air_j_per_k=homes.air_j_per_k, mass_j_per_k=homes.mass_j_per_k, coupling_w_per_k=homes.coupling_w_per_k,
            loss_w_per_k=homes.loss_w_per_k,
        )  # fmt: skip
        made = mean_w * (flue.CONDENSATE_L_PER_KWH / 3.6e6 * seconds) * flue.condensing(self.return_c) * self.condenses
        self.level_l = np.minimum(np.maximum(self.level_l + made - self._drain * seconds, 0.0), _FULL_L)

    def _change_water(self, seconds: float) -> None:
        homes = self.homes
        self.lost_l += self._leak_l_per_s * seconds
        if self._weeps:
            self.lost_l += water.weeping(self.bar, self.health.seat_bar, homes.weep_l_per_h_bar) * (seconds / 3_600)
        gas_l = self._gas_l()
        self.bar = water.pressure(gas_l, self._gas_amount, homes.vessel_l)
        if self.bar.max() > water.RELIEF_BAR:
            out_l = water.vented(gas_l, self._gas_amount)
            self.relieved |= out_l > 0
            self.lost_l += out_l

    def _drowned(self) -> Floats:
        """Return how far condensate stands in the burner, 0 to 1. [-]"""
        return np.maximum(self.level_l - _TRAP_L, 0.0) * (1.0 / (_FULL_L - _TRAP_L))

    def _gas_l(self) -> Floats:
        homes = self.homes
        return water.gas_volume(
            self.water_c, self.lost_l, system_l=homes.system_l, gas_cold_l=homes.gas_cold_l, vessel_l=homes.vessel_l
        )
