"""`factors`: no physics; hidden factors move columns through random loadings."""

import numpy as np

from bench.worlds.common import COLUMNS, ROWS, Floats, noise, stepped, wander

FAULTS = ("shift", "ramp", "spread", "decoupled", "pattern")


def make(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
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
        values[:, column] = stepped(values[:, column], spread[column] * chance.uniform(0.2, 1.2))
    return values * 10 ** chance.uniform(-3, 3, COLUMNS) + chance.normal(0, 100, COLUMNS)
