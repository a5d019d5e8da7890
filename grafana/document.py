"""What each panel answers, as the tables and drawings in docs/grafana.md."""

from pathlib import Path

from grafana.alerts import RULES
from grafana.boards.registry import boards
from grafana.sketch import sketch

BEGIN, END = "<!-- panels: written by `boilerwatch grafana build` -->", "<!-- end of panels -->"


def table() -> str:
    """Return every panel with its question, and every rule with what no data and an error mean to it."""
    lines = [BEGIN]
    for board in boards():
        lines += ["", f"### {board.title.en}: {board.question.en}", ""]
        lines += [f"![Layout of {board.title.en}, without figures](boards/{board.slug}.svg)", ""]
        lines += ["| panel | answers |", "|---|---|"]
        lines += [f"| {panel.title.en} | {panel.asks.en} |" for panel in board.panels]
    lines += ["", "### Rules", "", "| rule | no data | error | because |", "|---|---|---|---|"]
    lines += [f"| {rule.title.en} | {rule.no_data} | {rule.error} | {rule.why.en} |" for rule in RULES]
    return "\n".join([*lines, END])


def documented(text: str) -> str:
    """Return a document with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    return before + table() + rest.partition(END)[2]


def drawings() -> dict[str, bytes]:
    """Return path below docs/ -> drawing of each board's layout."""
    return {f"boards/{board.slug}.svg": sketch(board) for board in boards()}


def write_documents(docs: Path) -> list[Path]:
    """Bring docs/grafana.md and its drawings up to date; return what changed."""
    page = docs / "grafana.md"
    wanted = {page: documented(page.read_text(encoding="utf-8")).encode()}
    wanted |= {docs / name: body for name, body in drawings().items()}
    changed = [path for path, body in wanted.items() if not path.exists() or path.read_bytes() != body]
    for path in changed:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wanted[path])
    return changed
