"""What goes on from one step to the next, an array a quantity and a value a boiler."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats
from simulators.health import Health
from simulators.homes import Homes
from simulators.household import Households, wants_heat
from simulators.models import Model
from simulators.physics import water

Bools = NDArray[np.bool_]
#: Load at which a burner lights. [-]
LIGHTING = 0.45
#: A trap that holds more begins to drown the burner, and has drowned it when full. [l]
TRAP_L, FULL_L = 0.9, 1.5


class State:
    """The state of all boilers; see `homes` and `health` for what does not move by itself.

    Parameters
    ----------
    random
        Source of taps, sparks and flicker.
    outdoor_c
        At the start, shape (n,). [degrees C]
    """

    def __init__(
        self, homes: Homes, people: Households, health: Health, models: Sequence[Model], random: np.random.Generator,
        outdoor_c: Floats,
    ) -> None:  # fmt: skip
        count = len(models)
        self.homes, self.people, self.health, self.random = homes, people, health, random
        self._fit(models)
        self.stopped = np.zeros(count, np.bool_)
        self.flow_offset_k, self.return_offset_k = np.zeros(count), np.zeros(count)
        self.flow_fixed_c = np.full(count, np.nan)
        self.outdoor_c, self.mean_outdoor_c = outdoor_c, outdoor_c.copy()
        self.warms = wants_heat(outdoor_c, np.ones(count, np.bool_))
        self.unplugged, self.out_until_s = np.zeros(count, np.bool_), np.zeros(count)
        self._warm_up(outdoor_c)
        self.tap_left_s, self.tap_lpm = np.zeros(count), np.full(count, 5.0)
        self.call, self.frost = self.warms & (random.random(count) < 0.6), np.zeros(count, np.bool_)
        self.on, self.burning, self.drawing = (np.zeros(count, np.bool_) for _ in range(3))
        self.tapping = np.zeros(count, np.bool_)
        self.pump_on, self.ch_active = np.zeros(count, np.bool_), self.call.copy()
        self.wait_s, self.rest_s, self.burn_s, self.overrun_s = (np.zeros(count) for _ in range(4))
        self.load, self.pump, self.trim = np.full(count, LIGHTING), np.ones(count), np.zeros(count)
        self.ratio, self.air_ratio, self.current_ua = np.ones(count), np.ones(count), np.zeros(count)
        self.starts, self.hours, self.failures, self.losses = (np.zeros(count) for _ in range(4))
        self.ignition_s, self.bucket = np.full(count, 1.4), np.zeros(count)
        self.gave_up, self.relieved = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        self.lost_l, self.level_l = np.zeros(count), np.zeros(count)
        self.bar = homes.cold_bar.copy()
        self.gas_amount = homes.vessel_l * (homes.charge_bar + water.ATMOSPHERE_BAR) * health.gas_share
        self.emitted_w, self.short_tap_k = np.zeros(count), np.zeros(count)
        self.flow_set_c = homes.fixed_c.copy()
        #: Places of boilers with a storage tank, and which of those are charging.
        self.tanks = np.flatnonzero(homes.tank_l > 0)
        self.charging = np.zeros(len(self.tanks), np.bool_)
        if len(self.tanks):
            self.dhw_c[self.tanks] = people.tap_c[self.tanks] - 2.0

    def _fit(self, models: Sequence[Model]) -> None:
        """Take what a model is built for."""
        self.attempts = np.array([model.attempts for model in models])
        self.condenses = np.array([model.condensing for model in models])
        self.modulates = np.array([model.pump_modulates for model in models])
        self.spread_limit_k = np.array([model.spread_limit_k for model in models])
        self.flue_limit_c = np.array([model.flue_limit_c for model in models])

    def _warm_up(self, outdoor_c: Floats) -> None:
        """Let homes and water be as warm as a day of this weather leaves them."""
        homes = self.homes
        self.air_c = self.people.day_c - 0.2
        self.mass_c = self.air_c - 0.6
        load_w = np.maximum(homes.loss_w_per_k * (self.air_c - outdoor_c), 0.0)
        over_k = 40.0 * (load_w / homes.emit_w_at_40k) ** 0.8
        self.water_c = np.where(self.warms, np.minimum(self.air_c + over_k, homes.hot_c), self.air_c)
        self.flow_c, self.return_c = self.water_c.copy(), self.water_c.copy()
        self.dhw_c, self.flue_c = np.full(len(outdoor_c), 25.0), self.water_c.copy()

    @property
    def seen_flow_c(self) -> Floats:
        """What the controller takes for the flow temperature. [degrees C]"""
        seen = self.flow_c + self.flow_offset_k
        fixed = ~np.isnan(self.flow_fixed_c)
        return np.where(fixed, self.flow_fixed_c, seen) if fixed.any() else seen

    def drowned(self) -> Floats:
        """Return how far condensate stands in the burner, 0 to 1. [-]"""
        return np.maximum(self.level_l - TRAP_L, 0.0) * (1.0 / (FULL_L - TRAP_L))
