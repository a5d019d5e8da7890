"""The ledger's accounts as arrays: what storing adds up, whole batches at a time."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from boilerwatch import numbering
from boilerwatch.arrays import Arrays
from boilerwatch.model import Batch, Ints, Source

OUTCOMES = ("accepted", "quarantined", "repeated", "retained", "status")
COUNTS = ("received", *OUTCOMES, "numbered", "lost", "readings")
#: Columns of an account beside its boiler, its site and its counts.
PLAIN = ("last_received_at_ms", "skew_ms", "online", "boot", "seq")
_RING = 9
_NOTHING = np.iinfo(np.int64).max
#: What comes so much later than usual, of most boilers at once, waited for us at the broker and tells nothing of clocks.
_BACKLOG_MS, _MANY = 5_000, 31


class Fresh(NamedTuple):
    """The newest reading of each publication that told its own time, shape (n,). [ms since 1970]"""

    slot: Ints
    ts_ms: Ints
    received_at_ms: Ints


class Accounts:
    """Every boiler's account.

    Attributes
    ----------
    ids, sites
        By slot.
    gaps
        How often numbers were skipped, so far.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.sites: list[str] = []
        self.gaps = 0
        self._slot: dict[str, int] = {}
        zero, never = (0, np.int64, ()), (-1, np.int64, ())
        self.of = Arrays(
            {**dict.fromkeys(COUNTS, zero), "last": zero, "boot": zero, "seq": never, "online": (-1, np.int8, ()),
             "skews": (_NOTHING, np.int64, (_RING,)), "skew": zero, "seen": zero, "touched": (False, np.bool_, ())}
        )  # fmt: skip

    def __len__(self) -> int:
        """Return how many accounts there are."""
        return len(self.ids)

    def slots(self, sources: Sequence[Source]) -> Ints:
        """Return each source's account, a new one for a new boiler, shape (n,)."""
        names = [source[0] for source in sources]
        slot = np.fromiter(map(self._slot.get, names, repeat(-1)), np.int64, len(names))
        for place in np.flatnonzero(slot < 0).tolist():
            slot[place] = self.open(names[place], sources[place].site)
        return slot

    def open(self, boiler: str, site: str) -> int:
        """Return the boiler's account, made when it is missing."""
        slot = self._slot.setdefault(boiler, len(self.ids))
        if slot == len(self.ids):
            self.ids.append(boiler)
            self.sites.append(site)
            self.of.grow(len(self.ids))
        return slot

    def find(self, boiler: str) -> int | None:
        """Return the boiler's account, None without one."""
        return self._slot.get(boiler)

    def count(self, batches: list[Batch]) -> Fresh:
        """Add batches up; return what they tell of lags."""
        slots = [self.slots(batch.sources) for batch in batches]
        of = self.of
        for slot, batch in zip(slots, batches, strict=True):
            of["touched"][slot] = True
            for name, counts in batch.ledger.items():
                np.add.at(of[name], slot, counts)
            for status in batch.statuses:
                of["online"][slot[status.source]] = status.online
        rows = [(slot[batch.source], batch) for slot, batch in zip(slots, batches, strict=True) if len(batch)]
        if not rows:
            return Fresh(*(np.zeros(0, np.int64),) * 3)
        slot = np.concatenate([own for own, _ in rows])
        received_at_ms = np.concatenate([batch.received_at_ms for _, batch in rows])
        np.add.at(of["readings"], slot, 1)
        np.maximum.at(of["last"], slot, received_at_ms)
        firsts, lasts = (np.concatenate(one) for one in zip(*map(_publications, (b for _, b in rows)), strict=True))
        self._number(slot, rows, firsts)
        ts_ms = np.concatenate([batch.ts_ms for _, batch in rows])
        fresh = lasts & ~np.concatenate([batch.stamped for _, batch in rows])
        told = Fresh(slot[fresh], ts_ms[fresh], received_at_ms[fresh])
        self._learn_skew(told)
        return told

    def _number(self, slot: Ints, rows: list[tuple[Ints, Batch]], firsts: Any) -> None:
        number = np.concatenate([batch.seq for _, batch in rows])
        numbered = np.flatnonzero(firsts & (number >= 0))
        if not len(numbered):
            return
        boot = np.concatenate([batch.boot for _, batch in rows]).astype(np.int64)[numbered]
        slot, of = slot[numbered], self.of
        found = numbering.count(slot, boot, number[numbered], of["boot"][slot], of["seq"][slot])
        of["numbered"][found.slot] += found.numbered
        of["lost"][found.slot] += found.lost
        of["boot"][found.slot], of["seq"][found.slot] = found.boot, found.highest
        self.gaps += int(found.gaps.sum())

    def _learn_skew(self, told: Fresh) -> None:
        """Take each boiler's last reading as a sample, unless all of it waited for us at the broker."""
        last = np.zeros(len(self.of), np.int64)
        last[told.slot] = np.arange(1, len(told.slot) + 1)  # the last assignment of a slot is its newest
        slot = np.flatnonzero(last)
        place = last[slot] - 1
        late_ms = told.received_at_ms[place] - told.ts_ms[place]
        known = self.of["seen"][slot] > 0
        usual = late_ms[known] - self.of["skew"][slot[known]]
        if len(usual) >= _MANY and np.median(usual) > _BACKLOG_MS:
            return
        self.of["skews"][slot, self.of["seen"][slot] % _RING] = late_ms
        self.of["seen"][slot] += 1
        middle = (np.minimum(self.of["seen"][slot], _RING) - 1) // 2
        self.of["skew"][slot] = np.sort(self.of["skews"][slot], axis=1)[np.arange(len(slot)), middle]

    def skew_ms(self, slot: Ints) -> Ints:
        """Return the running median of arrival less the boiler's time, 0 before the first sample, shape (n,). [ms]"""
        skew_ms: Ints = self.of["skew"][slot]
        return skew_ms

    def touched(self) -> Ints:
        """Return the accounts that changed since the last call."""
        slot = np.flatnonzero(self.of["touched"])
        self.of["touched"][slot] = False
        return slot

    def rows(self, slot: Ints) -> Iterable[tuple[Any, ...]]:
        """Return (boiler, site, those of PLAIN, those of COUNTS) of accounts."""
        of = self.of
        named = slot.tolist()
        online = [None if one < 0 else one for one in of["online"][slot].tolist()]
        plain = (
            of["last"][slot].tolist(),
            self.skew_ms(slot).tolist(),
            online,
            of["boot"][slot].tolist(),
            of["seq"][slot].tolist(),
        )
        counts = [of[name][slot].tolist() for name in COUNTS]
        return zip([self.ids[one] for one in named], [self.sites[one] for one in named], *plain, *counts, strict=True)

    def load(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take accounts as `rows` gives them; the median of a boiler's clock goes on from where it was."""
        for boiler, site, last_ms, skew_ms, online, boot, seq, *counts in rows:
            slot, of = self.open(boiler, site), self.of
            of["last"][slot], of["boot"][slot], of["seq"][slot] = last_ms, boot, seq
            of["online"][slot] = -1 if online is None else online
            for name, value in zip(COUNTS, counts, strict=True):
                of[name][slot] = value
            if last_ms:
                of["skews"][slot, : _RING // 2] = skew_ms
                of["skew"][slot], of["seen"][slot] = skew_ms, _RING // 2


def _publications(batch: Batch) -> tuple[Any, Any]:
    """Return which rows are the first, and which the last, of what came as one message."""
    begins = np.ones(len(batch), np.bool_)
    begins[1:] = (batch.hash[1:] != batch.hash[:-1]) | (batch.source[1:] != batch.source[:-1])
    return begins, np.concatenate([begins[1:], [True]])
