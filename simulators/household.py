"""What people want: warm rooms by the clock, hot water, holidays, the heating off in summer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Ints
from simulators.draw import Draw
from simulators.sites import DAY_S, SITES

Bools = NDArray[np.bool_]
_LOCAL_S = 8 * 3_600
#: Chance of a holiday within a month. [-]
_HOLIDAYS = 0.12
_MONTH_D = 30.0
#: Taps opened per person and hour, by hour of the day: morning, cooking, evening (about five a day; shape after EN 13203's cycle M).
_TAPS_BY_HOUR = 0.6 * np.array([
    0.02, 0.01, 0.01, 0.01, 0.02, 0.1, 0.5, 0.9, 0.6, 0.3, 0.25, 0.4, 0.5, 0.3, 0.2, 0.2, 0.3, 0.6, 0.8, 0.8, 0.7, 0.6, 0.35, 0.1,
])  # fmt: skip
#: Below this mean of a day people want heat, above that they do not. [degrees C]
_WARM_C = 15.5
#: How little a home may be warmed while nobody is there. [degrees C]
_AWAY_C = 13.0
#: A tank is kept so much hotter: 50 to 60 (EMS samples; below 50 no installer leaves one). [K]
_TANK_OVER_K = 8.0
#: Of taps opened: how many are a shower, and of the others how long they run on average. [-], [s]
_SHOWERS, _SHORT_S = 0.06, 45.0


@dataclass(slots=True)
class Households:
    """Habits, one value a home.

    Attributes
    ----------
    day_c, night_c
        Room temperatures wanted. [degrees C]
    wakes_h, sleeps_h, leaves_h, returns_h
        Local time; nobody leaves where both are equal. [h]
    people
        How many use the taps.
    tap_c
        Hot water set point. [degrees C]
    minds
        Whether they look at the gauge and fill up. [bool]
    looks_per_h
        How often they look. [1/h]
    fills_at_bar, fills_to_bar
        When they fill up, and to what. [bar]
    pulls_plug
        Whether they switch the boiler off at the mains when they leave, where it cannot freeze; its gateway goes too.
    holiday_from_s, holiday_to_s
        Next time away. [s since 1970]
    """

    day_c: Floats
    night_c: Floats
    wakes_h: Floats
    sleeps_h: Floats
    leaves_h: Floats
    returns_h: Floats
    people: Floats
    tap_c: Floats
    minds: Bools
    looks_per_h: Floats
    fills_at_bar: Floats
    fills_to_bar: Floats
    pulls_plug: Bools
    holiday_from_s: Floats
    holiday_to_s: Floats

    def room_c(self, at_s: float, away: Bools) -> Floats:
        """Return the room temperature that is wanted. [degrees C]"""
        hour = (at_s + _LOCAL_S) / 3_600 % 24
        weekend = (at_s + _LOCAL_S) // DAY_S % 7 in (2, 3)  # 1970 began on a Thursday
        up = (hour >= self.wakes_h) & (hour < self.sleeps_h)
        if not weekend:
            up &= (hour < self.leaves_h) | (hour >= self.returns_h)
        wanted = np.where(up, self.day_c, self.night_c)
        return np.where(away, _AWAY_C, wanted)

    def taps_per_s(self, at_s: float, away: Bools) -> Floats:
        """Return how often a hot tap is opened. [1/s]"""
        hour = (at_s + _LOCAL_S) / 3_600 % 24
        rate: Floats = self.people * (~away * (_TAPS_BY_HOUR[int(hour)] / 3_600))
        return rate

    def is_away(self, at_s: float) -> Bools:
        """Return who is on holiday."""
        return (at_s >= self.holiday_from_s) & (at_s < self.holiday_to_s)


def draw_households(draw: Draw, site: Ints, start_s: float, has_tank: Bools) -> Households:
    """Return the habits of homes at these sites; tanks are kept hotter than what comes from plates."""
    count, random = len(site), draw.random
    county = np.array([SITES[place].region == "county" for place in site])
    day_c = np.round(draw.some(19, 22.5, count) * 2) / 2
    works = random.random(count) < np.where(county, 0.2, 0.45)
    leaves_h = np.where(works, draw.some(7.5, 9, count), 24.0)
    from_s = start_s + random.random(count) / _HOLIDAYS * _MONTH_D * DAY_S
    return Households(
        day_c=day_c, night_c=day_c - np.round(draw.some(0, 4, count)), wakes_h=draw.some(5.5, 7.5, count),
        sleeps_h=draw.some(21.5, 23.5, count), leaves_h=leaves_h, returns_h=np.where(works, draw.some(16.5, 18.5, count), 24.0),
        people=random.integers(1, 6, count).astype(np.float64), tap_c=np.round(draw.some(42, 52, count)) + _TANK_OVER_K * has_tank,
        minds=random.random(count) < 0.25, looks_per_h=np.full(count, 0.06), pulls_plug=random.random(count) < 0.15, fills_at_bar=draw.some(0.75, 0.95, count), fills_to_bar=draw.some(1.2, 1.6, count),
        holiday_from_s=from_s, holiday_to_s=from_s + draw.some(3, 9, count) * DAY_S,
    )  # fmt: skip


def wants_heat(mean_outdoor_c: Floats, warms: Bools) -> Bools:
    """Return where heating is on for the season, with a kelvin of hysteresis around the limit."""
    return mean_outdoor_c < np.where(warms, _WARM_C + 0.5, _WARM_C - 0.5)


def cold_water_c(mean_outdoor_c: Floats) -> Floats:
    """Return the temperature of cold water: that of the ground, which follows the season weakly. [degrees C]"""
    return np.clip(9.0 + 0.3 * mean_outdoor_c, 4.0, 22.0)


def draw_taps(random: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Return how long taps run and how much they give: showers and short draws. [s], [l/min]"""
    shower = random.random(count) < _SHOWERS
    seconds = np.where(shower, random.uniform(240, 900, count), 10 + random.exponential(_SHORT_S, count))
    flow = np.where(shower, random.uniform(6, 10, count), random.uniform(2.5, 7, count))
    return seconds, flow
