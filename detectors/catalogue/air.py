"""Air: a fan that lags behind its orders, or turns faster for the same fire.

Sees: fan speed while burning, against its set point where there is one, else against its own past, in bands of
modulation. Slower is wear (Bosch warns with H02); faster at equal load is a path that lets less air through. Needs:
`fan_speed_rpm`; silent without. Sources: H02 fan slower, fan labelled predictive data by Vaillant (devices guide 5.2, 7).
"""

import math

import numpy as np

from boilerwatch.fold import Frames
from detectors.catalogue.contract import Banded, World
from detectors.catalogue.drift import Track
from detectors.catalogue.gradual import BANDS, Gradual, burning, by_band, log_of

_SOURCE = (
    "a controlled fan keeps within about 2 %; speed and air are proportional, and a fifth less air ends a clean flame"
)


class Air(Gradual):
    """Fan wear and a restricted flue: one quantity, opposite signs."""

    name = "air"
    tracks = (
        Track("fan_wear", "fan_ln", "ln_ratio", -1, advise=-math.log(0.94), warn=-math.log(0.91),
              stop=-math.log(0.8), floor=0.012, bands=BANDS, source=_SOURCE),
        Track("flue_restricted", "fan_ln", "ln_ratio", 1, advise=math.log(1.07), warn=math.log(1.11),
              stop=math.log(1.25), floor=0.012, bands=BANDS, source=_SOURCE),
    )  # fmt: skip

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return the logarithm of fan speed over its set point, or of the speed alone, while burning."""
        speed, wanted = frames.mean("fan_speed_rpm"), frames.mean("fan_setpoint_rpm")
        turning = burning(frames) & (speed > 0)
        level = log_of(speed) - np.where(wanted > 0, log_of(wanted), 0.0)
        return {"fan_ln": by_band(np.where(turning, level, np.nan), frames)}
