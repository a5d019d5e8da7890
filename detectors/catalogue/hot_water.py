"""Hot water: a plate exchanger that needs ever hotter water for the same tap.

Sees: flow - hot water while a tap draws and the flame burns, in bands of modulation, because the difference over an
exchanger is power over conductance. Needs: flow and hot water temperature and a sign of drawing; silent without.
Source: flow overshoots to about 85 °C with hot water near 50 °C (Bosch 348, devices guide 7).
Limits: of a storage tank the difference follows its set point; a jump of that is taken as a new normal.
"""

import numpy as np

from boilerwatch.fold import Frames
from detectors.catalogue.contract import Banded, World
from detectors.catalogue.drift import Track
from detectors.catalogue.gradual import BANDS, Gradual, burning, by_band, drawing


class HotWater(Gradual):
    """Plate exchanger scale."""

    name = "hot_water"
    tracks = (
        Track("plate_scale", "flow_over_dhw_k", "k", 1, advise=6.0, warn=9.0, stop=25.0, floor=1.2, bands=BANDS,
              least=3, source="35 K of 85 over 50 °C at the stop (Bosch 348), less about 10 K of a clean plate"),
    )  # fmt: skip

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return how much hotter the flow is than the tap while it draws."""
        drawn = burning(frames) & drawing(frames)
        apart = frames.mean("flow_temp_c") - frames.mean("dhw_temp_c")
        return {"flow_over_dhw_k": by_band(np.where(drawn, apart, np.nan), frames)}
