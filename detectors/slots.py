"""Boilers as rows of arrays: a slot each, never used again."""

import numpy as np

from boilerwatch.arrays import Arrays
from boilerwatch.model import Ints, Source

__all__ = ["Arrays", "Slots", "per_slot"]


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
        elif site and not self.sites[slot]:
            self.sites[slot] = site
        return slot

    def of_all(self, sources: list[Source]) -> Ints:
        """Return the slot of each source, shape (len(sources),)."""
        return np.array([self.of(source.boiler, source.site) for source in sources], np.int64)


def per_slot(slot: Ints) -> list[Ints]:
    """Return row numbers grouped by slot, each in order of arrival."""
    order = np.argsort(slot, kind="stable")
    edges = np.flatnonzero(np.diff(slot[order])) + 1
    return np.split(order, edges)
