"""Short cycling: a burner that starts ever more often for the heat it makes, and the heat no longer taken that leads there.

Sees: burner starts per hour of flame while heating, in bands of outdoor temperature, because a boiler cycles more when
little heat is asked for; compared with the boiler's own past, as lifetime ratios of sound boilers lie between 3 and 38.
Told only where burns have also become short, ten starts an hour of flame leave six minutes each, and told as worth a visit
only where there are sixty of them a day. Needs: starts (from the counter or the flame) and flame; without outdoor temperature
an advisory at most; silent without flame.
And the heat that is taken: modulation over (water - 20 °C)^1.3, once the burner has heated for 25 minutes and the water's own
warming is over. Where a bypass opens, valves shut or radiators fill with sludge the water is as hot and gives less; once it gives
less than the burner's least it must cycle: an advisory, because people shut valves too. Needs: flow, return and modulation.
Cadence: minutes measured, days judged. Units: logarithm of a ratio, starts per hour.
Told apart: where water moves less or the exchanger is scaled the burner stops on overshoot: that is told as the cause; too
little gas or air, and a scaled exchanger, need more modulation for the same water, which is the other way.
Sources: cycles below 60 s are short, from 10 min on long, six an hour at most (OTGW SAT); lifetime ratios of sample
payloads (devices guide 6); radiators give heat by the power of 1.3 of their excess temperature (EN 442), burners modulate down
to a fifth to a third. Limits: a thermostat that is set otherwise cycles otherwise, a valve shut by hand takes less; a jump is
taken as that. Of a bypass the excess of the water grows by one over what is left: most of it shows in the last days.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.fold import Frames
from boilerwatch.model import Ints
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.drift import Drift, Track, Verdict
from detectors.catalogue.gradual import Gradual, SinceActive, burning, drawing, log_of

_EDGES_C = (0.0, 5.0, 10.0, 15.0)
_UNKNOWN = len(_EDGES_C) + 1
_LEAST_STARTS, _LEAST_FLAME_S = 6, 1_800.0
#: The water of a circuit, some 100 litres, is as warm as it will be; a room; radiators' exponent (EN 442).
_STEADY_MINUTES, _ROOM_C, _EXPONENT = 25, 20.0, 1.3
#: Colder water gives its heat to nobody knows what. [K]
_LEAST_EXCESS_K = 5.0
#: Readings further apart may hide a start between them. [s]
_SPARSE_S = 600


class Cycling(Gradual):
    """Short cycling against the boiler's own past."""

    name = "cycling"
    version = "6"
    tracks = (
        Track(
            "short_cycling", "starts_ln", "ln_ratio", 1, advise=math.log(1.7), warn=math.log(2.2), stop=math.log(6.0),
            floor=0.15, bands=_UNKNOWN + 1, least=10, rivals=("circulation_loss", "exchanger_scale", "gas_supply_low"),
            source="twice its own starts per burner hour at the same weather, where a healthy boiler varies by a sixth",
        ),
        Track(
            "short_cycling", "taken_ln", "ln_ratio", -1, advise=math.log(1 / 0.85), warn=math.log(1 / 0.75), stop=math.log(1 / 0.4),
            floor=0.05, least=6, cause="water_c", cause_slope=0.01, key="heat_taken",
            rivals=("circulation_loss", "exchanger_scale", "gas_supply_low", "ntc_drift", "ntc_failed"),
            source="from a usual half of full load a burner of a fifth is at its least when two fifths are taken; a quarter less is "
            "beyond what the exponent of radiators and floors (1.1 to 1.4) makes of 10 K",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features = {"starts": _UNKNOWN + 1, "flame_s": _UNKNOWN + 1, "taken_ln": 1, "water_c": 1}
        self._unlit = SinceActive()
        self.limits |= {"starts_per_flame_hour": 10.0, "starts_per_day": 60.0}

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return burner starts and seconds of flame while heating, by outdoor temperature, and the heat that is taken."""
        outdoor = frames.mean("outdoor_temp_c")
        band = np.where(np.isnan(outdoor), _UNKNOWN, np.searchsorted(_EDGES_C, np.nan_to_num(outdoor), side="right"))
        heating = ~drawing(frames)
        lit = burning(frames) & heating
        began = ~lit | ((frames.starts > 0) & (frames.gap_s > _SPARSE_S))
        lasted = self._unlit.minutes(frames.slot, frames.start_ms, began, len(world.slots))
        water = np.where(
            lit & (lasted >= _STEADY_MINUTES), (frames.mean("flow_temp_c") + frames.mean("return_temp_c")) / 2, np.nan
        )
        excess = np.where(water - _ROOM_C > _LEAST_EXCESS_K, water - _ROOM_C, np.nan)
        return {
            "taken_ln": Banded(log_of(frames.mean("modulation_pct") / 100) - _EXPONENT * log_of(excess)),
            "water_c": Banded(water),
            "starts": Banded(np.where(heating, frames.starts, np.nan), band),
            "flame_s": Banded(np.where(heating, frames.flame_on_s, np.nan), band),
        }

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        if "starts_ln" not in days.mean:
            starts, flame_s = (np.nan_to_num(days.mean[one]) * days.count[one] for one in ("starts", "flame_s"))
            enough = (starts >= _LEAST_STARTS) & (flame_s >= _LEAST_FLAME_S)
            rate = np.where(enough, starts / np.where(enough, flame_s / 3600, 1.0), np.nan)
            days.mean["starts_ln"] = np.log(rate)
            days.count["starts_ln"] = np.where(enough, days.count["starts"], 0)
        return super()._look(drift, days, rows, site, world)

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Leave alone burners whose burns are long enough; advise only, where the weather is not known."""
        verdict, slot = verdicts["short_cycling"], days.slot[rows]
        per_hour = np.exp(days.mean["starts_ln"][rows])
        fast = (np.nan_to_num(per_hour) >= world.limit(self, "starts_per_flame_hour", slot)[..., None]).any(axis=1)
        blind = np.isfinite(per_hour[:, _UNKNOWN])
        many = np.nan_to_num(days.starts[rows]) >= world.limit(self, "starts_per_day", slot)
        verdict.level[:] = np.where(fast, np.where(blind | ~many, np.minimum(verdict.level, 1), verdict.level), 0)
        taken = verdicts["heat_taken"]
        taken.level[:] = np.minimum(
            taken.level, 1
        )  # people shut valves too; only a burner that cycles is worth a visit

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when boilers last did not heat."""
        return super().dump() | self._unlit.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when boilers last did not heat."""
        super().load(data)
        self._unlit.load(data)
