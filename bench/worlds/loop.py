"""`loop`: a pumped water circuit, computed from its pump curve and valves."""

import numpy as np

from bench.worlds.common import ROWS, Floats, noise, stepped, wander

FAULTS = ("valve_in", "valve_out", "leak", "imbalance", "cavitation", "air_added")


def make(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
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
        stepped(pressure + chance.uniform(0.05, 0.2) * noise(chance, 0.1) + 0.03 * wander(chance), 0.1),
        water + 0.05 * noise(chance, 0.2),
        casing + 0.02 * noise(chance, 0.5),
        voltage,
        stepped(32 * flow * (1 + 0.01 * wander(chance)) + chance.uniform(0.3, 1.5) * noise(chance, 0.7), 0.5),
    ])  # fmt: skip
