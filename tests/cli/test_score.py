"""`score` from a shell: figures, picture, and a sentence for what cannot be scored."""

import json
import sys
from pathlib import Path

import pytest

from boilerwatch.cli.main import main

DAY = "2026-01-{:02d}T00:00:00Z"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("truth.csv").write_text(
        f"boiler,kind,onset,failure,repaired\nb-1,slow_leak,{DAY.format(6)},{DAY.format(16)},\n"
    )
    finding = {
        "id": "b-1-slow_leak-1", "boiler": "b-1", "site": "s", "kind": "slow_leak", "problem": "low_water_pressure",
        "chain": "water", "severity": "warning", "state": "raised", "raised_at": DAY.format(12), "evidence_at": DAY.format(12),
        "received_at": DAY.format(12), "confidence": 0.9, "values": {}, "detector": "slow_leak@1",
    }  # fmt: skip
    code = finding | {
        "id": "b-2-lockout_code-1", "boiler": "b-2", "kind": "lockout_code", "problem": "fan_fault", "chain": "air",
        "severity": "critical", "values": {"code": "F.32"},
    }  # fmt: skip
    Path("findings.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (finding, code)))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str, command: str = "score") -> int:
    monkeypatch.setattr(sys, "argv", ["boilerwatch", command, *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_figures_come_as_a_table_json_and_a_picture(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("findings.jsonl", "truth.csv", "--boiler-days", "2000", "--json", "s.json")
    assert run(monkeypatch, *words, "--plot", "a.svg") == 0
    assert run(monkeypatch, *words, "--plot", "b.svg") == 0
    shown = capsys.readouterr().out
    assert "slow_leak" in shown
    assert "100.0%" in shown
    assert "codes were believed" in shown
    figures = json.loads(Path("s.json").read_text())
    assert figures["gradual"]["lead_median_h"] == 96
    assert (figures["false"], figures["outcomes"]) == (0, {"code": 1, "right": 1})
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()
    assert b"Slow leak (1/1)" in Path("a.svg").read_bytes()


def test_readings_tell_the_days_watched_and_the_codes_really_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        {"boiler": b, "site": "s", "ts": DAY.format(d), "flow_temp_c": 40} for d in (6, 26) for b in ("b-1", "b-2")
    ]
    Path("readings.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert run(monkeypatch, "findings.jsonl", "truth.csv", "--readings", "readings.jsonl", "--json", "s.json") == 0
    figures = json.loads(Path("s.json").read_text())
    assert (figures["boiler_days"], figures["false"], figures["false_per_1000"]) == (40, 1, 25)
    assert [one["id"] for one in figures["false_findings"]] == ["b-2-lockout_code-1"]


def test_what_a_data_set_says_of_itself_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [["b-2", "F.32", DAY.format(11), None]]
    Path("dataset.json").write_text(json.dumps({"boiler_days": 500, "codes": shown}))
    assert run(monkeypatch, "findings.jsonl", "truth.csv", "--json", "s.json") == 0
    figures = json.loads(Path("s.json").read_text())
    assert (figures["boiler_days"], figures["outcomes"]["code"]) == (500, 1)


def test_without_any_the_days_are_estimated_and_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("fleet.csv").write_text("boiler,site\nb-1,s\nb-2,s\nb-3,s\n")
    assert run(monkeypatch, "findings.jsonl", "truth.csv", "--register", "fleet.csv") == 0
    assert "score: 30 boiler-days are estimated" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("none.jsonl", "truth.csv"), "none.jsonl cannot be read"),
        (("findings.jsonl", "none.csv"), "none.csv cannot be read"),
        (("truth.csv", "truth.csv"), "truth.csv, line 1: this is not JSON"),
        (("findings.jsonl", "truth.csv", "--plot", "s.gif"), "ends in .svg or .png"),
        (("findings.jsonl", "truth.csv", "--json", "no/s.json"), "no/s.json cannot be written"),
        (("findings.jsonl", "truth.csv", "--readings", "none"), "none cannot be read"),
        (("findings.jsonl", "truth.csv", "--register", "none"), "none cannot be read"),
    ],
)
def test_what_cannot_be_scored_is_a_sentence(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    assert run(monkeypatch, *words) == 2
    assert sentence in capsys.readouterr().err


def test_a_broken_description_of_a_data_set_is_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("dataset.json").write_text('{"boiler_days": 1}')
    assert run(monkeypatch, "findings.jsonl", "truth.csv") == 2
    assert "is no description of a data set" in capsys.readouterr().err


def test_tickets_in_a_file_are_scored(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ticket = {
        "id": 7, "boiler": "b-1", "site": "s", "chain": "water", "problem": "low_water_pressure", "kind": "slow_leak",
        "severity": "critical", "state": "open", "opened_at_ms": 1_768_176_000_000,
        "obligations": [{"name": "response", "started_at_ms": 1_768_521_602_000, "due_at_ms": 0, "met_at_ms": None}],
    }  # fmt: skip
    Path("tickets.json").write_text(json.dumps([ticket]))
    assert run(monkeypatch, "truth.csv", "--tickets", "tickets.json", "--json", "t.json", command="score-tickets") == 0
    assert "+2.0 s" in capsys.readouterr().out
    assert json.loads(Path("t.json").read_text())["counts"]["right_clock"] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("none.csv",), "none.csv cannot be read"),
        (("truth.csv", "--tickets", "none"), "none cannot be read"),
        (("truth.csv", "--tickets", "truth.csv"), "truth.csv is no list of tickets"),
        (("truth.csv", "--tickets", "empty.json", "--json", "no/t.json"), "no/t.json cannot be written"),
    ],
)
def test_tickets_that_cannot_be_scored_are_a_sentence(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    Path("empty.json").write_text("[]")
    assert run(monkeypatch, *words, command="score-tickets") == 2
    assert sentence in capsys.readouterr().err
