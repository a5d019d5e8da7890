"""Drops values that cannot be, whole columns at a time, and counts them by signal and reason."""

from collections import Counter

import numpy as np

from boilerwatch.model import Floats
from boilerwatch.signals import BY_NAME

OUT_OF_RANGE = "out_of_range"
NOT_FINITE = "not_finite"
WRONG_TYPE = "wrong_type"


def keep_possible(columns: dict[str, Floats], dropped: Counter[tuple[str, str]]) -> dict[str, Floats]:
    """Return the columns with impossible values replaced by NaN, and without columns that hold nothing.

    Parameters
    ----------
    columns
        Signal -> values, each of shape (n,), in the signal's unit.
    dropped
        Counts by (signal, reason); added to.
    """
    kept: dict[str, Floats] = {}
    for name, values in columns.items():
        known = ~np.isnan(values)
        if not known.any():
            continue
        signal = BY_NAME[name]
        impossible = known & ~((values >= signal.low) & (values <= signal.high))
        if impossible.any():
            infinite = int(np.isinf(values).sum())
            dropped[name, NOT_FINITE] += infinite
            dropped[name, OUT_OF_RANGE] += int(impossible.sum()) - infinite
            values = np.where(impossible, np.nan, values)  # noqa: PLW2901
        if not np.isnan(values).all():
            kept[name] = values
    return kept
