"""Every query of the committed boards and rules on a real InfluxDB that a fleet filled through the real chain.

What each must answer is computed beside the store (`tests/grafana/expected/`). Each query is also asked wrongly, with a
field or a filter swapped, and then must not answer the same.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from boilerwatch.settings import StoreSettings
from grafana.boards.registry import boards
from grafana.spec import Board
from tests.grafana.answers import Influx, Row, difference
from tests.grafana.expansion import ALL, Range, Values, expand, relative
from tests.grafana.expected.registry import ANNOTATIONS, OF_RUNNING, PANELS
from tests.grafana.expected.view import DAY_MS, HOUR_MS, Expected, View
from tests.grafana.world import END_MS, World, build, pages

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2] / "grafana" / "dashboards"
BOARDS = {board.uid: board for board in boards()}
#: As many as let this file finish in about two minutes of a machine with two free cores.
FLEET = int(os.environ.get("BOILERWATCH_TEST_FLEET", "400"))
OTHER = os.environ.get("BOILERWATCH_TEST_INFLUX", "")
TOKEN = os.environ.get("BOILERWATCH_TEST_INFLUX_TOKEN", "")
_FIELDS = re.compile(r'\(\s*"(\w+)"|(?<=SELECT )"(\w+)"|(?<=, )"(\w+)"(?=,| FROM)|[-/] "(\w+)"')
_FILTER = re.compile(r'"\w+" (=~|!~|!=|=|<=|<|>) (?=\'|/|[0-9t])|"\w+" - \d+ (<=|>) ')
_TURNED = {"=~": "!~", "!~": "=~", "=": "!=", "!=": "=", "<": ">", ">": "<", "<=": ">"}


@dataclass(frozen=True)
class Lived:
    """A world and the database it stands in."""

    world: World
    influx: Influx


@pytest.fixture(scope="module", params=["debian", *(["named"] if OTHER else [])])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    is_other = request.param == "named"
    url = OTHER if is_other else request.getfixturevalue("influx_url")
    store = StoreSettings(
        kind="influx", url=url, database="dashboards", retention_days=36_500, token=TOKEN if is_other else ""
    )  # type: ignore[arg-type]
    world = build(tmp_path_factory.mktemp("fleet"), store, FLEET)
    influx = Influx(url, "dashboards", TOKEN if is_other else "")
    yield Lived(world, influx)
    influx.close()
    world.engine.dispose()


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


def readers(lived: Lived, board: Board) -> list[tuple[Range, Values]]:
    """How a board is looked at: everything in its own range, a part of it, and from later on."""
    world, own = lived.world, relative(board.since, END_MS)
    some = sorted({row["site"] for row in world.register.values() if row["region"] == "city"})[:2]
    if board.uid == "bw-boiler":
        later = Range(END_MS - 10 * DAY_MS, END_MS + 58 * DAY_MS, is_relative=False)
        choices: list[tuple[Range, dict[str, Any]]] = [(own, {"boiler": one, "find": one}) for one in pages(world)]
        choices += [(later, {"boiler": one, "find": one}) for one in list(pages(world))[:2]]
    elif board.uid == "bw-district":
        three = tuple(sorted(boiler for boiler, row in world.register.items() if row["site"] == some[0])[:3])
        choices = [(own, {"site": some[0]}), (own, {"region": "city", "site": tuple(some), "boiler": three})]
        choices.append((own, {"region": "county", "find": "boiler-00"}))
    else:
        part = Range(END_MS - 5 * HOUR_MS, END_MS)
        choices = [
            (own, {}),
            (own, {"region": "county"}),
            (own, {"region": "city", "site": some[0]}),
            (part, {"site": tuple(some)}),
        ]
    return [(span, values_of(lived, board, choice, span)) for span, choice in choices]


def asked(lived: Lived, board: Board) -> Iterator[tuple[str, View, list[str], Expected]]:
    """(panel or annotation, view, its queries as the database gets them, what they must answer)."""
    board_plain = plain(board)
    for span, values in readers(lived, board):
        for panel, shown in zip(board.panels, board_plain["panels"], strict=True):
            if panel.kind == "text" or panel.key in OF_RUNNING.get(board.uid, ()):
                continue
            own = span.of_panel(shown)
            view = View(lived.world, values, own, own.interval_ms(shown))
            queries = [expand(target["query"], values, own, view.interval_ms) for target in shown["targets"]]
            yield panel.key, view, queries, PANELS[board.uid][panel.key](view)
        for one, shown in zip(board.annotations, board_plain["annotations"]["list"], strict=True):
            view = View(lived.world, values, span, 1_000)
            query = expand(shown["target"]["query"], values, span, 1_000)
            yield f"annotation {one.key}", view, [query], ANNOTATIONS[board.uid][one.key](view)


def wrong(rows: list[Row], expected: Any) -> str:
    return expected(rows) if callable(expected) else difference(rows, expected)


each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.slug)


@each_board
def test_every_panel_has_an_expectation(board: Board) -> None:
    known = PANELS[board.uid].keys() | OF_RUNNING.get(board.uid, set())
    assert {panel.key for panel in board.panels if panel.kind != "text"} == known
    assert {one.key for one in board.annotations} == ANNOTATIONS.get(board.uid, {}).keys()


@each_board
def test_every_query_answers_what_is_true(lived: Lived, board: Board) -> None:
    seen: dict[str, bool] = {}
    for key, view, queries, expected in asked(lived, board):
        assert len(queries) == len(expected), key
        for place, (query, wanted) in enumerate(zip(queries, expected, strict=True)):
            rows = lived.influx.rows(query)
            assert not (told := wrong(rows, wanted)), (
                f"{board.slug} {key} query {place} over {view.span}: {told}\n{query}"
            )
            seen[f"{key} {place}"] = seen.get(f"{key} {place}", False) or bool(rows)
    assert [name for name, is_shown in seen.items() if not is_shown] == [], (
        "no reader saw anything here: it proves nothing"
    )


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


@each_board
def test_a_query_that_asks_for_another_field_or_turns_a_filter_is_found_out(lived: Lived, board: Board) -> None:
    """Of each query some reader must see the difference; a reader of nothing sees none."""
    caught: dict[tuple[str, int, int], bool] = {}
    texts: dict[tuple[str, int, int], str] = {}
    for key, _, queries, expected in asked(lived, board):
        for place, (query, wanted) in enumerate(zip(queries, expected, strict=True)):
            measurement = re.findall(r'FROM ("[^(]*?)(?: WHERE|\))', query)[-1]
            fields, tags = _columns(lived, measurement)
            for number, variant in enumerate(variants(query, fields, tags)):
                name = (key, place, number)
                if caught.get(name):
                    continue
                texts[name] = variant
                answer = lived.influx.tried(variant)
                caught[name] = answer is None or bool(wrong(answer, wanted))
    assert [(name, texts[name]) for name, is_found in caught.items() if not is_found] == []
    assert len(caught) > 20 or board.uid == "bw-pipeline"


_KNOWN: dict[tuple[int, str], tuple[list[str], list[str]]] = {}


def _columns(lived: Lived, measurement: str) -> tuple[list[str], list[str]]:
    """Fields and tags of a measurement."""
    key = (id(lived), measurement)
    if key not in _KNOWN:
        fields = [row["fieldKey"] for row in lived.influx.rows(f"SHOW FIELD KEYS FROM {measurement}")]
        tags = [row["tagKey"] for row in lived.influx.rows(f"SHOW TAG KEYS FROM {measurement}")]
        _KNOWN[key] = (fields, tags)
    return _KNOWN[key]


@each_board
def test_variables_list_what_the_register_holds(lived: Lived, board: Board) -> None:
    register = lived.world.register
    for _, values in readers(lived, board):
        assert set(values.options["region"]) == {row["region"] for row in register.values()}
        regions = set(values.taken("region"))
        assert set(values.options["site"]) == {row["site"] for row in register.values() if row["region"] in regions}
        if "model" in values.options:
            mine = {boiler: row for boiler, row in register.items() if row["site"] in values.taken("site")}
            assert set(values.options["model"]) == {row["model"] for row in mine.values()}
            models = set(values.taken("model"))
            ids = sorted(
                b for b, row in mine.items() if row["model"] in models and b.startswith(str(values.chosen["find"]))
            )
            assert list(values.options["boiler"]) == ids[:500]


def test_columns_that_overrides_name_are_in_the_answers(lived: Lived) -> None:
    for board in BOARDS.values():
        missing: dict[str, set[str]] = {}
        for span, values in readers(lived, board):
            for panel, shown in zip(board.panels, plain(board)["panels"], strict=True):
                if panel.kind != "table" or panel.key in OF_RUNNING.get(board.uid, ()):
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
        assert not any(missing.values()), (board.slug, missing)
