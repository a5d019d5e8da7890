"""What every picture of this room shares: its look, its bytes without a date, its axes."""

import io
from datetime import UTC, datetime
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, ACCENT, PALE, GREEN = "#1f4e79", "#c0392b", "#9bb8d3", "#3a7d44"
#: Texts stay texts; a fixed salt makes ids in an SVG equal each time.
STYLE: Any = {"font.size": 8, "svg.hashsalt": "boilerwatch", "svg.fonttype": "none"}


def saved(figure: Figure, suffix: str) -> bytes:
    """Return a figure as `svg` or `png`, without the date and the program's version in it."""
    sink = io.BytesIO()
    metadata = {"Date": None, "Creator": None} if suffix == "svg" else {"Software": None}
    figure.savefig(sink, format=suffix, metadata=metadata)
    return sink.getvalue()


def plain(axis: Axes, grid: str = "x") -> None:
    """Take off what an axis does not need."""
    axis.grid(visible=True, axis=grid, alpha=0.25)  # type: ignore[arg-type]  # matplotlib names the three words a Literal
    axis.spines[["top", "right"]].set_visible(False)


def moment(at_s: float) -> datetime:
    """Return a time for an axis. [s since 1970]"""
    return datetime.fromtimestamp(at_s, tz=UTC)
