"""The demo, as a user starts it: a page with tickets that come from findings, and nothing left behind."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from alerting.database import open_database
from alerting.tables import TICKET
from boilerwatch.clock import SYSTEM
from boilerwatch.demo.history import live_through, record
from boilerwatch.journal import FINDINGS
from boilerwatch.journal.opening import folder_of
from boilerwatch.settings import DataSettings, Settings
from simulators.dataset import Order

pytestmark = pytest.mark.real


@contextlib.contextmanager
def demo(folder: Path, *more: str) -> Iterator[tuple[str, str]]:
    """Run the demo; its address, and what it said before."""
    words = ["demo", "--data", str(folder), "--boilers", "40", *more]
    command = [sys.executable, "-m", "boilerwatch.cli.main", *words]
    with (folder.parent / "said").open("w+") as said, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=said, text=True
    ) as running:  # fmt: skip
        try:
            assert running.stdout is not None
            address = next(line for line in running.stdout if line.startswith("http://")).strip()
            yield address, (folder.parent / "said").read_text()
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(15) == 0
    mine = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False)
    assert mine.stdout == ""


def numbers(address: str) -> set[int]:
    return {int(one) for one in re.findall(r"/tickets/(\d+)", httpx.get(address, timeout=10).text)}


def test_the_demo_shows_tickets_goes_on_with_its_data_and_starts_anew_when_told(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with demo(folder, "--port", "0") as (address, said):
        assert address.startswith("http://127.0.0.1:")
        assert "simulating 40 boilers" in said
        page = httpx.get(address, timeout=10)
        assert page.status_code == 200
        first = numbers(address)
        assert len(first) >= 2
        assert "工单" in httpx.get(address, cookies={"language": "zh"}, timeout=10).text
        assert httpx.get(f"{address}tickets/1", timeout=10).status_code == 200
        assert httpx.get(f"{address}tickets/1/chart.svg", timeout=20).text.startswith("<?xml")
        assert httpx.get(f"{address}boilers/nobody", timeout=10).status_code == 404
        assert "✓" in httpx.get(f"{address}ledger", timeout=10).text
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(folder, "--port", str(port)) as (address, said):
            assert "simulating" not in said
            assert numbers(address) >= first
            assert address != f"http://127.0.0.1:{port}/"
    mark = folder / "mark"
    mark.touch()
    with demo(folder, "--port", "0", "--fresh") as (address, said):
        assert "simulating 40 boilers" in said
        assert not mark.exists()


def test_tickets_of_the_past_come_from_findings_and_from_nothing_else(tmp_path: Path) -> None:
    now_ms = SYSTEM.now_ms()
    order = Order(30, 10, 7, now_ms / 1000 - 10 * 86_400, faults=0.7)
    settings = Settings(data=DataSettings(dir=tmp_path / "with"))
    record(settings, order, lambda _: None)
    without = Settings(data=DataSettings(dir=tmp_path / "without"))
    shutil.copytree(settings.data.dir, without.data.dir)
    shutil.rmtree(folder_of(without, FINDINGS))
    for one in (settings, without):
        live_through(one, round(order.start_s * 1000), now_ms)
    assert _tickets(settings) > 2
    assert _tickets(without) == 0


def _tickets(settings: Settings) -> int:
    engine = open_database(settings)
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(TICKET)).scalar_one()
    engine.dispose()
    return int(count)
