"""Quarter-hours and civil days from the readings themselves, by plain loops over one boiler's readings."""

from collections import defaultdict
from functools import lru_cache
from typing import Any

import numpy as np

from boilerwatch.water import cold_pressure
from tests.grafana.expected.view import day_start
from tests.grafana.world import World

QUARTER_MS = 900_000
SIGNALS = ("water_pressure_bar", "flow_temp_c", "return_temp_c", "flue_temp_c", "modulation_pct", "flame_current_ua")
_FLAME_HELD_S, _COUNTER_HELD_MS = 900, 3_600_000
Periods = dict[int, dict[str, float]]
_CACHE: dict[tuple[int, str], tuple[Periods, Periods]] = {}


def of_boiler(world: World, boiler: str) -> tuple[Periods, Periods]:
    """(quarters, days): begin of the period -> fields; what is unknown is not there."""
    key = (id(world), boiler)
    if key not in _CACHE:
        _CACHE[key] = _of_boiler(world, boiler)
    return _CACHE[key]


def _of_boiler(world: World, boiler: str) -> tuple[Periods, Periods]:
    columns = world.readings.get(boiler)
    if columns is None:
        return {}, {}
    ts = columns["ts"].astype(np.int64)
    burnt = _burnt(ts, columns.get("flame_on"), columns.get("burner_starts"))
    quarters = _periods(ts, columns, burnt, lambda at: at - at % QUARTER_MS)
    cold_of_day: dict[int, list[float]] = defaultdict(list)
    for start, fields in quarters.items():
        water = [fields[name] for name in ("flow_temp_c_mean", "return_temp_c_mean") if name in fields]
        if water and "water_pressure_bar_mean" in fields:
            cold = cold_pressure(np.array([fields["water_pressure_bar_mean"]]), np.array([sum(water) / len(water)]))
            fields["cold_pressure_bar"] = float(cold[0])
            cold_of_day[_day(start)].append(float(cold[0]))
    days = _periods(ts, columns, burnt, _day)
    for start, values in cold_of_day.items():
        days[start]["cold_pressure_bar"] = sum(values) / len(values)
    return quarters, days


@lru_cache(maxsize=100_000)
def _day(at_ms: int) -> int:
    return day_start(at_ms)


def _burnt(ts: np.ndarray, flame: Any, starts: Any) -> list[tuple[float | None, float | None]]:
    """(seconds of flame, burner starts) since the reading before, each None where it cannot be known."""
    found: list[tuple[float | None, float | None]] = []
    last_flame: tuple[float, int] | None = None
    last_starts: tuple[float, int] | None = None
    before = None
    for place, at in enumerate(ts.tolist()):
        held = last_flame[0] if last_flame and at - last_flame[1] <= _COUNTER_HELD_MS else None
        passed_s = None if before is None else (at - before) / 1000
        burning = held * passed_s if held is not None and passed_s is not None and passed_s <= _FLAME_HELD_S else None
        now = None
        if flame is not None and not np.isnan(flame[place]):
            now = float(flame[place])
        current = now if now is not None else held
        more = None
        if starts is not None and not np.isnan(starts[place]):
            value = float(starts[place])
            if last_starts and at - last_starts[1] <= _COUNTER_HELD_MS:
                more = value - last_starts[0]
            last_starts = (value, at)
        if more is None or not 0 <= more <= 1000:
            more = None if current is None or held is None else float(current > 0 and not held > 0)
        if now is not None:
            last_flame = (now, at)
        found.append((burning, more))
        before = at
    return found


def _periods(ts: np.ndarray, columns: Any, burnt: list[tuple[float | None, float | None]], start_of: Any) -> Periods:
    places: dict[int, list[int]] = defaultdict(list)
    for place, at in enumerate(ts.tolist()):
        places[start_of(at)].append(place)
    found: Periods = {}
    for start, mine in places.items():
        fields: dict[str, float] = {"readings": float(len(mine))}
        for name in SIGNALS:
            values = columns[name][mine] if name in columns else np.zeros(0)
            values = values[~np.isnan(values)]
            if len(values):
                fields |= {
                    f"{name}_mean": float(values.mean()),
                    f"{name}_min": float(values.min()),
                    f"{name}_max": float(values.max()),
                }
        for field, part in (("flame_on_s", 0), ("starts", 1)):
            known = [burnt[place][part] for place in mine if burnt[place][part] is not None]
            if known:
                fields[field] = float(sum(known))  # type: ignore[arg-type]
        found[start] = fields
    return found
