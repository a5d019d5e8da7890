"""`grafana push` on a server that holds every request against Grafana's documented API."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from boilerwatch.cli.main import app
from boilerwatch.errors import GrafanaError, SettingsError
from grafana.boards.registry import boards
from grafana.folders import FOLDERS, TEAMS
from tests.grafana.grafana_server import TOKEN, Fault, Grafana, serving
from tests.servers import free_port

PAGE = "<!doctype html><html><body>Sign in to the company's proxy</body></html>"


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with serving() as found:
        yield found


@pytest.fixture
def settings(tmp_path: Path, grafana: Grafana, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOILERWATCH_GRAFANA__TOKEN", TOKEN)
    path = tmp_path / "b.toml"
    path.write_text(
        f'[store]\nkind = "influx"\nusername = "grafana"\npassword = "s3cret"\n[grafana]\nurl = "{grafana.url}"\n'
        '[desk]\npublic_url = "https://desk.example"\n'
    )
    return path


def push(settings: Path, *words: str) -> str:
    return (
        CliRunner().invoke(app, ["grafana", "push", "--settings", str(settings), *words], catch_exceptions=False).output
    )


def test_everything_stands_there_and_a_second_push_writes_nothing(grafana: Grafana, settings: Path) -> None:
    said = push(settings)
    assert grafana.wrong == []
    assert sorted(grafana.boards) == sorted(board.uid for board in boards())
    assert {uid: one["title"] for uid, one in grafana.folders.items()} == {s.uid: s.title.en for s in FOLDERS.values()}
    assert sorted(grafana.teams.values()) == sorted(TEAMS)
    assert grafana.sources["bw-influx"]["jsonData"]["dbName"] == "boilerwatch"
    assert grafana.secrets["bw-influx"] == {"password": "s3cret"}
    assert len(grafana.groups["bw-alerts", "boilerwatch"]["rules"]) == 5
    assert "https://desk.example" in str(grafana.boards["bw-wall"]["dashboard"]["templating"])
    numbers = {name: number for number, name in grafana.teams.items()}
    assert grafana.permissions["bw-engineer"] == [
        {"role": "Admin", "permission": 4}, {"teamId": numbers["boilerwatch engineers"], "permission": 2},
    ]  # fmt: skip
    assert TOKEN not in said
    assert "s3cret" not in said
    grafana.asked.clear()
    assert "everything is as it should be" in push(settings)
    assert grafana.written == []


def test_a_dry_run_says_what_would_change_and_changes_nothing(grafana: Grafana, settings: Path) -> None:
    said = push(settings, "--dry-run", "--diff")
    assert "would create dashboard Wall" in said
    assert "would create alert rules boilerwatch" in said
    assert '+ "title": "Wall"' in said
    assert "s3cret" not in said
    assert grafana.written == []


def test_only_what_differs_is_written_and_shown(grafana: Grafana, settings: Path) -> None:
    push(settings)
    grafana.boards["bw-wall"]["dashboard"]["title"] = "My wall"
    grafana.permissions["bw-noc"].append({"role": "Viewer", "permission": 2})
    grafana.permissions["bw-noc"].append({"userId": 7, "permission": 1})
    grafana.asked.clear()
    said = push(settings, "--diff")
    assert '- "title": "My wall"' in said
    assert [path for _, path in grafana.written] == ["/api/dashboards/db", "/api/folders/bw-noc/permissions"]
    assert grafana.boards["bw-wall"]["dashboard"]["title"] == "Wall"
    assert {"userId": 7, "permission": 1} in grafana.permissions["bw-noc"], "what people granted by hand stays"
    assert not any(one.get("role") == "Viewer" for one in grafana.permissions["bw-noc"])


def test_contact_points_are_examples_that_people_change(grafana: Grafana, settings: Path) -> None:
    push(settings)
    grafana.contacts["bw-example-mail"]["settings"]["addresses"] = "us@example.org"
    push(settings)
    assert grafana.contacts["bw-example-mail"]["settings"]["addresses"] == "us@example.org"


def test_secrets_are_sent_again_when_asked(grafana: Grafana, settings: Path) -> None:
    push(settings)
    settings.write_text(settings.read_text().replace("s3cret", "newer"))
    assert "as it should be" in push(settings)
    assert "change data source boilerwatch" in push(settings, "--secrets")
    assert grafana.secrets["bw-influx"] == {"password": "newer"}


def test_chinese_titles_and_a_grafana_below_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOILERWATCH_GRAFANA__TOKEN", TOKEN)
    with serving("/grafana") as below:
        path = tmp_path / "b.toml"
        path.write_text(f'[store]\nkind = "influx"\n[desk]\ngrafana_url = "{below.url}/"\n')
        push(path, "--language", "zh")
        assert below.boards["bw-wall"]["dashboard"]["title"] == "监控大屏"
        assert below.wrong == []


def test_somebody_else_s_change_in_between_is_told_and_not_written_over(grafana: Grafana, settings: Path) -> None:
    push(settings)
    grafana.boards["bw-shift"]["dashboard"]["title"] = "Ours"
    grafana.faults.append(
        Fault("POST", "/api/dashboards/db", 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"})
    )  # fmt: skip
    with pytest.raises(GrafanaError, match=r"save dashboard Shift.*version-mismatch.*--overwrite"):
        push(settings)
    assert grafana.boards["bw-shift"]["dashboard"]["title"] == "Ours"


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, {"message": "Invalid API key"}, r"does not know this token: make a service account"),
        (403, {"message": "Access denied"}, r"the token may not read its organisation .*role Admin"),
        (
            503,
            {"message": "database is locked"},
            r"is in trouble \(503\) and did not read its organisation: database is locked",
        ),
        (502, PAGE, r"is a page and not Grafana's API \(status 502"),
        (200, PAGE, r"is a page and not Grafana's API"),
        (404, PAGE, r"is a page and not Grafana's API"),
        (400, {"message": "no"}, r"refused to read its organisation \(400\): no"),
    ],
)
def test_each_wrong_answer_becomes_a_sentence(
    grafana: Grafana, settings: Path, status: int, body: object, sentence: str
) -> None:
    grafana.faults.append(Fault("GET", "/api/org", status, body))
    with pytest.raises(GrafanaError, match=sentence):
        push(settings)
    assert grafana.written == []


def test_a_grafana_that_is_away_or_has_no_token_is_a_sentence(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    settings.write_text(f'[store]\nkind = "influx"\n[grafana]\nurl = "http://127.0.0.1:{port}"\ntimeout_s = 1\n')
    with pytest.raises(GrafanaError, match=f"http://127.0.0.1:{port} does not answer") as caught:
        push(settings)
    assert caught.value.retryable
    monkeypatch.delenv("BOILERWATCH_GRAFANA__TOKEN")
    with pytest.raises(SettingsError, match="there is no token"):
        push(settings)
    settings.write_text('[store]\nkind = "influx"\n[grafana]\ntoken = "x"\n')
    with pytest.raises(SettingsError, match="must be Grafana's address"):
        push(settings)
    settings.write_text(f'[grafana]\nurl = "http://127.0.0.1:{port}"\ntoken = "x"\n')
    with pytest.raises(SettingsError, match='kind is "sqlite"'):
        push(settings)


WRITES = (
    ("POST", "/api/teams", 2), ("POST", "/api/datasources", 1), ("POST", "/api/folders", 2), ("POST", "/api/dashboards/db", 1),
    ("POST", "/api/dashboards/db", 3), ("POST", "/api/dashboards/db", 7), ("POST", "/api/folders/bw-noc/permissions", 1),
    ("POST", "/api/v1/provisioning/contact-points", 2), ("PUT", "/api/v1/provisioning/folder/.*", 1),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "nth"), WRITES)
@pytest.mark.parametrize("there_before", [False, True])
def test_a_push_that_fails_in_the_middle_leaves_no_half_folder(
    grafana: Grafana, settings: Path, method: str, path: str, nth: int, there_before: bool
) -> None:
    if there_before:  # an older state: other titles, other permissions, fewer things
        push(settings)
        for one in grafana.boards.values():
            one["dashboard"]["title"] += " of old"
        for uid in grafana.permissions:
            grafana.permissions[uid] = [{"role": "Admin", "permission": 4}, {"role": "Viewer", "permission": 1}]
        grafana.folders["bw-noc"]["title"] = "Old"
        grafana.groups["bw-alerts", "boilerwatch"]["rules"].pop()
        grafana.sources["bw-influx"]["url"] = "http://elsewhere"
        for gone in (grafana.teams, grafana.contacts):
            gone.clear()
    before = copy.deepcopy(grafana.state())
    grafana.faults.append(Fault(method, path, 500, {"message": "disk full"}, nth))
    if there_before and path == "/api/folders":
        grafana.faults[0] = Fault("PUT", "/api/folders/bw-noc", 500, {"message": "disk full"})
    if there_before and path == "/api/datasources":
        grafana.faults[0] = Fault("PUT", "/api/datasources/uid/bw-influx", 500, {"message": "disk full"})
    with pytest.raises(GrafanaError, match=r"disk full; (\d+ changes before it were taken back|nothing was changed)$"):
        push(settings)
    assert grafana.state() == before
    assert grafana.wrong == []
    push(settings)
    assert "as it should be" in push(settings)


def test_what_cannot_be_taken_back_is_named(grafana: Grafana, settings: Path) -> None:
    grafana.faults += [
        Fault("POST", "/api/dashboards/db", 500, {"message": "disk full"}, 2),
        Fault("DELETE", "/api/dashboards/uid/.*", 500, {"message": "disk full"}, 1),
    ]
    with pytest.raises(GrafanaError, match="not taken back, push again: dashboard Wall"):
        push(settings)
