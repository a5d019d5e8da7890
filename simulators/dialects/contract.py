"""What a simulated gateway is told and what it says."""

import math
from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Publication(NamedTuple):
    """One PUBLISH."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Gateway(NamedTuple):
    """Who speaks.

    Attributes
    ----------
    family
        Controller family of the boiler, which its codes belong to.
    """

    boiler: str
    site: str
    family: str = ""


class Moment(NamedTuple):
    """A boiler as its sensors show it.

    Attributes
    ----------
    ts_ms
        By the gateway's clock. [ms since 1970]
    values
        Signal -> value in the signal's unit at its sensor's resolution; a signal that is not fitted is absent or NaN.
    codes
        Error codes that are active, in the family's notation.
    """

    ts_ms: int
    values: Mapping[str, float]
    codes: tuple[str, ...] = ()

    def get(self, signal: str) -> float | None:
        """Return a signal's value, None where it is not fitted."""
        value = self.values.get(signal, math.nan)
        return None if math.isnan(value) else value

    def is_on(self, signal: str) -> bool:
        """Return whether a flag is set."""
        return self.values.get(signal, 0.0) > 0.5


class Speaker(Protocol):
    """One gateway: what it says when it comes, while it is there, and what the broker says when it is gone."""

    def will(self) -> Publication | None:
        """Return its last will, None for a gateway without one."""
        ...

    def birth(self) -> list[Publication]:
        """Return what it says on connecting."""
        ...

    def say(self, moment: Moment) -> list[Publication]:
        """Return what it publishes now."""
        ...
