"""A detector of another version takes the place of the one before: what it would know had it been here all the while.

Daily detectors are shown again what the room has kept of past days, silently: which episodes there were is what the journal
says. All of them go along, because each looks at the others' scores; only those asked for take over what they learned. A
detector that judges no days takes over what the version before remembered, if it remembers the same things.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Finding
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import DailyDetector, Detector, World
from detectors.days import Closed, days_of
from detectors.episodes import Episodes, key_of
from detectors.history import Seen

State = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What detectors were rebuilt from.

    Attributes
    ----------
    boiler_days
        How many there were.
    unknown
        Detector -> its features that no kept day has: what of it starts anew.
    """

    boiler_days: int
    unknown: dict[str, list[str]]


def rebuild(
    wanted: Mapping[str, DailyDetector], daily: Iterable[DailyDetector], past: Iterable[Seen], world: World
) -> Rebuilt:
    """Show the past to new detectors, and let those that are wanted take over what these learned.

    Parameters
    ----------
    wanted
        Detectors by name, as they are in the engine.
    daily
        All of the engine's that judge days, in their order.
    """
    apart = World(world.slots, Episodes(), world.facts, world.zoned, tuning=world.tuning)
    fresh = [type(one)() for one in daily]
    boiler_days, met = 0, set[str]()
    for seen in past:
        if isinstance(seen, Closed):
            boiler_days += len(seen.times["slot"])
            met |= seen.counts.keys()
            for detector in fresh:
                detector.judge(days_of(seen, detector), apart)
        elif isinstance(seen, ServiceRow):
            for detector in fresh:
                detector.serviced(seen, world.slots.of(seen.boiler, seen.facts.get("site", "")), apart.episodes)
        else:
            _learn(seen, wanted, apart.episodes)
        apart.episodes.take()
    for detector in fresh:
        if boiler_days and detector.name in wanted:
            wanted[detector.name].load(detector.dump())
    unknown = {one.name: sorted({f for f in one.features if f"{one.name}/{f}" not in met}) for one in wanted.values()}
    return Rebuilt(boiler_days, {name: features for name, features in unknown.items() if features})


def _learn(said: list[Finding], wanted: Mapping[str, DailyDetector], episodes: Episodes) -> None:
    """Take over what other detectors said, by which these know their rivals."""
    for finding in said:
        if finding.detector.partition("@")[0] not in wanted:
            episodes.learn(finding, key_of(finding))


def carried_over(detector: Detector, before: State) -> bool:
    """Let a detector take over what another version of it remembered, if both remember the same things; return whether."""
    fresh = detector.dump()
    same = fresh.keys() == before.keys() and all(_shape(fresh[name]) == _shape(before[name]) for name in fresh)
    if same and fresh:
        detector.load(dict(before))
    return same


def _shape(values: NDArray[Any]) -> tuple[np.dtype[Any], tuple[int, ...]]:
    return values.dtype, values.shape[1:]
