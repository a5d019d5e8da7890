"""The fleets that detectors are measured on.

No limit of any detector was set by them; where a figure led to a change, the change was argued from physics or sources, and
the seeds that were looked at meanwhile are not among these, with one exception: that a freezing house was told a thousand times
over was seen in these figures themselves, and mended.
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


FULL: tuple[Group, ...] = (
    Group("usual", "all models, readings every five minutes", _orders(range(101, 108)), ablated=False),
    Group("left out", f"only {', '.join(LEFT_OUT)}: models left out of development", _orders((201,), models=LEFT_OUT)),
    Group("half-hourly", "every half an hour, as 4G boxes send", _orders((301,), interval_s=1_800.0)),
    Group(
        "bad links",
        "absences, backlogs newest first, repeats, torn lines, wrong clocks",
        _orders((401,), bad_links=True),
    ),
    Group("healthy", "no fault in the fleet, nuisances only", _orders((501,), faults=0.0)),
    Group(
        "outside",
        "constants, noise and fault curves from outside the usual ranges",
        _orders((601, 602), world="outside"),
    ),
    Group(
        "ablation", "one fleet of the usual world, with one idea taken away at a time", _orders((109,)), ablated=True
    ),
)
FAST: tuple[Group, ...] = (
    Group("usual", "all models, readings every five minutes", _orders((11,), boilers=48, days=30.0), ablated=True),
    Group("outside", "constants, noise and fault curves from outside the usual ranges",
          _orders((12,), boilers=24, days=30.0, world="outside")),
)  # fmt: skip
