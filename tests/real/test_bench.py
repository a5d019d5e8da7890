"""The benches run and say what they found; how fast is not a test's business."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


def test_ingest_is_measured_beside_paho_and_shown_in_the_table(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.table", "--quick", "--only", "ingest"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/sbin:/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert "paho-mqtt, receive and decode only" in done.stdout, done.stderr
    found = json.loads((tmp_path / ".bench" / "ingest.json").read_text())
    assert found["messages"] > 10_000  # behind the first word of each boiler
    assert min(found["cpu_us"], found["paho_cpu_us"]) > 0
    (line,) = json.loads((tmp_path / ".bench" / "table.json").read_text())
    assert line["met"] == (found["cpu_us"] <= found["limit_cpu_us"])
    assert done.returncode == (0 if line["met"] else 1)


def test_a_bench_that_is_none_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.table", "--only", "lunch"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "there is no bench lunch; known: ingest, chain" in done.stderr
