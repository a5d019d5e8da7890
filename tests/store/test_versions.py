"""What 1.8 is asked: it writes as 2.x does and keeps retention policies as 1.x does. No 1.8 is at hand, so a page of its own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from boilerwatch.settings import StoreSettings
from boilerwatch.store.influx import InfluxStore


class OneEight(ThreadingHTTPServer):
    """Answers what InfluxDB 1.8 has (`/ping`, `/query`), and 404 for what it has not (`/api/v2/buckets`, `/orgs`)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[str] = []
        self.policies = ["autogen"]


class _Answer(BaseHTTPRequestHandler):
    server: OneEight

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path, query = urlsplit(self.path)[2:4]
        words = parse_qs(query).get("q", [""])[0]
        self.server.asked.append(words or path)
        series: list[object] = []
        if words == "SHOW DATABASES":
            series = [{"name": "databases", "columns": ["name"], "values": [["heat"]]}]
        elif words.startswith("SHOW RETENTION"):
            rows = [[name, "9600h0m0s", "168h0m0s", 1, name == "autogen"] for name in self.server.policies]
            series = [{"columns": ["name", "duration", "shardGroupDuration", "replicaN", "default"], "values": rows}]
        elif words.startswith("CREATE RETENTION POLICY"):
            self.server.policies.append(words.split('"')[1])
        found = path in ("/ping", "/query")
        body = json.dumps({"results": [{"series": series}]} if found else {"error": "not found"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("X-Influxdb-Version", "1.8.10")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[OneEight]:
    made = OneEight()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_policies_are_made_where_there_are_no_buckets(server: OneEight) -> None:
    url = f"http://127.0.0.1:{server.server_port}"
    store = InfluxStore(StoreSettings(url=url, database="heat", retention_days=400))
    assert store.lacking() == [f"retention policy {name} of heat" for name in ("quarters", "days", "snapshots")]
    store.setup()
    assert store.lacking() == []
    assert server.policies == ["autogen", "quarters", "days", "snapshots"]
    assert not [one for one in server.asked if one.startswith("/api")]
    store.close()
