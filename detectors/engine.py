"""Takes batches and service rows in journal order, and shows them to the catalogue.

A batch is cut at whole steps of arrival time, so that silence is looked at as often in a replay as it is live.
"""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import structlog

from boilerwatch.model import Batch, Finding
from boilerwatch.register import Boiler
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Detector, View
from detectors.catalogue.registry import DETECTORS
from detectors.episodes import Episodes, key_of
from detectors.slots import Slots

_STEP_MS = 300_000

log = structlog.get_logger()


class Engine:
    """All detectors over all boilers.

    Parameters
    ----------
    disabled
        Names of detectors not to run.
    """

    def __init__(self, disabled: Sequence[str] = ()) -> None:
        self.slots = Slots()
        self.episodes = Episodes()
        self.families: dict[str, str] = {}
        self.detectors: list[Detector] = [make() for name, make in DETECTORS.items() if name not in disabled]

    @property
    def versions(self) -> dict[str, str]:
        """Detector -> version."""
        return {detector.name: detector.version for detector in self.detectors}

    def register(self, boilers: Sequence[Boiler]) -> None:
        """Take what the register says of boilers."""
        for boiler in boilers:
            self.families[boiler.boiler] = boiler.family

    def take(self, batch: Batch) -> list[Finding]:
        """Return what a batch leads to."""
        slot_of = self.slots.of_all(batch.sources)
        slot = slot_of[batch.source] if len(batch) else np.zeros(0, np.int64)
        events = [(int(slot_of[event.source]), event) for event in batch.events]
        now_ms = batch.newest_arrival_ms()
        if not now_ms:
            return []
        steps = batch.received_at_ms // _STEP_MS
        edges = [0, *(np.flatnonzero(np.diff(steps) > 0) + 1).tolist(), len(batch)]
        last = len(edges) - 2
        for i in range(len(edges) - 1):
            rows = slice(edges[i], edges[i + 1])
            mine = [(s, e) for s, e in events if edges[i] <= e.before and (e.before < edges[i + 1] or i == last)]
            reached = now_ms if i == last else int(batch.received_at_ms[edges[i + 1] - 1])
            columns = {name: values[rows] for name, values in batch.columns.items()}
            view = View(
                slot[rows], batch.ts_ms[rows], batch.received_at_ms[rows], columns, mine, reached, batch.connected
            )
            for detector in self.detectors:
                detector.see(view, self.slots, self.families, self.episodes)
        return self.episodes.take()

    def serve(self, row: ServiceRow) -> list[Finding]:
        """Return what a service row leads to."""
        slot = self.slots.of(row.boiler, row.facts.get("site", ""))
        if row.what == "registered":
            self.families[row.boiler] = row.facts.get("family", "")
        for detector in self.detectors:
            detector.serviced(row, slot, self.episodes)
        return self.episodes.take()

    def learn(self, findings: Sequence[Finding]) -> None:
        """Take over findings that the journal holds already."""
        for finding in findings:
            self.episodes.learn(finding, key_of(finding))

    def dump(self, positions: dict[str, int]) -> bytes:
        """Return the whole state with the offsets it belongs to, as an uncompressed npz of plain arrays."""
        plain = {
            "positions": positions,
            "versions": self.versions,
            "families": self.families,
            "boilers": self.slots.boilers,
            "sites": self.slots.sites,
            "episodes": self.episodes.dump(),
        }
        arrays: dict[str, Any] = {"plain": np.frombuffer(json.dumps(plain).encode(), np.uint8)}
        for detector in self.detectors:
            arrays |= {f"{detector.name}/{name}": values for name, values in detector.dump().items()}
        sink = io.BytesIO()
        np.savez(sink, allow_pickle=False, **arrays)
        return sink.getvalue()

    def load(self, raw: bytes) -> dict[str, int]:
        """Take the state of a snapshot; return its offsets. A detector of another version starts anew."""
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            plain = json.loads(arrays["plain"].tobytes())
            for boiler, site in zip(plain["boilers"], plain["sites"], strict=True):
                self.slots.of(boiler, site)
            self.families = plain["families"]
            self.episodes.load(plain["episodes"])
            for detector in self.detectors:
                if plain["versions"].get(detector.name) != detector.version:
                    log.warning("detector_starts_anew", detector=detector.name, version=detector.version)
                    continue
                prefix = f"{detector.name}/"
                detector.load({n.removeprefix(prefix): arrays[n] for n in arrays.files if n.startswith(prefix)})
        positions: dict[str, int] = plain["positions"]
        return positions
