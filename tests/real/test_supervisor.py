"""The supervisor with real processes: a row that kills is passed by, a room that stays down is told of."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from boilerwatch import columns
from boilerwatch.aside import DEATHS, read_aside
from boilerwatch.journal import READINGS, NewRow, open_writer
from boilerwatch.model import Batch, Event, Source
from boilerwatch.settings import DataSettings, Settings, load
from boilerwatch.supervisor import supervise
from tests.servers import free_port

pytestmark = pytest.mark.real


def until(done: Callable[[], bool], timeout_s: float = 90) -> None:
    end = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def received() -> Iterator[tuple[str, list[dict[str, str]]]]:
    notices: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", notices
    server.shutdown()
    server.server_close()


def test_a_row_that_kills_rooms_is_set_aside_and_what_follows_becomes_a_ticket(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=tmp_path / "data"))
    journal = open_writer(settings, READINGS)
    good = Batch(sources=[Source("b-1", "s", "b-1")], events=[Event(0, 1_000, 1_000, "E01", True, 0, family="baxi")])
    journal.append([NewRow(1_000, b"no batch"), NewRow(1_000, columns.encode(good))])
    journal.close()
    metrics = free_port()
    path = tmp_path / "b.toml"
    path.write_text(
        f'[data]\ndir = "{settings.data.dir}"\n[desk]\nport = 0\n[mqtt]\nport = {free_port()}\n[log]\nmetrics_port = {metrics}\n'
    )
    command = [sys.executable, "-m", "boilerwatch.cli.main", "run", "--settings", str(path)]
    with subprocess.Popen(command) as running:
        try:
            address = settings.data.dir / "desk.url"
            until(address.exists)

            def tickets() -> list[dict[str, str]]:
                found: list[dict[str, str]] = httpx.get(address.read_text().strip() + "api/tickets").json()
                return found

            until(lambda: bool(tickets()))
            assert [one["boiler"] for one in tickets()] == ["b-1"]
            assert [(one.stream, one.offset) for one in read_aside(settings.data.dir, "detectors")] == [("readings", 1)]
            told = httpx.get(f"http://127.0.0.1:{metrics}/metrics").text
            died = next(
                line
                for line in told.splitlines()
                if line.startswith('boilerwatch_room_restarts_total{room="detectors"}')
            )
            assert float(died.split()[-1]) >= DEATHS
            assert 'boilerwatch_room_up{room="alerting"} 1.0' in told
        finally:
            running.terminate()
            assert running.wait(20) == 0


def test_people_are_told_of_a_room_that_stays_down(tmp_path: Path, received: tuple[str, list[dict[str, str]]]) -> None:
    url, notices = received
    path = tmp_path / "b.toml"
    path.write_text(
        f'[data]\ndir = "{tmp_path}/data"\n[desk]\nport = 0\n[mqtt]\nport = {free_port()}\n'
        f'[alerting]\ndatabase_url = "postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"\n'
        f'[notices]\nwebhook_url = "{url}"\n'
    )
    stop = threading.Event()
    running = threading.Thread(target=supervise, args=(load(path), path, stop, 2.0))
    running.start()
    try:
        until(lambda: bool(notices))
    finally:
        stop.set()
        running.join(40)
    assert not running.is_alive()
    assert [(one["room"], one["action"]) for one in notices] == [("alerting", "room_down")]
