"""Flow: water that moves less, and an exchanger that gives its heat to the flue.

Sees: while heating burns, has burnt for some minutes and no tap is open, in bands of modulation: the spread (flow - return), which over the power
grows as the flow falls, times the square root of pump speed where there is one: a pump that holds the spread hides its wear
in its speed, and how flow follows speed lies between proportional (affinity law) and not at all (valves and heads that
hold against it); and flue - return, which rises as scale insulates the exchanger; flue - flow of boilers that have no return sensor, as many
that do not condense. Needs: flow and return, or flue and one of them; silent without; days with too few readings are taken together, up to five of them. Water temperature is what else moves them, and is taken out.
Cadence: minutes measured, days judged. Units: logarithms of ratios (spread), kelvin (flue gas).
Sources: target spread 20 K, blocks at 22-35 K; condensing flue 50-60 °C, cut-off 80 °C (devices guide 6).
Limits: radiators shut all at once look like a step and are taken as a new normal.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import Frames
from boilerwatch.model import Floats, Ints
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.gradual import BANDS, Gradual, SinceActive, burning, by_band, drawing, log_of, power_in_band
from detectors.catalogue.track import Track
from detectors.catalogue.verdict import Verdict

#: A burner that has just started heats cold water: what it shows is its start, not its flow.
_STEADY_MINUTES = 8
#: Exponent by which flow follows pump speed, halfway between its bounds.
_FOLLOWS_SPEED = 0.5
#: Part of a rise of the spread that an offset of its sensors explains, beyond which it is theirs.
_THEIRS = 0.5


class Flow(Gradual):
    """Circulation loss and exchanger scale, each the other's rival."""

    name = "flow"
    version = "10"
    tracks = (
        Track(
            "circulation_loss", "loss_ln", "ln_ratio", 1, advise=math.log(1.25), warn=math.log(1.4),
            stop=math.log(35 / 15), floor=0.05, bands=BANDS, pooled=True, cause_slope=0.01, rivals=("exchanger_scale", "ntc_drift", "ntc_failed"),
            source="1.4 times a usual 15 K is the 22 K at which the first boilers block; 35 K is Riello's limit",
        ),
        Track(
            "exchanger_scale", "flue_over_return_k", "k", 1, advise=6.0, warn=9.0, stop=25.0, floor=1.0, bands=BANDS, pooled=True,
            cause_slope=0.3, rivals=("circulation_loss", "ntc_drift", "ntc_failed"),
            source="a condensing flue is 50-60 °C and is cut off at 80 °C (Riello)",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features |= {"shown_spread_k": 1}
        self._unlit = SinceActive()
        self._returns = Arrays({"tells": (False, np.bool_, ())})

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return spread, flue over return and water temperature while heating burns."""
        lit, slots = burning(frames) & ~drawing(frames), len(world.slots)
        # it may have gone out and come back between readings, and the first that sees it lit does not know since when
        began = ~lit | (frames.starts > 0)
        heating = lit & (self._unlit.minutes(frames.slot, frames.start_ms, began, slots) >= _STEADY_MINUTES)
        flow, back = frames.mean("flow_temp_c"), frames.mean("return_temp_c")
        world.offsets.grow(len(world.slots))
        apart = flow - back - world.offsets["idle_k"][frames.slot]  # what sensors add to it is not the water's
        spread = np.where(heating & (apart > 2), apart, np.nan)
        shown = np.where(np.isnan(spread), np.nan, flow - back)
        speed = frames.mean("pump_modulation_pct")
        effort = np.where(np.isnan(speed) | (speed <= 0), 0.0, _FOLLOWS_SPEED * log_of(speed / 100))
        water = self._water(frames, flow, back, slots)
        flue = np.where(heating, frames.mean("flue_temp_c") - water, np.nan)
        return {
            "loss_ln": by_band(log_of(spread / power_in_band(frames)) + effort, frames),
            "shown_spread_k": Banded(shown),
            "flue_over_return_k": by_band(flue, frames),
            "water_c": Banded(np.where(heating, water, np.nan)),
        }

    def _water(self, frames: Frames, flow: Floats, back: Floats, slots: int) -> Floats:
        """Return the water that flue gas is compared with: the return, or the flow of boilers that never told a return."""
        self._returns.grow(slots)
        tells = self._returns["tells"]
        tells[frames.slot[~np.isnan(back)]] = True
        return np.where(tells[frames.slot], back, flow)

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Hold back a loss of flow that is, for the most part, sensors that drifted apart before it was known."""
        world.offsets.grow(len(world.slots))
        shown, offset = days.only("shown_spread_k")[rows], world.offsets["idle_k"][days.slot[rows]].astype(np.float64)
        without = np.maximum(np.minimum(shown - offset, shown), 1.0)
        verdict = verdicts["circulation_loss"]
        theirs = log_of(shown) - log_of(without) > _THEIRS * verdict.effect
        theirs &= offset > 0
        verdict.level[:] = np.where(theirs, 0, verdict.level)
        verdict.score[:] = np.where(theirs, 0.0, verdict.score)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when boilers last did not heat."""
        return super().dump() | self._unlit.dump() | {"returns.tells": self._returns["tells"]}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when boilers last did not heat."""
        super().load(data)
        self._unlit.load(data)
        self._returns.load({"tells": data["returns.tells"]})
