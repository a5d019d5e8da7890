"""Commands typed right and wrong: a sentence and an exit code, never a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "boilerwatch.cli.main", *words], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_dataset_and_replay_work_without_settings_and_equal_arguments_give_equal_files(tmp_path: Path) -> None:
    order = ("--boilers", "6", "--days", "6", "--seed", "3", "--faults", "0.9")
    assert run("dataset", *order, "--out", "one", cwd=tmp_path).returncode == 0
    assert run("dataset", *order, "--out", "two", cwd=tmp_path).returncode == 0
    for name in ("readings.jsonl.gz", "fleet.csv", "truth.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    done = run(
        "replay", "one/readings.jsonl.gz", "--register", "one/fleet.csv", "--findings", "found.jsonl", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    findings = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text().splitlines()]
    truth = {line.split(",")[0] for line in (tmp_path / "one" / "truth.csv").read_text().splitlines()[1:]}
    assert findings
    assert {one["boiler"] for one in findings} <= truth


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("replay", "none.jsonl", "--findings", "f.jsonl"), 2, "none.jsonl cannot be read"),
        (("tickets", "acknowledge", "1", "--actor", "Li"), 2, "there is no ticket 1"),
        (("tickets", "acknowledge", "1"), 2, "who does this"),
        (("run", "cellar"), 2, "there is no room 'cellar'"),
        (("run", "--settings", "none.toml"), 2, "none.toml cannot be read"),
        (("fleet", "import", "none.csv"), 2, "none.csv cannot be read"),
    ],
)
def test_a_wrong_word_is_a_sentence(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "f.jsonl").exists()


def test_setup_store_can_be_run_again(tmp_path: Path) -> None:
    for _ in range(2):
        done = run("setup", "store", cwd=tmp_path)
        assert done.returncode == 0
        assert done.stdout
