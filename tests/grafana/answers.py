"""What the database answers, as plain rows, and how two answers are compared."""

import math
from collections.abc import Iterable
from typing import Any

import httpx

Row = dict[str, Any]


class Influx:
    """A database on a server, read as Grafana's data source reads it (POST /query, epoch=ms)."""

    def __init__(self, url: str, database: str, token: str = "") -> None:
        headers = {"Authorization": f"Token {token}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=60)
        self._database = database

    def series(self, query: str) -> list[dict[str, Any]]:
        """The series of an answer; an error of the query fails the test."""
        answer = self._http.post("/query", params={"db": self._database, "epoch": "ms"}, data={"q": query})
        plain = answer.json()
        assert answer.status_code == 200, (plain, query)
        assert "error" not in plain, (plain, query)
        (result,) = plain["results"]
        assert "error" not in result, (result, query)
        found: list[dict[str, Any]] = result.get("series", [])
        return found

    def rows(self, query: str) -> list[Row]:
        """Rows with the values of tags among them."""
        return [
            {**dict(zip(one["columns"], values, strict=True)), **one.get("tags", {})}
            for one in self.series(query)
            for values in one.get("values", [])
        ]

    def tried(self, query: str) -> list[Row] | None:
        """Rows, or None where the database refuses the query."""
        answer = self._http.post("/query", params={"db": self._database, "epoch": "ms"}, data={"q": query}).json()
        if "error" in answer or "error" in answer["results"][0]:
            return None
        return self.rows(query)

    def close(self) -> None:
        self._http.close()


def _key(row: Row) -> tuple[Any, ...]:
    """Time, then words, then numbers: numbers are only nearly equal, and rarely have to decide."""
    words = tuple((name, str(row[name])) for name in sorted(row) if not isinstance(row[name], int | float))
    numbers = tuple((name, round(float(row[name]), 3)) for name in sorted(row) if isinstance(row[name], int | float))
    return (row.get("time", 0), words, numbers)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=2e-6)
    return bool(one == other)


def difference(actual: Iterable[Row], expected: Iterable[Row]) -> str:
    """Say how two answers differ, empty when they do not; time counts only where the expected rows have it."""
    wanted = list(expected)
    timed = any("time" in row for row in wanted)
    found = [{k: v for k, v in row.items() if timed or k != "time"} for row in actual]
    found.sort(key=_key)
    wanted.sort(key=_key)
    for one, other in zip(found, wanted, strict=False):
        if one.keys() != other.keys() or not all(_same(one[name], other[name]) for name in one):
            return f"\n  got      {one}\n  expected {other}\n  ({len(found)} rows, expected {len(wanted)})"
    if len(found) != len(wanted):
        more = (found if len(found) > len(wanted) else wanted)[min(len(found), len(wanted))]
        return f"{len(found)} rows, expected {len(wanted)}; the first one too many or missing: {more}"
    return ""
