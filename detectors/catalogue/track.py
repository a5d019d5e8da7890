"""What a fault moves, and by how much: the stated part of a gradual fault's detector."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from boilerwatch.model import Floats

#: Days a band needs before it is compared, and days that count alike where a day's few rows say little each.
LEARN_DAYS, POOLED_LEARN_DAYS = 4, 12
#: Days whose rows may be taken together to have enough.
POOL_DAYS = 5
#: Days looked at.
PERSIST = 4
#: Share of the effect that a jump may make for it to be gradual; over two days, as it may fall within one.
_JUMP_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Track:
    """One quantity that a fault moves.

    Attributes
    ----------
    kind
        What it means.
    feature
        Name of the day's feature; with several bands, of the first part of their names.
    unit
        Suffix of what is told, such as `k` or `ratio`.
    sign
        +1 if the fault raises it, -1 if it lowers it, 0 if it may go either way.
    advise, warn, stop
        Effect that is worth knowing, worth a visit, and at which boilers stop; in the feature's unit.
    floor
        Least day-to-day scatter assumed.
    bands
        How many bands it is compared in.
    least
        Rows a day and band must have.
    cause, cause_slope
        Feature whose swings move this one, and how steep that may be. [feature's unit per unit of the cause]
    rivals
        Kinds that explain it better when their own evidence is stronger, or when they are raised.
    source
        Where the numbers come from.
    key
        Name of its limits and state, where a kind has several tracks.
    local
        Whether what a whole site shows at once is taken out.
    at_once
        Effect at which a single day tells it, however it came there; it is never taken as a new normal.
    jump_share
        Share of the effect that a jump within two days may make for it to be gradual; infinite where no jump is a setting.
    pooled
        Whether `least` is of all bands together, and rows of days with fewer wait for more: of what is seen some times a day.
    persist
        Days looked at, all but one of which must show it.
    """

    kind: str
    feature: str
    unit: str
    sign: int
    advise: float
    warn: float
    stop: float
    floor: float
    source: str
    bands: int = 1
    least: int = 4
    cause: str = "water_c"
    cause_slope: float = 0.0
    rivals: tuple[str, ...] = field(default=())
    key: str = ""
    local: bool = True
    at_once: float = np.inf
    jump_share: float = _JUMP_SHARE
    pooled: bool = False
    persist: int = PERSIST

    @property
    def name(self) -> str:
        """The kind, or its key where the kind has several tracks."""
        return self.key or self.kind


class Levels(NamedTuple):
    """Effects that are worth knowing, worth a visit, and at which boilers stop; shape () or (n,), the feature's unit."""

    advise: Floats
    warn: Floats
    stop: Floats
