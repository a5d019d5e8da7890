"""Pictures of a data set, so that one can look and believe: one boiler's fortnight with its fault, and the whole fleet."""

from collections import deque
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from numpy.typing import NDArray

from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Floats
from boilerwatch.signals import BY_NAME, FLAGS
from simulators.faults import Fault
from simulators.fleet import Fleet, Step
from simulators.pictures import ACCENT, GREEN, INK, PALE, STYLE, moment, plain, saved
from simulators.sites import DAY_S
from simulators.truth import Truth

_FORTNIGHT_S = 14 * DAY_S
#: The picture of a boiler goes on so long after its failure. [s]
_AFTER_S = 1.5 * DAY_S
#: A fault shown took at least so long, where there is one. [s]
_SHOWN_S = 3 * DAY_S
_CANDIDATES = 12
#: Lines that a kind of fault has room for at least, so that its name has. [lines]
_ROOM = 3.0
_SHOWN = (
    "water_pressure_bar", "flow_temp_c", "return_temp_c", "flue_temp_c", "modulation_pct", "flame_current_ua", "fan_speed_rpm",
    "dhw_temp_c", "ignition_time_s", "outdoor_temp_c",
)  # fmt: skip
_DAILY = ("outdoor_temp_c", "flow_temp_c", "water_pressure_bar", "flame_on")


