"""What worlds are made of: noise with a memory, slow ways, steps, lags."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROWS, TRAIN_ROWS, COLUMNS = 1150, 400, 8


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


def stepped(values: Floats, step: float) -> Floats:
    """Return what a reading of that resolution shows."""
    return np.round(values / step) * step


def lagged(values: Floats, rows: float) -> Floats:
    """Return what follows values with a first-order lag."""
    out = np.empty(len(values))
    last = values[0]
    for i, value in enumerate(values):
        out[i] = last = last + (value - last) / (1 + rows)
    return out


def walk(chance: np.random.Generator) -> Floats:
    """Return a random walk from 0 whose size at the end is of order 1."""
    result: Floats = np.cumsum(chance.normal(0, 1 / np.sqrt(ROWS), ROWS))
    return result
