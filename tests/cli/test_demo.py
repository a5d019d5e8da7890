"""The demo, as a user starts it: a page with tickets, and nothing left behind."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.real


def test_the_demo_shows_tickets_and_ends_when_told(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "boilerwatch.cli.main",
        "demo",
        "--data",
        str(tmp_path / "demo"),
        "--boilers",
        "40",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            address = next(line for line in demo.stdout if line.startswith("http://")).strip()
            assert address.startswith("http://127.0.0.1:")
            page = httpx.get(address, timeout=10)
            assert page.status_code == 200
            assert page.text.count("/tickets/") >= 2
            chinese = httpx.get(address, cookies={"language": "zh"}, timeout=10).text
            assert "工单" in chinese
            assert httpx.get(f"{address}tickets/1", timeout=10).status_code == 200
            chart = httpx.get(f"{address}tickets/1/chart.svg", timeout=20)
            assert chart.text.startswith("<?xml")
            assert httpx.get(f"{address}boilers/nobody", timeout=10).status_code == 404
            assert "✓" in httpx.get(f"{address}ledger", timeout=10).text
        finally:
            demo.send_signal(signal.SIGTERM)
            assert demo.wait(15) == 0
    mine = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False)
    assert mine.stdout == ""
