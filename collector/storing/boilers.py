"""Everyone that storing has heard of: a slot for each boiler, one growing list of sources for the store."""

from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import Arrays
from boilerwatch.civil import day_end_ms, day_starts
from boilerwatch.model import Batch, Floats, Ints, Source
from boilerwatch.register import DEFAULT_ZONE
from boilerwatch.service import ServiceRow


class Boilers:
    """The table.

    Attributes
    ----------
    sources
        Each (boiler, site, gateway) that spoke, in order of its first word; batches for the store share this list.
    ids, sites
        By slot; a boiler's site is the last one it was heard at.
    regions
        Site -> its region, where the register tells.
    """

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.ids: list[str] = []
        self.sites: list[str] = []
        self._place: dict[Source, int] = {}
        self._slot: dict[str, int] = {}
        self._slot_of = Arrays({"slot": (-1, np.int64, ())})
        self._zones = {DEFAULT_ZONE: 0}
        self.regions: dict[str, str] = {}
        self._of = Arrays({"zone": (0, np.int16, ())})

    def __len__(self) -> int:
        """Return how many slots are taken."""
        return len(self.ids)

    def places(self, sources: list[Source]) -> Ints:
        """Return where each stands in `sources`, shape (len(sources),)."""
        place = np.fromiter(map(self._place.get, sources, repeat(-1)), np.int64, len(sources))
        for number in np.flatnonzero(place < 0).tolist():
            place[number] = self._add(sources[number])
        return place

    def slots(self, place: Ints) -> Ints:
        """Return the slot of each place, shape (n,)."""
        return self._slot_of["slot"][place]

    def slot(self, boiler: str, site: str = "") -> int:
        """Return the boiler's slot, a new one for a new boiler."""
        slot = self._slot.setdefault(boiler, len(self.ids))
        if slot == len(self.ids):
            self.ids.append(boiler)
            self.sites.append(site)
            self._of.grow(len(self.ids))
        elif site:
            self.sites[slot] = site
        return slot

    def learn(self, row: ServiceRow) -> int | None:
        """Take what the register says; return the slot of a boiler whose days begin at another time from now on."""
        if row.what != "registered":
            return None
        known = row.boiler in self._slot
        slot = self.slot(row.boiler, "" if known else row.facts.get("site", ""))
        zone = self._zones.setdefault(row.facts.get("time_zone") or DEFAULT_ZONE, len(self._zones))
        moved = known and zone != self._of["zone"][slot]
        self._of["zone"][slot] = zone
        if row.facts.get("region") and row.facts.get("site"):
            self.regions[row.facts["site"]] = row.facts["region"]
        return slot if moved else None

    def days_of(self, slot: Ints, at_ms: Ints) -> Ints:
        """Return when the civil day of each moment began in its boiler's time zone, shape (n,). [ms since 1970]"""
        return day_starts(list(self._zones), self._of["zone"][slot].astype(np.int64), at_ms)

    def day_end_ms(self, slot: int, start_ms: int) -> int:
        """Return when a civil day of the boiler ends. [ms since 1970]"""
        return day_end_ms(list(self._zones)[int(self._of["zone"][slot])], start_ms)

    def plain(self) -> dict[str, Any]:
        """Return what has no place in arrays, for a snapshot."""
        return {
            "sources": self.sources, "ids": self.ids, "sites": self.sites, "zones": list(self._zones),
            "regions": self.regions,
        }  # fmt: skip

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the arrays for a snapshot."""
        return self._of.dump()

    def load(self, plain: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Take a snapshot."""
        for boiler, site in zip(plain["ids"], plain["sites"], strict=True):
            self.slot(boiler, site)
        for source in plain["sources"]:
            self._add(Source(*source))
        self.sites = list(plain["sites"])
        self._zones = {name: number for number, name in enumerate(plain["zones"])}
        self.regions = dict(plain["regions"])
        self._of.load(arrays)

    def _add(self, source: Source) -> int:
        place = self._place.get(source)
        if place is None:
            place = self._place[source] = len(self.sources)
            self.sources.append(source)
            self._slot_of.grow(len(self.sources))
            self._slot_of["slot"][place] = self.slot(source.boiler, source.site)
        return place


def combined(batches: list[Batch], boilers: Boilers) -> Batch:
    """Return one batch of all of them, in order, whose sources are the list that all batches share."""
    places = [boilers.places(batch.sources) for batch in batches]
    one = Batch(sources=boilers.sources)
    for place, batch in zip(places, batches, strict=True):
        one.events += [event._replace(source=int(place[event.source])) for event in batch.events]
    parts = [(place, batch) for place, batch in zip(places, batches, strict=True) if len(batch)]
    if not parts:
        return one
    one.source = np.concatenate([place[batch.source] for place, batch in parts])
    for name in ("ts_ms", "received_at_ms", "stamped", "hash", "boot", "seq"):
        setattr(one, name, np.concatenate([getattr(batch, name) for _, batch in parts]))
    names = dict.fromkeys(name for _, batch in parts for name in batch.columns)
    one.columns = {name: np.concatenate([_column(batch, name) for _, batch in parts]) for name in names}
    return one


def _column(batch: Batch, name: str) -> Floats:
    return batch.columns[name] if name in batch.columns else np.full(len(batch), np.nan)
