"""Boilers as rows of arrays: a slot each, never used again."""

from itertools import repeat
from operator import itemgetter

import numpy as np

from boilerwatch.arrays import Arrays
from boilerwatch.model import Ints, Source

__all__ = ["Arrays", "Slots"]


class Slots:
    """The table of boilers.

    Attributes
    ----------
    boilers, sites
        Ids by slot.
    """

    def __init__(self) -> None:
        self.boilers: list[str] = []
        self.sites: list[str] = []
        self._of: dict[str, int] = {}
        self._siteless: set[int] = set()
        self._site_of = np.zeros(0, np.int64)
        self._numbers: dict[str, int] = {"": -1}
        self._sources: list[Source] = []
        self._slot_of = np.zeros(0, np.int64)

    def __len__(self) -> int:
        """Return how many slots are taken."""
        return len(self.boilers)

    def of(self, boiler: str, site: str = "") -> int:
        """Return the boiler's slot, a new one for a new boiler."""
        slot = self._of.get(boiler)
        if slot is None:
            slot = self._of[boiler] = len(self.boilers)
            self.boilers.append(boiler)
            self.sites.append(site)
            if not site:
                self._siteless.add(slot)
        elif site and slot in self._siteless:
            self.sites[slot] = site
            self._siteless.remove(slot)
            self._site_of = self._site_of[:slot]
        return slot

    def site_numbers(self) -> Ints:
        """Return a number of each slot's site, -1 where it is not known, shape (len(self),)."""
        numbers, known = self._numbers, len(self._site_of)
        if known < len(self.sites):
            fresh = [numbers.setdefault(site, len(numbers) - 1) for site in self.sites[known:]]
            self._site_of = np.concatenate([self._site_of, np.array(fresh, np.int64)])
        return self._site_of

    def of_all(self, sources: list[Source]) -> Ints:
        """Return the slot of each source, shape (len(sources),); the same list again is only looked at where it grew."""
        if sources is not self._sources:
            self._sources, self._slot_of = sources, np.zeros(0, np.int64)
        if len(self._slot_of) < len(sources):
            self._slot_of = np.append(self._slot_of, self._fresh(sources[len(self._slot_of) :]))
        return self._slot_of

    def _fresh(self, sources: list[Source]) -> Ints:
        ids = map(itemgetter(0), sources)
        slot_of = np.fromiter(map(self._of.get, ids, repeat(-1)), np.int64, len(sources))
        for place in (slot_of < 0).nonzero()[0].tolist():
            boiler, site, _ = sources[place]
            slot_of[place] = self.of(boiler, site)
        if self._siteless:
            for source in sources:
                if source.site:
                    self.of(source.boiler, source.site)
        return slot_of
