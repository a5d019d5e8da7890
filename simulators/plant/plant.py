"""All boilers, advanced by at most a minute at a time; slow things are taken in by `refresh` every few minutes.

A step costs about 180 array operations whatever the number of boilers.
"""

import numpy as np

from boilerwatch.model import Floats, Ints
from simulators.physics import hot_water
from simulators.plant import burning, demand, filling, firing, heat, surroundings
from simulators.plant.state import State

#: Rise at which hot water is rated. [K]
_RATED_K = 40.0


class Plant(State):
    """The boilers of a fleet; `refresh` comes before the first `advance`."""

    _given: surroundings.Surroundings

    def refresh(self, at_s: float, seconds: float, outdoor_c: Floats, gust: Floats, dip_mbar: Floats) -> None:
        """Take in weather, habits and wear, `seconds` after the last time."""
        self._given = surroundings.take_in(
            self, at_s, seconds, outdoor_c=outdoor_c, gust=gust, dip_mbar=dip_mbar
        )  # fmt: skip

    def advance(self, seconds: float) -> None:
        """Advance by at most a minute. [s]"""
        given = self._given
        even = self.random.random((3, len(self.on)))
        served = demand.draw_water(self, given, seconds, even[0])
        demand.call_for_heat(self, given)
        wanted = firing.switch(self, given, seconds, even[1])
        fire = burning.burn(self, given, wanted, seconds, even[2], served)
        heat.move(self, given, wanted, fire, seconds)
        filling.change(self, given, seconds)

    def hold_tap(self, place: int) -> float:
        """Return the share of its rated hot water power that a boiler's plates can still pass. [-]"""
        one, given = slice(place, place + 1), self._given
        rated_w = np.maximum(self.homes.tap_w[one], 1.0)
        passed = hot_water.conductance(given.plate_w_per_k[one], rated_w / _RATED_K, given.loop_w_per_k[one])
        most_w = np.minimum(passed * given.most_over_k[one], rated_w)
        return float((most_w / rated_w)[0])

    def fill(self, places: Ints, to_bar: Floats) -> None:
        """Fill up, or let out, to a pressure at the present temperature. [bar]"""
        filling.fill(self, places, to_bar)

    def service(self, place: int) -> None:
        """Leave the system of one boiler as an installer does."""
        filling.service(self, place)