class Recorder:
    """Keeps what the pictures need while a fleet runs: a fortnight of a few boilers, daily means of all.

    Parameters
    ----------
    fleet
        With its faults planned.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        gradual = [one for one in fleet.faults if KIND_BY_NAME[one.kind].gradual]
        self._faults: list[Fault] = (gradual or list(fleet.faults))[:_CANDIDATES]
        self._boilers = np.array([one.boiler for one in self._faults] or [0])
        self._past: deque[tuple[float, NDArray[np.float32]]] = deque()
        self._frozen: tuple[int, list[tuple[float, Floats]]] | None = None
        self._sums: dict[str, Floats] = {}
        self._counts: dict[str, Floats] = {}
        self._days: list[tuple[float, dict[str, Floats]]] = []

    def see(self, step: Step) -> None:
        """Take note of a step."""
        self._note_day(step)
        if self._frozen is not None:
            return
        missing = np.full(len(self._fleet.ids), np.nan)
        seen = [step.columns.get(name, missing)[self._boilers] for name in _SHOWN]
        self._past.append((step.at_s, np.array(seen, np.float32)))
        while self._past[0][0] < step.at_s - _FORTNIGHT_S:
            self._past.popleft()
        for place, fault in enumerate(self._faults):
            failed_s = fault.failed_s
            if failed_s is not None and failed_s - fault.onset_s >= _SHOWN_S and step.at_s >= failed_s + _AFTER_S:
                self._freeze(place)
                return

    def _freeze(self, place: int) -> None:
        self._frozen = (place, [(at_s, seen[:, place].astype(np.float64)) for at_s, seen in self._past])
        self._past.clear()

    def _note_day(self, step: Step) -> None:
        for name in _DAILY:
            values = step.columns.get(name)
            if values is not None:
                good = ~np.isnan(values)
                self._sums[name] = self._sums.get(name, 0.0) + np.where(good, values, 0.0)
                self._counts[name] = self._counts.get(name, 0.0) + good
        if step.at_s % DAY_S == 0:
            self._close_day(step.at_s)

    def _close_day(self, at_s: float) -> None:
        means = {name: np.divide(self._sums[name], count, out=np.full(len(count), np.nan), where=count > 0)
                 for name, count in self._counts.items()}  # fmt: skip
        self._days.append((at_s - DAY_S / 2, means))
        self._sums, self._counts = {}, {}

    def pictures(self, truth: Sequence[Truth]) -> dict[str, bytes]:
        """Return file name -> picture; equal fleets give equal bytes."""
        if self._frozen is None:
            self._freeze(0)
        if self._counts:
            self._close_day(self._fleet.now_s + DAY_S / 2)
        place, seen = self._frozen or (0, [])
        boiler = self._fleet.ids[self._boilers[place]]
        fault = self._faults[place] if self._faults else None
        with rc_context(STYLE):
            return {
                "boiler.png": saved(_draw_boiler(boiler, fault, seen), "png"),
                "fleet.png": saved(_draw_fleet(self._days, truth, len(self._fleet.ids)), "png"),
            }


def _draw_boiler(boiler: str, fault: Fault | None, seen: Sequence[tuple[float, Floats]]) -> Figure:
    times = [moment(at_s) for at_s, _ in seen]
    values = np.array([column for _, column in seen]).reshape(len(seen), len(_SHOWN))
    shown = [place for place in range(len(_SHOWN)) if len(values) and not np.isnan(values[:, place]).all()]
    figure = Figure(figsize=(9, 1 + 0.95 * max(len(shown), 1)), dpi=80, layout="constrained")
    axes = figure.subplots(max(len(shown), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axis, place in zip(axes, shown, strict=False):
        signal = BY_NAME[_SHOWN[place]]
        axis.plot(times, values[:, place], color=INK, linewidth=0.6)
        axis.set_title(f"{signal.en} [{signal.unit}]", loc="left", fontsize=8, pad=2)
        plain(axis, "both")
    name = "no fault" if fault is None else KIND_BY_NAME[fault.kind].en
    figure.suptitle(f"{boiler}: {name}", x=0.01, ha="left", fontsize=10)
    if fault is not None and seen:
        for axis in axes:
            _mark(axis, fault, seen[0][0], seen[-1][0])
        figure.legend(*axes[0].get_legend_handles_labels(), loc="upper right", ncols=3, fontsize=7, frameon=False)
    _dates(axes[-1])
    return figure


def _mark(axis: Axes, fault: Fault, from_s: float, to_s: float) -> None:
    """Mark onset, failure and repair; shade what lies between onset and failure."""
    end_s = min(fault.failed_s or fault.repaired_s or to_s, to_s)
    if end_s > max(fault.onset_s, from_s):
        axis.axvspan(moment(max(fault.onset_s, from_s)), moment(end_s), color=ACCENT, alpha=0.07, linewidth=0)  # type: ignore[arg-type]  # dates are taken
    for word, at_s, color in (
        ("onset", fault.onset_s, PALE), ("failure", fault.failed_s, ACCENT), ("repaired", fault.repaired_s, GREEN),
    ):  # fmt: skip
        if at_s is not None and from_s <= at_s <= to_s:
            axis.axvline(moment(at_s), color=color, linewidth=1.2, label=word)  # type: ignore[arg-type]


def _draw_fleet(days: Sequence[tuple[float, dict[str, Floats]]], truth: Sequence[Truth], count: int) -> Figure:
    many = max(0.19 * len({one.kind for one in truth}), 1.0)
    figure = Figure(figsize=(9, 4.6 + many), dpi=80, layout="constrained")
    axes = figure.subplots(4, 1, sharex=True, height_ratios=(1.2, 1.2, 1.2, many))
    times = [moment(at_s) for at_s, _ in days]
    for axis, name in zip(axes, ("water_pressure_bar", "flow_temp_c", "flame_on"), strict=False):
        scale = 24 if name in FLAGS else 1
        _draw_band(axis, times, [day[name] * scale for _, day in days if name in day])
        plain(axis, "both")
    if days and "outdoor_temp_c" in days[0][1]:
        outdoor = [float(np.nanmean(day["outdoor_temp_c"])) for _, day in days]
        axes[1].plot(times, outdoor, color=GREEN, linewidth=1, label="outdoor mean")
        axes[1].legend(loc="upper right", fontsize=7)
    axes[0].set_title("Water pressure [bar], daily means: median, middle half, 5 to 95 %", loc="left", fontsize=8)
    axes[1].set_title("Flow temperature [°C]", loc="left", fontsize=8)
    axes[2].set_title("Burning [h/day]", loc="left", fontsize=8)
    _draw_truth(axes[3], truth, days[-1][0] if days else 0.0)
    figure.suptitle(f"{count} boilers, {len(truth)} faults", x=0.01, ha="left", fontsize=10)
    _dates(axes[3])
    return figure


def _draw_band(axis: Axes, times: Sequence[object], daily: Sequence[Floats]) -> None:
    if not daily:
        return
    limits = np.array([np.nanpercentile(day, (5, 25, 50, 75, 95)) for day in daily]).T
    axis.fill_between(times, limits[0], limits[4], color=PALE, alpha=0.4, linewidth=0)  # type: ignore[arg-type]
    axis.fill_between(times, limits[1], limits[3], color=PALE, linewidth=0)  # type: ignore[arg-type]
    axis.plot(times, limits[2], color=INK, linewidth=1)  # type: ignore[arg-type]


def _draw_truth(axis: Axes, truth: Sequence[Truth], end_s: float) -> None:
    """Draw each fault as a line from onset to failure, and on to its repair, kinds together."""
    kinds: dict[str, list[Truth]] = {}
    for one in sorted(truth, key=lambda one: (one.kind, one.onset_ms)):
        kinds.setdefault(one.kind, []).append(one)
    top = 0.0
    middles: list[float] = []
    for faults in kinds.values():
        room = max(len(faults), _ROOM)
        middles.append(top + room / 2)
        for number, one in enumerate(faults):
            place = top + (number + 0.5) * room / len(faults)
            fail_s = (one.failure_ms or one.repaired_ms or end_s * 1000) / 1000
            axis.plot([moment(one.onset_ms / 1000), moment(fail_s)], [place, place], color=INK, linewidth=1)  # type: ignore[arg-type]
            if one.failure_ms is not None:
                axis.plot([moment(fail_s)], [place], "x", color=ACCENT, markersize=4)  # type: ignore[arg-type]
            if one.repaired_ms is not None:
                axis.plot([moment(one.repaired_ms / 1000)], [place], "|", color=GREEN, markersize=5)  # type: ignore[arg-type]
        top += room
        axis.axhline(top, color=PALE, linewidth=0.5)
    axis.set_yticks(middles, [_word(kind) for kind in kinds], fontsize=7)
    axis.set_title("Faults: line from onset, x failure, | repair", loc="left", fontsize=8)
    axis.set_ylim(max(top, 1.0), 0.0)
    plain(axis)


def _word(kind: str) -> str:
    return KIND_BY_NAME[kind].en if kind in KIND_BY_NAME else kind


def _dates(axis: Axes) -> None:
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
