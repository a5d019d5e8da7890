"""A score as a picture: recall with its interval, lead times, and what false findings were of."""

from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from boilerwatch.kinds import KIND_BY_NAME
from simulators.pictures import ACCENT, INK, PALE, STYLE, plain, saved
from simulators.score import Case
from simulators.score_report import Report, Row

GOAL_RECALL, GOAL_LEAD_H = 0.95, 72.0


def draw_score(report: Report, cases: Sequence[Case], suffix: str) -> bytes:
    """Return the picture; equal scores give equal bytes.

    Parameters
    ----------
    suffix
        `svg` or `png`.
    """
    rows = [row for row in report.kinds if row.failed]
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 1.8 + 0.32 * max(len(rows), 4)), dpi=90, layout="constrained")
        recall, lead, false = figure.subplots(1, 3, width_ratios=(1.1, 1.1, 0.8))
        _draw_recall(recall, rows)
        _draw_lead(lead, rows, cases)
        _draw_false(false, report)
        return saved(figure, suffix)


def _draw_recall(axis: Axes, rows: Sequence[Row]) -> None:
    axis.axvline(GOAL_RECALL, color=ACCENT, linewidth=1, linestyle="--")
    for place, row in enumerate(rows):
        low, high = row.recall_95 or (0.0, 0.0)
        axis.plot([low, high], [place, place], color=PALE, linewidth=4, solid_capstyle="butt")
        axis.plot([row.recall or 0.0], [place], "o", color=INK, markersize=4)
    axis.set_yticks(range(len(rows)), [f"{_word(row.name)} ({row.found}/{row.failed})" for row in rows])
    axis.set(xlim=(-0.02, 1.02), xlabel="share [-]", ylim=(len(rows) - 0.5, -0.5))
    axis.set_title("Found before failure, 95 % interval", loc="left")
    plain(axis)


def _draw_lead(axis: Axes, rows: Sequence[Row], cases: Sequence[Case]) -> None:
    axis.axvline(GOAL_LEAD_H, color=ACCENT, linewidth=1, linestyle="--")
    for place, row in enumerate(rows):
        leads = [case.lead_h for case in cases if case.fault.kind == row.name and case.lead_h is not None]
        axis.plot(leads, [place] * len(leads), "|", color=PALE, markersize=9)
        if row.lead_median_h is not None:
            axis.plot([row.lead_median_h], [place], "o", color=INK, markersize=4)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.set(xlabel="lead [h]", yticks=[], ylim=(len(rows) - 0.5, -0.5))
    axis.set_title("Known ahead of failure; dot: median", loc="left")
    plain(axis)


def _draw_false(axis: Axes, report: Report) -> None:
    names = list(report.false_by_kind)
    axis.barh(range(len(names)), [report.false_by_kind[name] for name in names], color=PALE)
    axis.set_yticks(range(len(names)), [_word(name) for name in names])
    axis.set(xlabel="findings", xlim=(0, max([1, *report.false_by_kind.values()]) * 1.1))
    rate = "unknown" if report.false_per_1000 is None else f"{report.false_per_1000:.3g}"
    axis.set_title(f"False: {rate} per 1000 boiler-days", loc="left")
    axis.invert_yaxis()
    plain(axis)


def _word(name: str) -> str:
    return KIND_BY_NAME[name].en if name in KIND_BY_NAME else name
