"""`exchanger`: two circuits that swing with a period of minutes and a phase to each other, load that comes and goes in spells.

Normal rows after training have spells longer than any in it. Small faults of one relation, of one sensor's spread, of a lag.
"""

import numpy as np

from bench.worlds.common import ROWS, Floats, lagged, noise, stepped, walk

FAULTS = ("scaled", "bypass", "sensor_off", "hunting", "noisy", "less_flow")


def make(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
    """Return four temperatures, two flows, pump power and valve of a heat exchanger."""
    size = chance.uniform(0.5, 1.8)

    def of(name: str) -> Floats:
        result: Floats = strength * size * (fault == name)
        return result

    period = chance.uniform(80, 400)
    turns = 2 * np.pi * np.cumsum(1 + 0.05 * noise(chance, 0.98)) / period
    load = 0.6 + chance.uniform(0.02, 0.1) * np.sin(turns) + 0.04 * noise(chance, 0.95) + 0.03 * walk(chance)
    load += 0.05 * of("hunting") * np.sin(2 * np.pi * np.arange(ROWS) / chance.uniform(8, 25))
    hot_in = 70 + 2 * lagged(load, 20) + chance.uniform(0.1, 0.6) * walk(chance)
    hot_flow = 2.0 * load * (1 - 0.06 * of("less_flow")) + 0.01 * noise(chance, 0.6)
    cold_flow = 1.5 + 0.02 * noise(chance, 0.8)
    transfer = 0.55 * (1 - 0.06 * of("scaled")) * (1 - 0.05 * of("bypass"))
    drawn = transfer * (hot_in - 30) * np.minimum(hot_flow, cold_flow) / 2
    cold_out = 30 + lagged(drawn, 5) / cold_flow * 1.5
    hot_out = hot_in - lagged(drawn, 8) / np.maximum(hot_flow, 0.2) * 1.5 + 2 * of("bypass")
    off = chance.choice([-1, 1]) * 0.4 * of("sensor_off")
    rough = 1 + 2 * of("noisy")
    return np.column_stack([
        stepped(hot_in + 0.1 * noise(chance, 0.2), 0.1),
        stepped(hot_out + 0.1 * noise(chance, 0.3) * rough, 0.1),
        30 + chance.uniform(0.1, 0.5) * walk(chance) + 0.05 * noise(chance, 0.5),
        stepped(cold_out + off + 0.1 * noise(chance, 0.3), 0.1),
        hot_flow + 0.02 * noise(chance, 0.3),
        cold_flow + 0.02 * noise(chance, 0.3),
        40 + 60 * hot_flow**2 * (1 + 0.02 * of("less_flow")) + 1.5 * noise(chance, 0.4),
        stepped(100 * load * (1 + 0.03 * of("scaled")) + 0.5 * noise(chance, 0.2), 0.5),
    ])  # fmt: skip
