"""The fleets that detectors are measured on.

No limit of any detector was set by them; where a figure led to a change, the change was argued from physics or sources, and
the seeds that were looked at meanwhile are not among these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulators.dataset import Order

_START_S = 1_767_571_200.0  # 2026-01-05
_DAYS = 45.0
#: Models that nobody looked at while detectors were made.
LEFT_OUT = ("turboMAG 24", "Vitola 100", "RBF 20")


@dataclass(frozen=True, slots=True)
class Group:
    """Fleets that are read as one figure.

    Attributes
    ----------
    ablated
        Whether detectors are also run with one idea taken away each.
    """

    name: str
    what: str
    orders: tuple[Order, ...]
    ablated: bool = False


def _orders(seeds: Sequence[int], boilers: int = 200, days: float = _DAYS, **more: object) -> tuple[Order, ...]:
    plain: dict[str, object] = {"faults": 0.6, "interval_s": 300.0} | more
    return tuple(Order(boilers, days, seed, _START_S, **plain) for seed in seeds)  # type: ignore[arg-type] # by name


#: Kinds that only some models can have, or show: a fleet of their own makes them as many as the others.
_RARER = (
    "condensate_blocked", "flame_signal_decay", "fan_wear", "flue_restricted", "gas_valve_ageing", "ignition_wear",
    "exchanger_scale", "burst_leak", "slow_leak", "relief_valve_weeping",
)  # fmt: skip

FULL: tuple[Group, ...] = (
    Group(
        "usual",
        "all models, readings every five minutes",
        _orders(range(701, 713), faults=0.75) + _orders((713, 714), faults=0.75, kinds=_RARER),
    ),
    Group("left out", f"only {', '.join(LEFT_OUT)}: models left out of development", _orders((721,), models=LEFT_OUT)),
    Group(
        "own habits",
        "each gateway as it speaks by itself: every ten seconds to five minutes, some on change",
        _orders((731,), boilers=100, days=30.0, interval_s=0.0),
    ),
    Group("half-hourly", "every half an hour, as 4G boxes send", _orders((741,), interval_s=1_800.0)),
    Group(
        "bad links",
        "absences, backlogs newest first, repeats, torn lines, wrong clocks",
        _orders((751,), bad_links=True),
    ),
    Group("healthy", "no fault in the fleet, nuisances only", _orders((761,), faults=0.0)),
    Group(
        "outside",
        "constants, noise and fault curves from outside the usual ranges",
        _orders((771, 772), world="outside"),
    ),
    Group(
        "ablation", "one fleet of the usual world, with one idea taken away at a time", _orders((781,)), ablated=True
    ),
)
FAST: tuple[Group, ...] = (
    Group("usual", "all models, readings every five minutes", _orders((11,), boilers=48, days=30.0), ablated=True),
    Group("outside", "constants, noise and fault curves from outside the usual ranges",
          _orders((12,), boilers=24, days=30.0, world="outside")),
)  # fmt: skip
