"""Gas: a supply that does not suffice for the load that is asked for.

Sees: at the highest loads of a day (from 70 %, in tenths), flame current and the heat that reaches the water (flow - return over
modulation, times pump speed where there is one), each against the boiler's own past and against what it does at low load;
at full modulation, how far heating or hot water stays below its set point, or, where the flow of a draw is told, what heat
it takes: a big draw is cold by itself. Pressure lost in pipe, meter and regulator goes with the square of the flow, so a
supply that gives way is missed at the highest load first and at low load last. Needs: modulation, with flame current or flow
and return; silent without. Cadence: minutes measured, days judged, an hour of high
load without three tenths of its flame current told at once. Units: logarithms of ratios, kelvin.
Told apart: an electrode loses current at every load, a pump, a valve or a sensor moves the spread at every load; a fan or a
flue that lets less air through shows in the fan. One of the signals alone is worth knowing, two of them
a visit; where flame current at high load is told and as it was, the others are not: less gas is less flame. A plate that
scales makes hot water cold as well, with primary water hotter than ever. It matters not how quickly it came: nobody sets a
boiler so that only its highest load lacks gas. Two of three days must show it, so an evening on which the main sags is
nothing. Several homes of a site on the same days are one incident.
Sources: input falls with the root of gas pressure: 13 of 20 mbar is a fifth less; at the inlet 18 to 25 mbar are required, a
boiler with less must not be run (testo); current low at high load only, several homes at once (devices guide 7).
Limits: a boiler that never runs above 70 %, or tells neither flame current nor taps, is not warned of, and a supply that gives way at once leaves no days.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.fold import DAY_MS, Frames
from boilerwatch.model import Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Banded, Days, World, renews
from detectors.catalogue.drift import Drift
from detectors.catalogue.gradual import Gradual, SinceActive, burning, drawing, log_of
from detectors.catalogue.runs import Runs
from detectors.catalogue.track import LEARN_DAYS, Track
from detectors.catalogue.verdict import Verdict
from detectors.district import members_of
from detectors.episodes import Episodes

KIND = "gas_supply_low"
#: Bands of high load, and of low load; what counts as full modulation. [%]
_TOP_PCT, _LOW_PCT, _FULL_PCT = (70.0, 80.0, 90.0), (30.0, 50.0), 92.0
_TOPS = len(_TOP_PCT)
#: A burner that has just started heats its own metal; readings further apart may hide a start between them. [min], [s]
_STEADY_MINUTES, _SPARSE_S = 3, 600
_LEAST_SPREAD_K = 2.0
#: What water from the main is taken to have. [°C]
_COLD_C = 10.0
#: Share of what is missing at high load that must not be missing at low load.
_CONTRAST = 0.6
_GAS_MEMBERS, _GAS_SHARE = 3, 0.2
_LEVELS: dict[str, Any] = {"advise": -math.log(0.88), "warn": -math.log(0.82), "stop": -math.log(0.5)}
_COMMON: dict[str, Any] = {"least": 2, "local": False, "persist": 3, "pooled": True, "jump_share": math.inf}
#: Half of it gone is no evening on which the main sags: told on the first day.
_AT_ONCE = math.log(2)
#: Lost of it for an hour of readings: three tenths, of half the pressure at the inlet. Told then.
_RUN_LN = -math.log(0.7)
#: Share of what is worth a visit from which another signal confirms.
_CONFIRMS = 0.5
#: Where low load had lost so much on one of the last days, it is not the supply. [-]
_LOW_LN = math.log(0.9)
_RIVALS = ("flame_signal_decay", "fan_wear", "flue_restricted", "plate_scale")
_SIGNALS = ("modulation_pct", "flame_on", "flame_current_ua")


class Gas(Gradual):
    """A supply that sags, for one boiler or for many."""

    name = "gas"
    version = "5"
    cadence: Any = "minute"
    tracks = (
        Track(KIND, "flame_top_ln", "ln_ratio", -1, **_LEVELS, **_COMMON, floor=0.02, bands=_TOPS, at_once=_AT_ONCE,
              rivals=_RIVALS, source="input falls with the root of gas pressure: 13 of 20 mbar is a fifth less"),
        Track(KIND, "heat_top_ln", "ln_ratio", -1, **_LEVELS, **_COMMON, floor=0.03, bands=2 * _TOPS, at_once=_AT_ONCE,
              rivals=_RIVALS, key="heat_at_top_load", source="heat is input less what the flue takes: as above"),
        Track("", "flame_low_ln", "ln_ratio", -1, **_LEVELS, **_COMMON, floor=0.02, bands=len(_LOW_PCT),
              key="flame_at_low_load", source="what high load is compared with"),
        Track("", "heat_low_ln", "ln_ratio", -1, **_LEVELS, **_COMMON, floor=0.03, bands=len(_LOW_PCT),
              key="heat_at_low_load", source="what high load is compared with"),
        Track("", "short_k", "k", 1, advise=4.0, warn=8.0, stop=25.0, **_COMMON, floor=1.5, key="heat_short",
              source="full modulation that leaves hot water 8 K below its set point is felt at the tap"),
        Track("", "tap_heat_ln", "ln_ratio", -1, **_LEVELS, **_COMMON, floor=0.05, key="tap_heat",
              source="at full load a draw takes what the burner gives: warmth times flow stays, however big the draw"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._unlit, self._runs = SinceActive(), Runs()
        self._taps = Arrays({"makes": (False, np.bool_, ()), "tells": (False, np.bool_, ())})
        self._common: set[str] = set()

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return logarithms of flame current and of heat over load, at high and at low load, and heat that falls short."""
        load, lit, tap = frames.mean("modulation_pct"), burning(frames), drawing(frames)
        flame = _flame(frames)
        heat = self._heat(frames, lit, load, world)
        full, draw, hot = lit & (load >= _FULL_PCT), frames.mean("dhw_flow_lpm"), frames.mean("dhw_temp_c")
        drawn = tap & (draw > 1)
        short = np.where(
            tap,
            np.where(drawn, np.nan, frames.mean("dhw_setpoint_c") - hot),  # a big draw is cold water by itself
            frames.mean("flow_setpoint_c") - frames.mean("flow_temp_c"),
        )
        top = _top(load)
        low = _low(load)
        is_top, is_low = load >= _TOP_PCT[0], load < _LOW_PCT[-1]
        return {
            "flame_top_ln": Banded(np.where(is_top, flame, np.nan), top),
            "flame_low_ln": Banded(np.where(is_low, flame, np.nan), low),
            "heat_top_ln": Banded(np.where(is_top, heat, np.nan), top + _TOPS * tap),
            "heat_low_ln": Banded(np.where(is_low & ~tap, heat, np.nan), low),
            "short_k": Banded(np.where(full, short, np.nan)),
            "tap_heat_ln": Banded(np.where(full & drawn, log_of(draw * (hot - _COLD_C)), np.nan)),
        }

    def _heat(self, frames: Frames, lit: NDArray[np.bool_], load: Floats, world: World) -> Floats:
        """Return the logarithm of spread times pump speed over load, of burners that have burnt for a while, shape (n,)."""
        began = ~lit | ((frames.starts > 0) & (frames.gap_s > _SPARSE_S))
        minutes = self._unlit.minutes(frames.slot, frames.start_ms, began, len(world.slots))
        self._taps.grow(len(world.slots))
        for name, signals in (("makes", ("dhw_temp_c",)), ("tells", ("dhw_active", "dhw_flow_lpm"))):
            for signal in signals:
                self._taps[name][frames.slot[~np.isnan(frames.high(signal))]] = True
        # where taps are not told, what is seen may be a tap's or heating's: other water, other spread
        known = self._taps["tells"][frames.slot] | ~self._taps["makes"][frames.slot]
        steady = known & lit & (minutes >= _STEADY_MINUTES) & (minutes * 60 > frames.gap_s)
        world.offsets.grow(len(world.slots))
        apart = frames.mean("flow_temp_c") - frames.mean("return_temp_c") - world.offsets["idle_k"][frames.slot]
        speed = frames.mean("pump_modulation_pct")
        effort = np.where(np.isnan(speed) | (speed <= 0), 0.0, log_of(speed / 100))
        heat: Floats = np.where(steady & (apart > _LEAST_SPREAD_K), log_of(apart) + effort - log_of(load), np.nan)
        return heat

    def step(self, frames: Frames, world: World) -> None:
        """Tell a supply that has failed high load for an hour of it: what gives way within hours does not wait for its day."""
        load = frames.mean("modulation_pct")
        rows = np.flatnonzero(burning(frames) & ((load >= _TOP_PCT[0]) | (load < _LOW_PCT[-1])))
        if not len(rows):
            return
        seen, slots, load = frames.take(rows, _SIGNALS), len(world.slots), load[rows]
        flame, sound = _flame(seen), self._low_is_sound(seen.slot, slots)
        missing = np.minimum(flame - self.drifts[KIND].usual(seen.slot, _top(load), slots), 0.0)
        below = flame - self.drifts["flame_at_low_load"].usual(seen.slot, _low(load), slots)
        # low load that lacks it too ends the run: that is an electrode, or all of the gas
        off = np.where(
            load >= _TOP_PCT[0], np.where(sound, missing, np.nan), np.where(below < -_RUN_LN / 2, 0.0, np.nan)
        )
        for i in np.flatnonzero(self._runs.take(seen.slot, seen.start_ms, off, _RUN_LN, slots)).tolist():
            boiler, site = world.slots.boilers[seen.slot[i]], world.slots.sites[seen.slot[i]]
            if site in self._common:
                continue
            world.episodes.say(
                boiler, KIND, severity="advisory", at_ms=int(seen.newest_ms[i]), received_at_ms=int(seen.received_at_ms[i]),
                detector=f"{self.name}@{self.version}", site=site, confidence=0.8,
                values={"effect_ln_ratio": round(float(off[i]), 4), "hours": 1},
            )  # fmt: skip

    def _low_is_sound(self, slot: Ints, slots: int) -> NDArray[np.bool_]:
        """Return where the last days' flame at low load is known and as it was, shape (n,)."""
        state = self.drifts["flame_at_low_load"].state
        state.grow(slots)
        last = state["ring"][slot, -3:].astype(np.float64)
        return np.asarray(np.isfinite(last).any(axis=1) & ~(last < _LOW_LN).any(axis=1), np.bool_)

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        if drift.track.kind:
            self._highest_only(drift, days, rows, len(world.slots))
        return super()._look(drift, days, rows, site, world)

    def _highest_only(self, drift: Drift, days: Days, rows: Ints, slots: int) -> None:
        """Leave out, of a day, what lies below its highest load whose past is known: there it shows first."""
        drift.state.grow(slots)
        feature, slot = drift.track.feature, days.slot[rows]
        count = days.count[feature][rows]
        known = (count >= drift.track.least) & (drift.state["seen"][slot] >= LEARN_DAYS)
        for begin in range(0, count.shape[1], _TOPS):
            part = known[:, begin : begin + _TOPS]
            above = np.flip(np.logical_or.accumulate(np.flip(part, 1), axis=1), 1)[:, 1:]
            count[:, begin : begin + _TOPS - 1][above & part[:, :-1]] = 0
        days.count[feature][rows] = count

    def refine(self, verdicts: dict[str, Verdict], days: Days, rows: Ints, site: Ints, world: World) -> None:
        """Hold high load against low load; make one incident of a supply that sags for many."""
        flame, heat, short = verdicts[KIND], verdicts["heat_at_top_load"], verdicts["heat_short"]
        lacks_warmth = np.maximum(short.score, verdicts["tap_heat"].score)
        felt = lacks_warmth > _CONFIRMS
        holds = {}
        for name, low, other in (
            (KIND, verdicts["flame_at_low_load"], heat),
            ("heat_at_top_load", verdicts["heat_at_low_load"], flame),
        ):
            top = verdicts[name]
            # no electrode takes heat and no pump takes current: without low load to compare with, both together tell
            both = (other.score > _CONFIRMS) | (lacks_warmth > 1.0)
            lacks = np.maximum(np.maximum(low.effect, np.nan_to_num(low.past[:, 0])), 0.0)
            apart = np.where(low.known, top.effect - lacks >= _CONTRAST * top.effect, both)
            holds[name] = apart & (top.effect > 0)
        signs = felt.astype(np.int64) + sum(holds[name] & (verdicts[name].score > _CONFIRMS) for name in holds)
        burns = flame.known & (flame.level == 0)  # heat of few draws may be missing: this flame is as it was
        for name, held in holds.items():
            top = verdicts[name]
            top.level[:] = np.where(held, np.where((signs >= 2) & ~burns, top.level, np.minimum(top.level, 1)), 0)
            top.score[:] = np.where(held, top.score, 0.0)
        self._district(flame, heat, days, rows, site, world)

    def _district(
        self, flame: Verdict, heat: Verdict, days: Days, rows: Ints, site: Ints, world: World
    ) -> None:  # fmt: skip
        """Say one finding for a site where several sag at once, and none for its members."""
        slot = days.slot[rows]
        score, effect = np.maximum(flame.score, heat.score), np.maximum(flame.effect, heat.effect)
        world.scores[KIND][slot] = np.clip(score, 0, 100)
        for number in np.unique(site[slot[score >= 1]]):
            if number < 0:
                continue
            mine = np.flatnonzero(site == number)
            members = mine[world.scores[KIND][mine] >= 1]
            if len(members) < max(_GAS_MEMBERS, _GAS_SHARE * len(mine)):
                continue
            here = site[slot] == number
            at, arrival = int(days.newest_ms[rows][here].max()), int(days.received_at_ms[rows][here].max())
            name = world.slots.sites[int(members[0])]
            values: dict[str, Any] = members_of(members, world) | {
                "boilers": len(mine), "effect_ln_ratio": round(-float(np.median(effect[here])), 4),
            }  # fmt: skip
            world.episodes.say(
                name, KIND, severity="warning", at_ms=at, received_at_ms=arrival, district=True, site=name,
                detector=f"{self.name}@{self.version}", values=values, failure_expected_at_ms=at + DAY_MS,
            )  # fmt: skip
            self._common.add(name)
        common = np.array([world.slots.sites[one] in self._common for one in slot.tolist()], np.bool_)
        for verdict in (flame, heat):
            verdict.level[:] = np.where(common, 0, verdict.level)
        for name in sorted(self._common):
            mine = np.array([one for one, place in enumerate(world.slots.sites) if place == name], np.int64)
            here = np.isin(slot, mine)
            if here.any() and not (world.scores[KIND][mine] >= 0.5).any():
                at, arrival = int(days.newest_ms[rows][here].max()), int(days.received_at_ms[rows][here].max())
                world.episodes.clear(name, KIND, at, arrival)
                self._common.discard(name)

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Begin anew after a repair, a new part or a swap."""
        super().serviced(row, slot, episodes)
        if renews(row, ("flame",)):
            self._runs.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings, when burners last did not burn, and the sites whose supply sags."""
        common = np.frombuffer("\n".join(sorted(self._common)).encode(), np.uint8)
        return super().dump() | self._unlit.dump() | self._runs.dump() | self._taps.dump() | {"common": common}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings, when burners last did not burn, and the sites whose supply sags."""
        super().load(data)
        self._unlit.load(data)
        self._runs.load(data)
        self._taps.load({name: data[name] for name in self._taps.dump()})
        self._common = set(filter(None, data["common"].tobytes().decode().split("\n")))


def _flame(frames: Frames) -> Floats:
    """Return the logarithm of flame current while burning, NaN elsewhere, shape (n,)."""
    current = frames.mean("flame_current_ua")
    flame: Floats = np.where(burning(frames) & (current > 0.5), log_of(current), np.nan)
    return flame


def _top(load: Floats) -> Ints:
    """Return the band of high load, shape (n,)."""
    return np.clip(np.searchsorted(_TOP_PCT, np.nan_to_num(load), side="right") - 1, 0, None)


def _low(load: Floats) -> Ints:
    """Return the band of low load, shape (n,)."""
    return np.minimum(np.searchsorted(_LOW_PCT, np.nan_to_num(load), side="right"), len(_LOW_PCT) - 1)
