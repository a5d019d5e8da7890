"""What a detector is, and what it is shown.

The engine collects what arrives in blocks of arrival time, closed at fixed beats, so a detector sees the same blocks
however rows were cut into batches. Events are told at once; rows are shown when their block ends; frames when they
close in their boiler's own event time. A detector declares which of these it needs by the methods it has.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from boilerwatch.arrays import filled
from boilerwatch.fold import Frames
from boilerwatch.kinds import KIND_BY_NAME, KINDS, PROBLEM_BY_NAME
from boilerwatch.model import Event, Floats, Ints
from boilerwatch.register import DEFAULT_ZONE
from boilerwatch.rivals import RIVALS, SIGNS
from boilerwatch.service import ServiceRow
from detectors.episodes import Episodes
from detectors.slots import Arrays, Slots
from detectors.tuning import Tuned, Tuning

#: Service after which what was learned of a boiler is not its own any more.
FRESH_PARTS = ("repaired", "part_replaced", "swapped")
#: Chain of what a repair named as fixed -> chains whose quantities the work may have moved. What it cannot have moved goes back
#: to what it was before the fault, so what was learned of it then still holds. Of all else nobody can say: all is learned anew.
_MOVED_BY = {
    "water": ("water",), "flow": ("flow", "dhw", "control"), "flame": ("flame", "air"), "air": ("air", "flame"),
    "dhw": ("dhw", "flow", "control"), "control": ("control", "flow"), "sensor": ("sensor", "water"),
}  # fmt: skip


def renews(row: ServiceRow, chains: Iterable[str]) -> bool:
    """Return whether a service may have moved the quantities of some chains, so that they are learned anew."""
    if row.what not in FRESH_PARTS:
        return False
    fixed = {PROBLEM_BY_NAME[one].chain if one in PROBLEM_BY_NAME else "any" for one in row.problems}
    if row.what == "swapped" or not fixed or not fixed <= _MOVED_BY.keys():
        return True
    moved = {chain for one in fixed for chain in _MOVED_BY[one]}
    return not moved.isdisjoint(chains)


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


class Banded(NamedTuple):
    """What a detector measured in each minute.

    Attributes
    ----------
    values
        Shape (n,), NaN where it does not apply.
    band
        Which of the feature's bands each value counts to, shape (n,); None where there is only one.
    """

    values: Floats
    band: Ints | None = None


@dataclass(slots=True)
class Days:
    """What civil days of boilers came to, sorted by slot and then day. All arrays have shape (n,) or (n, bands).

    Attributes
    ----------
    day_start_ms
        Local midnight, as UTC. [ms since 1970]
    newest_ms, received_at_ms
        Newest reading used and its arrival. [ms since 1970]
    gap_days
        Since the boiler's previous day with readings, NaN for its first. [days]
    count, mean
        Feature -> minutes in which `measure` returned a value and their mean, NaN without any, shape (n, bands).
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
    flame_on_s: Floats
    starts: Floats

    def __len__(self) -> int:
        """Return the number of days."""
        return len(self.slot)

    def gaps(self, rows: Ints) -> Ints:
        """Return whole days since each boiler's previous day with readings, 1 for its first, shape (n,). [days]"""
        gaps: Ints = np.rint(filled(self.gap_days[rows], nan=1.0)).astype(np.int64)
        return gaps

    def only(self, feature: str) -> Floats:
        """Return the mean of a feature without bands, shape (n,)."""
        return self.mean[feature][:, 0]

    def total(self, feature: str) -> Floats:
        """Return the sum of a feature without bands over the day, 0 where nothing was measured, shape (n,)."""
        return filled(self.mean[feature][:, 0]) * self.count[feature][:, 0]


