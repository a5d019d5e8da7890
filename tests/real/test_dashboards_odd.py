"""Boards over odd stores: an empty one; one boiler whose id has every character, without a pressure sensor, over a change of clocks."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from alerting.export.exporter import Exporter
from alerting.service import Alerting
from boilerwatch.demo.history import append_readings, register
from boilerwatch.ledger import open_ledger
from boilerwatch.settings import DataSettings, Settings, StoreSettings
from boilerwatch.store.influx import InfluxStore
from collector import storing
from detectors import service as detecting
from grafana.alerts import RULES, data_of
from grafana.boards.registry import boards
from grafana.spec import Board
from tests.grafana.answers import Influx, Row
from tests.grafana.asking import Lived, plain, values_of
from tests.grafana.expansion import ALL, Range, Values, expand, relative
from tests.servers import free_port

pytestmark = pytest.mark.real
NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
ZONE_FROM_MS = 1_793_505_600_000  # 2026-11-01T04:00Z, midnight in New York; that day has 25 hours
HOUR_MS, DAY_MS, STEP_MS = 3_600_000, 86_400_000, 300_000
END_MS = ZONE_FROM_MS + 3 * DAY_MS
each_board = pytest.mark.parametrize("board", boards(), ids=lambda board: board.slug)


def answers(influx: Influx, board: Board, values: Values, span: Range) -> Iterator[tuple[str, list[Row]]]:
    """(panel or annotation, what its queries answer); an error of the database fails the test."""
    shown = plain(board)
    for panel, one in zip(board.panels, shown["panels"], strict=True):
        own = span.of_panel(one)
        for target in one.get("targets", []):
            if "query" in target:
                yield panel.key, influx.rows(expand(target["query"], values, own, own.interval_ms(one)))
    for one in shown["annotations"]["list"]:
        yield one["name"], influx.rows(expand(one["target"]["query"], values, span, 1_000))


@pytest.fixture(scope="module")
def empty(influx_url: str) -> Iterator[Influx]:
    store = InfluxStore(
        StoreSettings(url=influx_url, database="empty", retention_days=36_500, quarter_days=0, snapshot_days=36_500)
    )
    store.setup()
    store.close()
    influx = Influx(influx_url, "empty")
    yield influx
    influx.close()


@each_board
def test_an_empty_database_gives_no_data_and_no_error(empty: Influx, board: Board) -> None:
    span = relative(board.since, END_MS)
    values = Values()
    for variable in plain(board)["templating"]["list"]:
        values.all_values[variable["name"]] = variable.get("allValue", "")
        values.options[variable["name"]] = ()
        values.chosen[variable["name"]] = ALL if variable.get("includeAll") else ""
        if variable["type"] == "query":
            assert empty.rows(expand(variable["query"], values, span, 1)) == []
    assert [key for key, rows in answers(empty, board, values, span) if rows] == []


def test_an_empty_database_lets_rules_say_what_no_data_means(empty: Influx) -> None:
    for rule in RULES:
        query = data_of(rule)[0]["model"]["query"]
        assert empty.rows(expand(query, Values(), Range(END_MS - 60_000, END_MS), 10_000)) == []


def test_a_database_that_is_away_is_an_error_whose_meaning_each_rule_sets() -> None:
    influx = Influx(f"http://127.0.0.1:{free_port()}", "away")
    with pytest.raises(httpx.ConnectError):
        influx.rows("SHOW DATABASES")
    influx.close()
    assert {rule.uid: rule.error for rule in RULES}["bw-pipeline-silent"] == "Alerting"
    assert all(rule.error in ("Alerting", "Error") for rule in RULES), (
        "no trouble of the database is ever shown as well"
    )


@pytest.fixture(scope="module")
def odd(influx_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder: Path = tmp_path_factory.mktemp("odd")
    store = StoreSettings(
        kind="influx", url=influx_url, database="odd", retention_days=36_500, quarter_days=0, snapshot_days=36_500
    )
    settings = Settings(data=DataSettings(dir=folder / "var"), store=store)
    (folder / "fleet.csv").write_text(
        f"boiler,site,region,model,family,time_zone\n{NAME},{NAME},county,\"a/b (c) [d].e+f*?|^$ 'g'\",vaillant,America/New_York\n"
    )
    with gzip.open(folder / "readings.jsonl.gz", "wt") as file:
        for at in range(ZONE_FROM_MS, END_MS, STEP_MS):
            on = at // STEP_MS % 2 == 0
            line = {
                "site": NAME,
                "boiler": NAME,
                "ts": at,
                "flow_temp_c": 50 + on,
                "flame_on": on,
                "burner_starts": at // STEP_MS // 2,
            }
            file.write(json.dumps(line) + "\n")
            if at == END_MS - 2 * HOUR_MS:
                file.write(
                    json.dumps({"site": NAME, "boiler": NAME, "ts": at, "code": "F.28 'x'", "active": True}) + "\n"
                )
    influx_store = InfluxStore(store)
    influx_store.setup()
    register(settings, folder / "fleet.csv", ZONE_FROM_MS)
    append_readings(settings, folder / "readings.jsonl.gz")
    detecting.drain(settings)
    storing.drain(settings)
    alerting, ledger = Alerting(settings), open_ledger(settings)
    exporter = Exporter(alerting.engine, alerting.policy, influx_store, ledger, lambda: (0, 0.0))
    for at in (ZONE_FROM_MS, END_MS):
        while alerting.step(at):
            pass
        exporter.turn(at)
    for room in (alerting, ledger, influx_store):
        room.close()
    influx = Influx(influx_url, "odd")
    yield Lived(settings, influx)
    influx.close()


def test_one_boiler_with_every_character_is_found_by_all_of_its_variables(odd: Lived) -> None:
    board = next(one for one in boards() if one.uid == "bw-boiler")
    values = values_of(odd, board, {"find": NAME[:40]}, relative("now-7d", END_MS))
    assert values.taken("boiler") == (NAME,)
    assert values.taken("site") == (NAME,)
    assert values.options["model"] == ("a/b (c) [d].e+f*?|^$ 'g'",)
    values = values_of(odd, board, {"model": values.options["model"]}, relative("now-7d", END_MS))
    assert values.taken("boiler") == (NAME,), "a model's name is escaped"


@each_board
def test_every_query_takes_it_and_gives_no_pressure_where_there_is_no_sensor(odd: Lived, board: Board) -> None:
    span = relative(board.since, END_MS)
    values = values_of(odd, board, {}, span)
    by: dict[str, list[Row]] = {}
    for key, rows in answers(odd.influx, board, values, span):
        by.setdefault(key, []).extend(rows)
    if board.uid == "bw-boiler":
        assert (by["pressure"], by["loss"], by["crossing"]) == ([], [], [])
        assert by["temperatures"]
        assert [row["code"] for row in by["codes"]] == ["F.28 'x'"]
        assert by["state"]
    if board.uid == "bw-district":
        (row,) = by["compared"]
        assert (row["cold_bar"], row["lowest_bar"]) == (None, None)
        assert row["flow_c"] == pytest.approx(50.5, abs=0.01)
    if board.uid == "bw-wall":
        assert sum(row["boilers"] for row in by["states"]) == 1
        assert {"latitude"} & {name for row in by["map"] for name in row} == set(), "no coordinates: not on the map"


def test_the_day_on_which_clocks_change_has_twenty_five_hours(odd: Lived) -> None:
    board = next(one for one in boards() if one.uid == "bw-boiler")
    span = relative("now-7d", END_MS)
    by = dict(answers(odd.influx, board, values_of(odd, board, {}, span), span))
    days = {row["time"]: row["hours"] for row in by["flame_hours"]}
    first = ZONE_FROM_MS - ZONE_FROM_MS % DAY_MS
    assert days[first] == pytest.approx(12.5, abs=0.1), "half of 25 hours"
    assert days[first + DAY_MS] == pytest.approx(12, abs=0.1)
    starts = {row["time"]: row["starts"] for row in by["starts"]}
    assert starts[first] == pytest.approx(25 * 6, abs=1)
