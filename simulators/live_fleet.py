"""The simulated fleet as live publishing wants it: whose gateway speaks what, and what is shown at a moment."""

import math
from collections.abc import Sequence

import numpy as np

from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.errors import InputError
from boilerwatch.model import Floats, Ints
from simulators.dataset import Order, intervals_ms, truth_of
from simulators.dialects import DIALECTS, Gateway
from simulators.faults import check_kind
from simulators.fleet import Fleet
from simulators.habits import Habits
from simulators.models import Model
from simulators.publish import Member, Shown
from simulators.sites import SITES
from simulators.truth import Truth

_WAIT, _DAYS = "in_s", "days"
#: Dialects whose readings may hold a part of the signals, and the one whose gateway looks for changes itself; all others
#: say everything they have, or nothing.
_IN_PARTS, _BY_ITSELF = ("native", "thingsboard"), "otgw"


class LiveView:
    """A fleet, published: gateways that tell changes only leave out what they have told, but every half hour.

    Parameters
    ----------
    fleet
        Standing where publishing begins.
    dialects
        What the gateways speak, shared out among the boilers whose family has such gateways; `all` for every one.
    clock
        Tells when a failure was shown.
    interval_s
        How often every boiler speaks, 0 for each gateway's own habit. [s]

    Raises
    ------
    InputError
        If there is no such dialect.
    """

    def __init__(
        self, fleet: Fleet, dialects: str = "native", clock: Clock = SYSTEM, interval_s: float = 10.0
    ) -> None:  # fmt: skip
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
        self._in_parts = np.array([one.dialect in _IN_PARTS for one in self.members], np.bool_)
        self._interval_s = interval_s
        self._habits: Habits | None = None

    def step_s(self) -> float:
        """Return how far apart steps may be for every gateway to keep its interval. [s]"""
        return self._interval_s or float(np.gcd.reduce(self._intervals_ms() // 1000))

    def show(self, now_s: float) -> Shown:
        """Advance to `now_s` and return what every boiler shows. [s since 1970]"""
        step = self._fleet.step(now_s - self._fleet.now_s)
        for one in self._fleet.faults:
            if one.failed_s is not None:
                self._shown_ms.setdefault((one.boiler, one.kind, one.onset_s), self._clock.now_ms())
        return self._shown(step.columns, step.codes, round(now_s * 1000))

    def _shown(self, columns: dict[str, Floats], told: list[tuple[int, str, bool]], ts_ms: int) -> Shown:
        """Return what gateways say of a step: those whose time it is, and those that have a code to tell."""
        habits = self._habits = self._habits or self._own_habits(ts_ms)
        has_code = np.zeros(len(self.members), np.bool_)
        has_code[[boiler for boiler, _, _ in told]] = True
        step_ms = round(self.step_s() * 1000)
        due = has_code | (habits.due(np.array([ts_ms]), step_ms)[0] if not self._interval_s else True)
        news = habits.changes(columns, due, ts_ms, whole=has_code)
        says = np.flatnonzero(due & np.logical_or.reduce([~np.isnan(values) for values in news.values()]))
        in_parts = self._in_parts[says]
        found = {name: np.where(in_parts, news[name][says], values[says]) for name, values in columns.items()}
        codes = [(boiler, ts_ms, code, active) for boiler, code, active in told]
        return Shown(says, np.full(len(says), ts_ms, np.int64), found, codes)

    def _own_habits(self, start_ms: int) -> Habits:
        on_change = [
            model.on_change and one.dialect != _BY_ITSELF
            for model, one in zip(self._fleet.models, self.members, strict=True)
        ]
        return Habits(self._intervals_ms(), start_ms, np.array(on_change, np.bool_))

    def _intervals_ms(self) -> Ints:
        return intervals_ms(self._fleet, Order(len(self.members), 0, 0, 0, self._interval_s))

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
