"""`rig`: a pumped loop as its recorder shows it, drawn column by column and not computed: few steps, bursts, slow heat.

Noise comes in calm and lively spells, one column does not move, another has outliers all the time; temperatures creep along a
curve that bends after training. Faults act on one to four columns, on their level, on their spread, or on both.
"""

import numpy as np

from bench.worlds.common import ROWS, TRAIN_ROWS, Floats, lagged, noise, stepped, walk

FAULTS = ("throttled", "unbalanced", "cavity", "seeping", "warmed", "spread_only")

#: What each fault does to the level of each column, in its noise, and to its spread, as a factor less one.
_LEVEL = {
    "throttled": (0.3, 0.3, -0.6, 0.8, 0.0, 0.0, 0.0, -2.5),
    "unbalanced": (1.6, 1.0, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0),
    "cavity": (0.8, 1.2, -0.4, -0.5, 0.0, 0.0, 0.0, -1.0),
    "seeping": (0.0, 0.0, 0.0, -0.7, 0.0, 0.0, 0.0, -1.3),
    "warmed": (0.0, 0.0, 0.0, 0.2, 6.0, 3.0, 0.0, 0.8),
    "spread_only": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
}
_SPREAD = {"unbalanced": (0.5, 0.5), "cavity": (0.8, 1.0), "spread_only": (1.0, 0.8)}


def make(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
    """Return two accelerations, current, pressure, two temperatures, voltage and flow."""
    size = chance.uniform(0.6, 1.8)
    lively = np.exp(0.25 * noise(chance, 0.98))
    own = np.column_stack([noise(chance, chance.uniform(0.0, 0.75)) for _ in range(8)])
    own[:, 7] += 0.5 * np.roll(own[:, 2], 1)
    spread = np.ones((ROWS, 8))
    for column, more in enumerate(_SPREAD.get(fault, ())):
        spread[:, column] += more * size * strength
    values = own * spread * lively[:, None] + size * strength[:, None] * np.array(_LEVEL[fault])
    row = np.arange(ROWS)
    bend = np.maximum(row - chance.uniform(TRAIN_ROWS, ROWS), 0) / ROWS
    creep = chance.normal(0, 25) * (1 - np.exp(-row / chance.uniform(300, 2000))) + chance.normal(0, 10) * bend
    values[:, 4] = 0.6 * values[:, 4] + creep + 2 * walk(chance)
    values[:, 5] = 0.3 * values[:, 5] + lagged(creep, 60) * 0.3 + walk(chance)
    values[:, chance.integers(0, 4)] += 0.4 * walk(chance)
    values[:, 7] += 0.5 * walk(chance)
    wild = chance.random(ROWS) < 0.02
    values[:, 6] += wild * chance.normal(0, 8, ROWS)
    values[:, 3] = stepped(values[:, 3], chance.uniform(0.8, 2.5))
    values[:, 7] = stepped(values[:, 7], chance.uniform(0.3, 1.0))
    if chance.random() < 0.3:
        values[:, 6] = 0.0
    return values * (0.02, 0.03, 0.4, 0.2, 0.1, 0.05, 6.0, 0.6) + (0.2, 0.27, 2.4, 0.4, 70.0, 25.0, 228.0, 32.0)
