"""Recordings of eight process sensors at one second, made by ourselves: a healthy stretch, a fault, often a recovery.

Two worlds of different structure, so that nothing is tuned to one of them. `loop` is a pumped water circuit computed
from its pump curve and valves; `factors` has no physics: hidden factors move columns through random loadings. Both
carry what makes real recordings hard: noise that depends on its own past, columns that wander slowly and on after the
training rows, quantised readings, heavy tails, lone spikes, lost readings, a level of their own in each recording.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROWS, TRAIN_ROWS, COLUMNS = 1150, 400, 8
LOOP_FAULTS = ("valve_in", "valve_out", "leak", "imbalance", "cavitation", "air_added")
FACTOR_FAULTS = ("shift", "ramp", "spread", "decoupled", "pattern")


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
    make, faults = {"loop": (_loop, LOOP_FAULTS), "factors": (_factors, FACTOR_FAULTS)}[world]
    for index in range(number):
        chance = np.random.default_rng([seed, len(world), index])
        fault = faults[index % len(faults)]
        strength, faulty = _course(chance)
        values = _measured(make(chance, fault, strength), chance)
        yield Recording(world, fault, values, faulty)


def _course(chance: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """Return how far the fault has gone at each row, from 0 to 1, and where it counts as there."""
    onset = int(chance.integers(520, 680))
    end = ROWS if chance.random() < 0.2 else min(onset + int(chance.integers(280, 450)), ROWS)
    rise, fall = int(chance.choice([1, 20, 60, 120])), int(chance.choice([1, 5, 15]))
    row = np.arange(ROWS)
    strength = np.clip((row - onset) / rise, 0, 1) * np.where(row < end, 1, np.clip(1 - (row - end) / fall, 0, 1))
    return strength, (row >= onset) & (row < end)


def noise(chance: np.random.Generator, memory: float, rows: int = ROWS) -> Floats:
    """Return noise of variance 1 that remembers a share of its last value, with some heavy tails."""
    fresh = chance.standard_t(6, rows) / np.sqrt(1.5)
    out = np.empty(rows)
    last = fresh[0]
    for i in range(rows):
        out[i] = last = memory * last + np.sqrt(1 - memory**2) * fresh[i]
    return out


def wander(chance: np.random.Generator) -> Floats:
    """Return a slow way from 0: a trend that bends, and a random walk; its size at the end is of order 1."""
    row = np.arange(ROWS) / ROWS
    trend = chance.normal() * row + chance.normal() * np.maximum(row - chance.uniform(0.3, 0.8), 0)
    walk = np.cumsum(chance.normal(0, 0.5 / np.sqrt(ROWS), ROWS))
    return trend + walk


def _loop(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
    """Return accelerations (2), current, pressure, water and casing temperature, voltage and flow of a pumped loop."""
    depth = chance.uniform(0.15, 0.5)
    valve_in = 1 - strength * depth * (fault == "valve_in")
    valve_out = 1 - strength * depth * (fault == "valve_out")
    leak = strength * chance.uniform(0.08, 0.3) * (fault == "leak")
    air = strength * chance.uniform(0.1, 0.4) * (fault == "air_added")
    speed = chance.uniform(0.9, 1.1) * (1 + 0.004 * noise(chance, 0.8))
    head = chance.uniform(0.9, 1.1) * speed**2 * (1 - 0.6 * air)
    resist = 0.4 / valve_in**2 + 0.6 / valve_out**2
    flow = np.sqrt(head / (0.5 + resist)) * (1 - 0.3 * leak)
    suction = 1 - 0.4 * flow**2 / valve_in**2 - 0.6 * leak - 0.1 * strength * (fault == "cavitation")
    bubbling = np.maximum(0.62 - suction, 0) + 0.1 * strength * (fault == "cavitation") * chance.uniform(0.5, 1.5)
    pressure = head - 0.5 * flow**2 - 0.5 * leak
    power = speed * (0.4 + 0.6 * flow * head) * (1 - 0.3 * air)
    unbalance = 0.05 * (1 + strength * chance.uniform(0.1, 0.4) * (fault == "imbalance")) * speed**2
    rough = 0.02 * flow**2 + 0.15 * bubbling * (1 + 0.3 * noise(chance, 0.3)) + 0.02 * air
    voltage = 230 + 4 * noise(chance, 0.6)
    water = chance.uniform(40, 80) + chance.uniform(0.5, 4) * wander(chance) + 0.2 * np.cumsum(power - power[0]) / ROWS
    casing = 25 + chance.uniform(0.2, 1.5) * wander(chance) + 0.15 * (water - water[0])
    accel = [
        unbalance * gain + rough * other + chance.uniform(0.004, 0.012) * noise(chance, memory) + 0.003 * wander(chance)
        for gain, other, memory in ((1.0, 0.7, 0.4), (0.6, 1.2, 0.5))
    ]
    return np.column_stack([
        *accel,
        power * 3 * 230 / voltage + chance.uniform(0.15, 0.5) * noise(chance, 0.3),
        _stepped(pressure + chance.uniform(0.05, 0.2) * noise(chance, 0.1) + 0.03 * wander(chance), 0.1),
        water + 0.05 * noise(chance, 0.2),
        casing + 0.02 * noise(chance, 0.5),
        voltage,
        _stepped(32 * flow * (1 + 0.01 * wander(chance)) + chance.uniform(0.3, 1.5) * noise(chance, 0.7), 0.5),
    ])  # fmt: skip


def _factors(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
    """Return columns that hidden factors move, each with a kind, a noise and a unit of its own."""
    factors = np.column_stack([noise(chance, memory) for memory in (0.5, 0.9, 0.97)])
    if fault == "pattern":  # the factors move otherwise than they did
        factors += strength[:, None] * chance.choice([-1, 1], 3) * chance.uniform(1.5, 4, 3)
    loading = chance.normal(0, 1, (3, COLUMNS)) * (chance.random((3, COLUMNS)) < 0.6)
    struck = chance.permutation(COLUMNS)[: int(chance.integers(1, 4))]
    shared = factors @ loading
    if fault == "decoupled":
        shared[:, struck] = (1 - strength[:, None]) * shared[:, struck] + 2 * strength[:, None]
    own = np.column_stack([noise(chance, chance.uniform(0, 0.8)) for _ in range(COLUMNS)])
    size = chance.uniform(0.5, 1.5, COLUMNS)
    own *= size
    spread = np.sqrt(shared.var(axis=0) + size**2)
    for column in struck:
        if fault == "spread":
            own[:, column] *= 1 + strength * chance.uniform(1.5, 3)
            own[:, column] += strength * chance.uniform(0.7, 1.5) * spread[column]
        if fault in ("shift", "ramp"):
            way = strength if fault == "shift" else strength * np.linspace(0.5, 1.5, ROWS)
            own[:, column] += chance.choice([-1, 1]) * chance.uniform(1.5, 5) * spread[column] * way
    values = shared + own
    for column in chance.permutation(COLUMNS)[:3]:
        values[:, column] += chance.uniform(1, 6) * spread[column] * wander(chance)
    for column in chance.permutation(COLUMNS)[:2]:
        values[:, column] = _stepped(values[:, column], spread[column] * chance.uniform(0.2, 1.2))
    return values * 10 ** chance.uniform(-3, 3, COLUMNS) + chance.normal(0, 100, COLUMNS)


def _stepped(values: Floats, step: float) -> Floats:
    return np.round(values / step) * step


def _measured(values: Floats, chance: np.random.Generator) -> Floats:
    """Add what the line does: lone spikes and lost readings."""
    spread = np.nanstd(values[:TRAIN_ROWS], axis=0)
    spikes = chance.random(values.shape) < 0.0007
    values = values + spikes * chance.choice([-1, 1], values.shape) * chance.uniform(6, 25, values.shape) * spread
    values[chance.random(values.shape) < chance.choice([0, 0.01])] = np.nan
    return values
