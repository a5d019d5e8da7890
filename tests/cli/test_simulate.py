"""`simulate` typed wrong is a sentence; away from its broker it ends all the same, and writes its register."""

import subprocess
import sys
from pathlib import Path

import pytest

from boilerwatch.register import read_fleet
from tests.servers import free_port


def simulate(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "b.toml").write_text(f"[mqtt]\nport = {free_port()}\n")
    command = [
        sys.executable,
        "-m",
        "boilerwatch.cli.main",
        "simulate",
        "--settings",
        "b.toml",
        "--seconds",
        "0.5",
        *words,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--start", "yesterday"), "neither a date"),
     (("--start", "2199-01-01"), "lies ahead of now"),
     (("--register", "no/where.csv"), "no/where.csv cannot be written")],
)  # fmt: skip
def test_a_wrong_word_is_a_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = simulate(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_broker_it_says_so_and_ends_in_time(tmp_path: Path) -> None:
    done = simulate(
        tmp_path,
        "--boilers",
        "3",
        "--dialect",
        "otgw",
        "--start",
        "2026-01-05",
        "--interval",
        "86400",
        "--register",
        "f.csv",
    )
    assert done.returncode == 0
    assert "otgw tell no time" in done.stderr
    assert "0 published, 0 acknowledged" in done.stderr
    assert "broker_away" in done.stdout
    register = read_fleet(tmp_path / "f.csv")
    assert [boiler.boiler for boiler in register.boilers] == ["boiler-0001", "boiler-0002", "boiler-0003"]
    assert not register.complaints
