"""`setpoints`: a drive whose set-point changes in training and after it, all columns with it, each in its way.

What is normal is a relation, not a level: rows of another set-point are far away and nobody's fault.
"""

import numpy as np

from bench.worlds.common import ROWS, TRAIN_ROWS, Floats, lagged, noise, stepped, walk

FAULTS = ("offset", "gain", "stuck", "spread", "friction", "slow", "offset")


def _asked(chance: np.random.Generator) -> Floats:
    """Return set-points: a few values in turn by chance, all of them met in training."""
    levels = chance.uniform(0.3, 1.0, int(chance.integers(2, 5)))
    order = list(chance.permutation(len(levels)))
    out = np.empty(ROWS)
    row = 0
    while row < ROWS:
        length = int(chance.integers(30, 90))
        out[row : row + length] = levels[order[0]]
        row += length
        order = order[1:] + order[:1] if row < TRAIN_ROWS else list(chance.permutation(len(levels)))
    return out


def make(chance: np.random.Generator, fault: str, strength: Floats) -> Floats:
    """Return speed, current, torque, flow, pressure, two vibrations and winding temperature."""
    size = chance.uniform(0.5, 1.8)
    struck = int(chance.integers(0, 7))
    asked = _asked(chance)
    speed = lagged(asked, 4 * (1 + 6 * float(fault == "slow"))) * strength + lagged(asked, 4) * (1 - strength)
    speed = speed * (1 + 0.004 * noise(chance, 0.5))
    drag = 1 + 0.1 * size * strength * (fault == "friction")
    flow = lagged(speed, 6) * (1 + 0.006 * noise(chance, 0.7))
    pressure = flow**2 * (1 + 0.01 * noise(chance, 0.4) + 0.01 * walk(chance))
    torque = (0.2 + 0.6 * flow**2) * drag
    winding = 40 + lagged(25 * torque * speed, 200) + chance.uniform(0, 1) * walk(chance)
    columns = [
        1500 * speed,
        2 + 6 * torque * speed,
        10 * torque,
        stepped(30 * flow, 0.5),
        4 * pressure,
        0.5 + 2 * speed**2 * drag,
        0.4 + 1.2 * speed**3,
        winding,
    ]
    wide = chance.uniform(0.008, 0.05, len(columns))
    for i, column in enumerate(columns):
        own = wide[i] * float(np.std(column) + 0.05 * abs(np.mean(column))) * 2
        extra = 1 + 2 * size * strength * (fault == "spread" and i == struck)
        columns[i] = column + own * noise(chance, float(chance.uniform(0, 0.6))) * extra
        if i == struck and fault == "offset":
            columns[i] = columns[i] + chance.choice([-1, 1]) * size * chance.uniform(2, 5) * own * strength
        if i == struck and fault == "gain":
            columns[i] = columns[i] * (1 + chance.choice([-1, 1]) * 0.1 * size * strength)
        if i == struck and fault == "stuck" and strength.any():
            held = columns[i][int(np.flatnonzero(strength)[0])]
            columns[i] = np.where(strength > 0.5, held, columns[i])
    return np.column_stack(columns)
