"""The picture of a telemetry window, drawn by us so that page, mail and print show the same."""

import io
from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from boilerwatch.clock import to_datetime
from boilerwatch.signals import BY_NAME
from boilerwatch.store.protocol import Series

_INK, _ACCENT = "#1f2933", "#b42318"


def draw(series: Series, signals: list[str], marks: Mapping[str, int], language: str = "en") -> bytes:
    """Return an SVG of the signals over each other, sharing their time axis.

    Parameters
    ----------
    marks
        Word -> moment to mark with a line. [ms since 1970]
    """
    known = [name for name in signals if name in series.columns]
    with mpl.rc_context(
        {"svg.fonttype": "path", "font.sans-serif": ["Noto Sans CJK SC", "DejaVu Sans"], "font.size": 9}
    ):
        figure = Figure(figsize=(8, 1.1 + 1.5 * max(len(known), 1)), layout="constrained")
        axes = figure.subplots(max(len(known), 1), 1, sharex=True, squeeze=False)[:, 0]
        times = [to_datetime(int(at)) for at in series.ts_ms]
        for axis, name in zip(axes, known, strict=False):
            signal = BY_NAME[name]
            values = series.columns[name]
            axis.plot(times, values, color=_INK, linewidth=0.9, marker=".", markersize=2)
            title = signal.zh if language == "zh" else signal.en
            axis.set_title(f"{title} [{signal.unit}]" if signal.unit else title, loc="left", fontsize=9)
            axis.grid(visible=True, alpha=0.25)
            for word, at_ms in marks.items():
                axis.axvline(to_datetime(at_ms), color=_ACCENT, linewidth=1, linestyle="--", label=word)
            axis.spines[["top", "right"]].set_visible(False)
        if known:
            locator = AutoDateLocator()  # type: ignore[no-untyped-call]
            axes[-1].xaxis.set_major_locator(locator)
            axes[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        sink = io.BytesIO()
        figure.savefig(sink, format="svg", metadata={"Date": None})
    return sink.getvalue()