@dataclass(slots=True)
class World:
    """What detectors share.

    Attributes
    ----------
    facts
        Boiler -> what the register says of it: family, model, region, time_zone. Added to by `learn`.
    zoned
        Whether any boiler has a time zone of its own.
    now_ms
        Arrival time reached. [ms since 1970]
    tuning
        Limits that the installation changed.
    scores
        Kind -> how strong its evidence was on each boiler's last day, as a share of what is worth a visit: what rival
        kinds of other families look at.
    offsets
        How far each boiler's flow and return sensors have drifted apart from what they were, as seen at rest. [K]
    """

    slots: Slots
    episodes: Episodes
    facts: dict[str, dict[str, str]] = field(default_factory=dict)
    zoned: bool = False
    now_ms: int = 0
    tuning: Tuning = field(default_factory=Tuning)
    scores: Arrays = field(default_factory=lambda: Arrays({k.name: (0, np.float16, ()) for k in KINDS if k.gradual}))

    offsets: Arrays = field(default_factory=lambda: Arrays({"idle_k": (0, np.float16, ())}))

    def limit(self, detector: Tuned, name: str, slot: Ints) -> Floats:
        """Return a limit of a detector for some boilers, shape (n,), or () where all have the same."""
        return self.tuning.of(detector, name, slot, self.slots.boilers, self.facts)

    def renew(self, slot: int, row: ServiceRow) -> None:
        """Forget how far sensors had drifted apart, where a service may have put that right."""
        if renews(row, ("sensor",)):
            self.offsets.grow(slot + 1)
            self.offsets.reset(slot)

    def told(self, slot: Ints, kind: str) -> NDArray[np.bool_]:
        """Return which of some boilers are in an episode of a kind, or of a kind and more, now, shape (n,)."""
        boilers, episodes = self.slots.boilers, self.episodes
        if not episodes.raised:
            return np.zeros(len(slot), np.bool_)
        told = episodes.is_raised if ":" in kind else episodes.in_kind
        return np.array([told(boilers[one], kind) for one in slot.tolist()], np.bool_)

    def why_not(self, boiler: str, kind: str, district: bool) -> dict[str, Any]:
        """Return what a finding says of each kind that it is not: a sentence, and its score or whether it is told as well."""
        rivals = RIVALS.get(kind, ())
        if district:  # nobody's boiler fails with its neighbour's
            rivals = tuple(rival for rival in rivals if KIND_BY_NAME[rival].chain != "link")
            said = [f"{rival}: it fails in one boiler, and several show this at once" for rival in rivals]
            return {"why_not": said} if said else {}
        values: dict[str, Any] = {}
        said = []
        for rival in rivals:
            there = self.episodes.in_kind(boiler, rival)
            if KIND_BY_NAME[rival].gradual:
                slot = self.slots.of(boiler)
                self.scores.grow(slot + 1)
                score = values[f"rival_{rival}_score"] = round(float(self.scores[rival][slot]), 2)
                measure = f"{score:g} of what is worth a visit is measured"
            else:
                values[f"rival_{rival}_told"] = there
                measure = "is not told"
            said.append(f"{rival}: {SIGNS[rival].en}: {'is told as well' if there else measure}")
        return values | {"why_not": said} if said else {}

    def leads(self, slot: Ints, kind: str) -> NDArray[np.bool_]:
        """Return for which of some boilers a kind is told by its own finding, not inside another's, shape (n,)."""
        boilers, episodes = self.slots.boilers, self.episodes
        return np.array([episodes.is_raised(boilers[one], kind) for one in slot.tolist()], np.bool_)

    def fact(self, slot: int, name: str) -> str:
        """Return one thing the register says, empty where it does not."""
        return self.facts.get(self.slots.boilers[slot], {}).get(name, "")

    def learn(self, boiler: str, facts: dict[str, str]) -> None:
        """Take what the register says of a boiler."""
        self.facts[boiler] = facts
        self.zoned |= bool(facts.get("time_zone"))

    def zones(self, slot: Ints) -> tuple[list[str], Ints]:
        """Return time zones, and which of them each of some boilers is in, shape (n,)."""
        if not self.zoned:
            return [DEFAULT_ZONE], np.zeros(len(slot), np.int64)
        boilers, facts, nothing, numbers = self.slots.boilers, self.facts, dict[str, str](), dict[str, int]()
        named = [facts.get(boilers[one], nothing).get("time_zone") or DEFAULT_ZONE for one in slot.tolist()]
        number = [numbers.setdefault(zone, len(numbers)) for zone in named]
        return list(numbers), np.array(number, np.int64)


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
        """Take the state of a snapshot.

        It may be another version's, if all arrays have the same names, types and shapes: what is remembered differently
        gets another name. A daily detector's is rebuilt from the days that were kept, so a feature that is measured
        differently gets another name too.
        """
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

    def see(self, view: View, world: World) -> None:
        """Look at what came; say what it means to `world.episodes`."""
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
    """Measures minutes and judges civil days: nearly all gradual faults."""

    features: dict[str, int]
    """Feature -> number of bands."""

    def measure(self, frames: Frames, world: World) -> dict[str, Banded]:
        """Return each feature's value for each minute."""
        ...

    def judge(self, days: Days, world: World) -> None:
        """Look at closed days; say what they mean to `world.episodes`."""
        ...
