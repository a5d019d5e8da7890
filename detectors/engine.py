"""Takes batches and service rows in journal order, and shows them to the catalogue.

Rows are collected into blocks of arrival time. A block ends when a row or a tick of a later beat comes, or when it is
full, never because a batch ends; so neither the cut of batches nor a restart changes what detectors see. Live, a beat is
five seconds; a replay takes hours at once, because array arithmetic over few rows costs as much as over many.
"""

import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from boilerwatch.fold import Coarser, quarter_of
from boilerwatch.minutes import Minutes
from boilerwatch.model import Batch, Event, Finding
from boilerwatch.register import Boiler
from boilerwatch.service import ServiceRow
from detectors.block import Block
from detectors.catalogue.contract import (
    FRESH_PARTS,
    DailyDetector,
    Detector,
    EventDetector,
    FrameDetector,
    RowDetector,
    World,
)
from detectors.catalogue.registry import DETECTORS
from detectors.days import Closed, DayFeatures
from detectors.episodes import Episodes, key_of
from detectors.history import Seen
from detectors.rebuild import carried_over, rebuild
from detectors.slots import Slots
from detectors.tuning import Tuning

LIVE_BEAT_MS = 5_000

log = structlog.get_logger()


class _Part(Protocol):
    """What a snapshot holds under one name."""

    def dump(self) -> dict[str, NDArray[Any]]: ...

    def load(self, data: dict[str, NDArray[Any]]) -> None: ...


