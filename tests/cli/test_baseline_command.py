"""`boilerwatch baseline` from a shell: a table is learned and told, a model that does not fit is refused."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.recordings import TRAIN_ROWS
from boilerwatch.cli.main import main
from tests.cli.test_commands import run
from tests.detectors.test_baseline import table

pytestmark = pytest.mark.slow

NAMES = tuple("abcdef")


def recording(path: Path, *, faulty: slice | None = slice(600, 800), every: bool = False) -> Path:
    """Write a table with a time, a truth and six columns, of which one is off while the truth says so."""
    values, truth = table(3), np.zeros(1000, int)
    if faulty is not None:
        truth[faulty] = 1
        values[faulty, slice(None) if every else slice(2, 3)] += 8 * values.std(axis=0)[slice(None) if every else 2]
    with path.open("w", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(["datetime", *NAMES, "anomaly"])
        for i, row in enumerate(values):
            out.writerow([f"2026-01-05 00:{i // 60:02d}:{i % 60:02d}", *row, truth[i]])
    return path


def learned(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    recording(folder / "t.csv")
    return run("baseline", "fit", "t.csv", "--without", "anomaly", "--out", "m.skops", *words, cwd=folder)


def test_a_fault_in_a_table_is_told_and_scored_against_the_truth(tmp_path: Path) -> None:
    done = learned(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "400 rows of 6 columns learned" in done.stderr
    done = run("baseline", "score", "m.skops", "t.csv", "--truth", "anomaly", "--out", "s.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "s.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1000 - TRAIN_ROWS
    assert (rows[0]["row"], rows[0]["time"]) == ("401", "2026-01-05T00:06:40Z")
    odd = np.array([row["odd"] == "1" for row in rows])
    assert odd[205:395].all()
    assert odd[:195].mean() < 0.05
    assert rows[300]["columns"].split()[0] == "c"
    f1 = 2 * odd[200:400].sum() / (odd.sum() + 200)
    assert f"F1 {f1:.3f}" in done.stdout
    assert "a faulty stretch was told after" in done.stdout
    assert "stretches" in done.stdout


def test_rows_of_another_table_are_all_scored_and_only_the_columns_learned(tmp_path: Path) -> None:
    assert learned(tmp_path, "--columns", "a,c", "--rows", "300").returncode == 0
    recording(tmp_path / "u.csv")
    lines = (tmp_path / "u.csv").read_text().splitlines()
    (tmp_path / "u.csv").write_text("\n".join([lines[0], *lines[401:601]]) + "\n")
    done = run("baseline", "score", "m.skops", "u.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "of 200 rows are odd" in done.stdout


def test_a_model_retires_says_so_and_is_refused_from_then_on(tmp_path: Path) -> None:
    assert learned(tmp_path).returncode == 0
    done = run("baseline", "score", "m.skops", "t.csv", "--serviced", "2026-01-06", cwd=tmp_path)
    assert done.returncode == 2
    assert "m.skops is retired: the boiler was repaired" in done.stderr
    done = run("baseline", "score", "m.skops", "t.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "m.skops is retired: the boiler was repaired" in done.stderr
    assert "boilerwatch baseline fit" in done.stderr


def test_a_process_that_became_another_retires_its_model(tmp_path: Path) -> None:
    assert learned(tmp_path).returncode == 0
    recording(tmp_path / "t.csv", faulty=slice(600, 1000), every=True)
    done = run("baseline", "score", "m.skops", "t.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert "m.skops is retired from now on: nearly all rows of late are odd" in done.stderr
    assert run("baseline", "score", "m.skops", "t.csv", cwd=tmp_path).returncode == 2


def test_a_boilers_readings_are_learned_and_told(tmp_path: Path) -> None:
    order = ("--boilers", "2", "--days", "3", "--seed", "3", "--faults", "0")
    assert run("dataset", *order, "--out", "d", cwd=tmp_path).returncode == 0
    with (tmp_path / "d" / "fleet.csv").open() as file:
        boiler = next(csv.DictReader(file))["boiler"]
    words = ("d/readings.jsonl.gz", "--boiler", boiler)
    done = run("baseline", "fit", *words, "--out", "m.skops", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = run("baseline", "score", "m.skops", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rows are odd" in done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and tables that cannot be used."""
    folder = tmp_path_factory.mktemp("bad")
    assert learned(folder).returncode == 0
    (folder / "short.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    (folder / "flat.csv").write_text("a1\n" + "1\n" * 500)
    (folder / "words.csv").write_text("a1\n" + "x\n" * 500)
    lines = (folder / "t.csv").read_text().splitlines()
    (folder / "first.csv").write_text("\n".join(lines[:401]) + "\n")
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit", "none.csv", "--out", "m"), "none.csv cannot be read"),
        (("fit", "t.csv", "--out", "m", "--rate", "0.7"), "--rate 0.7"),
        (("fit", "t.csv", "--out", "m", "--columns", "q"), "has no column of numbers q"),
        (("fit", "t.csv", "--out", "no/m"), "no/m cannot be written"),
        (("fit", "short.csv", "--out", "m"), "has 3 rows"),
        (("fit", "flat.csv", "--out", "m"), "no column has two different values"),
        (("fit", "words.csv", "--out", "m"), "has no column of numbers to learn"),
        (("score", "t.csv", "t.csv"), "t.csv is no learned baseline"),
        (("score", "m.skops", "flat.csv"), "flat.csv has no column of numbers a, b, c, d, e, f"),
        (("score", "m.skops", "t.csv", "--truth", "fault"), "has no column of numbers fault"),
        (("score", "m.skops", "t.csv", "--serviced", "soon"), "--serviced 'soon'"),
        (("score", "m.skops", "t.csv", "--boiler", "b-2"), "has no column `boiler`"),
        (("score", "m.skops", "first.csv"), "none follow"),
        (("score", "m.skops", "t.csv", "--out", "no/s.csv"), "no/s.csv cannot be written"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_2(
    folder: Path,
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["boilerwatch", "baseline", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err.replace("\n", " ")
