"""Panels and rules that show how rooms run, on a real InfluxDB that the rooms themselves filled, and Prometheus's names."""

import os
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from boilerwatch.metrics import Rooms
from boilerwatch.settings import DataSettings, Settings, StoreSettings
from grafana.alerts import RULES, Rule, data_of
from grafana.spec import Board
from tests.grafana.answers import Influx
from tests.grafana.asking import (
    BOARDS,
    Lived,
    Readers,
    answered_wrongly,
    asked,
    columns_missing,
    not_found_out,
    plain,
    values_of,
    variants,
    wrong,
)
from tests.grafana.expansion import Range, Values, expand, relative
from tests.grafana.expected import running
from tests.grafana.expected.registry import PROMETHEUS, RUNNING
from tests.grafana.expected.view import Expected, View
from tests.grafana.way import build

pytestmark = pytest.mark.real
each_running = pytest.mark.parametrize("board", [BOARDS[uid] for uid in RUNNING], ids=lambda board: board.slug)


@pytest.fixture(scope="module")
def ran(influx_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    store = StoreSettings(
        kind="influx", url=influx_url, database="way", retention_days=36_500, quarter_days=0, snapshot_days=36_500
    )
    way = build(tmp_path_factory.mktemp("way"), store)
    influx = Influx(influx_url, "way")
    yield Lived(way, influx)
    influx.close()


def readers(ran: Lived, board: Board) -> Readers:
    own = relative(board.since, ran.world.end_ms)
    return [(own, values_of(ran, board, choice, own)) for choice in ({}, {"region": "county"}, {"site": "south"})]


def found(ran: Lived, board: Board):
    return asked(ran, board, readers(ran, board), RUNNING[board.uid], {})


@each_running
def test_every_query_answers_what_rooms_did(ran: Lived, board: Board) -> None:
    assert answered_wrongly(ran, found(ran, board)) == []


@each_running
def test_another_field_or_a_turned_filter_is_found_out(ran: Lived, board: Board) -> None:
    count, left = not_found_out(ran, found(ran, board))
    assert left == {}, "\n".join(f"{name}: {text}" for name, text in left.items())
    assert count > 5


def test_columns_that_overrides_name_are_in_the_answers(ran: Lived) -> None:
    for uid, panels in RUNNING.items():
        assert columns_missing(ran, BOARDS[uid], readers(ran, BOARDS[uid]), panels.keys()) == {}


def _fires(value: float, beyond: str, limits: tuple[float, ...]) -> bool:
    return {"gt": value > limits[0], "lt": value < limits[0], "outside_range": not limits[0] <= value <= limits[-1]}[
        beyond
    ]


def asked_of_rules(ran: Lived) -> Iterator[tuple[Rule, str, Expected, bool]]:
    """(rule, its query, what it must answer, whether it must fire) at the end, and when the books are wrong."""
    way = ran.world
    for at_ms in (way.end_ms, way.bent_ms):
        for rule in RULES:
            span = Range(at_ms - rule.window_s * 1000, at_ms)
            view = View(way, Values(), span, 10_000)
            known = running.rules(view) if at_ms == way.end_ms else running.bent_rules()
            if rule.uid in known:
                yield rule, expand(data_of(rule)[0]["model"]["query"], Values(), span, 10_000), *known[rule.uid]


def test_every_rule_asks_for_what_is_true_and_fires_when_it_says(ran: Lived) -> None:
    for rule, query, expected, fires in asked_of_rules(ran):
        rows = ran.influx.rows(query)
        assert not wrong(rows, expected[0]), (rule.uid, query)
        (value,) = [value for name, value in rows[0].items() if name != "time"]
        assert _fires(value, rule.beyond, rule.limits) == fires, rule.uid


def test_a_rule_that_asks_for_another_field_or_room_is_found_out(ran: Lived) -> None:
    fields = [row["fieldKey"] for row in ran.influx.rows('SHOW FIELD KEYS FROM "pipeline"')]
    caught: dict[tuple[str, int], bool] = {}
    for rule, query, expected, _ in asked_of_rules(ran):
        for number, variant in enumerate(variants(query, [*fields, "left_s", "due_at_ms"], ["room"])):
            answer = ran.influx.tried(variant)
            is_found = answer is None or bool(wrong(answer, expected[0]))
            caught[rule.uid, number] = caught.get((rule.uid, number), False) or is_found
    assert [name for name, is_found in caught.items() if not is_found] == []
    assert len(caught) > 20


def test_rules_fire_when_nothing_is_told(ran: Lived) -> None:
    """After the rooms stopped there are no rows: what that means is set for each rule."""
    quiet = Range(ran.world.bent_ms + 3_600_000, ran.world.bent_ms + 7_200_000)
    for rule in RULES:
        assert ran.influx.rows(expand(data_of(rule)[0]["model"]["query"], Values(), quiet, 10_000)) == []
    assert {rule.uid: rule.no_data for rule in RULES} == {
        "bw-pipeline-silent": "Alerting", "bw-ledger-unbalanced": "OK", "bw-detectors-late": "Alerting", "bw-alerting-late": "Alerting",
        "bw-breach-imminent": "OK",
    }  # fmt: skip


class _Room:
    restarts = 3

    def __init__(self, pid: int | None) -> None:
        self._pid = pid

    def pid(self) -> int | None:
        return self._pid


def test_what_prometheus_is_asked_for_is_what_we_tell_it(tmp_path) -> None:
    registry = CollectorRegistry()
    registry.register(
        Rooms(Settings(data=DataSettings(dir=tmp_path)), {"collector": _Room(os.getpid()), "storing": _Room(None)})
    )
    told = {
        (sample.name, sample.labels.get("room")): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }
    by = {panel.key: panel for panel in BOARDS["bw-pipeline"].panels if panel.key in PROMETHEUS["bw-pipeline"]}
    names = {key: panel.targets[0].query for key, panel in by.items()}
    assert [told[str(names["up"]), room] for room in ("collector", "storing")] == [1, 0]
    assert told[str(names["restarts"]), "storing"] == 3
    assert told[str(names["memory"]), "collector"] > 10_000_000
    shown = {panel["title"]: panel for panel in plain(BOARDS["bw-pipeline"])["panels"]}
    for key, panel in by.items():
        (target,) = shown[panel.title.en]["targets"]
        assert (target["expr"], target["legendFormat"]) == (names[key], "{{room}}")
