"""One InfluxDB server: asking, writing, and making databases with their retention, whichever version it is.

Writes go through influxdb-client to `/api/v2/write` (1.8, 2.x, 3.x), or to `/write` where the server is older. Reads
are InfluxQL, the one language that 1.x, 2.x and 3.x share.
"""

import re
from typing import Any

import httpx
import msgspec
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from boilerwatch.errors import StoreError
from boilerwatch.settings import StoreSettings
from boilerwatch.store.measurements import Policy

_HOUR_S = 3600
_DURATION = re.compile(r"(\d+)h")


class Series(msgspec.Struct):
    """One series of an answer."""

    name: str = ""
    tags: dict[str, str] = {}
    columns: list[str] = []
    values: list[list[Any]] = []


class _Result(msgspec.Struct):
    series: list[Series] = []
    error: str = ""


class _Answer(msgspec.Struct):
    results: list[_Result] = []
    error: str = ""


_ANSWER = msgspec.json.Decoder(_Answer)


class Server:
    """A server and the database we use on it.

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
        self._writer: Any = None
        self._version = ""

    def is_two(self) -> bool:
        """Return whether to write to `/api/v2/write`: asked for, or the server is 1.8 or later."""
        if self._settings.api != "auto":
            return self._settings.api == "2"
        major, _, rest = self._told_version().partition(".")
        return not (major == "1" and rest.partition(".")[0] in set("01234567"))

    def _has_policies(self) -> bool:
        """Return whether it keeps retention policies, as all of 1.x do, and not buckets; 1.8 only writes as 2.x does."""
        return self._told_version().startswith("1.")

    def _told_version(self) -> str:
        if not self._version:
            self._version = self._ask("GET", "/ping").headers.get("X-Influxdb-Version", "2").lstrip("v")
        return self._version

    def query(self, query: str, *, database: str | None = None) -> list[Series]:
        """Return what InfluxQL answers, times in milliseconds.

        Raises
        ------
        StoreError
            If the server does not answer (retryable), or refuses.
        """
        named = {"db": self._settings.database if database is None else database, "q": query, "epoch": "ms"}
        method = "GET" if query.startswith(("SELECT", "SHOW")) else "POST"
        answer = self._ask(method, "/query", params=named)
        try:
            plain = _ANSWER.decode(answer.content)
        except msgspec.MsgspecError:
            plain = _Answer(error=said(answer.text))
        error = plain.error or next((result.error for result in plain.results if result.error), "")
        if error or answer.status_code >= 400:
            raise StoreError(f"InfluxDB at {self._settings.url} refused a query: {error or answer.status_code}")
        return [series for result in plain.results for series in result.series]

    def write(self, body: bytes, policy: Policy) -> str:
        """Write lines; return why they were refused, empty when they were not.

        Raises
        ------
        StoreError
            If the server does not answer, is in trouble, or knows neither us nor the database; all retryable.
        """
        if self.is_two():
            return self._write_two(body, policy)
        named = {"db": self._settings.database, "precision": "ms"} | ({"rp": policy} if policy else {})
        answer = self._ask("POST", "/write", params=named, content=body)
        if answer.status_code in (401, 403, 404):
            raise StoreError(f"InfluxDB refused: {said(answer.text)}; try `boilerwatch setup store`", retryable=True)
        return said(answer.text) if answer.status_code >= 400 else ""

    def setup(self, policy: Policy, days: float) -> list[str]:
        """Make the database, bucket or policy, or change its retention; return what was done. 0 days keep for ever."""
        keep_h = round(days * 24)
        return self._setup_policy(policy, keep_h) if self._has_policies() else self._setup_bucket(policy, keep_h)

    def lacking(self, policy: Policy) -> list[str]:
        """Return what holds the policy's rows and is not there, by name."""
        if self._has_policies():
            database, wanted = self._settings.database, policy or "autogen"
            return [] if wanted in self._policies() else [f"retention policy {wanted} of {database}"]
        known = self._known_bucket(policy)
        return [] if known.status_code == 200 and known.json().get("buckets") else [f"bucket {self._bucket(policy)}"]

    def close(self) -> None:
        """Release connections."""
        self._http.close()
        if self._writer is not None:
            self._client.close()

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.HTTPError as exc:
            why = str(exc) or type(exc).__name__
            raise StoreError(f"InfluxDB at {self._settings.url} does not answer: {why:.200}", retryable=True) from exc
        if answer.status_code >= 500 or answer.status_code == 429:
            raise StoreError(f"InfluxDB at {self._settings.url} is in trouble: {said(answer.text)}", retryable=True)
        return answer

    def _write_two(self, body: bytes, policy: Policy) -> str:
        if self._writer is None:
            token = self._settings.token.get_secret_value() or _one_token(self._settings)
            timeout = round(self._settings.timeout_s * 1000)
            self._client = InfluxDBClient(self._settings.url, token=token, org=self._settings.org, timeout=timeout)
            self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        try:
            self._writer.write(bucket=self._bucket(policy), record=body, write_precision="ms")
        except ApiException as exc:
            if exc.status in (400, 413, 422):
                return said(str(exc.body))
            trouble = f"is in trouble: {said(str(exc.body))}"
            refused = f"refused: {said(str(exc.body))}; try `boilerwatch setup store`"
            told = refused if exc.status in (401, 403, 404) else trouble
            raise StoreError(f"InfluxDB at {self._settings.url} {told}", retryable=True) from exc
        except (OSError, urllib3.exceptions.HTTPError) as exc:
            raise StoreError(f"InfluxDB at {self._settings.url} does not answer: {exc!s:.200}", retryable=True) from exc
        return ""

    def _bucket(self, policy: Policy) -> str:
        return f"{self._settings.database}/{policy}" if policy else self._settings.database

    def _setup_policy(self, policy: Policy, keep_h: int) -> list[str]:
        name, wanted = self._settings.database, policy or "autogen"
        done = []
        if [name] not in [row for series in self.query("SHOW DATABASES", database="") for row in series.values]:
            self.query(f'CREATE DATABASE "{name}"', database="")
            done.append(f"made database {name}")
        known = self._policies()
        kept = f"{keep_h}h" if keep_h else "INF"
        shard = f"SHARD DURATION {_shard_h(keep_h)}h{'' if policy else ' DEFAULT'}"
        if wanted not in known:
            self.query(f'CREATE RETENTION POLICY "{wanted}" ON "{name}" DURATION {kept} REPLICATION 1 {shard}')
        elif _hours(known[wanted][1]) != keep_h or (not policy and not known[wanted][-1]):
            self.query(f'ALTER RETENTION POLICY "{wanted}" ON "{name}" DURATION {kept} {shard}')
        else:
            return done
        return [*done, f"retention policy {wanted} of {name} keeps {_kept(keep_h)}"]

    def _policies(self) -> dict[str, list[Any]]:
        found = self.query(f'SHOW RETENTION POLICIES ON "{self._settings.database}"')
        return {row[0]: row for series in found for row in series.values}

    def _known_bucket(self, policy: Policy) -> httpx.Response:
        return self._ask("GET", "/api/v2/buckets", params={"org": self._settings.org, "name": self._bucket(policy)})

    def _setup_bucket(self, policy: Policy, keep_h: int) -> list[str]:
        bucket, org = self._bucket(policy), self._settings.org
        rules = [{"type": "expire", "everySeconds": keep_h * _HOUR_S}] if keep_h else []
        known = self._known_bucket(policy)
        if known.status_code == 404 and self._version.startswith("3"):
            keep = f" --retention-period {keep_h}h" if keep_h else ""
            return [f"InfluxDB 3 makes databases by its own command: influxdb3 create database{keep} {bucket}"]
        found = known.json().get("buckets") if known.status_code == 200 else None
        if found:
            if sum(rule.get("everySeconds", 0) for rule in found[0].get("retentionRules", [])) == keep_h * _HOUR_S:
                return []
            made = self._ask("PATCH", f"/api/v2/buckets/{found[0]['id']}", json={"retentionRules": rules})
        else:
            orgs = self._ask("GET", "/api/v2/orgs", params={"org": org})
            if orgs.status_code != 200 or not orgs.json().get("orgs"):
                raise StoreError(f"InfluxDB knows no organisation {org}: {said(orgs.text)}; see [store] org and token")
            body = {"orgID": orgs.json()["orgs"][0]["id"], "name": bucket, "retentionRules": rules}
            made = self._ask("POST", "/api/v2/buckets", json=body)
        if made.status_code >= 400:
            raise StoreError(f"InfluxDB refused to make bucket {bucket}: {said(made.text)}")
        return [f"bucket {bucket} keeps {_kept(keep_h)}"]


def said(text: str) -> str:
    """Return an answer's text in one line."""
    return " ".join(text.split())[:200] or "without a word"


def _one_token(settings: StoreSettings) -> str:
    """1.8 takes `user:password` where 2.x takes a token."""
    return f"{settings.username}:{settings.password.get_secret_value()}" if settings.username else "none"


def _hours(duration: str) -> int:
    """Return the hours of a duration such as `9600h0m0s`; 0, which is for ever, of `0s`."""
    found = _DURATION.match(duration)
    return int(found[1]) if found else 0


def _shard_h(keep_h: int) -> int:
    """Return how long a shard is, as InfluxDB chooses it for a retention: never longer than that. [h]"""
    return 168 if not keep_h or keep_h > 180 * 24 else 24 if keep_h >= 48 else 1


def _kept(keep_h: int) -> str:
    return f"{keep_h / 24:g} days" if keep_h else "for ever"
