"""Asks a database what the committed boards ask, as Grafana would, rightly and wrongly."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana.boards.registry import boards
from grafana.spec import Board
from tests.grafana.answers import Influx, Row, difference
from tests.grafana.expansion import ALL, Range, Values, expand
from tests.grafana.expected.view import Expected, View

ROOT = Path(__file__).parents[2] / "grafana" / "dashboards"
BOARDS = {board.uid: board for board in boards()}
_FIELDS = re.compile(r'\(\s*"(\w+)"|(?<=SELECT )"(\w+)"|(?<=, )"(\w+)"(?=,| FROM)|[-/] "(\w+)"')
_FILTER = re.compile(r'"\w+" (=~|!~|!=|=|<=|<|>) (?=\'|/|[0-9t])|"\w+" - \d+ (<=|>) ')
_TURNED = {"=~": "!~", "!~": "=~", "=": "!=", "!=": "=", "<": ">", ">": "<", "<=": ">"}


Expectations = Mapping[str, Callable[[View], Expected]]
Readers = list[tuple[Range, Values]]


@dataclass(frozen=True)
class Lived:
    """A world and the database it stands in."""

    world: Any
    influx: Influx


def plain(board: Board) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / board.folder / f"{board.slug}.json").read_text(encoding="utf-8"))
    return found


def values_of(lived: Lived, board: Board, choice: dict[str, Any], span: Range) -> Values:
    """The board's variables, asked one after another, each with what was chosen before."""
    values = Values()
    for variable in plain(board)["templating"]["list"]:
        name = variable["name"]
        values.all_values[name] = variable.get("allValue", "")
        if variable["type"] == "query":
            rows = lived.influx.rows(expand(variable["query"], values, span, 1_000))
            values.options[name] = tuple(sorted(row["value"] for row in rows))
            values.chosen[name] = choice.get(name, ALL if variable.get("includeAll") else values.options[name][0])
        else:
            values.chosen[name] = choice.get(name, variable["query"])
    return values


def asked(
    lived: Lived, board: Board, readers: Readers, panels: Expectations, annotations: Expectations
) -> Iterator[tuple[str, View, list[str], Expected]]:
    """(panel or annotation, view, its queries as the database gets them, what they must answer)."""
    board_plain = plain(board)
    for span, values in readers:
        for panel, shown in zip(board.panels, board_plain["panels"], strict=True):
            if panel.key not in panels:
                continue
            own = span.of_panel(shown)
            view = View(lived.world, values, own, own.interval_ms(shown))
            queries = [expand(target["query"], values, own, view.interval_ms) for target in shown["targets"]]
            yield panel.key, view, queries, panels[panel.key](view)
        for one, shown in zip(
            board.annotations if annotations else (), board_plain["annotations"]["list"], strict=bool(annotations)
        ):
            view = View(lived.world, values, span, 1_000)
            query = expand(shown["target"]["query"], values, span, 1_000)
            yield f"annotation {one.key}", view, [query], annotations[one.key](view)


def wrong(rows: list[Row], expected: Any) -> str:
    return expected(rows) if callable(expected) else difference(rows, expected)


def variants(query: str, fields: list[str], tags: list[str]) -> Iterator[str]:
    """A query asked wrongly: each field another one, each filter turned round."""
    for found in _FIELDS.finditer(query):
        group = next(number for number in range(1, 5) if found[number])
        name = found[group]
        if name in fields or name in tags:
            others = [one for one in (fields if name in fields else tags) if one != name]
            if query[: found.start(group)].endswith('count("'):
                others = []  # rows are counted: any field that each of them has counts the same
            for other in [*others[:1], *others[-1:], "nothing_of_that_name"]:
                yield query[: found.start(group)] + other + query[found.end(group) :]
    for found in _FILTER.finditer(query):
        group = 1 if found[1] else 2
        yield query[: found.start(group)] + _TURNED[found[group]] + query[found.end(group) :]


_KNOWN: dict[tuple[int, str], tuple[list[str], list[str]]] = {}


def _columns(lived: Lived, measurement: str) -> tuple[list[str], list[str]]:
    """Fields and tags of a measurement."""
    key = (id(lived), measurement)
    if key not in _KNOWN:
        fields = [row["fieldKey"] for row in lived.influx.rows(f"SHOW FIELD KEYS FROM {measurement}")]
        tags = [row["tagKey"] for row in lived.influx.rows(f"SHOW TAG KEYS FROM {measurement}")]
        _KNOWN[key] = (fields, tags)
    return _KNOWN[key]


def answered_wrongly(lived: Lived, found: Iterator[tuple[str, View, list[str], Expected]]) -> list[str]:
    """What is wrong: each answer that is not what it must be, and each query of which no reader saw anything."""
    told: list[str] = []
    seen: dict[str, bool] = {}
    for key, view, queries, expected in found:
        if len(queries) != len(expected):
            told.append(f"{key} asks {len(queries)} queries, of which {len(expected)} are expected")
        for place, (query, wanted) in enumerate(zip(queries, expected, strict=False)):
            rows = lived.influx.rows(query)
            seen[f"{key} {place}"] = seen.get(f"{key} {place}", False) or bool(rows)
            if what := wrong(rows, wanted):
                told.append(f"{key} query {place} over {view.span}: {what}\n{query}")
    return told + [
        f"{name}: no reader saw anything here, it proves nothing" for name, is_shown in seen.items() if not is_shown
    ]


def not_found_out(lived: Lived, found: Iterator[tuple[str, View, list[str], Expected]]) -> tuple[int, dict[Any, str]]:
    """How many wrong queries were asked, and those whose answer nobody could tell from the right one."""
    caught: dict[tuple[str, int, int], bool] = {}
    texts: dict[tuple[str, int, int], str] = {}
    for key, _, queries, expected in found:
        for place, (query, wanted) in enumerate(zip(queries, expected, strict=True)):
            measurement = re.findall(r'FROM ("[^(]*?)(?: WHERE|\))', query)[-1]
            for number, variant in enumerate(variants(query, *_columns(lived, measurement))):
                name = (key, place, number)
                if not caught.get(name):
                    texts[name] = variant
                    answer = lived.influx.tried(variant)
                    caught[name] = answer is None or bool(wrong(answer, wanted))
    return len(caught), {name: texts[name] for name, is_found in caught.items() if not is_found}


def columns_missing(lived: Lived, board: Board, readers: Readers, keys: Collection[str]) -> dict[str, set[str]]:
    """Columns that overrides of tables name and no answer has."""
    missing: dict[str, set[str]] = {}
    for span, values in readers:
        for panel, shown in zip(board.panels, plain(board)["panels"], strict=True):
            if panel.kind != "table" or panel.key not in keys:
                continue
            own = span.of_panel(shown)
            columns: set[str] = set()
            for target in shown["targets"]:
                for one in lived.influx.series(expand(target["query"], values, own, own.interval_ms(shown))):
                    columns |= {"Time" if name == "time" else name for name in one["columns"]} | one.get(
                        "tags", {}
                    ).keys()
            named = {override["matcher"]["options"] for override in shown["fieldConfig"]["overrides"]}
            missing[panel.key] = missing.get(panel.key, named) & (named - columns)
    return {key: names for key, names in missing.items() if names}
