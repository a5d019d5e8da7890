"""Recordings of eight process sensors at one second, made by ourselves: a healthy stretch, a fault, often a recovery.

Worlds of different structure (`bench/worlds/`), so that nothing is tuned to one of them. They carry what makes real
recordings hard: noise that depends on its own past, columns that wander slowly and on after the training rows, quantised
readings, heavy tails, lone spikes, lost readings, a level of their own in each recording.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.worlds import compressor, exchanger, factors, loop, rig, setpoints, thermal
from bench.worlds.common import ROWS, TRAIN_ROWS, Floats

WORLDS = {
    "loop": loop, "rig": rig, "factors": factors, "thermal": thermal, "setpoints": setpoints, "compressor": compressor,
    "exchanger": exchanger,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording.

    Attributes
    ----------
    values
        Shape (rows, columns), NaN where a reading was lost.
    faulty
        Shape (rows,).
    """

    world: str
    fault: str
    values: Floats
    faulty: NDArray[np.bool_]


def recordings(world: str, number: int, seed: int = 0) -> Iterator[Recording]:
    """Yield recordings of a world, its faults in turn; the same for the same seed."""
    made = WORLDS[world]
    for index in range(number):
        chance = np.random.default_rng([seed, len(world), index])
        fault = made.FAULTS[index % len(made.FAULTS)]
        strength, faulty = _course(chance)
        values = _measured(made.make(chance, fault, strength), chance)
        yield Recording(world, fault, values, faulty)


def _course(chance: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """Return how far the fault has gone at each row, from 0 to 1, and where it counts as there."""
    onset = int(chance.integers(520, 680))
    end = ROWS if chance.random() < 0.2 else min(onset + int(chance.integers(280, 450)), ROWS)
    rise, fall = int(chance.choice([1, 20, 60, 120])), int(chance.choice([1, 5, 15]))
    row = np.arange(ROWS)
    strength = np.clip((row - onset) / rise, 0, 1) * np.where(row < end, 1, np.clip(1 - (row - end) / fall, 0, 1))
    return strength, (row >= onset) & (row < end)


def _measured(values: Floats, chance: np.random.Generator) -> Floats:
    """Add what the line does: lone spikes and lost readings."""
    spread = np.nanstd(values[:TRAIN_ROWS], axis=0)
    spikes = chance.random(values.shape) < 0.0007
    values = values + spikes * chance.choice([-1, 1], values.shape) * chance.uniform(6, 25, values.shape) * spread
    values[chance.random(values.shape) < chance.choice([0, 0.01])] = np.nan
    return values
