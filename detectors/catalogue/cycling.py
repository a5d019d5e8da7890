"""Short cycling: a burner that starts ever more often for the heat it makes, and the water and heat astray that lead there.

Sees: burner starts per hour of flame while heating. Asked for less than its least power a sound boiler must cycle, the more
the less is asked for, up to some times its usual rate: in mild weather, in a holiday's set-back. So a day is held against the
fastest of the boiler's own days that asked for less heat, of which four must be known: no weather makes a burner cycle faster
where more is asked for. Told only where burns have also become short, ten starts an hour of flame leave six minutes each, and
told as worth a visit only where there are sixty of them a day. Needs: starts (from the counter or the flame) and flame; heat is
flame times modulation, or the flame alone; silent without flame.
And the heat that is taken: modulation over (water - 20 °C)^1.3, once the burner has heated for 25 minutes and the water's own
warming is over. Where a bypass opens, valves shut or radiators fill with sludge the water is as hot and gives less; once it gives
less than the burner's least it must cycle: an advisory, because people shut valves too. Needs: flow, return and modulation.
And where the water goes: some minutes after the burner stopped the flow has fallen to what comes back from the radiators.
If all water goes there that is the spread it burnt with; if a share of it takes a short cut, the spread over the share that does
not: a fall that grows over its spread is a bypass, whatever the pump, the load or the weather, days before the burner cycles. An
advisory, and worth a visit once the burner cycles. Needs: flow, return, flame, readings every half an hour at least, better every
ten minutes, before the water has cooled by itself, and a pump that runs on after the burner; silent without.
Cadence: minutes measured, days judged. Units: logarithm of a ratio, starts per hour.
Told apart: where water moves less or the exchanger is scaled the burner stops on overshoot: that is told as the cause; too
little gas or air, and a scaled exchanger, need more modulation for the same water, which is the other way.
Sources: cycles below 60 s are short, from 10 min on long, six an hour at most (OTGW SAT); lifetime ratios of sample
payloads (devices guide 6); radiators give heat by the power of 1.3 of their excess temperature (EN 442), burners modulate down
to a fifth to a third. Limits: a boiler that never had milder days is not judged; a thermostat that is set otherwise cycles
otherwise, a valve shut by hand takes less; a jump is taken as that. Of a bypass the fall grows by one over what is left: a third
astray makes it half as much again, which is the least that is told; one that opens fully within five days is often over first.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, filled, shifted
from boilerwatch.fold import Frames
from boilerwatch.model import Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Banded, Days, World, renews
from detectors.catalogue.drift import Drift
from detectors.catalogue.gradual import Gradual, Latest, SinceActive, burning, drawing, log_of
from detectors.catalogue.track import Track
from detectors.catalogue.verdict import Verdict
from detectors.episodes import Episodes

#: Days of heat and starts kept; those younger than a few may be the fault's own. How many must have asked for less. [d]
_KEPT, _YOUNG, _LEAST_DAYS = 24, 5, 4
#: How far beyond its fastest milder day today must be: days of one boiler differ by a sixth.
_BEYOND = math.log(1.3)
_LEAST_STARTS, _LEAST_FLAME_S = 6, 1_800.0
#: The water of a circuit, some 100 litres, is as warm as it will be; a room; radiators' exponent (EN 442).
_STEADY_MINUTES, _ROOM_C, _EXPONENT = 25, 20.0, 1.3
#: Colder water gives its heat to nobody knows what. [K]
_LEAST_EXCESS_K = 5.0
#: A fall is seen so long after the last minute of flame, in the first reading then, which half-hourly gateways have too; later the
#: water has cooled by itself. Its spread is no step of a sensor.
_FALLEN_MINUTES, _LEAST_SPREAD_K = (2, 31), 1.5
#: Where the flow falls by less of the spread the pump has stopped with the burner, and nothing is seen of the circuit. [-]
_LEAST_FALL = 0.4


class Cycling(Gradual):
    """Short cycling against the boiler's own past."""

    name = "cycling"
    version = "9"
    tracks = (
        Track(
            "short_cycling", "starts_ln", "ln_ratio", 1, advise=math.log(1.7), warn=math.log(2.2), stop=math.log(6.0),
            floor=0.15, least=1, rivals=("circulation_loss", "exchanger_scale", "gas_supply_low"),
            source="twice its own starts per burner hour where no less heat is asked for, where a healthy boiler varies by a sixth",
        ),
        Track(
            "short_cycling", "taken_ln", "ln_ratio", -1, advise=math.log(1 / 0.85), warn=math.log(1 / 0.75), stop=math.log(1 / 0.4),
            floor=0.05, least=6, cause="water_c", cause_slope=0.01, key="heat_taken",
            rivals=("circulation_loss", "exchanger_scale", "gas_supply_low", "ntc_drift", "ntc_failed"),
            source="from a usual half of full load a burner of a fifth is at its least when two fifths are taken; a quarter less is "
            "beyond what the exponent of radiators and floors (1.1 to 1.4) makes of 10 K",
        ),
        Track(
            "short_cycling", "fall_ln", "ln_ratio", 1, advise=math.log(1.5), warn=math.log(2.5), stop=math.log(5.0),
            floor=0.08, least=2, persist=3, local=False, key="fall_at_stop", rivals=("circulation_loss", "ntc_drift", "ntc_failed"),
            source="the fall over the spread is one over the share of the water that passes the radiators; where a fifth is left "
            "of it, the 4 K of a burner at its least make 20 K, more than its hysteresis of 8 to 13 K",
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.features = dict.fromkeys(
            ("starts", "flame_s", "heat_s", "taken_ln", "water_c", "fall_k", "fall_spread_k"), 1
        )
        self._unlit, self._stopped = SinceActive(), SinceActive("stopped")
        self._burnt = Latest("burnt.flow_c", "burnt.spread_k")
        ring = (np.nan, np.float16, (_KEPT,))
        self._past = Arrays({"past.heat_h": ring, "past.rate_ln": ring})
        self.limits |= {"starts_per_flame_hour": 10.0, "starts_per_day": 60.0}

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return burner starts, seconds of flame and of full load while heating, and the heat that is taken."""
        heating = ~drawing(frames)
        lit = burning(frames) & heating
        began = ~lit | (frames.starts > 0)  # the first reading that sees it lit does not know since when
        lasted = self._unlit.minutes(frames.slot, frames.start_ms, began, len(world.slots))
        water = np.where(
            lit & (lasted >= _STEADY_MINUTES), (frames.mean("flow_temp_c") + frames.mean("return_temp_c")) / 2, np.nan
        )
        excess = np.where(water - _ROOM_C > _LEAST_EXCESS_K, water - _ROOM_C, np.nan)
        return {
            "taken_ln": Banded(log_of(frames.mean("modulation_pct") / 100) - _EXPONENT * log_of(excess)),
            "water_c": Banded(water),
            "starts": Banded(np.where(heating, frames.starts, np.nan)),
            "flame_s": Banded(np.where(heating, frames.flame_on_s, np.nan)),
            "heat_s": Banded(np.where(heating, frames.flame_on_s * _share(frames.mean("modulation_pct")), np.nan)),
        } | self._falls(frames, lit, ~heating, world)

    def _falls(
        self, frames: Frames, lit: NDArray[np.bool_], taps: NDArray[np.bool_], world: World
    ) -> dict[str, Banded]:
        """Return how far the flow fell some minutes after the burner stopped, and the spread it had burnt with."""
        slots = len(world.slots)
        world.offsets.grow(slots)
        flow = frames.mean("flow_temp_c")
        apart = (
            flow - frames.mean("return_temp_c") - world.offsets["idle_k"][frames.slot]
        )  # what sensors add is not the water's
        since = self._stopped.minutes(frames.slot, frames.start_ms, lit | taps, slots)
        burnt = {"burnt.flow_c": np.where(taps, np.nan, flow), "burnt.spread_k": np.where(taps, np.nan, apart)}
        was = self._burnt.take(frames.slot, lit | taps, burnt, slots)
        first = (
            since - frames.gap_s / 60 < _FALLEN_MINUTES[0]
        )  # the first reading then: later ones tell how the water cools
        out = (frames.high("flame_on") == 0) & (since >= _FALLEN_MINUTES[0]) & (since <= _FALLEN_MINUTES[1]) & first
        out &= (was["burnt.spread_k"] >= _LEAST_SPREAD_K) & ~np.isnan(flow)
        return {
            "fall_k": Banded(np.where(out, was["burnt.flow_c"] - flow, np.nan)),
            "fall_spread_k": Banded(np.where(out, was["burnt.spread_k"], np.nan)),
        }

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        if "starts_ln" not in days.mean:
            starts, flame_s = (days.total(one) for one in ("starts", "flame_s"))
            enough = (starts >= _LEAST_STARTS) & (flame_s >= _LEAST_FLAME_S)
            days.mean["rate_ln"] = np.log(np.where(enough, starts / np.where(enough, flame_s / 3600, 1.0), np.nan))[
                :, None
            ]
            days.mean["starts_ln"] = np.full((len(starts), 1), np.nan)
            days.count["starts_ln"] = days.count["starts"]
            share = days.mean["fall_k"] / days.mean["fall_spread_k"]
            days.mean["fall_ln"] = log_of(np.where(share >= _LEAST_FALL, share, np.nan))
            days.count["fall_ln"] = days.count["fall_k"]
        if drift.track.feature == "starts_ln":
            days.mean["starts_ln"][rows, 0] = self._beyond(days, rows, world)
        return super()._look(drift, days, rows, site, world)

    def _beyond(self, days: Days, rows: Ints, world: World) -> Floats:
        """Return by how much today's rate exceeds the fastest of the days that asked for less heat, shape (n,)."""
        self._past.grow(len(world.slots))
        slot, rate_ln = days.slot[rows], days.mean["rate_ln"][rows, 0]
        heat_h = days.only("heat_s")[rows] * days.count["heat_s"][rows, 0] / 3600
        gap = np.clip(days.gaps(rows), 1, _KEPT)
        told = world.told(slot, "short_cycling")  # what is told is not learned
        past = {}
        for name, today in (("past.heat_h", heat_h), ("past.rate_ln", np.where(told, np.nan, rate_ln))):
            ring = shifted(self._past[name][slot], gap, np.nan)
            ring[:, -1] = today
            self._past[name][slot] = ring
            past[name] = ring[:, :-_YOUNG].astype(np.float64)
        milder = (past["past.heat_h"] <= heat_h[:, None]) & np.isfinite(past["past.rate_ln"])
        fastest = np.where(milder, past["past.rate_ln"], -np.inf).max(axis=1)
        return np.where(milder.sum(axis=1) >= _LEAST_DAYS, rate_ln - fastest, np.nan)

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Leave alone burners that cycle no faster than they did with less to do, or whose burns are long enough."""
        verdict, slot = verdicts["short_cycling"], days.slot[rows]
        short = np.exp(np.nan_to_num(days.mean["rate_ln"][rows, 0])) >= world.limit(self, "starts_per_flame_hour", slot)
        fast = short & (np.nan_to_num(days.mean["starts_ln"][rows, 0]) >= _BEYOND)
        many = np.nan_to_num(days.starts[rows]) >= world.limit(self, "starts_per_day", slot)
        verdict.level[:] = np.where(fast, np.where(many, verdict.level, np.minimum(verdict.level, 1)), 0)
        for name in (
            "heat_taken",
            "fall_at_stop",
        ):  # people shut valves too; only a burner that cycles is worth a visit
            verdicts[name].level[:] = np.minimum(verdicts[name].level, 1)
        self._confirm(verdicts["fall_at_stop"], short & many, slot, world)

    def _confirm(self, fall: Verdict, cycles: NDArray[np.bool_], slot: Ints, world: World) -> None:
        """Make water that passes the radiators by worth a visit where the burner cycles; then one day tells it."""
        newest = filled(fall.past[:, 0], nan=0.0)
        both = cycles & fall.known & (newest >= self.levels(self.drifts["fall_at_stop"].track, slot, world).warn)
        fall.effect[:] = np.where(both, np.maximum(fall.effect, newest), fall.effect)
        fall.level[:] = np.where(both, 2, np.where(cycles & (fall.level > 0), 2, fall.level))

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Forget days of other parts as well."""
        super().serviced(row, slot, episodes)
        if renews(row, ("control",)):
            self._past.grow(slot + 1)
            self._past.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, and when boilers last did not heat."""
        parts = (self._unlit, self._stopped, self._burnt, self._past)
        return super().dump() | {name: values for part in parts for name, values in part.dump().items()}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, and when boilers last did not heat."""
        super().load(data)
        for part in (self._unlit, self._stopped, self._burnt):
            part.load(data)
        self._past.load({name: data[name] for name in self._past.dump()})


def _share(modulation_pct: Floats) -> Floats:
    """Return the share of full load; 1 where it is not told, so that heat is counted in hours of flame, shape (n,)."""
    return np.where(np.isnan(modulation_pct), 1.0, modulation_pct / 100)
