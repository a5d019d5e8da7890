"""Hot water: a plate exchanger that needs ever hotter water for the same tap, a diverter that leaks heat across.

Sees: flow - hot water while a tap draws and the flame burns, in bands of modulation, because the difference over an
exchanger is power over conductance; and, while heating burns and nothing was drawn for twenty minutes, how hot water
follows the flow: a shut diverter leaves it cooling, one that passes warms it along. Needs: flow and hot water temperature
and a sign of drawing; silent without. Cadence: minutes measured, days judged. Units: kelvin, kelvin per kelvin.
Told apart: scale shows while drawing, a passing diverter while not; a drifted sensor shows at rest too.
Sources: flow overshoots to about 85 °C with hot water near 50 °C (Bosch 348); DHW temperature tracks heating (devices
guide 7). Limits: of a storage tank the difference follows its set point; a jump of that is taken as a new normal.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import Frames
from boilerwatch.model import Ints
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.drift import Drift, Track, Verdict
from detectors.catalogue.gradual import BANDS, Gradual, SinceActive, burning, by_band, drawing

_QUIET_MINUTES = 20
#: Least variance of flow temperature within a day for a slope: 3 K of scatter. [K^2]
_LEAST_SPREAD_K2 = 9.0


class HotWater(Gradual):
    """Plate exchanger scale, and a diverter that passes."""

    name = "hot_water"
    version = "4"
    tracks = (
        Track("plate_scale", "flow_over_dhw_k", "k", 1, advise=6.0, warn=9.0, stop=25.0, floor=1.2, bands=BANDS,
              least=3, rivals=("diverter_passing", "ntc_drift", "ntc_failed"),
              source="35 K of 85 over 50 °C at the stop (Bosch 348), less about 10 K of a clean plate"),
        Track("diverter_passing", "follows", "k_per_k", 1, advise=0.2, warn=0.3, stop=0.9, floor=0.05, least=30,
              rivals=("plate_scale", "ntc_failed"),
              source="a shut valve lets nothing follow; a third of each kelvin is beyond what a wall conducts"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features = {"flow_over_dhw_k": BANDS} | dict.fromkeys(("flow_c", "dhw_c", "flow_dhw", "flow_flow"), 1)
        self._since = SinceActive()

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return how much hotter the flow is than the tap while it draws, and both while only heating runs."""
        tap = drawing(frames)
        flow, dhw = frames.mean("flow_temp_c"), frames.mean("dhw_temp_c")
        rest = self._since.minutes(frames.slot, frames.start_ms, tap, len(world.slots)) >= _QUIET_MINUTES
        both = rest & (frames.high("flame_on") >= 0) & ~np.isnan(flow + dhw)
        x, y = np.where(both, flow, np.nan), np.where(both, dhw, np.nan)
        values = {"flow_c": x, "dhw_c": y, "flow_dhw": x * y, "flow_flow": x * x}
        return {name: Banded(one) for name, one in values.items()} | {
            "flow_over_dhw_k": by_band(np.where(burning(frames) & tap, flow - dhw, np.nan), frames)
        }

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        if "follows" not in days.mean:
            x, y = days.only("flow_c"), days.only("dhw_c")
            spread = days.only("flow_flow") - x * x
            slope = (days.only("flow_dhw") - x * y) / np.where(spread > _LEAST_SPREAD_K2, spread, np.nan)
            days.mean["follows"] = slope[:, None]
            days.count["follows"] = days.count["flow_c"]
        return super()._look(drift, days, rows, site, world)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when hot water was last drawn."""
        return super().dump() | self._since.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when hot water was last drawn."""
        super().load(data)
        self._since.load(data)
