"""What a detector is, and what it is shown.

The engine cuts the journal at whole steps of arrival time; each piece is one `View`. A detector must give the same
findings however rows were cut into batches, so it folds rows in order of arrival and sums in whole numbers.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from boilerwatch.model import Event, Floats, Ints
from boilerwatch.service import ServiceRow
from detectors.episodes import Episodes
from detectors.slots import Slots


@dataclass(slots=True)
class View:
    """Rows that came together.

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
    """

    slot: Ints
    ts_ms: Ints
    received_at_ms: Ints
    columns: dict[str, Floats]
    events: list[tuple[int, Event]]
    now_ms: int
    connected: bool


class Detector(Protocol):
    """One fault family."""

    name: str
    version: str

    def see(self, view: View, slots: Slots, families: dict[str, str], episodes: Episodes) -> None:
        """Look at what came; say what it means to `episodes`."""
        ...

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Take note of what people did to a boiler: restart learning where it matters."""
        ...

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return its state as arrays."""
        ...

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the state of a snapshot of the same version."""
        ...
