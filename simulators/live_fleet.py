"""The simulated fleet as live publishing wants it: whose gateway speaks what, and what is shown at a moment."""

import math
from collections.abc import Sequence

import numpy as np

from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.errors import InputError
from simulators.dataset import truth_of
from simulators.dialects import DIALECTS, Gateway
from simulators.faults import check_kind
from simulators.fleet import Fleet
from simulators.models import Model
from simulators.publish import Member, Shown
from simulators.sites import SITES
from simulators.truth import Truth

_WAIT, _DAYS = "in_s", "days"


class LiveView:
    """A fleet, published.

    Parameters
    ----------
    fleet
        Standing where publishing begins.
    dialects
        What the gateways speak, shared out among the boilers whose family has such gateways; `all` for every one.
    clock
        Tells when a failure was shown.

    Raises
    ------
    InputError
        If there is no such dialect.
    """

    def __init__(self, fleet: Fleet, dialects: str = "native", clock: Clock = SYSTEM) -> None:
        asked = list(DIALECTS) if dialects == "all" else dialects.split(",")
        for name in asked:
            if name not in DIALECTS:
                raise InputError(f"--dialect {name!r}: there is no such dialect; known: {', '.join(DIALECTS)}")
        self._fleet, self._clock = fleet, clock
        self._shown_ms: dict[tuple[int, str, float], int] = {}
        self.members: Sequence[Member] = [
            Member(Gateway(name, SITES[site].name, model.family), _dialect(asked, model, number))
            for number, (name, site, model) in enumerate(zip(fleet.ids, fleet.site, fleet.models, strict=True))
        ]

    def show(self, now_s: float) -> Shown:
        """Advance to `now_s` and return what every boiler shows. [s since 1970]"""
        step = self._fleet.step(now_s - self._fleet.now_s)
        for one in self._fleet.faults:
            if one.failed_s is not None:
                self._shown_ms.setdefault((one.boiler, one.kind, one.onset_s), self._clock.now_ms())
        ts_ms = round(now_s * 1000)
        says = np.flatnonzero(np.logical_or.reduce([~np.isnan(values) for values in step.columns.values()]))
        codes = [(boiler, ts_ms, code, active) for boiler, code, active in step.codes]
        columns = {name: values[says] for name, values in step.columns.items()}
        return Shown(says, np.full(len(says), ts_ms, np.int64), columns, codes)

    def truth(self) -> list[Truth]:
        """Return the labels so far, with the time each failure was shown by the clock on the wall."""
        return truth_of(self._fleet, self._shown_ms)


def _dialect(asked: list[str], model: Model, number: int) -> str:
    """Return a boiler's dialect: one that gateways of its model speak, or any that was asked for where none does."""
    fitting = [one for one in asked if one in model.dialects] or asked
    return fitting[number % len(fitting)]


def add_fault(fleet: Fleet, text: str, now_s: float) -> None:
    """Add a fault such as `slow_leak:boiler-17:litres_per_day=0.5,in_s=60`; leading zeros may be left out.

    Settings are the mechanism's own argument, `days` for how long it takes, and `in_s` for when it begins.

    Raises
    ------
    InputError
        If there is no such fault, boiler or parameter, or the boiler cannot have it.
    """
    kind, _, rest = text.partition(":")
    boiler, _, settings = rest.partition(":")
    mechanism = check_kind(f"--fault {text!r}", kind)
    places = {_short(name): place for place, name in enumerate(fleet.ids)}
    if _short(boiler) not in places:
        raise InputError(f"--fault {text!r}: there is no boiler {boiler!r} in this fleet")
    known = (mechanism.argument, _DAYS, _WAIT)
    given: dict[str, float] = {}
    for setting in filter(None, settings.split(",")):
        name, _, number = setting.partition("=")
        if name not in known:
            raise InputError(f"--fault {text!r}: there is no parameter {name!r}; known: {', '.join(known)}")
        given[name] = _number(number, f"--fault {text!r}: {name}")
    if given.get(_DAYS, 1.0) <= 0:
        raise InputError(f"--fault {text!r}: days must be more than 0")
    try:
        fleet.add_fault(
            places[_short(boiler)],
            kind,
            now_s + given.get(_WAIT, 0.0),
            end=given.get(mechanism.argument),
            days=given.get(_DAYS),
        )
    except InputError as exc:
        raise InputError(f"--fault {text!r}: {exc}") from exc


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError as exc:
        raise InputError(f"{what} is no number") from exc
    if not math.isfinite(number):
        raise InputError(f"{what} is not finite")
    return number


def _short(boiler: str) -> str:
    """Return an id without the leading zeros of its number."""
    name, dash, number = boiler.rpartition("-")
    return f"{name}-{int(number)}" if dash and number.isdecimal() else boiler
