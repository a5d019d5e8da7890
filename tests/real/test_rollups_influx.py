"""Roll-ups on InfluxDB: late readings corrected from it, and every outage caught up with."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boilerwatch.settings import StoreSettings
from boilerwatch.store.opening import open_store
from collector.storing.service import Storing
from tests.collector.rollup_world import Place, Reading, drained, reckoned, rows_of

pytestmark = pytest.mark.real
T0_MS = round(datetime(2025, 10, 25, 20, tzinfo=UTC).timestamp() * 1000)
BOILERS = [f"b-{number}" for number in range(4)]


@pytest.mark.parametrize("seed", range(2))
def test_any_order_cut_and_restart_makes_what_the_sorted_whole_makes(
    tmp_path: Path, influx_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    kept = StoreSettings(kind="influx", url=influx_url, database=f"rolled_{seed}", retention_days=36_500)
    with Place(tmp_path, kept) as place:
        place.register(BOILERS)
        store = open_store(place.settings)
        store.setup()
        heard = [
            Reading(boiler, T0_MS + chance.randrange(0, 40 * 3_600) * 1000,
                    {"water_pressure_bar": chance.uniform(0, 3), "flow_temp_c": chance.uniform(20, 80),
                     "flame_on": float(chance.random() < 0.5), "burner_starts": float(chance.randrange(99))})
            for boiler in BOILERS
            for _ in range(400)
        ]  # fmt: skip
        chance.shuffle(heard)
        storing = Storing(place.settings)
        for at in range(0, len(heard), 50):
            place.hear(heard[at : at + 50])
            if chance.random() < 0.3:
                storing.step()
            if chance.random() < 0.2:
                storing.save()
            if chance.random() < 0.2:
                storing.close()
                storing = Storing(place.settings)
        storing.close()
        drained(place)
        for resolution, rows in zip(("15m", "1d"), reckoned(heard), strict=True):
            assert rows_of(store, BOILERS, resolution) == {
                key: pytest.approx(row, rel=1e-9, abs=1e-9) for key, row in rows.items()
            }
        store.close()
