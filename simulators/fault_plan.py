"""Who gets which fault, and when: the stated share of boilers, each kind as often as the others."""

from collections.abc import Sequence

import numpy as np

from boilerwatch.errors import InputError
from boilerwatch.kinds import KIND_BY_NAME
from simulators.fleet import DAY_S, KINDS, Fleet

_RATES = {"slow_leak": (0.08, 0.4), "burst_leak": (30.0, 90.0), "lockout_code": (0.0, 0.0)}
#: No fault begins in the first tenth, so that a boiler has a past, nor in the last fifth, so that it can be seen.
_EARLIEST, _LATEST = 0.1, 0.8


def plan_faults(fleet: Fleet, share: float, kinds: Sequence[str], seed: int, days: float) -> None:
    """Give a share of the boilers one fault each, from now on.

    Parameters
    ----------
    share
        Of boilers with a fault. [-]
    kinds
        To choose from; none for all.
    days
        In which faults may begin. [d]

    Raises
    ------
    InputError
        If the fleet has no such fault.
    """
    for kind in kinds:
        if kind not in KINDS:
            why = "this fleet cannot have it" if kind in KIND_BY_NAME else "there is no such fault"
            raise InputError(f"--kinds {kind!r}: {why}; known: {', '.join(KINDS)}")
    pick = np.random.default_rng([seed, 2])
    names = list(kinds or KINDS)
    for boiler in range(len(fleet.ids)):
        if pick.random() >= share:
            continue
        kind = names[int(pick.integers(len(names)))]
        onset_s = fleet.now_s + days * DAY_S * float(pick.uniform(_EARLIEST, _LATEST))
        fleet.add_fault(boiler, kind, onset_s, float(pick.uniform(*_RATES[kind])))
