"""Civil days: local midnight as UTC. A day has 23, 24 or 25 hours."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from boilerwatch.fold import QUARTER_MS
from boilerwatch.model import Ints
from boilerwatch.register import DEFAULT_ZONE

_SHIFT = 32
_MASK = (1 << _SHIFT) - 1
#: From a midnight to a moment that is surely within the next day. [ms]
_INTO_NEXT_MS = 30 * 3_600_000


def day_starts(zones: Sequence[str], zone: Ints, at_ms: Ints) -> Ints:
    """Return the local midnight before each moment, as UTC, shape (n,). [ms since 1970]

    Parameters
    ----------
    zones
        Names of time zones.
    zone
        Index into `zones`, shape (n,).
    at_ms
        Moments, shape (n,). [ms since 1970]
    """
    keys, place = np.unique((zone << _SHIFT) | (at_ms // QUARTER_MS), return_inverse=True)
    starts = [day_start_ms(zones[key >> _SHIFT], (key & _MASK) * QUARTER_MS) for key in keys.tolist()]
    return np.array(starts, np.int64)[place]


@lru_cache(maxsize=200_000)
def day_start_ms(zone: str, at_ms: int) -> int:
    """Return the local midnight before a moment, as UTC. [ms since 1970]

    Examples
    --------
    >>> (day_start_ms("Europe/Berlin", 1_774_828_800_000) - day_start_ms("Europe/Berlin", 1_774_742_400_000)) / 3_600_000
    23.0
    """
    local = dt.datetime.fromtimestamp(at_ms / 1000, _zone(zone))
    return round(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp() * 1000)


def day_end_ms(zone: str, start_ms: int) -> int:
    """Return the midnight that ends the day which starts then. [ms since 1970]"""
    return day_start_ms(zone, start_ms + _INTO_NEXT_MS)


@lru_cache(maxsize=1000)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(DEFAULT_ZONE)
