"""InfluxDB: line protocol in, InfluxQL out.

What InfluxDB would refuse is found before it is written, because it names only the first row it refuses: rows older than
the retention, and fields that another program made with another type. A body that is refused all the same is cut in
halves until the bad line is alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from boilerwatch.clock import SYSTEM, Clock
from boilerwatch.errors import StoreError
from boilerwatch.model import Batch, Floats
from boilerwatch.settings import StoreSettings
from boilerwatch.signals import BY_NAME
from boilerwatch.store import lines
from boilerwatch.store.influx_server import Server
from boilerwatch.store.measurements import POLICIES, Policy, source_of
from boilerwatch.store.protocol import ROLLUP_FIELDS, Latest, Point, Refused, Resolution, Rollup, Series, StoredEvent

_MEASUREMENT = {"raw": "boiler", "15m": "boiler_15m", "1d": "boiler_1d"}
_LINES_A_POST = 10_000
_BOILERS_A_QUERY = 200


class InfluxStore:
    """A store on InfluxDB 1.x, 2.x or 3.x.

    Parameters
    ----------
    settings
        Address, database, login, retention.
    clock
        For what is too old to be kept.
    """

    def __init__(self, settings: StoreSettings, clock: Clock = SYSTEM) -> None:
        self._settings = settings
        self._clock = clock
        self._server = Server(settings)
        self._heads = lines.Heads()
        self._odd: dict[str, str] | None = None

    def setup(self) -> list[str]:
        """Make the database, policies or buckets with their retention; return what was done."""
        done = [sentence for policy, days in self._kept().items() for sentence in self._server.setup(policy, days)]
        self._odd = None
        return [*done, *(f"field {name} of boiler is {kind}: {_ODD}" for name, kind in self._odd_fields().items())]

    def lacking(self) -> list[str]:
        """Return the policies or buckets that are not there."""
        return [name for policy in self._kept() for name in self._server.lacking(policy)]

    def _kept(self) -> dict[Policy, float]:
        """Return how long each policy's rows are kept. [d]"""
        own = self._settings
        return {
            "": max(own.retention_days, 1 / 24), "quarters": own.quarter_days, "days": own.day_days,
            "snapshots": own.snapshot_days,
        }  # fmt: skip

    def write(self, batch: Batch) -> list[Refused]:
        """Store readings and events; return the rows that were refused."""
        refused: list[Refused] = []
        source, ts_ms, columns = lines.merged(batch.source, batch.ts_ms, batch.columns)
        tags = self._heads.of(batch.sources)
        oldest_ms = self._clock.now_ms() - round(self._settings.retention_days * 86_400_000)
        if len(ts_ms) and ts_ms.min() < oldest_ms:
            old = ts_ms < oldest_ms
            gone = lines.of_columns("boiler", tags, source[old], ts_ms[old], {n: v[old] for n, v in columns.items()})
            refused += [Refused(line.rstrip(), "older than [store] retention_days") for line in gone.to_pylist()]
            source, ts_ms, columns = source[~old], ts_ms[~old], {n: v[~old] for n, v in columns.items()}
        for name, kind in self._odd_fields().items() if columns else ():
            if name in columns:
                odd = lines.of_columns("boiler", tags, source, ts_ms, {name: columns[name]})
                refused += [Refused(line.rstrip(), f"field {name} is {kind}: {_ODD}") for line in odd.to_pylist()]
                columns = {other: values for other, values in columns.items() if other != name}
        refused += self._post(lines.of_columns("boiler", tags, source, ts_ms, columns))
        return refused + self._post(lines.of_events(batch))

    def write_rollup(self, resolution: Literal["15m", "1d"], rollup: Rollup) -> list[Refused]:
        """Store folded periods; the same period again replaces it."""
        name = _MEASUREMENT[resolution]
        tags = lines.of_pairs(rollup.boiler, rollup.site)
        rows = np.arange(len(tags), dtype=np.int64)
        return self._post(lines.of_columns(name, tags, rows, rollup.ts_ms, rollup.columns), POLICIES[name])

    def write_points(self, points: Sequence[Point]) -> list[Refused]:
        """Store rows of the small measurements."""
        by: dict[Policy, list[Point]] = {}
        for point in points:
            by.setdefault(POLICIES.get(point.measurement, ""), []).append(point)
        return [refused for policy, mine in by.items() for refused in self._post(lines.of_points(mine), policy)]

    def latest(self, boilers: Sequence[str], signals: Sequence[str]) -> Latest:
        """Return the newest value of each signal of each boiler."""
        found = Latest({}, {})
        place = {boiler: i for i, boiler in enumerate(boilers)}
        for signal in signals:
            values, times = np.full(len(boilers), np.nan), np.zeros(len(boilers), np.int64)
            for where in _pages(boilers):
                query = f'SELECT last("{signal}") FROM "boiler" WHERE {where} GROUP BY "boiler"'
                for series in self._server.query(query):
                    at = place[series.tags["boiler"]]
                    times[at], values[at] = series.values[0][:2]
            found.values[signal], found.ts_ms[signal] = values, times
        return found

    def history(
        self, boilers: Sequence[str], signals: Sequence[str], start_ms: int, end_ms: int, resolution: Resolution = "raw"
    ) -> dict[str, Series]:
        """Return readings with start <= ts < end by boiler."""
        parts = [""] if resolution == "raw" else ["_mean", "_min", "_max"]
        columns = [f"{signal}{part}" for signal in signals if signal in BY_NAME for part in parts]
        if resolution != "raw":
            columns += [name for name in signals if name in ROLLUP_FIELDS]
        names, source = ", ".join(f'"{name}"' for name in columns), source_of(_MEASUREMENT[resolution])
        found: dict[str, Series] = {}
        for where in _pages(boilers) if columns else ():
            query = f'SELECT {names} FROM {source} WHERE {where} AND {_between(start_ms, end_ms)} GROUP BY "boiler"'
            for series in self._server.query(query):
                times, *values = zip(*series.values, strict=True)
                present = dict(zip(series.columns[1:], map(_floats, values), strict=True))
                found[series.tags["boiler"]] = Series(np.array(times, np.int64), present)
        return found

    def events(self, boilers: Sequence[str], start_ms: int, end_ms: int) -> list[StoredEvent]:
        """Return the codes of these boilers with start <= ts < end, in order of time."""
        found: list[StoredEvent] = []
        for where in _pages(boilers):
            asked = f"{where} AND {_between(start_ms, end_ms)}"
            query = f'SELECT "text", "active" FROM "event" WHERE {asked} GROUP BY "boiler"'
            for series in self._server.query(query):
                found += [StoredEvent(series.tags["boiler"], at, text, active) for at, text, active in series.values]
        return sorted(found, key=lambda event: (event.ts_ms, event.boiler))

    def forget(self, now_ms: int) -> None:
        """Do nothing: the database drops what is older than its policy."""

    def close(self) -> None:
        """Release connections."""
        self._server.close()

    def _odd_fields(self) -> dict[str, str]:
        """Return the fields of readings that stand in the database with another type than ours, asked once."""
        if self._odd is None:
            try:
                known = self._server.query('SHOW FIELD KEYS FROM "boiler"')
            except StoreError as exc:
                if exc.retryable:
                    raise
                known = []  # a server that takes lines but no InfluxQL
            kinds = {row[0]: row[1] for series in known for row in series.values}
            self._odd = {name: kind for name, kind in kinds.items() if name in BY_NAME and kind != "float"}
        return self._odd

    def _post(self, body: lines.Lines, policy: Policy = "") -> list[Refused]:
        refused: list[Refused] = []
        for at in range(0, len(body), _LINES_A_POST):
            refused += self._post_page(body.slice(at, _LINES_A_POST), policy)
        return refused

    def _post_page(self, page: lines.Lines, policy: Policy) -> list[Refused]:
        said = self._server.write(lines.body_of(page), policy)
        if not said:
            return []
        if len(page) == 1:
            return [Refused(page[0].as_py().rstrip(), f"InfluxDB refused it: {said}")]
        half = len(page) // 2
        return self._post_page(page.slice(0, half), policy) + self._post_page(page.slice(half), policy)


_ODD = "another program made it so; give boilerwatch a database of its own ([store] database)"


def _floats(values: tuple[Any, ...]) -> Floats:
    return np.array(values, np.float64)  # None becomes NaN


def _between(start_ms: int, end_ms: int) -> str:
    return f"time >= {start_ms}ms AND time < {end_ms}ms"


def _pages(boilers: Sequence[str]) -> Iterator[str]:
    """Return conditions that name the boilers, some at a time."""
    for at in range(0, len(boilers), _BOILERS_A_QUERY):
        quoted = [boiler.replace("\\", "\\\\").replace("'", "\\'") for boiler in boilers[at : at + _BOILERS_A_QUERY]]
        yield "(" + " OR ".join(f"\"boiler\" = '{boiler}'" for boiler in quoted) + ")"
