"""Who gets which fault, and when: the stated share of boilers, each kind as often as the others."""

from collections.abc import Sequence

import numpy as np

from boilerwatch.errors import InputError
from simulators.faults import MECHANISMS, check_kind, shows, why_not
from simulators.fleet import Fleet
from simulators.sites import DAY_S

#: A boiler has so many days of past before a fault begins, or a share of all days if that is more, ten days at most; in
#: a short time it has another share of it. Onsets end with a third share.
_PAST_D, _PAST_SHARE, _LONG_PAST_D, _SHORT_SHARE, _LATEST = 3.0, 0.2, 10.0, 0.3, 0.6
#: What takes days ends within this share of the days that are left, so that most of it is seen to fail.
_ENDS_BY = (0.55, 1.0)
_ONSET_GRID_S = 300.0
#: A frost needs frost: the coldest of so many moments is taken.
_FROSTY_TRIES = 24


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
        If there is no such fault, or no boiler of this fleet can have it.
    """
    names = list(kinds or MECHANISMS)
    for kind in kinds:
        check_kind(f"--kinds {kind!r}", kind)
        _check_possible(fleet, kind)
    pick = np.random.default_rng([seed, 2])
    for boiler in range(len(fleet.ids)):
        chance, which, when = pick.random(3)
        if chance >= share:
            continue
        model = fleet.models[boiler]
        fitting = [kind for kind in names if not why_not(kind, model) and shows(kind, model)]
        if not fitting:
            continue
        kind = fitting[int(which * len(fitting))]
        earliest = min(max(_PAST_D, min(_PAST_SHARE * days, _LONG_PAST_D)), _SHORT_SHARE * days)
        begins_d = earliest + when * max(_LATEST * days - earliest, 0.0)
        if kind == "frost_risk":
            begins_d = _coldest(fleet, boiler, earliest, days, pick)
        onset_s = fleet.now_s + round(begins_d * DAY_S / _ONSET_GRID_S) * _ONSET_GRID_S
        most_d = (days - begins_d) * float(pick.uniform(*_ENDS_BY))
        fleet.add_fault(boiler, kind, onset_s, most_days=most_d)


def _check_possible(fleet: Fleet, kind: str) -> None:
    models = {model.name: model for model in fleet.models}.values()
    if any(not why_not(kind, model) and shows(kind, model) for model in models):
        return
    reasons = "; ".join(
        f"{model.name}: {why_not(kind, model) or 'none of its sensors would show it'}" for model in models
    )
    raise InputError(f"--kinds {kind!r}: no boiler of this fleet can have it ({reasons}); other --models can")


def _coldest(fleet: Fleet, boiler: int, earliest_d: float, days: float, pick: np.random.Generator) -> float:
    """Return a beginning in the cold. [d]"""
    tries = earliest_d + pick.random(_FROSTY_TRIES) * max(0.9 * days - earliest_d, 0.0)
    site = fleet.site[boiler]
    outdoor = [fleet.weather.outdoor(fleet.now_s + float(one) * DAY_S)[site] for one in tries]
    return float(tries[int(np.argmin(outdoor))])
