"""What a detector is, and what it is shown.

The engine collects what arrives in blocks of arrival time, closed at fixed beats, so a detector sees the same blocks
however rows were cut into batches. Events are told at once; rows are shown when their block ends; frames when they
close in their boiler's own event time. A detector declares which of these it needs by the methods it has.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from numpy.typing import NDArray

from boilerwatch.fold import Frames
from boilerwatch.model import Event, Floats, Ints
from boilerwatch.register import DEFAULT_ZONE
from boilerwatch.service import ServiceRow
from detectors.episodes import Episodes
from detectors.slots import Slots


@dataclass(slots=True)
class View:
    """Rows that came within one block of arrival time.

    Attributes
    ----------
    slot, ts_ms, received_at_ms
        One entry a reading, in order of arrival, shape (n,).
    columns
        Signal -> values, shape (n,), NaN where nothing came.
    events
        Codes with their slot.
    now_ms
        Arrival time reached. [ms since 1970]
    connected
        Whether we listened all the while.
    """

    slot: Ints
    ts_ms: Ints
    received_at_ms: Ints
    columns: dict[str, Floats]
    events: list[tuple[int, Event]]
    now_ms: int
    connected: bool


@dataclass(slots=True)
class Days:
    """What civil days of boilers came to, sorted by slot and then day. All arrays have shape (n,).

    Attributes
    ----------
    day_start_ms
        Local midnight, as UTC. [ms since 1970]
    newest_ms, received_at_ms
        Newest reading used and its arrival. [ms since 1970]
    gap_days
        Since the boiler's previous day with readings, NaN for its first. [days]
    count, mean, low, high
        Feature -> statistics of what `measure` returned, NaN where the count is 0.
    flame_on_s, starts
        Seconds of flame and burner starts, NaN where they cannot be known.
    """

    slot: Ints
    day_start_ms: Ints
    newest_ms: Ints
    received_at_ms: Ints
    gap_days: Floats
    count: dict[str, Ints]
    mean: dict[str, Floats]
    low: dict[str, Floats]
    high: dict[str, Floats]
    flame_on_s: Floats
    starts: Floats

    def __len__(self) -> int:
        """Return the number of days."""
        return len(self.slot)


@dataclass(slots=True)
class World:
    """What detectors share.

    Attributes
    ----------
    facts
        Boiler -> what the register says of it: family, model, region, time_zone.
    now_ms
        Arrival time reached. [ms since 1970]
    """

    slots: Slots
    episodes: Episodes
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    now_ms: int = 0

    def fact(self, slot: int, name: str) -> str:
        """Return one thing the register says, empty where it does not."""
        return self.facts.get(self.slots.boilers[slot], {}).get(name, "")

    def zone(self, slot: int) -> str:
        """Return the boiler's time zone."""
        return self.fact(slot, "time_zone") or DEFAULT_ZONE


class Detector(Protocol):
    """One fault family: what all of them have."""

    name: str
    version: str

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Take note of what people did to a boiler: restart learning where it matters."""
        ...

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return its state as arrays."""
        ...

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the state of a snapshot of the same version."""
        ...


@runtime_checkable
class EventDetector(Detector, Protocol):
    """Looks at codes, which wait for nothing."""

    def tell(self, events: list[tuple[int, Event]], world: World) -> None:
        """Take events in order of arrival, each with its slot."""
        ...


@runtime_checkable
class RowDetector(Detector, Protocol):
    """Looks at arrivals: hard limits, silence."""

    def see(self, view: View, slots: Slots, families: dict[str, str], episodes: Episodes) -> None:
        """Look at what came; say what it means to `episodes`."""
        ...


@runtime_checkable
class FrameDetector(Detector, Protocol):
    """Looks at closed minutes or quarters, many boilers and times at once."""

    cadence: Literal["minute", "quarter"]

    def step(self, frames: Frames, world: World) -> None:
        """Look at frames sorted by slot and time; go through `fold.ranks` where the order of one boiler's matters."""
        ...


@runtime_checkable
class DailyDetector(Detector, Protocol):
    """Measures frames and judges civil days: nearly all gradual faults."""

    source: Literal["minute", "quarter"]
    features: tuple[str, ...]

    def measure(self, frames: Frames, world: World) -> dict[str, Floats]:
        """Return each feature's value for each frame, shape (n,), NaN where it does not apply."""
        ...

    def judge(self, days: Days, world: World) -> None:
        """Look at closed days; say what they mean to `world.episodes`."""
        ...
