"""The tickets' commands, from opening to the monthly report, and what they say when something does not fit."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerting.database import open_database
from alerting.policy import load_policy
from alerting.taking import take
from boilerwatch.cli.main import app
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import BoilerwatchError
from boilerwatch.settings import load
from boilerwatch.wire import parse_time
from tests.alerting.fleet import finding, lockout

HOUR_MS = 3_600_000


@pytest.fixture
def run(tmp_path: Path) -> "Runner":
    path = tmp_path / "boilerwatch.toml"
    path.write_text(f'[data]\ndir = "{tmp_path}"\n')
    engine = open_database(load(path))
    now_ms = SYSTEM.now_ms() - 1_000
    with engine.begin() as connection:
        take(connection, load_policy(), lockout("b-1", now_ms), now_ms)
        take(connection, load_policy(), finding(id="b-2-slow_leak-1", boiler="b-2", received_at_ms=now_ms), now_ms)
    engine.dispose()
    return Runner(path)


class Runner:
    def __init__(self, settings: Path) -> None:
        self.settings = settings

    def raw(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--settings", str(self.settings)], env={"COLUMNS": "200"})

    def __call__(self, *words: str) -> str:
        result = self.raw(*words)
        assert result.exit_code == 0, result.output
        return result.output

    def refused(self, *words: str) -> str:
        result = self.raw(*words)
        assert isinstance(result.exception, BoilerwatchError)
        assert result.exception.exit_code == 2
        return str(result.exception)


def test_a_ticket_is_worked_from_the_shell_and_counted_in_the_report(run: Runner) -> None:
    assert run("tickets", "list").index("b-1") < run("tickets", "list").index("b-2")
    run("tickets", "acknowledge", "1", "--actor", "Li")
    run("tickets", "assign", "1", "--assignee", "Chen", "--actor", "Li")
    run("tickets", "pause", "1", "--reason", "nobody at home", "--actor", "Li")
    run("tickets", "resume", "1", "--actor", "Li")
    run("tickets", "check-in", "1", "--actor", "Chen")
    run("tickets", "repair", "1", "--problem", "low_water_pressure", "--part", "vessel", "--actor", "Chen")
    said = run("tickets", "close", "1", "--verdict", "confirmed", "--cause", "age", "--actor", "Li")
    assert "is closed" in said
    assert "did not hold" in said  # the code is raised still
    shown = run("tickets", "show", "1")
    assert "people:" in shown
    assert "response: since" in shown
    month = f"{_month()}"
    plain = json.loads(run("report", "--month", month, "--json"))
    assert (plain["opened"], plain["closed"], plain["confirmed"]) == (3, 1, 1)
    assert plain["promises"]["response"] == {"due": 1, "kept": 1, "share": 1.0, "mean_took_s": pytest.approx(1, abs=60)}
    assert "on_site" in run("report", "--month", month)
    run("tickets", "close", "2", "--verdict", "no_fault_found", "--actor", "Li")
    rows = list(csv.DictReader(io.StringIO(run("tickets", "verdicts"))))
    assert [(one["detector"], one["kind"], one["found"]) for one in rows] == [("slow_leak@1", "slow_leak", "refuted")]
    assert rows[0]["boiler"]
    assert parse_time(rows[0]["raised_at"]) > 0


def _month() -> str:
    import datetime as dt
    from zoneinfo import ZoneInfo

    return dt.datetime.fromtimestamp(SYSTEM.now_ms() / 1000, ZoneInfo("Asia/Shanghai")).strftime("%Y-%m")


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("tickets", "acknowledge", "1"), "needs an actor"),
        (("tickets", "acknowledge", "9", "--actor", "Li"), "no ticket 9"),
        (("tickets", "show", "9"), "no ticket 9"),
        (("tickets", "assign", "1", "--actor", "Li"), "technician's name"),
        (("tickets", "close", "1", "--verdict", "maybe", "--actor", "Li"), "no finding of a technician"),
        (("tickets", "diagnose", "1", "--problem", "gremlins", "--actor", "Li"), "is no problem"),
        (("tickets", "pause", "1", "--actor", "Li"), "written reason"),
        (("maintenance", "set", "--reason", "x", "--actor", "Li"), "either --boiler or --site"),
        (
            ("maintenance", "set", "--boiler", "b-1", "--end", "soon", "--reason", "x", "--actor", "Li"),
            "neither a time",
        ),
        (("maintenance", "end", "7", "--actor", "Li"), "no window 7"),
        (("report", "--month", "2026-13"), "not a month"),
        (("report", "--month", "2099-01"), "has not begun"),
        (("handover", "write", "all quiet"), "needs an actor"),
        (("policy", "check", "/nowhere.toml"), "cannot be read"),
        (("notices", "test"), "nobody would be told"),
    ],
)
def test_what_does_not_fit_is_a_sentence_and_exit_code_two(run: Runner, words: tuple[str, ...], word: str) -> None:
    assert word in run.refused(*words)


def test_maintenance_and_the_hand_over_from_the_shell(run: Runner) -> None:
    run("maintenance", "set", "--site", "s", "--end", "2h", "--reason", "yearly service", "--actor", "Chen")
    assert "yearly service" in run("maintenance", "list")
    run("maintenance", "end", "1", "--actor", "Chen")
    assert "over" in run("maintenance", "list")
    run("handover", "write", "watch b-2 tonight", "--actor", "Li")
    shown = run("handover", "show")
    assert "watch b-2 tonight" in shown
    assert "opened 2" in shown


def test_a_policy_is_compared_before_it_is_put_in_place(run: Runner, tmp_path: Path) -> None:
    text = Path("alerting/policy.toml").read_text(encoding="utf-8")
    path = tmp_path / "policy.toml"
    path.write_text(text.replace('version = "1"', 'version = "2"').replace("city_h = 2.0", "city_h = 1.5"))
    assert "1.5" in run("policy", "check", str(path))
    said = run("policy", "diff", str(path))
    assert "would move 1 deadlines" in said
    assert "on_site" in said
    before = run("tickets", "show", "1")
    assert "policy 2" not in before
    run.settings.write_text(run.settings.read_text() + f'[alerting]\npolicy = "{path}"\n')
    from alerting.adopt import adopt

    engine = open_database(load(run.settings))
    policy = load_policy(path)
    assert (adopt(engine, policy, SYSTEM.now_ms()), adopt(engine, policy, SYSTEM.now_ms())) == (2, 0)
    engine.dispose()
    assert "(policy 2)" in run("tickets", "show", "1")
    assert "would move 0 deadlines" in run("policy", "diff")


@pytest.mark.parametrize(
    ("change", "word"),
    [(("target_h = 1.0", "target_h = 0"), "more than 0"), (("warn_share = 0.75", "warn_share = 7"), "between 0 and 1"),
     (("boilers = 5", "boilers = 1"), "at least 2"), (("city_h", "town_h"), "not a policy")],
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_named(run: Runner, tmp_path: Path, change: tuple[str, str], word: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(Path("alerting/policy.toml").read_text(encoding="utf-8").replace(*change))
    assert word in run.refused("policy", "check", str(path))
