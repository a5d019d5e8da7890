"""Hot water: a plate exchanger that needs ever hotter water for the same tap, a diverter that leaks heat across.

Sees: how far hot water stays below its set point, or below what it was, while a tap draws: both faults end there; which
of them it is, the rest tells. Flow - hot water while a tap draws and the flame burns, over the power, because the difference over an
exchanger is power over conductance; and, while heating burns and nothing was drawn for twenty minutes, how hot water
follows the flow and how warm it stays: a shut diverter leaves it cooling, one that passes warms it along; and flow - hot
water that shrinks at equal modulation while a tap draws or a tank is charged: that heat went elsewhere. Needs: flow and hot water temperature
and a sign of drawing; silent without. Cadence: minutes measured, days judged; days with too few readings of
taps are taken together, up to five of them. Units: kelvin, kelvin per kelvin.
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
from detectors.catalogue.drift import Drift
from detectors.catalogue.gradual import LEAST_POWER_PCT, Gradual, SinceActive, Steps, burning, drawing, slope_of
from detectors.catalogue.track import Track
from detectors.catalogue.verdict import Verdict

_QUIET_MINUTES = 20
#: Taps are few: two bands, of draws at little and at much power, each compared at its middle. [%]
_BANDS, _STRONG_PCT, _MIDDLE_PCT = 2, 45.0, (30.0, 75.0)
#: Least variance of flow temperature within a day for a slope: 3 K of scatter. [K^2]
_LEAST_SPREAD_K2 = 9.0
#: Error above which a day tells nothing of how hot water follows. [K/K]
_SURE_SLOPE = 0.08
#: Hot water that warms by more between two readings was drawn. [K]
_TAPPED_K = 2.0


class HotWater(Gradual):
    """Plate exchanger scale, and a diverter that passes."""

    name = "hot_water"
    version = "9"
    tracks = (
        Track("plate_scale", "plate_k", "k", 1, advise=6.0, warn=9.0, stop=25.0, floor=1.2, bands=_BANDS,
              least=2, pooled=True, rivals=("diverter_passing", "ntc_drift", "ntc_failed"),
              source="35 K of 85 over 50 °C at the stop (Bosch 348), less about 10 K of a clean plate"),
        Track("diverter_passing", "follows", "k_per_k", 1, advise=0.2, warn=0.3, stop=0.9, floor=0.05, least=12,
              rivals=("plate_scale", "ntc_failed"),
              source="a shut valve lets nothing follow; a third of each kelvin is beyond what a wall conducts"),
        Track("plate_scale", "tap_short_k", "k", 1, advise=4.0, warn=7.0, stop=20.0, floor=1.0, least=3, pooled=True, key="tap_short",
              rivals=("diverter_passing", "ntc_failed", "gas_supply_low"),
              source="a tap 7 K colder than it was is felt; 20 K below 50 °C nobody showers with"),
        Track("diverter_passing", "tap_short_k", "k", 1, advise=4.0, warn=7.0, stop=20.0, floor=1.0, least=3, pooled=True,
              key="tap_short_by_diverter", rivals=("plate_scale", "ntc_failed", "gas_supply_low"),
              source="a diverter that stays between gives the tap a part of the heat"),
        Track("diverter_passing", "warm_at_rest_c", "k", 1, advise=5.0, warn=8.0, stop=20.0, floor=1.0, least=8,
              key="warm_at_rest", cause="heating_flow_c", cause_slope=0.15, rivals=("ntc_failed",),
              source="behind a shut valve hot water cools to the casing's warmth, a sixth of the way to the flow; 20 K more is near the flow"),
        Track("diverter_passing", "plate_k", "k", -1, advise=5.0, warn=8.0, stop=15.0, floor=1.2, bands=_BANDS,
              least=4, pooled=True, key="heat_elsewhere", rivals=("plate_scale", "ntc_drift", "ntc_failed", "gas_supply_low"),
              source="at equal power the difference over an exchanger is the heat that crosses it: 8 of about 20 K is two fifths gone"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features = {"plate_k": _BANDS} | dict.fromkeys(
            ("flow_c", "dhw_c", "flow_dhw", "flow_flow", "dhw_dhw", "tap_short_k", "warm_at_rest_c", "heating_flow_c"),
            1,
        )
        self._since, self._steps = SinceActive(), Steps("dhw_c")

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return how much hotter the flow is than the tap while it draws, and both while only heating runs."""
        tap = drawing(frames)
        flow, dhw = frames.mean("flow_temp_c"), frames.mean("dhw_temp_c")
        unseen = self._steps.rise("dhw_c", frames.slot, dhw, len(world.slots)) > _TAPPED_K
        active = tap | unseen  # a tap that ran between two readings leaves its warmth
        rest = self._since.minutes(frames.slot, frames.start_ms, active, len(world.slots)) >= _QUIET_MINUTES
        both = rest & (frames.high("flame_on") >= 0) & ~np.isnan(flow + dhw)
        x, y = np.where(both, flow, np.nan), np.where(both, dhw, np.nan)
        values = {"flow_c": x, "dhw_c": y, "flow_dhw": x * y, "flow_flow": x * x, "dhw_dhw": y * y}
        heating = both & burning(frames)
        values |= {"warm_at_rest_c": np.where(heating, dhw, np.nan), "heating_flow_c": np.where(heating, flow, np.nan)}
        wanted = np.nan_to_num(frames.mean("dhw_setpoint_c"))
        values["tap_short_k"] = np.where(burning(frames) & tap, wanted - dhw, np.nan)
        load = np.nan_to_num(frames.mean("modulation_pct"), nan=_MIDDLE_PCT[0])
        band = (load >= _STRONG_PCT).astype(np.int64)
        power = (load + LEAST_POWER_PCT) / (np.array(_MIDDLE_PCT)[band] + LEAST_POWER_PCT)
        # where hot water is hotter than the flow the tap has only begun, or ends: nothing is exchanged yet
        over = np.where(burning(frames) & tap & (flow > dhw), (flow - dhw) / power, np.nan)
        return {name: Banded(one) for name, one in values.items()} | {"plate_k": Banded(over, band)}

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        if "follows" not in days.mean:
            names = ("flow_c", "dhw_c", "flow_dhw", "flow_flow", "dhw_dhw")
            slope, error = slope_of([days.only(n) for n in names], days.count["flow_c"][:, 0], _LEAST_SPREAD_K2)
            days.mean["follows"] = np.where(error < _SURE_SLOPE, slope, np.nan)[:, None]
            days.count["follows"] = days.count["flow_c"]
        return super()._look(drift, days, rows, site, world)

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Give a tap that runs cold to the plate or to the diverter, by which of them shows elsewhere."""
        plate, diverter = verdicts["tap_short"], verdicts["tap_short_by_diverter"]
        passes = np.maximum(verdicts["diverter_passing"].score, verdicts["warm_at_rest"].score)
        by_diverter = (passes > 0.4) & (passes > verdicts["plate_scale"].score)
        for verdict, mine in ((plate, ~by_diverter), (diverter, by_diverter)):
            verdict.level[:] = np.where(mine, verdict.level, 0)
            verdict.score[:] = np.where(mine, verdict.score, 0.0)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when hot water was last drawn."""
        return super().dump() | self._since.dump() | self._steps.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when hot water was last drawn."""
        super().load(data)
        self._since.load(data)
        self._steps.load(data)
