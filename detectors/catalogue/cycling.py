"""Short cycling: a burner that starts ever more often for the heat it makes.

Sees: burner starts per hour of flame while heating, in bands of outdoor temperature, because a boiler cycles more when
little heat is asked for; compared with the boiler's own past, as lifetime ratios of sound boilers lie between 3 and 38.
Told only where burns have also become short, ten starts an hour of flame leave six minutes each, and told as worth a visit
only where there are sixty of them a day; a day three times beyond its own past is told at once. Needs: starts (from the
counter or the flame) and flame; without outdoor temperature an advisory at most; silent without flame.
Cadence: minutes measured, days judged. Units: logarithm of a ratio, starts per hour.
Told apart: where water moves less or the exchanger is scaled the burner stops on overshoot: that is told as the cause.
Sources: cycles below 60 s are short, from 10 min on long, six an hour at most (OTGW SAT); lifetime ratios of sample
payloads (devices guide 6). Limits: a thermostat that is set otherwise cycles otherwise; a jump is taken as that.
"""

import math

import numpy as np

from boilerwatch.fold import Frames
from boilerwatch.model import Ints
from detectors.catalogue.contract import Banded, Days, World
from detectors.catalogue.drift import Drift, Track, Verdict
from detectors.catalogue.gradual import Gradual, drawing

_EDGES_C = (0.0, 5.0, 10.0, 15.0)
_UNKNOWN = len(_EDGES_C) + 1
_LEAST_STARTS, _LEAST_FLAME_S = 6, 1_800.0


class Cycling(Gradual):
    """Short cycling against the boiler's own past."""

    name = "cycling"
    version = "6"
    tracks = (
        Track(
            "short_cycling", "starts_ln", "ln_ratio", 1, advise=math.log(1.7), warn=math.log(2.2), stop=math.log(6.0),
            floor=0.15, bands=_UNKNOWN + 1, least=10, at_once=math.log(3.0), rivals=("circulation_loss", "exchanger_scale", "gas_supply_low"),
            source="twice its own starts per burner hour at the same weather, where a healthy boiler varies by a sixth",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features = {"starts": _UNKNOWN + 1, "flame_s": _UNKNOWN + 1}
        self.limits |= {"starts_per_flame_hour": 10.0, "starts_per_day": 60.0}

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return burner starts and seconds of flame while heating, by outdoor temperature."""
        outdoor = frames.mean("outdoor_temp_c")
        band = np.where(np.isnan(outdoor), _UNKNOWN, np.searchsorted(_EDGES_C, np.nan_to_num(outdoor), side="right"))
        heating = ~drawing(frames)
        return {
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
