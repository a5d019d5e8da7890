"""An installation of journals and a store, and roll-ups reckoned the slow way, reading by reading."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

import numpy as np

from boilerwatch import columns, service
from boilerwatch.journal import READINGS, SERVICE, NewRow, open_writer
from boilerwatch.model import Batch, Source
from boilerwatch.service import ServiceRow
from boilerwatch.settings import DataSettings, Settings, StoreSettings
from boilerwatch.signals import SIGNALS
from boilerwatch.store.protocol import Series, Store
from boilerwatch.water import cold_pressure
from collector.storing.service import Storing

ZONE = "Europe/Berlin"
CHARTED = [signal.name for signal in SIGNALS if signal.charted]
NAMES = [*CHARTED, "readings", "flame_on_s", "starts", "cold_pressure_bar"]
QUARTER_S, HOUR_S = 900, 3600


class Reading(NamedTuple):
    boiler: str
    ts_ms: int
    values: dict[str, float]


class Place:
    """One installation's folder."""

    def __init__(self, folder: Path, store: StoreSettings | None = None) -> None:
        self.settings = Settings(data=DataSettings(dir=folder), store=store or StoreSettings(retention_days=36_500))
        self.journal = open_writer(self.settings, READINGS)
        self.service = open_writer(self.settings, SERVICE)
        self.now_ms = 0

    def register(self, boilers: Iterable[str], zone: str = ZONE) -> None:
        rows = [ServiceRow(boiler=boiler, what="registered", at_ms=0, facts={"time_zone": zone}) for boiler in boilers]
        self.service.append([NewRow(0, service.encode(row)) for row in rows])

    def hear(self, readings: list[Reading], now_ms: int = 0) -> None:
        """Append one row of the journal."""
        self.now_ms = max([self.now_ms, now_ms, *(one.ts_ms for one in readings)])
        self.journal.append([NewRow(self.now_ms, columns.encode(batch_of(readings, self.now_ms)), len(readings))])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()
        self.service.close()


def batch_of(readings: list[Reading], now_ms: int) -> Batch:
    if not readings:
        return Batch.tick(now_ms, True)
    boilers = sorted({one.boiler for one in readings})
    signals = sorted({name for one in readings for name in one.values})
    n = len(readings)
    return Batch(
        sources=[Source(boiler, "s", boiler) for boiler in boilers],
        source=np.array([boilers.index(one.boiler) for one in readings], np.int64),
        ts_ms=np.array([one.ts_ms for one in readings], np.int64), received_at_ms=np.full(n, now_ms, np.int64),
        stamped=np.zeros(n, np.bool_), hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64), seq=np.full(n, -1, np.int64),
        columns={name: np.array([one.values.get(name, math.nan) for one in readings]) for name in signals},
    )  # fmt: skip


def drained(place: Place) -> None:
    """Store everything that was heard, to its end."""
    storing = Storing(place.settings)
    while storing.step():
        pass
    storing.finish()
    storing.close()


Rows = dict[tuple[str, int], dict[str, float]]


def rows_of(store: Store, boilers: list[str], resolution: str) -> Rows:
    """Return the stored roll-ups by boiler and time, without what is unknown."""
    found: dict[str, Series] = store.history(boilers, NAMES, 0, 4_000_000_000_000, resolution)  # type: ignore[arg-type]
    return {
        (boiler, at): {n: float(v[i]) for n, v in sorted(series.columns.items()) if not math.isnan(v[i])}
        for boiler, series in found.items()
        for i, at in enumerate(series.ts_ms.tolist())
    }


def reckoned(readings: list[Reading], zone: str = ZONE) -> tuple[Rows, Rows]:
    """Return (quarters, days) as docs/store.md says, from readings in order of arrival."""
    merged: dict[str, dict[int, dict[str, float]]] = {}
    for one in readings:
        merged.setdefault(one.boiler, {}).setdefault(one.ts_ms, {}).update(one.values)
    quarters: Rows = {}
    days: Rows = {}
    for boiler, moments in merged.items():
        own: dict[int, list[dict[str, float]]] = {}
        before: tuple[int, dict[str, float]] | None = None
        told: dict[str, tuple[int, float]] = {}
        for at in sorted(moments):
            values = moments[at]
            row = dict(values) | _burnt(at, values, before, told)
            own.setdefault(at - at % (QUARTER_S * 1000), []).append(row)
            told |= {name: (at, values[name]) for name in ("flame_on", "burner_starts") if name in values}
            before = (at, values)
        parts: dict[int, list[dict[str, list[float]]]] = {}
        for start, rows in own.items():
            sums = {name: [row[name] for row in rows if name in row] for name in (*CHARTED, "flame_on_s", "starts")}
            sums["readings"] = [float(len(rows))]
            sums["cold"] = _cold(sums)
            quarters[boiler, start] = _row([sums])
            parts.setdefault(_midnight(start, zone), []).append(sums)
        days |= {(boiler, start): _row(some) for start, some in parts.items()}
    return quarters, days


def _burnt(
    at: int, values: dict[str, float], before: tuple[int, dict[str, float]] | None, told: dict[str, tuple[int, float]]
) -> dict[str, float]:
    def known(name: str) -> float | None:
        since, value = told.get(name, (-1, 0.0))
        return value if since >= 0 and at - since <= HOUR_S * 1000 else None

    found: dict[str, float] = {}
    flame, counter = known("flame_on"), known("burner_starts")
    if before is not None and flame is not None and at - before[0] <= QUARTER_S * 1000:
        found["flame_on_s"] = flame * (at - before[0]) / 1000
    now, count = values.get("flame_on", flame), values.get("burner_starts", counter)
    if counter is not None and count is not None and 0 <= count - counter <= 1000:
        found["starts"] = count - counter
    elif flame is not None and now is not None:
        found["starts"] = float(now > 0 and not flame > 0)
    return found


def _cold(sums: dict[str, list[float]]) -> list[float]:
    means = {name: sum(values) / len(values) for name, values in sums.items() if values}
    water = [means[name] for name in ("flow_temp_c", "return_temp_c") if name in means]
    if not water or "water_pressure_bar" not in means:
        return []
    return [float(cold_pressure(np.float64(means["water_pressure_bar"]), np.float64(sum(water) / len(water))))]  # type: ignore[arg-type]


def _row(parts: list[dict[str, list[float]]]) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in CHARTED:
        values = [value for part in parts for value in part[name]]
        if values:
            row |= {f"{name}_mean": sum(values) / len(values), f"{name}_min": min(values), f"{name}_max": max(values)}
    for name in ("readings", "flame_on_s", "starts"):
        values = [value for part in parts for value in part[name]]
        if values:
            row[name] = sum(values)
    cold = [value for part in parts for value in part["cold"]]
    if cold:
        row["cold_pressure_bar"] = sum(cold) / len(cold)
    return row


def _midnight(at_ms: int, zone: str) -> int:
    local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return round((local - timedelta(0)).timestamp() * 1000)
