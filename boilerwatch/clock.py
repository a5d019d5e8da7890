"""The only reader of the system clock; everything else is handed a `Clock`."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where "now" comes from."""

    def now_ms(self) -> int:
        """Return the time since 1970 UTC. [ms]"""
        ...

    def monotonic_s(self) -> float:
        """Return a time that only grows, for measuring spans. [s]"""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Return the time since 1970 UTC. [ms]"""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return a time that only grows. [s]"""
        return time.monotonic()


class ManualClock:
    """A clock that stands until it is moved: for replays and tests.

    Examples
    --------
    >>> clock = ManualClock(1_000)
    >>> clock.advance(0.5)
    >>> clock.now_ms()
    1500
    """

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the time it was set to. [ms]"""
        return self._now_ms

    def monotonic_s(self) -> float:
        """Return the same time in seconds. [s]"""
        return self._now_ms / 1000

    def set(self, now_ms: int) -> None:
        """Move to `now_ms`; never backwards. [ms]"""
        self._now_ms = max(self._now_ms, now_ms)

    def advance(self, seconds: float) -> None:
        """Move forward. [s]"""
        self._now_ms += round(seconds * 1000)


SYSTEM = SystemClock()


def to_datetime(at_ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware UTC datetime."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)


def to_ms(at: datetime) -> int:
    """Return an aware datetime as milliseconds since 1970 UTC.

    Raises
    ------
    ValueError
        If `at` has no time zone: a naive time means another instant on every machine.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    return round(at.timestamp() * 1000)
