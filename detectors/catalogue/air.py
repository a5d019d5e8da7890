"""Air: a fan that lags behind its orders, or turns faster for the same fire.

Sees: fan speed while burning, against its set point where there is one, and against what the boiler's own speed was at
equal modulation: a line over modulation, learned on its first days (fans turn about 6000 at full load), takes out where in a band it burnt, and each band has
its own reference. Slower is wear (Bosch warns with H02); faster at equal load is a path that lets less air through: an
unloaded fan runs ahead, and a board that regulates air turns it up, set point and all. A tenth off for an hour of burning is
told within that hour, however it came: snow, ice and nests block a flue within hours, and no setting does that; less that
comes with a jump is another board, and a new normal. Needs: `fan_speed_rpm`, with a set point or modulation; silent without.
Cadence: minutes measured, days judged, runs of an hour told at once. Units: logarithms of ratios.
Sources: burner makers let CO2, and with it air, be off by 2 % (Wolf MGK: 9.2 % +- 0.2 %) to 6 % (Navien NHB: 8.9 % +- 0.5 %),
so speed that stays 4 % off is worth knowing and 6 % off worth a visit; H02 fan slower, fan labelled predictive data by
Vaillant (devices guide 5.2, 7). Limits: a fan whose speed is regulated and whose set point follows nothing but load shows
neither until it cannot hold its speed any more; what its drive asks for is not published.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays, filled
from boilerwatch.fold import Frames
from boilerwatch.model import Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Banded, Days, World, renews
from detectors.catalogue.drift import Drift
from detectors.catalogue.gradual import BANDS, Gradual, band_of, burning, by_band, log_of
from detectors.catalogue.runs import Runs
from detectors.catalogue.track import LEARN_DAYS, Track
from detectors.catalogue.verdict import Verdict
from detectors.episodes import Episodes

_SOURCE = "CO2 and air may be 2 to 6 % off (Wolf, Navien); speed and air are proportional, and a fifth less air ends a clean flame"
#: Days with data from which the line of speed over modulation is learned. [days]
_LINE_DAYS = 3
#: Until modulation has moved, the line is taken to end at what fans turn at full load: as sure as so much of modulation's swing. [%^2]
_PRIOR, _FULL_RPM = 200.0, 6000.0
_LEAST_RPM = 100.0
_SIGNALS = ("fan_speed_rpm", "fan_setpoint_rpm", "modulation_pct")
#: Beyond what any maker lets air be off by, however it came there: told at once.
_AT_ONCE = math.log(1.1)


class Air(Gradual):
    """Fan wear and a restricted flue: one quantity, opposite signs."""

    name = "air"
    version = "9"
    cadence: Any = "minute"
    tracks = (
        Track("fan_wear", "fan_ln", "ln_ratio", -1, advise=-math.log(0.96), warn=-math.log(0.94), stop=-math.log(0.8),
              floor=0.008, bands=BANDS, at_once=_AT_ONCE, source=_SOURCE),
        Track("flue_restricted", "fan_ln", "ln_ratio", 1, advise=math.log(1.04), warn=math.log(1.06), stop=math.log(1.2),
              floor=0.008, bands=BANDS, at_once=_AT_ONCE, source=_SOURCE),
        Track("fan_wear", "fan_at_load_ln", "ln_ratio", -1, advise=-math.log(0.96), warn=-math.log(0.94),
              stop=-math.log(0.8), floor=0.008, bands=BANDS, key="fan_wear_at_load", source=_SOURCE),
        Track("flue_restricted", "fan_at_load_ln", "ln_ratio", 1, advise=math.log(1.04), warn=math.log(1.06),
              stop=math.log(1.2), floor=0.008, bands=BANDS, key="flue_restricted_at_load", source=_SOURCE),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        del self.features["fan_at_load_ln"]
        self.features |= {"fan_rpm": BANDS, "fan_pct": BANDS, "fan_xy": 1, "fan_xx": 1}
        one = (0.0, np.float64, ())
        self._runs = Runs()
        self._line = Arrays({"days": (0, np.uint8, ()), "n": one, "x": one, "y": one, "xy": one, "xx": one})

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return the logarithm of fan speed over its set point, and speed and modulation, while burning."""
        speed, wanted, load = (frames.mean(name) for name in ("fan_speed_rpm", "fan_setpoint_rpm", "modulation_pct"))
        turning = burning(frames) & (speed > 0)
        loaded = turning & (load > 0)
        rpm, pct = np.where(loaded, speed, np.nan), np.where(loaded, load, np.nan)
        return {
            "fan_ln": by_band(np.where(turning & (wanted > 0), log_of(speed) - log_of(wanted), np.nan), frames),
            "fan_rpm": by_band(rpm, frames), "fan_pct": by_band(pct, frames),
            "fan_xy": Banded(rpm * pct), "fan_xx": Banded(pct**2),
        }  # fmt: skip

    def step(self, frames: Frames, world: World) -> None:
        """Tell a fan that has been a tenth off for an hour of burning: what clogs within hours does not wait for its day."""
        rows = np.flatnonzero(burning(frames) & (frames.mean("fan_speed_rpm") > 0))
        if not len(rows):
            return
        seen, slots = frames.take(rows, _SIGNALS), len(world.slots)
        off = self._off(seen, slots)
        for i in np.flatnonzero(self._runs.take(seen.slot, seen.start_ms, off, _AT_ONCE, slots)).tolist():
            boiler = world.slots.boilers[seen.slot[i]]
            world.episodes.say(
                boiler, "fan_wear" if off[i] < 0 else "flue_restricted", severity="warning",
                at_ms=int(seen.newest_ms[i]), received_at_ms=int(seen.received_at_ms[i]),
                detector=f"{self.name}@{self.version}", site=world.slots.sites[seen.slot[i]],
                values={"effect_ln_ratio": round(float(off[i]), 4), "hours": 1}, confidence=0.9,
                instead=("flue_restricted" if off[i] < 0 else "fan_wear",),
            )  # fmt: skip

    def _off(self, frames: Frames, slots: int) -> Floats:
        """Return how far speed is off its set point, or off what it was at this load, NaN where unknown, shape (n,).

        A board that regulates air turns the fan up for a narrow path, set point and all: faster than ever at this load
        counts whatever was asked for. A set point that is lower than it was is no wear.
        """
        self._line.grow(slots)
        slot, load = frames.slot, frames.mean("modulation_pct")
        speed, wanted = frames.mean("fan_speed_rpm"), frames.mean("fan_setpoint_rpm")
        known = (self._line["days"][slot] >= _LINE_DAYS) & (load > 0)
        by_order = np.where(wanted > 0, log_of(speed) - log_of(wanted), np.nan)
        by_load = np.where(known, self._over_line(slot, speed[:, None], load[:, None])[:, 0], np.nan)
        # each against its own reference: what one took for a new normal, the other may not have seen
        faster = np.fmax(
            by_order - self._usual("flue_restricted", frames, slots),
            by_load - self._usual("flue_restricted_at_load", frames, slots),
        )
        slower = np.where(
            wanted > 0,
            by_order - self._usual("fan_wear", frames, slots),
            by_load - self._usual("fan_wear_at_load", frames, slots),
        )
        off: Floats = np.where(filled(faster) > -filled(slower), np.maximum(faster, 0.0), np.minimum(slower, 0.0))
        return off

    def _usual(self, track: str, frames: Frames, slots: int) -> Floats:
        """Return what a track's reference is in each frame's band, NaN until it is well learned, shape (n,)."""
        return self.drifts[track].usual(frames.slot, band_of(frames), slots, LEARN_DAYS + 1)

    def judge(self, days: Days, world: World) -> None:
        """Put speed against the boiler's own line, then compare."""
        days.mean["fan_at_load_ln"] = np.full_like(days.mean["fan_rpm"], np.nan)
        days.count["fan_at_load_ln"] = days.count["fan_rpm"]
        super().judge(days, world)

    def _look(self, drift: Drift, days: Days, rows: Ints, site: Ints, world: World) -> Verdict:
        if drift.track.name == self.tracks[0].name:  # the first of a day
            self._against_line(days, rows, len(world.slots))
        return super()._look(drift, days, rows, site, world)

    def _against_line(self, days: Days, rows: Ints, slots: int) -> None:
        self._line.grow(slots)
        slot = days.slot[rows]
        known = self._line["days"][slot] >= _LINE_DAYS
        ratio = self._over_line(slot, days.mean["fan_rpm"][rows], days.mean["fan_pct"][rows])
        days.mean["fan_at_load_ln"][rows] = np.where(known[:, None], ratio, np.nan)
        self._learn(days, rows[~known & (days.count["fan_xx"][rows, 0] > 0)])

    def _over_line(self, slot: Ints, speed: Floats, pct: Floats) -> Floats:
        """Return how far speeds are off the boiler's own line, shape of `pct`.

        Until its load has moved nobody knows whether a fan follows it, up to what fans turn at full load, or turns ever
        alike (fixed fans with a pressure switch): what one of the two explains is nothing.
        """
        follows, fixed = (
            log_of(speed) - np.log(np.maximum(self._expected(slot, pct, share), _LEAST_RPM)) for share in (1.0, 0.0)
        )
        nearer = np.where(np.abs(follows) < np.abs(fixed), follows, fixed)
        return np.where(follows * fixed < 0, 0.0, nearer)

    def _expected(self, slot: Ints, pct: Floats, share: float) -> Floats:
        """Return the speed at these loads by the boiler's own line and a share of the usual slope, shape of `pct`. [rpm]"""
        number, x, y, xy, xx = (self._line[name][slot] for name in ("n", "x", "y", "xy", "xx"))
        number = np.maximum(number, 1.0)
        x, y = x / number, y / number
        usual = share * np.clip((_FULL_RPM - y) / np.maximum(100.0 - x, 1.0), 0.3 * y / np.maximum(x, 1.0), None)
        slope = (xy - number * x * y + _PRIOR * usual) / (np.maximum(xx - number * x * x, 0.0) + _PRIOR)
        line: Floats = y[:, None] + slope[:, None] * (pct - x[:, None])
        return line

    def _learn(self, days: Days, rows: Ints) -> None:
        line, slot = self._line, days.slot[rows]
        count = days.count["fan_rpm"][rows]
        number = count.sum(axis=1).astype(np.float64)
        for name, feature in (("x", "fan_pct"), ("y", "fan_rpm")):
            line[name][slot] += (np.nan_to_num(days.mean[feature][rows]) * count).sum(axis=1)
        for name, feature in (("xy", "fan_xy"), ("xx", "fan_xx")):
            line[name][slot] += np.nan_to_num(days.only(feature)[rows]) * number
        line["n"][slot] += number
        line["days"][slot] += 1

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Learn anew after a repair, a new part or a swap: another fan has another line."""
        super().serviced(row, slot, episodes)
        if renews(row, ("air",)):
            self._line.grow(slot + 1)
            self._line.reset(slot)
            self._runs.reset(slot)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return references, rings and lines."""
        return (
            super().dump() | self._runs.dump() | {f"line.{name}": values for name, values in self._line.dump().items()}
        )

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take references, rings and lines."""
        super().load(data)
        self._runs.load(data)
        self._line.load({name: data[f"line.{name}"] for name in self._line.dump()})
