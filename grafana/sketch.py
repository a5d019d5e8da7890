"""How a board is laid out, as a drawing for the document: its panels where they stand, their kind and what they show.

It is drawn from the same values as the board and is no screenshot: it has no figures in it.
"""

from collections.abc import Callable
from xml.sax.saxutils import escape

from grafana.looks import named_columns
from grafana.spec import Board, Panel
from grafana.words import COLUMNS, STATES, Look, Text

_CELL_X, _CELL_Y, _GAP, _TITLE = 40, 18, 3, 20
_CHARACTER = 6.2
_GROUND, _PANEL, _EDGE, _WORDS, _FAINT = "#111217", "#181b1f", "#34383e", "#d8d9da", "#8e949c"
_SERIES = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#f2495c", "#8ab8ff", "#96d98d")
_TILE = "#2f6f4f"
_DARK = {
    "dark-green": "#37872d", "dark-yellow": "#a8890a", "dark-blue": "#1f60c4", "dark-purple": "#8f3bb8", "dark-red": "#c4162a",
}  # fmt: skip
_CURVES = (
    (0.7, 0.6, 0.66, 0.5, 0.55, 0.42, 0.46, 0.3), (0.8, 0.78, 0.72, 0.74, 0.66, 0.68, 0.6, 0.62),
    (0.4, 0.45, 0.35, 0.5, 0.4, 0.55, 0.5, 0.6),
)  # fmt: skip

Box = tuple[float, float, float, float]


def sketch(board: Board) -> bytes:
    """Return a board's layout as SVG."""
    places = board.places()
    width, height = 24 * _CELL_X, max(y + panel.height for panel, _, y in places) * _CELL_Y
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(board.title.en)}: layout, no figures</title>",
        f'<rect width="{width}" height="{height}" fill="{_GROUND}"/>',
    ]
    for panel, x, y in places:
        box = (
            x * _CELL_X + _GAP,
            y * _CELL_Y + _GAP,
            panel.width * _CELL_X - 2 * _GAP,
            panel.height * _CELL_Y - 2 * _GAP,
        )
        parts += [_rect(box, _PANEL, _EDGE), _text(box[0] + 8, box[1] + 15, panel.title.en, _WORDS, box[2] - 12)]
        inner = (box[0] + 8, box[1] + _TITLE + 4, box[2] - 16, box[3] - _TITLE - 12)
        parts += _KINDS[panel.kind](panel, inner)
    return ("\n".join([*parts, "</svg>"]) + "\n").encode()


def _rect(box: Box, fill: str, edge: str = "none") -> str:
    x, y, width, height = box
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="2" fill="{fill}" stroke="{edge}"/>'


def _text(x: float, y: float, words: str, color: str, room: float) -> str:
    """Return words, shortened to the room they have."""
    most = max(int(room / _CHARACTER), 3)
    shown = words if len(words) <= most else f"{words[: most - 1]}…"
    return f'<text x="{x:g}" y="{y:g}" fill="{color}">{escape(shown)}</text>'


def _names(panel: Panel) -> list[str]:
    """Return what its series or tiles are called, as far as that is known without data."""
    if _is_of_states(panel):
        return [look.text.en for look in STATES]
    return [target.title.en.strip(",") or f"by {target.by}" for target in panel.targets]


def _is_of_states(panel: Panel) -> bool:
    return any(target.by == "state" for target in panel.targets)


def _color(look: Look) -> str:
    return _DARK.get(look.color, look.color)


def _tiles(panel: Panel, box: Box) -> list[str]:
    x, y, width, height = box
    names, is_down = _names(panel), panel.is_vertical
    many = len(names)
    colors = [_color(look) for look in STATES] if _is_of_states(panel) else [_TILE] * many
    tile = (width, height / many) if is_down else (width / many, height)
    found = []
    for place, (words, color) in enumerate(zip(names, colors, strict=True)):
        left, top = (x, y + place * tile[1]) if is_down else (x + place * tile[0], y)
        found.append(_rect((left + 1, top + 1, tile[0] - 2, tile[1] - 2), color))
        found.append(_text(left + 6, top + tile[1] / 2 + 4, words, _WORDS, tile[0] - 8))
    return found


def _table(panel: Panel, box: Box) -> list[str]:
    x, y, width, height = box
    lines = [f'<path d="M{x:g} {y + step:g}h{width:g}" stroke="{_EDGE}"/>' for step in range(0, int(height), 18)]
    columns = [column for column in named_columns(panel) if not column.is_hidden]
    titles = [(column.title or COLUMNS.get(column.name, Text(column.name, ""))).en for column in columns]
    return [*lines, _text(x, y + 13, " · ".join(titles), _FAINT, width)]


def _lines(panel: Panel, box: Box) -> list[str]:
    x, y, width, height = box
    found = []
    for place, curve in enumerate(_CURVES[: len(panel.targets)]):
        points = " ".join(
            f"{x + width * at / (len(curve) - 1):.0f},{y + (height - 16) * value:.0f}" for at, value in enumerate(curve)
        )
        found.append(f'<polyline points="{points}" fill="none" stroke="{_SERIES[place]}" stroke-width="2"/>')
    return [*found, _text(x, y + height, " · ".join(_names(panel)), _FAINT, width)]


def _bars(panel: Panel, box: Box) -> list[str]:
    x, y, width, height = box
    step = width / 16
    found = []
    for place in range(16):
        tall = (height - 16) * (1 - _CURVES[0][place % 8]) * 1.3
        found.append(
            _rect(
                (x + place * step, y + height - 14 - tall, step - 3, tall), _SERIES[place % min(len(panel.targets), 2)]
            )
        )
    return [*found, _text(x, y + height, " · ".join(_names(panel)), _FAINT, width)]


def _round(panel: Panel, box: Box) -> list[str]:
    """Return a ring for shares, marks for a map."""
    x, y, width, height = box
    if panel.kind == "map":
        marks = ((0.2, 0.5, 9), (0.35, 0.3, 14), (0.5, 0.6, 18), (0.65, 0.4, 11), (0.8, 0.65, 8))
        return [
            f'<circle cx="{x + width * a:.0f}" cy="{y + height * b:.0f}" r="{r}" fill="{_SERIES[place % 2]}" opacity="0.7"/>'
            for place, (a, b, r) in enumerate(marks)
        ]
    radius = min(width, height) / 2 - 10
    center = f'cx="{x + width / 2:.0f}" cy="{y + height / 2:.0f}" r="{radius:.0f}"'
    return [f'<circle {center} fill="none" stroke="{_SERIES[0]}" stroke-width="14"/>']


def _states(_panel: Panel, box: Box) -> list[str]:
    x, y, width, height = box
    shares, found, left = ((0.4, STATES[0]), (0.2, STATES[1]), (0.25, STATES[4]), (0.15, STATES[2])), [], x
    for share, look in shares:
        found.append(_rect((left, y, width * share, height), _color(look)))
        found.append(_text(left + 4, y + height / 2 + 4, look.text.en, _WORDS, width * share - 4))
        left += width * share
    return found


def _words(panel: Panel, box: Box) -> list[str]:
    return [_text(box[0], box[1] + 13, panel.asks.en, _FAINT, box[2])]


_KINDS: dict[str, Callable[[Panel, Box], list[str]]] = {
    "stat": _tiles, "table": _table, "lines": _lines, "bars": _bars, "pie": _round, "map": _round, "states": _states, "text": _words,
}  # fmt: skip
