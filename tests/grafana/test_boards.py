"""What stands in the committed files: equal to what is built, complete, without overlap, and every link leads somewhere."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from typer.testing import CliRunner

from alerting.desk.boiler_view import grafana_link
from boilerwatch.cli.main import app
from boilerwatch.errors import InputError
from grafana.alerts import RULES
from grafana.boards.registry import boards
from grafana.build import files, write
from grafana.document import documented, drawings
from grafana.folders import FOLDERS
from grafana.spec import BOILER_UID, Board
from grafana.words import LANGUAGES, STATES, Language

ROOT = Path(__file__).parents[2] / "grafana"
BOARDS = {board.uid: board for board in boards()}
PLAIN: dict[str, dict[str, Any]] = {
    board.uid: json.loads((ROOT / "dashboards" / board.folder / f"{board.slug}.json").read_text(encoding="utf-8"))
    for board in BOARDS.values()
}
each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.slug)


def test_the_committed_files_are_what_is_built() -> None:
    wanted = files()
    committed = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in ("dashboards", "provisioning")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert sorted(committed) == sorted(wanted)
    assert [name for name in wanted if committed[name] != wanted[name]] == []


def test_build_rewrites_a_checkout_and_says_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no checkout"):
        CliRunner().invoke(app, ["grafana", "build"], catch_exceptions=False)
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana" / "build.py").touch()
    assert "11 files written" in CliRunner().invoke(app, ["grafana", "build"], catch_exceptions=False).output
    assert "as it should be" in CliRunner().invoke(app, ["grafana", "build"], catch_exceptions=False).output
    for name, body in files().items():
        assert (tmp_path / "grafana" / name).read_bytes() == body


@pytest.mark.parametrize("words", [["--language", "zh"], ["--desk", "https://desk.example"]])
def test_another_language_or_desk_goes_elsewhere(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--out DIR"):
        CliRunner().invoke(app, ["grafana", "build", *words], catch_exceptions=False)
    CliRunner().invoke(app, ["grafana", "build", *words, "--out", str(tmp_path)], catch_exceptions=False)
    wall = json.loads((tmp_path / "dashboards" / "viewer" / "wall.json").read_text(encoding="utf-8"))
    assert (wall["title"] == "监控大屏") == ("zh" in words)


def test_an_unknown_language_is_a_sentence() -> None:
    with pytest.raises(InputError, match="known: en, zh"):
        CliRunner().invoke(app, ["grafana", "build", "--language", "fr"], catch_exceptions=False)


def test_what_is_no_longer_made_goes_and_what_others_made_stays(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "dashboards" / "viewer" / "old.json").write_text('{"uid": "bw-old"}')
    (tmp_path / "dashboards" / "viewer" / "theirs.json").write_text('{"uid": "x"}')
    changed = write(tmp_path)
    assert [path.name for path in changed] == ["old.json"]
    assert (tmp_path / "dashboards" / "viewer" / "theirs.json").exists()


@each_board
def test_a_board_has_what_grafana_needs(board: Board) -> None:
    plain = PLAIN[board.uid]
    assert plain["schemaVersion"] == 42
    assert plain["id"] is None
    assert (plain["uid"], plain["title"]) == (board.uid, board.title.en)
    assert len(plain["uid"]) <= 40
    assert plain["description"]
    assert board.folder in FOLDERS
    assert len({panel.key for panel in board.panels}) == len(board.panels)


@each_board
def test_every_panel_says_what_it_answers_in_which_unit(board: Board) -> None:
    for panel in PLAIN[board.uid]["panels"]:
        assert panel["title"], panel
        assert panel["description"].strip().endswith((".", "?", "flood."))
        if panel["type"] == "text":
            continue
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["noValue"]
        assert panel["targets"]
        assert panel["datasource"]["uid"] in ("bw-influx", "bw-prometheus")


@each_board
def test_panels_stand_on_the_grid_and_none_on_another(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PLAIN[board.uid]["panels"]:
        at = panel["gridPos"]
        assert 0 <= at["x"] <= at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in PLAIN[board.uid]["panels"]}) == len(board.panels)


def _links(plain: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (override["matcher"]["options"], link["url"])
        for panel in plain["panels"]
        for override in panel.get("fieldConfig", {}).get("overrides", [])
        for one in override["properties"]
        if one["id"] == "links"
        for link in one["value"]
    ]


@each_board
def test_every_link_leads_to_a_board_or_to_the_desk(board: Board) -> None:
    for column, url in _links(PLAIN[board.uid]):
        found = re.fullmatch(r"/d/([a-z-]+)/([a-z-]+)\?(.*)", url)
        if found is None:
            assert url in ("${desk}/tickets/${__value.raw}", "${desk}/boilers/${boiler}"), url
            continue
        assert BOARDS[found[1]].slug == found[2]
        assert "${__url_time_range}" in found[3]
        variables = {variable.name for variable in BOARDS[found[1]].variables}
        assert set(re.findall(r"var-(\w+)=", found[3])) <= variables
        assert (column == "boiler") == (found[1] == BOILER_UID)


#: Rows that are of no boiler, ticket or site: counts by detector and by kind.
_SUMS = ("Detectors' record", "What was found here")


@each_board
def test_every_row_of_a_table_leads_to_the_boiler_and_the_ticket(board: Board) -> None:
    linked = {"boiler": f"/d/{BOILER_UID}/", "ticket": "${desk}/tickets/"}
    for panel in PLAIN[board.uid]["panels"]:
        if panel["type"] != "table":
            continue
        asked = " ".join(target["query"] for target in panel["targets"])
        links = dict(_links({"panels": [panel]}))
        for column, address in linked.items():
            shown = re.search(rf'(SELECT|,) "{column}"[, ]|GROUP BY [^)]*"{column}"|, "{column}", \d+\)', asked)
            if shown and not (column == "boiler" and board.uid == BOILER_UID):
                assert links.get(column, "").startswith(address), (panel["title"], column)
        assert links or panel["title"] in _SUMS, panel["title"]


@pytest.mark.parametrize("language", LANGUAGES)
@each_board
def test_overrides_name_series_that_are_there_in_either_language(board: Board, language: Language) -> None:
    states = {look.value for look in STATES}
    for panel in json.loads(files(language)[f"dashboards/{board.folder}/{board.slug}.json"])["panels"]:
        aliases = {target.get("alias") for target in panel.get("targets", [])}
        known = (states if "$tag_state" in aliases else set()) | aliases
        named = {one["matcher"]["options"] for one in panel.get("fieldConfig", {}).get("overrides", [])}
        if panel["type"] in ("stat", "timeseries", "piechart", "state-timeline"):
            assert named <= known, panel["title"]


def test_true_and_false_are_shown_and_time_is_not() -> None:
    shown = {panel["title"]: panel for panel in PLAIN["bw-pipeline"]["panels"]}
    fields = shown["Ledger balances"]["options"]["reduceOptions"]["fields"].strip("/")
    assert re.match(fields, "Balances")
    assert not re.match(fields, "Time")
    assert shown["Ledger, so far"]["options"]["reduceOptions"]["fields"] == ""


def test_the_desk_links_to_the_board_of_a_boiler() -> None:
    link = grafana_link("http://grafana", "b-1", 1, 2)
    board = BOARDS[BOILER_UID]
    assert f"/d/{board.uid}/{board.slug}?" in link
    assert set(re.findall(r"var-(\w+)=", link)) <= {variable.name for variable in board.variables}


def test_the_wall_never_touches_raw_readings() -> None:
    queries = [target["query"] for panel in PLAIN["bw-wall"]["panels"] for target in panel["targets"]]
    assert len(queries) > 15
    assert not [query for query in queries if re.search(r'FROM "?boiler"?[ )]', query)]


@each_board
def test_variables_chain_and_are_used(board: Board) -> None:
    plain = PLAIN[board.uid]
    known = [variable["name"] for variable in plain["templating"]["list"]]
    for place, variable in enumerate(plain["templating"]["list"]):
        if variable["type"] == "query":
            assert re.search(r" LIMIT \d+$", variable["query"]), variable["name"]
            used = re.findall(r"\$\{(\w+):regex\}", variable["query"])
            assert set(used) <= set(known), (variable["name"], used)
            assert variable["name"] not in used
            assert all(one in known[:place] for one in used)
    text = json.dumps([plain["panels"], plain["annotations"]]) + json.dumps(
        [v["query"] for v in plain["templating"]["list"]]
    )
    for name in known:
        assert f"${{{name}" in text or name == "desk", (board.slug, name)
    for used in set(re.findall(r"\$\{(\w+)[:}]", text)) - set(known):
        assert used.startswith("__"), used


def test_rules_say_what_no_data_and_errors_mean_and_why() -> None:
    plain = yaml.safe_load((ROOT / "provisioning" / "alerting" / "rules.yaml").read_text(encoding="utf-8"))
    (group,) = plain["groups"]
    assert group["folder"] == FOLDERS["alerts"].title.en
    assert len(group["rules"]) == len(RULES) == 5
    for rule in group["rules"]:
        assert rule["noDataState"] in ("Alerting", "OK", "NoData")
        assert rule["execErrState"] in ("Alerting", "OK", "Error")
        assert rule["annotations"]["no_data_and_error"]
        assert rule["condition"] == rule["data"][-1]["refId"]
        assert rule["labels"]["board"] in BOARDS
        refs = [step["refId"] for step in rule["data"]]
        for before, step in zip(refs, rule["data"][1:], strict=False):
            assert step["model"]["expression"] == before


def test_no_secret_stands_in_a_file() -> None:
    plain = yaml.safe_load((ROOT / "provisioning" / "datasources" / "boilerwatch.yaml").read_text(encoding="utf-8"))
    for source in plain["datasources"]:
        assert all(value.startswith("$") for value in source.get("secureJsonData", {}).values())


def test_provisioned_folders_are_those_of_the_roles() -> None:
    plain = yaml.safe_load((ROOT / "provisioning" / "dashboards" / "boilerwatch.yaml").read_text(encoding="utf-8"))
    assert {(one["folderUid"], one["folder"]) for one in plain["providers"]} == {
        (shelf.uid, shelf.title.en) for name, shelf in FOLDERS.items() if name != "alerts"
    }


def test_the_document_tells_and_draws_every_panel() -> None:
    docs = ROOT.parent / "docs"
    text = (docs / "grafana.md").read_text(encoding="utf-8")
    assert documented(text) == text
    assert {path.name for path in (docs / "boards").iterdir()} == {f"{board.slug}.svg" for board in BOARDS.values()}
    for name, body in drawings().items():
        assert (docs / name).read_bytes() == body, name
        assert name in text
        ET.fromstring(body)
    assert all(panel.title.en in text for board in BOARDS.values() for panel in board.panels)


def test_compose_mounts_what_is_built_and_sets_what_the_files_ask_for() -> None:
    plain = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    grafana = plain["services"]["grafana"]
    mounts = dict(one.split(":")[:2] for one in grafana["volumes"])
    assert mounts["./dashboards"] == "/etc/grafana/boilerwatch/dashboards"
    assert mounts["./provisioning"] == "/etc/grafana/provisioning"
    providers = yaml.safe_load((ROOT / "provisioning" / "dashboards" / "boilerwatch.yaml").read_text(encoding="utf-8"))
    for one in providers["providers"]:
        below = one["options"]["path"].removeprefix(mounts["./dashboards"])
        assert (ROOT / f"dashboards{below}").is_dir()
    asked = set(
        re.findall(r"\$(BOILERWATCH_\w+)", (ROOT / "provisioning" / "datasources" / "boilerwatch.yaml").read_text())
    )
    assert asked == grafana["environment"].keys()
