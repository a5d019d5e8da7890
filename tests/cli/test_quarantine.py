"""`quarantine list|show|replay`, as a person types it."""

import subprocess
import sys
from pathlib import Path

import pytest

from boilerwatch.cli.quarantine import printable
from boilerwatch.clock import ManualClock
from collector.quarantine import Quarantine, Refusal
from tests.collector.offline import Collector

T0_MS = 1_800_000_000_000


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "boilerwatch.cli.main", "quarantine", *words], cwd=cwd, capture_output=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept = Quarantine(tmp_path / "var" / "quarantine.sqlite")
    kept.add(
        [Refusal(T0_MS, b"boilers/s/b 1/telemetry", b"\x1b[2J\xff{", "bad topic: not ours"),
         Refusal(T0_MS + 60_000, b"boilers/s/b 2/telemetry", b"{}", "bad topic: not ours"),
         Refusal(T0_MS, b"boilers/s/b-1/telemetry", '{"水压'.encode(), "not JSON: [red]x"),
         Refusal(T0_MS, b"boilers/s/b-1/telemetry", b"x" * 70_000, "not JSON: y")]
    )  # fmt: skip
    kept.close()
    return tmp_path


def test_reasons_with_counts_and_the_newest(folder: Path) -> None:
    said = run("list", cwd=folder).stdout.decode()
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines() if "│" in line]
    assert cells == [["bad topic", "2", "2027-01-15T08:01:00Z", "2"], ["not JSON", "2", "2027-01-15T08:00:00Z", "4"]]
    said = run("list", "--reason", "not JSON", cwd=folder).stdout.decode()
    assert "[red]x" in said
    assert "水压" in said
    assert "bad topic" not in said


def test_one_payload_never_steers_the_terminal(folder: Path) -> None:
    said = run("show", "1", cwd=folder).stdout.decode()
    assert "\x1b" not in said
    assert r"payload  \x1b[2J\xff{" in said
    assert "topic    boilers/s/b 1/telemetry" in said
    assert run("show", "1", "--raw", cwd=folder).stdout == b"\x1b[2J\xff{"
    assert "of which the first 64 KiB are kept" in run("show", "4", cwd=folder).stdout.decode()
    assert printable(b"a\tb\r\n") == r"a\tb\r\n"


def test_without_a_collector_it_waits_for_one(folder: Path) -> None:
    done = run("replay", "1", "3", "--wait", "0", cwd=folder)
    assert done.returncode == 0
    assert b"2 wait for the collector" in done.stdout
    assert Quarantine(folder / "var" / "quarantine.sqlite").waiting() == [1, 3]


def test_with_one_it_tells_what_came_of_it(folder: Path) -> None:
    done = subprocess.Popen(
        [sys.executable, "-m", "boilerwatch.cli.main", "quarantine", "replay", "--reason", "bad topic", "--wait", "60"],
        cwd=folder, stdout=subprocess.PIPE,
    )  # fmt: skip
    collector = Collector(folder / "var", ManualClock(T0_MS + 120_000))
    while done.poll() is None:
        collector.take()
    collector.close()
    assert done.stdout is not None
    said = done.stdout.read().decode()
    done.stdout.close()
    assert said.startswith("0 read, 2 refused again\n")
    assert "1: bad topic: not boilers/" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "9"), "quarantine holds no number 9"),
        (("replay", "9"), "quarantine holds no number 9"),
        (("replay",), "say which: numbers, --reason, or --all"),
        (("replay", "1", "--all"), "say which"),
        (("replay", "4"), "payload 4 was kept cut short"),
        (("list", "--reason", "bad topik"), "did you mean 'bad topic'?"),
        (("replay", "--reason", "zzz"), "known: bad topic, not JSON"),
    ],
)
def test_a_wrong_word_is_a_sentence(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = run(*words, cwd=folder)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_nothing_there_is_said(tmp_path: Path) -> None:
    assert run("list", cwd=tmp_path).stdout == b"nothing is in quarantine\n"
    assert run("replay", "--all", cwd=tmp_path).stdout == b"nothing is in quarantine\n"
    assert run("show", "1", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "var").exists()
