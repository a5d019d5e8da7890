"""A real InfluxDB that is away, killed, or holds its breath: storing catches up, and the store holds what the ledger says."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from boilerwatch.errors import StoreError
from boilerwatch.ledger import open_ledger
from boilerwatch.settings import StoreSettings
from boilerwatch.store.influx import InfluxStore
from boilerwatch.store.opening import open_store
from collector.storing.service import Storing, main
from tests.collector.rollup_world import Place, Reading, drained, reckoned, rows_of
from tests.servers import free_port, influxd_process

pytestmark = pytest.mark.real
#: Noon in UTC: no local midnight is near in the zone of the test.
T0_MS = 1_772_452_800_000
BOILERS = [f"b-{number}" for number in range(5)]


def heard_at(number: int) -> list[Reading]:
    """A minute of the fleet."""
    values = {
        "water_pressure_bar": 1.0 + number % 7 / 10,
        "flow_temp_c": 40.0 + number % 30,
        "burner_starts": float(number),
    }
    return [Reading(boiler, T0_MS + number * 60_000, values) for boiler in BOILERS]


def until(what: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, f"{what.__name__} did not come true within {timeout_s} s"
        time.sleep(0.05)


def test_nothing_is_lost_while_the_store_is_away_killed_or_hangs(tmp_path: Path) -> None:
    port = free_port()
    kept = StoreSettings(
        kind="influx", url=f"http://127.0.0.1:{port}", database="outage", retention_days=36_500, timeout_s=1
    )
    server, stop = tmp_path / "server", threading.Event()
    server.mkdir()
    told: list[Reading] = []
    with Place(tmp_path / "var", kept) as place, contextlib.ExitStack() as later:
        place.register(BOILERS)

        def hear(count: int) -> None:
            for _ in range(count):
                readings = heard_at(len(told) // len(BOILERS))
                told.extend(readings)
                place.hear(readings)

        def caught_up() -> bool:
            return place.journal.positions().get("storing", 0) == place.journal.last()

        room = threading.Thread(target=main, args=(place.settings, stop))
        room.start()
        later.callback(room.join, 30)
        later.callback(stop.set)
        hear(30)  # nobody there yet
        with influxd_process(server, port) as database:
            store = InfluxStore(kept)
            store.setup()
            store.close()
            until(caught_up)
            hear(30)
            until(lambda: place.journal.positions()["storing"] > 35)
            database.kill()  # perhaps in the middle of a write
            database.wait()
        hear(30)
        time.sleep(2)  # refused connections, and the delays between them
        with influxd_process(server, port) as database:
            until(caught_up)
            database.send_signal(signal.SIGSTOP)
            hear(30)
            time.sleep(3)  # a request runs into its time limit
            database.send_signal(signal.SIGCONT)
            until(caught_up)
            stop.set()
            room.join(30)
            drained(place)
            store = open_store(place.settings)
            series = store.history(BOILERS, ["flow_temp_c"], T0_MS, T0_MS + 86_400_000)
            ledger = open_ledger(place.settings)
            counted = {boiler: account.counts["readings"] for boiler in BOILERS if (account := ledger.of(boiler))}
            ledger.close()
            assert {boiler: len(one.ts_ms) for boiler, one in series.items()} == counted == dict.fromkeys(BOILERS, 120)
            for resolution, rows in zip(("15m", "1d"), reckoned(told), strict=True):
                assert rows_of(store, BOILERS, resolution) == {
                    key: pytest.approx(row, rel=1e-9, abs=1e-9) for key, row in rows.items()
                }
            store.close()


def test_what_closed_while_the_store_was_away_is_written_when_it_is_back(tmp_path: Path) -> None:
    """The outage falls between a reading's write and the roll-up that it closes."""
    port = free_port()
    kept = StoreSettings(
        kind="influx", url=f"http://127.0.0.1:{port}", database="between", retention_days=36_500, timeout_s=1
    )
    server = tmp_path / "server"
    server.mkdir()
    with Place(tmp_path / "var", kept) as place:
        told = [reading for number in range(40) for reading in heard_at(number)]
        with influxd_process(server, port):
            store = InfluxStore(kept)
            store.setup()
            storing = Storing(place.settings, store)
            place.hear(told[:100])
            storing.step()
            place.hear(told[100:])
            storing._rollups._store = away = InfluxStore(
                kept.model_copy(update={"url": f"http://127.0.0.1:{free_port()}"})
            )
            with pytest.raises(StoreError, match="does not answer"):
                storing.step()
            away.close()
            storing._rollups._store = store
            while storing.step():
                pass
            storing.finish()
            quarters, days = reckoned(told, "Asia/Shanghai")
            found = rows_of(store, BOILERS, "15m"), rows_of(store, BOILERS, "1d")
            storing.close()
    assert found == tuple(
        {key: pytest.approx(row, rel=1e-9, abs=1e-9) for key, row in rows.items()} for rows in (quarters, days)
    )
