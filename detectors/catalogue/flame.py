"""Flame: an ionisation current that falls, an ignition that takes longer.

Sees: flame current in bands of modulation, because it depends on power (real boilers: 25.7 µA at 28 %, 37.4 µA at
61 %), and ignition time. Needs: `flame_current_ua` with the flame burning; `ignition_time_s` for ignition wear; silent
without them. Sources: healthy 23-37 µA, Viessmann wants more than 5 µA, burner minimum 1.5 µA; vendors' own
early warnings H04, H05, H06 (devices guide 5.2, 6 and 7).
Limits: without modulation all loads are one band; electrode and gas valve both lengthen ignition and are told apart
only by a visit.
"""

import math

import numpy as np

from boilerwatch.fold import Frames
from detectors.catalogue.contract import Banded, World
from detectors.catalogue.drift import Track
from detectors.catalogue.gradual import BANDS, Gradual, burning, by_band, log_of


class Flame(Gradual):
    """Flame signal decay and ignition wear."""

    name = "flame"
    tracks = (
        Track(
            "flame_signal_decay", "flame_ln", "ln_ratio", -1, advise=-math.log(0.85), warn=-math.log(0.78),
            stop=math.log(25 / 5), floor=0.03, bands=BANDS,
            source="a fifth below its own past is beyond any load effect within a band; 5 of 25 µA is Viessmann's least",
        ),
        Track(
            "ignition_wear", "ignition_s", "s", 1, advise=0.8, warn=1.2, stop=4.0, floor=0.15, least=2,
            source="a safety time of 5 s (EN 298) less about 1 s of a healthy ignition",
        ),
    )  # fmt: skip

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return the logarithm of flame current while burning, and ignition times as they come."""
        current = frames.mean("flame_current_ua")
        lit = burning(frames) & (current > 0.5)
        time = frames.mean("ignition_time_s")
        return {
            "flame_ln": by_band(np.where(lit, log_of(current), np.nan), frames),
            "ignition_s": Banded(np.where(time > 0, time, np.nan)),
        }
