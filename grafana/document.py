"""What each panel answers, as the table in docs/grafana.md."""

from grafana.alerts import RULES
from grafana.boards.registry import boards

BEGIN, END = "<!-- panels: written by `boilerwatch grafana build` -->", "<!-- end of panels -->"


def table() -> str:
    """Return every panel with its question, and every rule with what no data and an error mean to it."""
    lines = [BEGIN]
    for board in boards():
        lines += ["", f"### {board.title.en}: {board.question.en}", "", "| panel | answers |", "|---|---|"]
        lines += [f"| {panel.title.en} | {panel.asks.en} |" for panel in board.panels]
    lines += ["", "### Rules", "", "| rule | no data | error | because |", "|---|---|---|---|"]
    lines += [f"| {rule.title.en} | {rule.no_data} | {rule.error} | {rule.why.en} |" for rule in RULES]
    return "\n".join([*lines, END])


def documented(text: str) -> str:
    """Return a document with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    return before + table() + rest.partition(END)[2]
