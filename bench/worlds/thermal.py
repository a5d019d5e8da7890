"""`thermal`: a heated tank with a controller and lags, still warming up while it is trained on.

The controller hides what a fault does to the controlled column and shows it in its own output, late. Casing and tank go on
warming after the training rows, along the curve that they began there.
"""

import numpy as np

from bench.worlds.common import ROWS, Floats, lagged, noise, stepped, walk

FAULTS = ("fouling", "weak_pump", "supply_bias", "valve_stuck", "heat_added", "noisy_sensor", "casing_only")


def make(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
    """Return power, supply, return, tank and casing temperature, flow, valve and room temperature."""
    size = chance.uniform(0.4, 1.6)

    def of(name: str) -> Floats:
        result: Floats = strength * size * (fault == name)
        return result

    load = 0.5 + 0.04 * noise(chance, 0.95) + 0.02 * walk(chance)
    asked = 55 + 3 * load
    flow = 1.2 * (1 - 0.12 * of("weak_pump")) * (1 + 0.01 * noise(chance, 0.5))
    transfer = 1 - 0.15 * of("fouling")
    bias = 1.5 * of("supply_bias")
    room = 20 + chance.uniform(0.2, 1.0) * walk(chance)
    supply, power, valve = np.empty(ROWS), np.empty(ROWS), np.empty(ROWS)
    hot, integral, opened = 55.0, 0.6, 0.5
    jitter = 0.01 * noise(chance, 0.4)
    added = 0.12 * of("heat_added")
    stuck = of("valve_stuck")
    for i in range(ROWS):
        error = asked[i] - (hot + bias[i])
        integral += 0.002 * error
        power[i] = np.clip(integral + 0.08 * error + jitter[i], 0, 2)
        hot += 0.25 * (2.2 * (power[i] * transfer[i] + added[i]) - load[i] * flow[i] * 2.2 - 0.004 * (hot - room[i]))
        opened += 0.1 * (load[i] - opened) * (1 - min(stuck[i], 1))
        valve[i] = opened + 0.15 * stuck[i]
        supply[i] = hot
    begin, pace = chance.uniform(2, 10), chance.uniform(150, 900)
    warming = -begin * np.exp(-np.arange(ROWS) / pace)
    back = lagged(supply - 8 * load / flow, 12)
    tank = lagged(back, 60) + 0.5 * warming
    casing = lagged(supply, 150) * 0.4 + 12 + warming + 0.6 * of("casing_only") * chance.uniform(1, 3)
    rough = 0.08 * (1 + 3 * of("noisy_sensor") * chance.uniform(0.5, 1.5))
    return np.column_stack([
        100 * power + chance.uniform(0.2, 1.5) * noise(chance, 0.2),
        stepped(supply + bias + 0.08 * noise(chance, 0.3), 0.1),
        stepped(back + rough * noise(chance, 0.2), 0.1),
        tank + 0.05 * noise(chance, 0.3),
        casing + 0.04 * noise(chance, 0.4),
        stepped(flow + chance.uniform(0.005, 0.03) * noise(chance, 0.3), 0.01),
        100 * valve + chance.uniform(0.2, 1) * noise(chance, 0.5),
        room + 0.05 * noise(chance, 0.3),
    ])  # fmt: skip
