"""The embedded store keeps the contract."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from boilerwatch.model import Event
from boilerwatch.settings import StoreSettings
from boilerwatch.store.protocol import Point, Resolution, Rollup, Store
from boilerwatch.store.sqlite import SqliteStore
from tests.store.contract import CHECKS, T0, batch_of


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check: Callable[[Store], None], tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite", StoreSettings())
    check(store)
    store.close()
    assert (tmp_path / "store.sqlite").exists()


def test_each_table_forgets_what_is_older_than_its_own_retention(tmp_path: Path) -> None:
    kept = StoreSettings(retention_days=10, quarter_days=20, day_days=0, snapshot_days=2)
    store = SqliteStore(tmp_path / "store.sqlite", kept)
    ages = {name: 5 + 10 * number for number, name in enumerate(("b-1", "b-2", "b-3"))}
    for name, days in ages.items():
        at_ms = -days * 86_400_000
        store.write(batch_of([(name, at_ms, {"flow_temp_c": 1.0})], [Event(0, T0 + at_ms, T0, "E1", True, 0)]))
        for resolution in ("15m", "1d"):
            columns = {"flow_temp_c_mean": np.array([1.0])}
            store.write_rollup(resolution, Rollup([name], ["s"], np.array([T0 + at_ms]), columns))  # type: ignore[arg-type]
        for measurement in ("pipeline", "finding", "forecast", "ticket_next"):
            store.write_points([Point(measurement, {"of": name}, {"x": 1}, T0 + at_ms)])
    store.forget(T0)

    def left(resolution: Resolution) -> set[str]:
        return set(store.history(list(ages), ["flow_temp_c"], 0, T0 + 1, resolution))

    assert (left("raw"), left("15m"), left("1d")) == ({"b-1"}, {"b-1", "b-2"}, set(ages))
    assert [event.boiler for event in store.events(list(ages), 0, T0 + 1)] == ["b-1"]
    rows = store._sql.execute("SELECT measurement, tags FROM point ORDER BY measurement, tags").fetchall()
    assert rows == [
        ("finding", '{"of": "b-1"}'), ("forecast", '{"of": "b-1"}'), ("forecast", '{"of": "b-2"}'), ("pipeline", '{"of": "b-1"}'),
    ]  # fmt: skip
    store.close()
