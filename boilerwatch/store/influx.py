"""InfluxDB: line protocol in, InfluxQL out, the one language that 1.x, 2.x and 3.x share.

Writes go through influxdb-client to `/api/v2/write` (1.8, 2.x, 3.x), or to `/write` where the server is older. A body
that is refused is cut in halves until the bad line is alone, because InfluxDB names only the first one.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import httpx
import numpy as np
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from boilerwatch.errors import StoreError
from boilerwatch.model import Batch
from boilerwatch.settings import StoreSettings
from boilerwatch.signals import BY_NAME
from boilerwatch.store import lines
from boilerwatch.store.protocol import Latest, Point, Resolution, Rollup, Series, StoredEvent

_MEASUREMENT = {"raw": "boiler", "15m": "boiler_15m", "1d": "boiler_1d"}
_LINES_A_POST = 5_000
_BOILERS_A_QUERY = 200


class InfluxStore:
    """A store on InfluxDB 1.x, 2.x or 3.x.

    Parameters
    ----------
    settings
        Address, database, login, retention.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        token = settings.token.get_secret_value()
        headers = {"Authorization": f"Token {token}"} if token else {}
        login = httpx.BasicAuth(settings.username, settings.password.get_secret_value()) if settings.username else None
        self._http = httpx.Client(base_url=settings.url, headers=headers, auth=login, timeout=settings.timeout_s)
        self._client: Any = None
        self._version = ""

    def setup(self) -> list[str]:
        """Make the database, or the bucket, with its retention; return what was done."""
        hours = max(round(self._settings.retention_days * 24), 1)
        name = self._settings.database
        if self._is_two():
            return self._setup_bucket(hours * 3600)
        done = []
        if [name] not in self._query("SHOW DATABASES", database="").get("", {}).get("rows", []):
            self._query(f'CREATE DATABASE "{name}"', database="")
            done.append(f"made database {name}")
        self._query(f'ALTER RETENTION POLICY "autogen" ON "{name}" DURATION {hours}h DEFAULT', database="")
        return [*done, f"database {name} keeps readings for {hours / 24:g} days"]

    def write(self, batch: Batch) -> list[str]:
        """Store readings and events; return a sentence for each line the database refused."""
        return self._post(lines.of_batch(batch))

    def write_rollup(self, resolution: Literal["15m", "1d"], rollup: Rollup) -> None:
        """Store folded periods; the same period again replaces it."""
        tags = [f"boiler={lines.tag(b)},site={lines.tag(s)}" for b, s in zip(rollup.boiler, rollup.site, strict=True)]
        rows = np.arange(len(tags), dtype=np.int64)
        self._post(lines.of_columns(_MEASUREMENT[resolution], tags, rows, rollup.ts_ms, rollup.columns))

    def write_points(self, points: Sequence[Point]) -> None:
        """Store rows of the small measurements."""
        self._post([lines.of_point(point) for point in points])

    def latest(self, boilers: Sequence[str], signals: Sequence[str]) -> Latest:
        """Return the newest value of each signal of each boiler."""
        found = Latest({}, {})
        place = {boiler: i for i, boiler in enumerate(boilers)}
        for signal in signals:
            values, times = np.full(len(boilers), np.nan), np.zeros(len(boilers), np.int64)
            for where in _pages(boilers):
                series = self._query(f'SELECT last("{signal}") FROM "boiler" WHERE {where} GROUP BY "boiler"')
                for boiler, rows in series.items():
                    times[place[boiler]], values[place[boiler]] = int(rows["rows"][0][0]), float(rows["rows"][0][1])
            found.values[signal], found.ts_ms[signal] = values, times
        return found

    def history(
        self, boilers: Sequence[str], signals: Sequence[str], start_ms: int, end_ms: int, resolution: Resolution = "raw"
    ) -> dict[str, Series]:
        """Return readings with start <= ts < end by boiler."""
        parts = [""] if resolution == "raw" else ["_mean", "_min", "_max"]
        columns = [f"{signal}{part}" for signal in signals if signal in BY_NAME for part in parts]
        names = ", ".join(f'"{name}"' for name in columns)
        found: dict[str, Series] = {}
        for where in _pages(boilers):
            query = f'SELECT {names} FROM "{_MEASUREMENT[resolution]}" WHERE {where} AND {_between(start_ms, end_ms)} GROUP BY "boiler"'
            for boiler, rows in self._query(query).items():
                table = rows["rows"]
                values = np.array([[cell if cell != "" else "nan" for cell in row[1:]] for row in table], np.float64)
                present = {row_name: values[:, i] for i, row_name in enumerate(rows["columns"][1:])}
                found[boiler] = Series(np.array([int(row[0]) for row in table], np.int64), present)
        return found

    def events(self, boilers: Sequence[str], start_ms: int, end_ms: int) -> list[StoredEvent]:
        """Return the codes of these boilers with start <= ts < end, in order of time."""
        found: list[StoredEvent] = []
        for where in _pages(boilers):
            query = (
                f'SELECT "text", "active" FROM "event" WHERE {where} AND {_between(start_ms, end_ms)} GROUP BY "boiler"'
            )
            for boiler, rows in self._query(query).items():
                found += [StoredEvent(boiler, int(at), text, active == "true") for at, text, active in rows["rows"]]
        return sorted(found, key=lambda event: (event.ts_ms, event.boiler))

    def close(self) -> None:
        """Release connections."""
        self._http.close()
        if self._client is not None:
            self._client.close()

    def _is_two(self) -> bool:
        """Return whether to write to `/api/v2/write`: asked for, or the server is 1.8 or later."""
        if self._settings.api != "auto":
            return self._settings.api == "2"
        if not self._version:
            self._version = self._ask("GET", "/ping").headers.get("X-Influxdb-Version", "2").lstrip("v")
        major, _, rest = self._version.partition(".")
        return not (major == "1" and rest.partition(".")[0] in set("01234567"))

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.HTTPError as exc:
            raise StoreError(f"InfluxDB at {self._settings.url} does not answer: {exc!s:.200}", retryable=True) from exc
        if answer.status_code >= 500 or answer.status_code == 429:
            raise StoreError(f"InfluxDB at {self._settings.url} is in trouble: {_said(answer.text)}", retryable=True)
        return answer

    def _query(self, query: str, database: str | None = None) -> dict[str, dict[str, Any]]:
        """Return series by the value of their `boiler` tag: their columns and rows of text."""
        named = {"db": self._settings.database if database is None else database, "q": query, "epoch": "ms"}
        method = "GET" if query.startswith(("SELECT", "SHOW")) else "POST"
        answer = self._ask(method, "/query", params=named, headers={"Accept": "application/csv"})
        if answer.status_code >= 400:
            raise StoreError(f"InfluxDB at {self._settings.url} refused a query: {_said(answer.text)}")
        return _series(answer.text)

    def _post(self, body: list[str]) -> list[str]:
        refused: list[str] = []
        for at in range(0, len(body), _LINES_A_POST):
            refused += self._post_page(body[at : at + _LINES_A_POST])
        return refused

    def _post_page(self, page: list[str]) -> list[str]:
        said = self._write("\n".join(page).encode())
        if not said:
            return []
        if len(page) == 1:
            return [f"InfluxDB refused {page[0][:80]!r}: {said}"]
        half = len(page) // 2
        return self._post_page(page[:half]) + self._post_page(page[half:])

    def _write(self, body: bytes) -> str:
        """Write; return why it was refused, empty when it was not."""
        if self._is_two():
            return self._write_two(body)
        answer = self._ask("POST", "/write", params={"db": self._settings.database, "precision": "ms"}, content=body)
        if answer.status_code in (401, 403, 404):
            raise StoreError(f"InfluxDB refused: {_said(answer.text)}; try `boilerwatch setup store`", retryable=True)
        return _said(answer.text) if answer.status_code >= 400 else ""

    def _write_two(self, body: bytes) -> str:
        if self._client is None:
            token = self._settings.token.get_secret_value() or _one_token(self._settings)
            timeout = round(self._settings.timeout_s * 1000)
            self._client = InfluxDBClient(self._settings.url, token=token, org=self._settings.org, timeout=timeout)
        try:
            writer = self._client.write_api(write_options=SYNCHRONOUS)
            writer.write(bucket=self._settings.database, record=body, write_precision="ms")
        except ApiException as exc:
            if exc.status in (400, 413, 422):
                return _said(str(exc.body))
            raise StoreError(
                f"InfluxDB refused: {_said(str(exc.body))}; try `boilerwatch setup store`", retryable=True
            ) from exc
        except OSError as exc:
            raise StoreError(f"InfluxDB at {self._settings.url} does not answer: {exc!s:.200}", retryable=True) from exc
        return ""

    def _setup_bucket(self, keep_s: int) -> list[str]:
        named = {"org": self._settings.org, "name": self._settings.database}
        known = self._ask("GET", "/api/v2/buckets", params=named)
        if known.status_code == 200 and known.json().get("buckets"):
            return [f"bucket {self._settings.database} is there already"]
        orgs = self._ask("GET", "/api/v2/orgs", params={"org": self._settings.org})
        if orgs.status_code != 200:
            raise StoreError(f"InfluxDB refused to list organisations: {_said(orgs.text)}; see [store] org and token")
        body = {
            "orgID": orgs.json()["orgs"][0]["id"],
            "name": self._settings.database,
            "retentionRules": [{"type": "expire", "everySeconds": keep_s}],
        }
        made = self._ask("POST", "/api/v2/buckets", json=body)
        if made.status_code >= 400:
            raise StoreError(f"InfluxDB refused to make bucket {self._settings.database}: {_said(made.text)}")
        return [f"made bucket {self._settings.database}"]