class Engine:
    """All detectors over all boilers.

    Parameters
    ----------
    disabled
        Names of detectors not to run.
    beat_ms
        Arrival time after which a block ends. [ms]
    least_rows
        Rows a block waits for, over at most 24 beats.
    detectors
        Others than the registry's.
    tuning
        Limits that the installation changed.
    more
        Detectors beside the registry's; one of a name that is there takes its place.

    Raises
    ------
    SettingsError
        If a changed limit is of no detector.
    """

    def __init__(
        self,
        disabled: Sequence[str] = (),
        beat_ms: int = LIVE_BEAT_MS,
        detectors: Sequence[Detector] | None = None,
        least_rows: int = 0,
        tuning: Tuning | None = None,
        more: Sequence[Detector] = (),
    ) -> None:
        self.slots = Slots()
        self.episodes = Episodes()
        self.world = World(self.slots, self.episodes, tuning=tuning or Tuning())
        self.episodes.why = self.world.why_not
        if detectors is None:
            every = {name: make() for name, make in DETECTORS.items()} | {one.name: one for one in more}
            self.world.tuning.check(list(every.values()))
            detectors = [one for name, one in every.items() if name not in disabled]
        self.detectors = list(detectors)
        self._told = [one for one in self.detectors if isinstance(one, EventDetector)]
        self._shown = [one for one in self.detectors if isinstance(one, RowDetector)]
        self._stepped = [one for one in self.detectors if isinstance(one, FrameDetector)]
        #: Detectors of another version than the snapshot's, with what that one remembered.
        self.stale: dict[Detector, dict[str, NDArray[Any]]] = {}
        self.minutes = Minutes()
        self._block = Block(beat_ms, least_rows)
        self._quarters = Coarser("quarter", quarter_of)
        self._wants_quarters = any(one.cadence == "quarter" for one in self._stepped)
        daily = self._measured = [one for one in self.detectors if isinstance(one, DailyDetector)]
        self._days = DayFeatures(daily, self.world)

    @property
    def daily(self) -> list[DailyDetector]:
        """Those that judge civil days."""
        return self._measured

    @property
    def versions(self) -> dict[str, str]:
        """Detector -> version."""
        return {detector.name: detector.version for detector in self.detectors}

    def tell_days(self, tell: Callable[[Closed], None]) -> None:
        """Call `tell` with civil days that closed, before detectors judge them."""
        self._days.tell = tell

    def register(self, boilers: Sequence[Boiler]) -> None:
        """Take what the register says of boilers."""
        for boiler in boilers:
            self.world.learn(boiler.boiler, {
                "family": boiler.family, "model": boiler.model, "region": boiler.region, "time_zone": boiler.time_zone,
            })  # fmt: skip

    def take(self, batch: Batch) -> list[Finding]:
        """Return what a batch leads to."""
        slot_of = self.slots.of_all(batch.sources)
        events = [(int(slot_of[event.source]), event) for event in batch.events]
        begin, arrival = 0, self._block.arrivals(batch)
        slot = slot_of[batch.source]
        while begin < len(batch):
            events = self._tell(events, begin)
            if self._block.is_over(int(batch.received_at_ms[begin])):
                self._flush()
            begin = self._block.add(batch, slot, arrival, begin)
        self._tell(events, len(batch))
        if batch.tick_ms:
            if self._block.is_over(batch.tick_ms):
                self._flush()
            self._block.tick(batch.tick_ms, batch.connected)
        return self.episodes.take()

    def finish(self) -> list[Finding]:
        """Show what arrived since the last beat, for input that ends; frames that are still open stay open."""
        self._flush()
        return self.episodes.take()

    def _tell(self, events: list[tuple[int, Event]], upto: int) -> list[tuple[int, Event]]:
        """Tell the events that came before a row; return those that are left."""
        now = [(slot, event) for slot, event in events if event.before <= upto]
        if now:
            self._block.events += now
            for detector in self._told:
                detector.tell(now, self.world)
        return [(slot, event) for slot, event in events if event.before > upto]

    def _flush(self) -> None:
        view = self._block.take()
        self.world.now_ms = view.now_ms
        for shown in self._shown:
            shown.see(view, self.world)
        if not (self._stepped or self._measured):
            return  # nobody looks at frames
        count = len(self.slots)
        minutes = self.minutes.add(view.slot, view.ts_ms, view.received_at_ms, view.columns, view.now_ms, count)
        quarters = self._quarters.add(minutes, count) if self._wants_quarters else minutes
        for stepped in self._stepped:
            frames = minutes if stepped.cadence == "minute" else quarters
            if len(frames):
                stepped.step(frames, self.world)
        self._days.add(minutes)

    def serve(self, row: ServiceRow) -> list[Finding]:
        """Return what a service row leads to."""
        slot = self.slots.of(row.boiler, row.facts.get("site", ""))
        if row.what == "registered":
            self._learn_facts(row.boiler, row.facts)
        if row.what in FRESH_PARTS:
            self._days.forget(slot, min(row.at_ms, self._block.reached_ms))
            self.world.renew(slot, row)
        for detector in self.detectors:
            detector.serviced(row, slot, self.episodes)
        return self.episodes.take()

    def learn(self, findings: Sequence[Finding]) -> None:
        """Take over findings that the journal holds already."""
        for finding in findings:
            self.episodes.learn(finding, key_of(finding))

    def _learn_facts(self, boiler: str, facts: dict[str, str]) -> None:
        self.world.learn(boiler, dict(facts))

    def _parts(self) -> dict[str, _Part]:
        return {
            "block": self._block, "minutes": self.minutes, "quarters": self._quarters, "days": self._days,
            "scores": self.world.scores, "offsets": self.world.offsets, **{f"detector.{one.name}": one for one in self.detectors},
        }  # fmt: skip

    def dump(self, positions: dict[str, int]) -> bytes:
        """Return the whole state with the offsets it belongs to, as an uncompressed npz of plain arrays."""
        plain = {
            "positions": positions,
            "versions": self.versions,
            "facts": self.world.facts,
            "boilers": self.slots.boilers,
            "sites": self.slots.sites,
            "episodes": self.episodes.dump(),
            "block": self._block.plain(),
        }
        arrays: dict[str, Any] = {"plain": np.frombuffer(json.dumps(plain).encode(), np.uint8)}
        for name, part in self._parts().items():
            arrays |= {f"{name}/{field}": values for field, values in part.dump().items()}
        sink = io.BytesIO()
        np.savez(sink, allow_pickle=False, **arrays)
        return sink.getvalue()

    def load(self, raw: bytes) -> dict[str, int]:
        """Take the state of a snapshot; return its offsets. `rebuild` brings back what was of another version."""
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        plain = json.loads(arrays.pop("plain").tobytes())
        for boiler, site in zip(plain["boilers"], plain["sites"], strict=True):
            self.slots.of(boiler, site)
        for boiler, facts in plain["facts"].items():
            self._learn_facts(boiler, facts)
        self.episodes.load(plain["episodes"])
        self._block.resume(plain["block"])
        held: dict[str, dict[str, NDArray[Any]]] = {}
        for full, values in arrays.items():
            name, _, field = full.partition("/")
            held.setdefault(name, {})[field] = values
        other = {f"detector.{d.name}" for d in self.detectors if plain["versions"].get(d.name) != d.version}
        for name, part in self._parts().items():
            if name not in other:
                part.load(held.get(name, {}))
        self.stale = {
            one: held.get(f"detector.{one.name}", {}) for one in self.detectors if f"detector.{one.name}" in other
        }
        positions: dict[str, int] = plain["positions"]
        return positions

    def expect_nothing(self) -> None:
        """Take no snapshot for one of no detector: whatever is known of the past is to be brought back."""
        self.stale = {one: {} for one in self._measured}

    def rebuild(self, past: Iterable[Seen]) -> None:
        """Bring back what detectors that are not of the snapshot's version would know.

        Parameters
        ----------
        past
            What daily detectors saw up to the snapshot, in order.
        """
        daily = {one.name: one for one in self._measured if one in self.stale}
        if daily:
            found = rebuild(daily, self._measured, past, self.world)
            tell = log.warning if found.unknown else log.info
            if found.boiler_days:
                tell(
                    "detectors_rebuilt",
                    detectors=sorted(daily),
                    boiler_days=found.boiler_days,
                    new_features=found.unknown,
                )
        for one, before in self.stale.items():
            if one.name in daily:
                continue
            if not carried_over(one, before):
                log.warning("detector_starts_anew", detector=one.name)
        self.stale = {}
