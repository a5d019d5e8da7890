"""A fleet that lives through a day in seconds, faults on demand, through broker and every room, to a ticket list that is scored."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from boilerwatch.ledger import open_ledger
from boilerwatch.settings import load
from tests.servers import mosquitto

pytestmark = pytest.mark.real

MAIN = [sys.executable, "-m", "boilerwatch.cli.main"]
FAULTS = ("burst_leak:boiler-1:litres_per_day=60,in_s=7200", "lockout_code:boiler-3:in_s=14400")


def run_fleet(folder: Path, desk: Path) -> None:
    """Simulate from yesterday as fast as it goes, until the desk has a running response clock for each fault."""
    start = (datetime.now(UTC) - timedelta(hours=20)).isoformat(timespec="seconds")
    words = ["--boilers", "6", "--start", start, "--interval", "60", "--truth", "truth.csv", "--settings", "b.toml"]
    with subprocess.Popen(
        [*MAIN, "simulate", *words, *(word for fault in FAULTS for word in ("--fault", fault))], cwd=folder
    ) as live:
        until = time.monotonic() + 60
        while len(reported(desk)) < len(FAULTS):
            assert time.monotonic() < until, f"tickets after a minute: {reported(desk)}"
            time.sleep(0.2)
        live.send_signal(signal.SIGTERM)
        assert live.wait(30) == 0


def reported(desk: Path) -> list[str]:
    found = httpx.get(f"{desk.read_text().strip()}api/tickets", timeout=5).json()
    return [one["boiler"] for one in found if any(clock["name"] == "response" for clock in one["obligations"])]


def test_every_fault_of_a_live_fleet_has_its_ticket_its_cause_and_its_clock(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        (tmp_path / "b.toml").write_text(f'[data]\ndir = "{tmp_path}/var"\n[mqtt]\nport = {port}\n[desk]\nport = 0\n')
        settings = load(tmp_path / "b.toml")
        desk = settings.data.dir / "desk.url"
        made = [
            *MAIN,
            "simulate",
            "--boilers",
            "6",
            "--seconds",
            "0.2",
            "--settings",
            "b.toml",
            "--register",
            "fleet.csv",
        ]
        subprocess.run(made, cwd=tmp_path, check=True)
        subprocess.run([*MAIN, "fleet", "import", "fleet.csv", "--settings", "b.toml"], cwd=tmp_path, check=True)
        with subprocess.Popen([*MAIN, "run", "--settings", "b.toml"], cwd=tmp_path) as rooms:
            try:
                until = time.monotonic() + 60
                ledger = open_ledger(settings)
                while not (desk.exists() and ledger.position() > 0):  # it listens
                    assert time.monotonic() < until
                    time.sleep(0.1)
                ledger.close()
                run_fleet(tmp_path, desk)
            finally:
                rooms.send_signal(signal.SIGTERM)
                rooms.wait(30)
        scored = [*MAIN, "score-tickets", "truth.csv", "--settings", "b.toml", "--json", "score.json"]
        subprocess.run(scored, cwd=tmp_path, check=True)
    made_of = json.loads((tmp_path / "score.json").read_text())
    counts = {name: count for name, count in made_of["counts"].items() if count}
    assert counts == {"failures": 2, "right_boiler": 2, "right_chain": 2, "right_problem": 2, "right_clock": 2}, made_of
    assert {one["fault"]["boiler"] for one in made_of["failures"]} == {"boiler-0001", "boiler-0003"}
    assert all(one["fault"]["arrived_ms"] > one["fault"]["failure_ms"] for one in made_of["failures"])
