"""`simulate` typed wrong is a sentence; away from its broker it ends all the same, and writes its register."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from boilerwatch.cli.simulate import start_s_of
from boilerwatch.errors import InputError
from boilerwatch.register import read_fleet
from tests.servers import free_port

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize(("text", "said"), [("yesterday", "neither a date"), ("2026-01-05T00:00:00", "neither a date")])
def test_a_start_that_is_no_time_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        start_s_of(text, 1_800_000_000.0)


def test_a_start_is_a_day_or_a_time_and_never_ahead_of_now() -> None:
    assert start_s_of("2026-01-05", 1_800_000_000.0) == 1_767_571_200
    assert start_s_of("", 1_800_000_000.0) == 1_800_000_000.0
    with pytest.raises(InputError, match="lies ahead of now"):
        start_s_of("2026-01-05", 1_700_000_000.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--register", "no/where.csv"), "no/where.csv cannot be written"),
        (("--truth", "no/where.csv"), "no/where.csv cannot be written"),
        (("--interval", "often"), "--interval 'often' is neither 0.01 to 86400 seconds nor `own`"),
        (("--interval", "-1"), "--interval '-1' is neither"),
        (("--models", "Steamer"), "--models 'Steamer': there is no such model"),
        (("--dialect", "morse"), "--dialect 'morse': there is no such dialect"),
        (("--start", "2999-01-01"), "lies ahead of now"),
        (("--register", "f.csv", "--fault", "slow_leak:boiler-1:litres_per_day=-3"), "litres_per_day=-3 is impossible"),
        (("--fault", "plate_scale:boiler-1", "--models", "Condens 18 S"), "it makes no hot water"),
    ],
)
def test_a_wrong_word_is_a_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = simulate(tmp_path, *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"b.toml"}


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
        "own",
        "--models",
        "Vitola 160 T",
        "--register",
        "f.csv",
    )
    assert done.returncode == 0
    assert "otgw tell no time" in done.stderr
    assert "0 published, 0 acknowledged" in done.stderr
    assert "broker_away" in done.stdout
    register = read_fleet(tmp_path / "f.csv")
    assert {boiler.model for boiler in register.boilers} == {"Vitola 160 T"}
    assert [boiler.boiler for boiler in register.boilers] == ["boiler-0001", "boiler-0002", "boiler-0003"]
    assert not register.complaints


def test_it_ends_at_once_when_told_to_while_it_makes_up_its_past(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(f"[mqtt]\nport = {free_port()}\n")
    words = ["--settings", "b.toml", "--boilers", "50", "--history", "3000", "--register", "f.csv"]
    command = [sys.executable, "-m", "boilerwatch.cli.main", "simulate", *words]
    with subprocess.Popen(command, cwd=tmp_path) as running:
        while not (tmp_path / "f.csv").exists():
            assert running.poll() is None
            time.sleep(0.05)
        running.terminate()
        assert running.wait(60) == 0  # three thousand days would take a quarter of an hour
