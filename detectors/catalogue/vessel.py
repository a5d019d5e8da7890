"""Expansion vessel: less gas, so the same warming raises pressure further.

Sees: pressure and water temperature of each minute in which the burner heats the circuit, for only then do the boiler's
sensors tell of the circuit's water; of every minute where no flame is told. By the isothermal gas law dp = (p + 1.013)^2 / gas * dV, so a day's
regression of pressure on the water's expansion, divided by (p + 1.013)^2, is one over the gas that is left, whatever
water was lost or filled in: a leak, a top-up and a passing filling loop leave it where it was. Needs: pressure, and flow
or return temperature that moves by some kelvins within the day; silent without. Cadence: minutes measured, days judged.
Units: logarithm of a ratio of gas.
Sources: expansion 1.5 % from 20 to 60 °C and 2.7 % to 80 °C; with 75 % of the charge 2.39 bar at 70 °C, with 25 % above
3 bar, where the relief valve opens, at 50 °C (devices guide 6). Limits: what a valve shut in front of the vessel does
is a jump, and is left to the hard limits.
"""

import math
from dataclasses import replace

import numpy as np

from boilerwatch.fold import Frames
from boilerwatch.model import Ints
from boilerwatch.water import ATMOSPHERE_BAR, expansion, mean_temp_c
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.drift import Drift
from detectors.catalogue.gradual import Gradual, burning, drawing, slope_of
from detectors.catalogue.track import Track
from detectors.catalogue.verdict import Verdict

#: Least spread of water temperature within a day for a slope, as growth of 1000 litres: about 1.5 K. [litres]
_LEAST_SPREAD_L = 0.5
#: Error of the slope above which a day tells nothing. [-]
_SURE_SHARE = 0.15


class Vessel(Gradual):
    """Expansion vessel that loses its charge."""

    name = "vessel"
    tracks = (
        Track(
            "vessel_flat", "gas_ln", "ln_ratio", 1, advise=math.log(1 / 0.75), warn=math.log(1 / 0.62),
            stop=math.log(1 / 0.33), floor=0.08, least=20, cause="warm_c", cause_slope=0.01,
            source="three quarters of the gas are missed at 70 °C, a third opens the relief valve near 55 °C",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features = dict.fromkeys(("bar", "grown_l", "bar_grown", "grown_grown", "bar_bar", "warm_c"), 1)

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return pressure, the growth of 1000 litres since 20 °C, and their products, where both are known."""
        flow, back = frames.mean("flow_temp_c"), frames.mean("return_temp_c")
        warm = mean_temp_c(flow, back)
        grown = 1000 * expansion(warm)
        flame = frames.mean("flame_on")
        stands = np.isnan(warm) | drawing(frames) | (~np.isnan(flame) & ~burning(frames))
        bar = np.where(stands, np.nan, frames.mean("water_pressure_bar"))
        grown = np.where(np.isnan(bar), np.nan, grown)
        values = {
            "bar": bar,
            "grown_l": grown,
            "bar_grown": bar * grown,
            "grown_grown": grown**2,
            "bar_bar": bar**2,
            "warm_c": warm,
        }
        return {name: Banded(one) for name, one in values.items()}

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        names = ("grown_l", "bar", "bar_grown", "grown_grown", "bar_bar")
        slope, error = slope_of([days.only(n) for n in names], days.count["bar"][:, 0], _LEAST_SPREAD_L**2)
        slope = np.where(error < _SURE_SHARE * slope, slope, np.nan)
        bar = days.only("bar")
        stiffness = slope / (bar + ATMOSPHERE_BAR) ** 2
        gas = np.log(np.where(stiffness > 0, stiffness, np.nan))
        told = replace(
            days, mean=days.mean | {"gas_ln": gas[:, None]}, count=days.count | {"gas_ln": days.count["bar"]}
        )
        return super()._look(drift, told, rows, site, world)
