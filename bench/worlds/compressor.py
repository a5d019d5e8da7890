"""`compressor`: loads and unloads in a cycle of its own; noise grows with the level, levels walk, nothing is Gaussian."""

import numpy as np

from bench.worlds.common import ROWS, Floats, lagged, noise, stepped, walk

FAULTS = ("valve_worn", "belt", "filter", "bearing", "sensor", "leak", "knock")


def make(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
    """Return two vibrations, current, two pressures, oil and outlet temperature, flow."""
    size = chance.uniform(0.4, 1.8)

    def of(name: str) -> Floats:
        result: Floats = strength * size * (fault == name)
        return result

    cycles = chance.random() < 0.6
    period = chance.uniform(8, 30)
    phase = np.cumsum((1 + 0.1 * noise(chance, 0.9)) / period)
    loaded = 0.7 + (0.3 * np.tanh(3 * np.sin(2 * np.pi * phase)) * chance.uniform(0.1, 0.6) if cycles else 0.0)
    demand = np.exp(0.03 * noise(chance, 0.9) + 0.03 * walk(chance))
    slip = 1 - 0.08 * of("belt")
    flow = loaded * demand * slip * (1 - 0.1 * of("valve_worn"))
    suction = 1 - 0.1 * flow * (1 + 1.2 * of("filter"))
    outlet = 6 + 1.5 * (flow - 0.7) - 0.4 * of("leak")
    work = flow * outlet / suction * (1 + 0.08 * of("valve_worn"))
    oil = 60 + lagged(4 * work, 120) + chance.uniform(0.3, 3) * walk(chance)
    hot = oil + 20 + lagged(5 * work / suction, 30) + 2 * of("valve_worn") + chance.uniform(0.2, 2) * walk(chance)
    shake = 0.4 + 0.3 * work / 6 + 0.15 * of("bearing") + 0.1 * of("belt")
    knock = 1 + of("knock") * (chance.random(ROWS) < 0.25) * chance.exponential(1.0, ROWS)
    rows = [
        shake * np.exp(chance.uniform(0.03, 0.15) * noise(chance, 0.3)) * knock,
        0.8 * shake * np.exp(chance.uniform(0.03, 0.15) * noise(chance, 0.5)),
        8 * work / 6 / slip * np.exp(chance.uniform(0.005, 0.04) * noise(chance, 0.2)),
        stepped(suction + chance.uniform(0.003, 0.01) * noise(chance, 0.2), 0.01),
        outlet + chance.uniform(0.02, 0.15) * noise(chance, 0.6),
        oil + 0.1 * noise(chance, 0.2) + 1.0 * of("sensor") * chance.choice([-1, 1]),
        hot + 0.15 * noise(chance, 0.4),
        stepped(100 * flow * np.exp(chance.uniform(0.005, 0.03) * noise(chance, 0.4)), 1.0),
    ]
    return np.column_stack(rows)
