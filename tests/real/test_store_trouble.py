"""A store that answers 4xx or 5xx, hangs, breaks off, or refuses one row: storing waits and catches up, and nothing is lost.

The room is a real process with the real client; the server speaks InfluxDB's HTTP and does what a test tells it.
"""

import json
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from boilerwatch.columns import encode
from boilerwatch.journal import READINGS, NewRow, open_reader, open_writer
from boilerwatch.model import Batch, Source
from boilerwatch.settings import Settings, load

pytestmark = pytest.mark.real

BOILERS, BATCHES = 10, 20


class Influx:
    """What it was sent, and how it answers writes: the next of `script`, or well when there is none left."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.script: list[str] = []
        self.accepted: set[str] = set()
        self.asked: list[str] = []
        influx = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._say(204 if self.path.startswith("/ping") else 200, b'{"results":[{"statement_id":0}]}')

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = zlib.decompress(body, 31) if self.headers.get("Content-Encoding") == "gzip" else body
                if "/write" not in self.path:
                    self.do_GET()
                    return
                lines = [line for line in body.decode().splitlines() if line.startswith("boiler,")]
                what = influx.script.pop(0) if influx.script and lines else ""
                influx.asked.append(what)
                if what == "hang":
                    time.sleep(3)
                elif what == "break":
                    self.wfile.write(b"HTTP/1.1 20")
                    self.close_connection = True
                elif what:
                    self._say(
                        int(what),
                        json.dumps({"code": "x", "message": f"scripted {what}", "error": f"scripted {what}"}).encode(),
                    )
                elif any("boiler=bad," in line for line in lines):
                    self._say(
                        400,
                        b'{"error": "partial write: field type conflict", "code": "invalid", "message": "conflict"}',
                    )
                else:
                    influx.accepted.update(lines)
                    self._say(204, b"")

            def _say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("X-Influxdb-Version", influx.version)
                self.send_header("Content-Length", str(len(body) if status != 204 else 0))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(params=["1.6.7", "1.8.10"])
def influx(request: pytest.FixtureRequest) -> Iterator[Influx]:
    server = Influx(request.param)
    yield server
    server.close()


def installation(folder: Path, url: str, names: list[str]) -> Settings:
    """Settings, and a journal of readings of these boilers."""
    path = folder / "boilerwatch.toml"
    path.write_text(
        f'[data]\ndir = "{folder}/var"\n[store]\nkind = "influx"\nurl = "{url}"\ntimeout_s = 0.5\nrollups = false\n[log]\njson_lines = true\n'
    )
    settings = load(path)
    journal = open_writer(settings, READINGS)
    now_ms = int(time.time() * 1_000)
    for number in range(BATCHES):
        ts = np.full(len(names), now_ms - 60_000 + number * 1_000)
        batch = Batch(
            sources=[Source(name, "s", name) for name in names], source=np.arange(len(names)), ts_ms=ts, received_at_ms=ts,
            stamped=np.zeros(len(names), np.bool_), columns={"flow_temp_c": np.full(len(names), 40.0 + number)},
            hash=np.arange(len(names), dtype=np.uint64), boot=np.zeros(len(names), np.uint64), seq=np.full(len(names), -1),
            ledger={"received": np.ones(len(names), np.int64), "accepted": np.ones(len(names), np.int64)},
        )  # fmt: skip
        journal.append([NewRow(now_ms, encode(batch))])
    journal.close()
    return settings


def store_until(folder: Path, settings: Settings, done: Callable[[], bool]) -> str:
    """Run storing until that; what it logged."""
    command = [
        sys.executable,
        "-m",
        "boilerwatch.cli.main",
        "run",
        "storing",
        "--settings",
        str(folder / "boilerwatch.toml"),
    ]
    log = folder / "storing.log"
    with log.open("wb") as out, subprocess.Popen(command, stderr=out) as storing:
        try:
            until = time.monotonic() + 60
            while not done():
                assert storing.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()[-3_000:]
                time.sleep(0.1)
        finally:
            storing.send_signal(signal.SIGTERM)
            assert storing.wait(20) == 0
    said = log.read_text()
    assert "Traceback" not in said
    return said


def position(settings: Settings) -> int:
    reader = open_reader(settings, READINGS)
    found = reader.positions().get("storing", 0)
    reader.close()
    return found


def wanted(names: list[str]) -> set[tuple[str, str]]:
    return {
        (f"boiler,boiler={name},site=s", f"flow_temp_c={40 + number}") for name in names for number in range(BATCHES)
    }


def accepted(influx: Influx) -> set[tuple[str, str]]:
    return {(tags, fields) for tags, fields, _ in (line.split(" ") for line in influx.accepted)}


@pytest.mark.parametrize(
    ("influx", "trouble", "said"),
    [
        ("1.6.7", "500", "is in trouble"), ("1.6.7", "429", "is in trouble"), ("1.6.7", "404", "boilerwatch setup store"),
        ("1.6.7", "break", "does not answer"), ("1.8.10", "503", "is in trouble"), ("1.8.10", "401", "boilerwatch setup store"),
        ("1.8.10", "hang", "does not answer"),
    ],
    indirect=["influx"],
)  # fmt: skip
def test_trouble_is_said_waited_out_and_nothing_is_missing(
    tmp_path: Path, influx: Influx, trouble: str, said: str
) -> None:
    names = [f"b-{i}" for i in range(BOILERS)]
    settings = installation(tmp_path, influx.url, names)
    influx.script = [trouble] * 2
    log = store_until(tmp_path, settings, lambda: position(settings) == BATCHES)
    assert said in log
    assert influx.asked.count(trouble) == 2
    assert accepted(influx) == wanted(names)


def test_one_refused_row_is_named_and_the_others_stand(tmp_path: Path, influx: Influx) -> None:
    names = ["b-0", "bad", "b-2"]
    settings = installation(tmp_path, influx.url, names)
    log = store_until(tmp_path, settings, lambda: position(settings) == BATCHES)
    assert accepted(influx) == wanted(["b-0", "b-2"])
    assert "row_refused" in log
    assert "boiler=bad" in log