def _one_token(settings: StoreSettings) -> str:
    """1.8 takes `user:password` where 2.x takes a token."""
    return f"{settings.username}:{settings.password.get_secret_value()}" if settings.username else "none"


def _said(text: str) -> str:
    return " ".join(text.split())[:200] or "without a word"


def _between(start_ms: int, end_ms: int) -> str:
    return f"time >= {start_ms}ms AND time < {end_ms}ms"


def _pages(boilers: Sequence[str]) -> Iterator[str]:
    """Return conditions that name the boilers, some at a time."""
    for at in range(0, len(boilers), _BOILERS_A_QUERY):
        quoted = [boiler.replace("\\", "\\\\").replace("'", "\\'") for boiler in boilers[at : at + _BOILERS_A_QUERY]]
        yield "(" + " OR ".join(f"\"boiler\" = '{boiler}'" for boiler in quoted) + ")"


def _series(text: str) -> dict[str, dict[str, Any]]:
    """Cut InfluxQL's CSV answer (name, tags, columns …) into series."""
    found: dict[str, dict[str, Any]] = {}
    header: list[str] = []
    for row in csv.reader(io.StringIO(text)):
        if not row:
            continue
        if row[:2] == ["name", "tags"]:
            header = row[2:]
            continue
        tags = dict(part.split("=", 1) for part in row[1].split(",") if "=" in part)
        series = found.setdefault(tags.get("boiler", ""), {"columns": header, "rows": []})
        series["rows"].append(row[2:])
    return found
