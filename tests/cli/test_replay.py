"""`replay` as somebody uses it who tries another limit: what differs, and what is typed wrong."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

T0_MS = 1_767_571_200_000
DAY_MS = 86_400_000
LIMITS = """\
[detectors.limits.slow_leak]
fall_bar = 0.25
[detectors.models.Duo24.limits]
low_bar = 0.6
"""


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "boilerwatch.cli.main", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system that loses 0.044 bar a day until it locks out, as in the guide's one real log."""
    place = tmp_path_factory.mktemp("replay")
    rows = [
        {"boiler": "b-1", "site": "s", "ts": T0_MS + i * 1_800_000, "water_pressure_bar": round(1.6 - 0.044 * i / 48, 2),
         "flow_temp_c": 45.0 + i % 7, "return_temp_c": 40.0 + i % 7}
        for i in range(15 * 48)
    ]  # fmt: skip
    rows.append({"boiler": "b-1", "site": "s", "ts": T0_MS + 15 * DAY_MS, "code": "F.22", "active": True})
    (place / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "fleet.csv").write_text("boiler,site,model,family\nb-1,s,Duo 24,vaillant\n")
    (place / "limits.toml").write_text(LIMITS)
    return place


READ = ("replay", "r.jsonl", "--register", "fleet.csv")


def test_a_changed_limit_is_compared_with_the_present_one_in_one_go_and_with_an_earlier_file(folder: Path) -> None:
    done = run(
        *READ, "--limits", "limits.toml", "--compare", "--changes", "c.csv", "--findings", "new.jsonl", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 later\n")
    assert "of 1 stops foretold" in done.stdout
    assert "[detectors.models.'Duo24'] changes nothing" in done.stderr
    assert "did you mean 'Duo 24'" in done.stderr
    (row,) = csv.DictReader((folder / "c.csv").read_text(encoding="utf-8").splitlines())
    assert (row["what"], row["boiler"], row["kind"]) == ("later", "b-1", "slow_leak")
    assert float(row["hours"]) > 12
    assert run(*READ, "--findings", "old.jsonl", cwd=folder).returncode == 0
    again = run(*READ, "--limits", "limits.toml", "--against", "old.jsonl", "--findings", "n.jsonl", cwd=folder)
    assert again.stdout == done.stdout.replace("; --changes", "")
    same = run(*READ, "--compare", "--findings", "same.jsonl", cwd=folder)
    assert same.stdout == "nothing would have been different\n"
    assert (folder / "same.jsonl").read_bytes() == (folder / "old.jsonl").read_bytes()


def test_what_visits_found_is_counted(folder: Path) -> None:
    assert run(*READ, "--findings", "old.jsonl", cwd=folder).returncode == 0
    leak = next(
        one for one in map(json.loads, (folder / "old.jsonl").read_text().splitlines()) if one["kind"] == "slow_leak"
    )
    (folder / "v.csv").write_text(f"boiler,kind,raised_at,found\nb-1,slow_leak,{leak['raised_at']},refuted\n")
    words = ("--disable", "slow_leak", "--against", "old.jsonl", "--verdicts", "v.csv", "--findings", "n.jsonl")
    done = run(*READ, *words, cwd=folder)
    assert "of 1 findings that visits refuted, 0 would be told; tickets 1 → 0" in done.stdout
    assert "1 → 0" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--disable", "flme"), "there is no detector 'flme'"),
        (("--compare", "--against", "old.jsonl"), "not both"),
        (("--changes", "c.csv"), "need --compare or --against"),
        (("--against", "none.jsonl"), "none.jsonl cannot be read"),
        (("--detector", "none.py"), "none.py cannot be read"),
        (("--limits", "fleet.csv"), "fleet.csv is not TOML"),
        (("--compare", "--verdicts", "fleet.csv"), "fleet.csv, line 2: raised_at None is no time"),
        (("--compare", "--changes", "no/c.csv"), "no/c.csv cannot be written"),
    ],
)
def test_what_is_typed_wrong_is_a_sentence(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = run(*READ, "--findings", "f.jsonl", *words, cwd=folder)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_limit_nobody_has_names_the_nearest(folder: Path) -> None:
    for body, said in (
        ("[detectors.limits.slow_leek]\nfall_bar = 1", "did you mean 'slow_leak'"),
        ("[detectors.limits.slow_leak]\nfall_baar = 1", "did you mean 'fall_bar'"),
        ("[detectors.limits.slow_leak]\nfall_bar = 'much'", "detectors"),
        ("[detectors.limits.slow_leak]\nfall_bar = nan", "finite"),
    ):
        (folder / "wrong.toml").write_text(body)
        done = run(*READ, "--findings", "f.jsonl", "--limits", "wrong.toml", cwd=folder)
        assert done.returncode == 2, body
        assert said in done.stderr
