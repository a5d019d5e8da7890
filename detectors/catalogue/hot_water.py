"""Hot water: a plate exchanger that needs ever hotter water for the same tap, a diverter that leaks heat across.

Sees: how far hot water stays below its set point, or below what it was, while a tap draws: both faults end there; which
of them it is, the rest tells. The mean temperature difference over the plates at full power, because heat over an exchanger is
conductance times that mean: it tells the resistance of the plates at any draw, one reading a day is enough, and it grows as
scale does. Where no return is measured, what a loop usually cools by at that power stands in. And, while heating burns and
nothing was drawn for twenty minutes, how hot water follows the flow and how warm it stays: a shut diverter leaves it cooling,
one that passes warms it along; and flow - hot water that shrinks at equal modulation while a tap draws or a tank is charged:
that heat went elsewhere. Needs: flow and hot water temperature and a sign of drawing (`dhw_active` or a flow of it); silent
without. Cadence: minutes measured, days judged; days without taps are passed over, with taps on four of the last twelve it is
judged. Units: kelvin, kelvin per kelvin.
Told apart: scale shows while drawing, a passing diverter while not; a drifted sensor shows at rest too. Cold while it is drawn
and hot, or following the flow, while it is not: nothing else does both, and the first day of it is told.
Sources: flow overshoots to about 85 °C with hot water near 50 °C (Bosch 348); counterflow exchangers by their logarithmic mean
difference (VDI Heat Atlas, C1); DHW temperature tracks heating (devices guide 7). Limits: of a storage tank the difference follows
its set point; a jump of that is taken as a new normal. Cold water is taken for 10 °C: a season moves a clean plate's 16 K by two.
Homes that draw on a few days a week are told late, boilers that do not tell that they draw not at all.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import filled
from boilerwatch.fold import Frames
from boilerwatch.model import Floats, Ints
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
#: Standard deviations of a day that is told at once: of the tap, and of what hot water does at rest.
_TAP_Z, _REST_Z = 5.0, 9.0
#: Standard deviations by which hot water at rest is colder than it was.
_COLDER_Z = 2.0

#: Cold water, of which seasons make 5 to 20; what a combi's loop cools by at full power (24 kW, 14 litres a minute). [degrees C], [K]
_COLD_C, _LOOP_K = 10.0, 25.0
#: Least share of full power at which the plates' difference is more than what sensors are off; where no modulation is told. [-]
_LEAST_SHARE, _USUAL_SHARE = 0.3, 0.6
#: Hot water may be seen so much hotter than the flow while a tap runs; beyond that it has only begun. Least difference. [K]
_WITHIN_K, _LEAST_K = 2.0, 0.5


class HotWater(Gradual):
    """Plate exchanger scale, and a diverter that passes."""

    name = "hot_water"
    version = "11"
    tracks = (
        Track("plate_scale", "plate_mean_k", "k", 1, advise=8.0, warn=14.0, stop=60.0, floor=1.5, least=1, pooled=True, local=False,
              rivals=("diverter_passing", "ntc_drift", "ntc_failed"),
              source="a clean plate passes full power at a mean of about 16 K (61 over 50, 35 over 10 °C); Bosch 348 stops the burner "
              "at 85 over 50 °C, a mean of 42 K; at 76 K three fifths of the power are left"),
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
            (
                "plate_mean_k",
                "flow_c",
                "dhw_c",
                "flow_dhw",
                "flow_flow",
                "dhw_dhw",
                "tap_short_k",
                "warm_at_rest_c",
                "heating_flow_c",
            ),
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
        values["plate_mean_k"] = np.where(burning(frames) & tap, _mean_difference(frames, flow, dhw), np.nan)
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
        follows, rest = verdicts["diverter_passing"], verdicts["warm_at_rest"]
        # what passes warms: a side that cools along with a heating that is off follows it as well
        colder = (rest.age[:, 0] == 0) & (filled(rest.past[:, 0]) <= -_COLDER_Z * rest.scatter) & (follows.level == 1)
        follows.level[:] = np.where(colder, 0, follows.level)
        follows.score[:] = np.where(colder, 0.0, follows.score)
        tap = self._newest("tap_short_by_diverter", diverter, _TAP_Z, days.slot[rows], world)
        for name in ("diverter_passing", "warm_at_rest"):
            verdict = verdicts[name]
            both = tap & self._newest(name, verdict, _REST_Z, days.slot[rows], world) & (verdict.level == 0)
            warn = self.levels(self.drifts[name].track, days.slot[rows], world).warn
            verdict.level[:] = np.where(both, 2, verdict.level)
            verdict.effect[:] = np.where(both, verdict.past[:, 0], verdict.effect)
            verdict.z[:] = np.where(both, verdict.effect / verdict.scatter, verdict.z)
            verdict.score[:] = np.where(both, verdict.effect / warn, verdict.score)

    def _newest(self, name: str, verdict: Verdict, least_z: float, slot: Ints, world: World) -> NDArray[np.bool_]:
        """Return where what a track saw today is worth a visit, and so many standard deviations off, shape (n,)."""
        today = np.where(verdict.age[:, 0] == 0, filled(verdict.past[:, 0], nan=-np.inf), -np.inf)
        warn = self.levels(self.drifts[name].track, slot, world).warn
        result: NDArray[np.bool_] = (today >= warn) & (today >= least_z * verdict.scatter)
        return result

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when hot water was last drawn."""
        return super().dump() | self._since.dump() | self._steps.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when hot water was last drawn."""
        super().load(data)
        self._since.load(data)
        self._steps.load(data)


def _mean_difference(frames: Frames, flow: Floats, dhw: Floats) -> Floats:
    """Return the mean temperature difference over the plates at full power, NaN where nothing is exchanged yet, shape (n,). [K]

    Heat over an exchanger is conductance times the logarithmic mean of the differences at its two ends (counterflow): hot water
    under the flow at one, cold water under the return at the other. So the mean over the power is the resistance of the plates,
    whatever is drawn. Where no return is measured it is taken to lie under the flow by what the loop cools by at that power.
    """
    modulation = frames.mean("modulation_pct")
    share = np.where(np.isnan(modulation), _USUAL_SHARE, (modulation + LEAST_POWER_PCT) / (100 + LEAST_POWER_PCT))
    back = frames.mean("return_temp_c")
    back = np.where(np.isnan(back), flow - _LOOP_K * share, back)
    passed = np.clip(
        (flow - back) / _LOOP_K, share, 1.0
    )  # while a tap begins the burner lags, or the loop brings stored heat
    warm = np.maximum(back - _COLD_C, _LEAST_K)
    hot = np.maximum(flow - dhw, _LEAST_K)
    ratio = np.log(warm / hot)
    mean = np.where(np.abs(ratio) > 1e-3, (warm - hot) / np.where(np.abs(ratio) > 1e-3, ratio, 1.0), hot)
    return np.where(
        (share >= _LEAST_SHARE) & (flow - dhw > -_WITHIN_K), mean / np.maximum(passed, _LEAST_SHARE), np.nan
    )
