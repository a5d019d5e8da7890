"""Weather that a district shares: season, fronts, cold spells, day and night, gusts; a function of seed and time alone."""

import functools
import math

import numpy as np

from boilerwatch.model import Floats
from simulators.sites import DAY_S, SITES

_YEAR_D, _COLDEST_D = 365.25, 20.0
_LOCAL_H = 8.0
#: Stream, time between knots [h], deviation [K], share that all districts have in common [-].
_FRONTS = ((1, 62.0, 3.2, 0.93), (2, 19.0, 1.4, 0.8), (3, 3.0, 0.35, 0.3))
_GUSTS = (4, 7.0, 0.5)
#: A window of so many days has a cold spell with this chance, of so many days and so deep. [d], [-], [d], [K]
_WINDOW_D, _CHANCE, _LENGTH_D, _DEPTH_K = 12.0, 0.5, (2.5, 5.0), (5.0, 9.0)


class Weather:
    """The weather of all districts.

    Parameters
    ----------
    seed
        Equal seeds give equal weather.
    harsh
        Whether it swings a third more than usual.
    """

    def __init__(self, seed: int, harsh: bool = False) -> None:
        self._seed, self._scale = seed, 1.35 if harsh else 1.0
        self._knots = functools.lru_cache(maxsize=256)(self._knot)
        self._mean = np.array([site.mean_c for site in SITES])
        self._swing = np.array([site.swing_c for site in SITES])
        self._daily = np.array([site.daily_c for site in SITES])

    def outdoor(self, at_s: float) -> Floats:
        """Return the temperature of each district, shape (sites,). [degrees C]"""
        day = at_s / DAY_S
        hour = (at_s / 3600 + _LOCAL_H) % 24
        season = -math.cos(2 * math.pi * (day % _YEAR_D - _COLDEST_D) / _YEAR_D)
        found = self._mean + self._swing * season - self._spell(day)
        for stream, every_h, deviation_k, common in _FRONTS:
            found = found + self._scale * deviation_k * self._noise(stream, at_s / 3600 / every_h, common)
        cloud = 0.65 + 0.35 * math.tanh(float(self._noise(5, at_s / 3600 / 30, 1.0)[0]))
        value: Floats = found + cloud * self._daily * math.cos(2 * math.pi * (hour - 15) / 24)
        return value

    def gust(self, at_s: float) -> Floats:
        """Return how much wind stands on each district's flues, 0 for none, 1 for a storm, shape (sites,). [-]"""
        stream, every_h, common = _GUSTS
        calm = self._noise(stream, at_s / 3600 / every_h, common)
        return np.clip((calm - 0.8) / 1.6, 0.0, 1.0)

    def _spell(self, day: float) -> float:
        """Return how much colder a spell makes it. [K]"""
        colder = 0.0
        for window in (int(day // _WINDOW_D) - 1, int(day // _WINDOW_D)):
            chance, where, how_long, how_deep = self._knots(6, window, True)[:4]
            if chance >= _CHANCE:
                continue
            length_d = _LENGTH_D[0] + how_long * (_LENGTH_D[1] - _LENGTH_D[0])
            passed = (day - (window + where) * _WINDOW_D) / length_d
            if 0 < passed < 1:
                depth_k = _DEPTH_K[0] + how_deep * (_DEPTH_K[1] - _DEPTH_K[0])
                colder += depth_k * math.sin(math.pi * passed)
        return colder * self._scale

    def _noise(self, stream: int, place: float, common: float) -> Floats:
        """Return smooth noise of deviation about one, of which a share is every district's, shape (sites,)."""
        index = math.floor(place)
        part = place - index
        part = part * part * (3 - 2 * part)
        mixed = self._knots(stream, index, False) * (1 - part) + self._knots(stream, index + 1, False) * part
        own = math.sqrt(1 - common**2)
        value: Floats = 1.25 * (common * mixed[0] + own * mixed[1:])
        return value

    def _knot(self, stream: int, index: int, even: bool) -> Floats:
        random = np.random.default_rng([self._seed, 77, stream, index])
        return random.random(len(SITES) + 1) if even else random.standard_normal(len(SITES) + 1)
