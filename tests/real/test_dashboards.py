"""Every query of the committed boards and rules on a real InfluxDB that a fleet filled through the real chain.

What each must answer is computed beside the store (`tests/grafana/expected/`). Each query is also asked wrongly, with a
field or a filter swapped, and then must not answer the same.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from boilerwatch.settings import StoreSettings
from grafana.spec import Board
from tests.grafana.answers import Influx
from tests.grafana.asking import BOARDS, Lived, answered_wrongly, asked, columns_missing, not_found_out, values_of
from tests.grafana.expansion import ALL, Range, Values, relative
from tests.grafana.expected.registry import ANNOTATIONS, PANELS, PROMETHEUS, RUNNING
from tests.grafana.expected.view import DAY_MS, HOUR_MS, Expected, View
from tests.grafana.world import END_MS, build, pages

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

FLEET = int(os.environ.get("BOILERWATCH_TEST_FLEET", "1000"))
OTHER = os.environ.get("BOILERWATCH_TEST_INFLUX", "")
TOKEN = os.environ.get("BOILERWATCH_TEST_INFLUX_TOKEN", "")


@pytest.fixture(scope="module", params=["debian", *(["named"] if OTHER else [])])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    is_other = request.param == "named"
    url = OTHER if is_other else request.getfixturevalue("influx_url")
    store = StoreSettings(
        kind="influx", url=url, database="dashboards", retention_days=36_500, quarter_days=0, snapshot_days=36_500,
        token=TOKEN if is_other else "",
    )  # type: ignore[arg-type]  # fmt: skip
    world = build(tmp_path_factory.mktemp("fleet"), store, FLEET)
    influx = Influx(url, "dashboards", TOKEN if is_other else "")
    yield Lived(world, influx)
    influx.close()
    world.engine.dispose()


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
        # The few come first: what is found out with them need not be asked of many.
        choices = [(own, {"region": "city", "site": tuple(some), "boiler": three}), (own, {"region": "unknown"})]
        choices += [(own, {"site": some[0]}), (own, {"region": "county", "find": "boiler-00"})]
    else:
        part = Range(END_MS - 5 * HOUR_MS, END_MS)
        choices = [
            (own, {}),
            (own, {"region": "county"}),
            (own, {"region": "unknown"}),
            (own, {"region": "city", "site": some[0]}),
            (part, {"site": tuple(some)}),
        ]
    return [(span, values_of(lived, board, choice, span)) for span, choice in choices]


each_with_history = pytest.mark.parametrize("board", [BOARDS[uid] for uid in PANELS], ids=lambda board: board.slug)
each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.slug)


@each_board
def test_every_panel_has_an_expectation(board: Board) -> None:
    mine, running = PANELS.get(board.uid, {}), RUNNING.get(board.uid, {})
    assert {
        panel.key for panel in board.panels if panel.kind != "text"
    } == mine.keys() | running.keys() | PROMETHEUS.get(board.uid, set())
    assert not mine.keys() & running.keys()
    assert {one.key for one in board.annotations} == ANNOTATIONS.get(board.uid, {}).keys()


def mine(lived: Lived, board: Board) -> Iterator[tuple[str, View, list[str], Expected]]:
    return asked(lived, board, readers(lived, board), PANELS[board.uid], ANNOTATIONS.get(board.uid, {}))


@each_with_history
def test_every_query_answers_what_is_true(lived: Lived, board: Board) -> None:
    assert answered_wrongly(lived, mine(lived, board)) == []


@each_with_history
def test_a_query_that_asks_for_another_field_or_turns_a_filter_is_found_out(lived: Lived, board: Board) -> None:
    count, left = not_found_out(lived, mine(lived, board))
    assert left == {}, "\n".join(f"{name}: {text}" for name, text in left.items())
    assert count > 40


@each_board
def test_variables_list_what_the_register_holds_and_who_speaks_without_it(lived: Lived, board: Board) -> None:
    register = lived.world.register
    for _, values in readers(lived, board):
        assert set(values.options["region"]) == {row["region"] for row in register.values()}
        regions = set(values.taken("region"))
        placed = {boiler: row for boiler, row in register.items() if row["region"] in regions}
        assert set(values.options["site"]) == {row["site"] for row in placed.values()}
        if "model" in values.options:
            mine = {boiler: row for boiler, row in placed.items() if row["site"] in values.taken("site")}
            assert set(values.options["model"]) == {row["model"] for row in mine.values()} - {""}
            models = {*values.taken("model"), ""} if values.chosen["model"] == ALL else set(values.taken("model"))
            ids = sorted(
                b for b, row in mine.items() if row["model"] in models and b.startswith(str(values.chosen["find"]))
            )
            assert list(values.options["boiler"]) == ids[:500]


def test_columns_that_overrides_name_are_in_the_answers(lived: Lived) -> None:
    for uid, panels in PANELS.items():
        assert columns_missing(lived, BOARDS[uid], readers(lived, BOARDS[uid]), panels.keys()) == {}
