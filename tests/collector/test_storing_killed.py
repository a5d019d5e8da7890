"""Storing as a process of its own, killed again and again: the store and the ledger end up as if nothing had happened."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from boilerwatch.ledger import open_ledger
from boilerwatch.store.opening import open_store
from tests.collector.rollup_world import Place, Reading, drained, reckoned, rows_of

T0_MS = 1_772_452_800_000
BOILERS = [f"b-{number}" for number in range(20)]
DEATHS = 8


@pytest.mark.chaos
def test_store_ledger_and_roll_ups_are_whole_after_many_deaths(tmp_path: Path) -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    (tmp_path / "boilerwatch.toml").write_text(f'[data]\ndir = "{tmp_path}/var"\n[store]\nretention_days = 36500\n')
    command = [
        sys.executable,
        "-m",
        "boilerwatch.cli.main",
        "run",
        "storing",
        "--settings",
        str(tmp_path / "boilerwatch.toml"),
    ]
    told: list[Reading] = []
    with Place(tmp_path / "var") as place:
        place.register(BOILERS)

        def hear() -> None:
            minute = len(told) // len(BOILERS)
            late_ms = [chance.choice([0, 0, 0, 0, 7 * 60_000]) for _ in BOILERS]
            some = [
                Reading(b, T0_MS + minute * 60_000 - ms, {"flow_temp_c": chance.uniform(20, 80), "flame_on": float(minute % 9 > 4)})
                for b, ms in zip(BOILERS, late_ms, strict=True)
            ]  # fmt: skip
            told.extend(some)
            place.hear(some)
            time.sleep(0.005)

        def stored() -> int:
            return place.journal.positions().get("storing", 0)

        for death in range(DEATHS):
            before, last_s = stored(), time.monotonic() + 60
            with subprocess.Popen(command) as storing:
                while stored() == before:  # it lives, and has come further than the last one
                    assert time.monotonic() < last_s, "storing came to nothing within a minute"
                    hear()
                until = time.monotonic() + chance.uniform(0, 0.7)
                while time.monotonic() < until:
                    hear()
                storing.send_signal(signal.SIGKILL if death % 4 else signal.SIGTERM)  # an orderly end writes a snapshot
                storing.wait(20)
        drained(place)
        store, ledger = open_store(place.settings), open_ledger(place.settings)
        series = store.history(BOILERS, ["flow_temp_c"], 0, T0_MS * 2)
        moments = {boiler: len({one.ts_ms for one in told if one.boiler == boiler}) for boiler in BOILERS}
        assert {boiler: len(one.ts_ms) for boiler, one in series.items()} == moments
        assert ledger.total().counts["readings"] == len(told)
        for resolution, rows in zip(("15m", "1d"), reckoned(told), strict=True):
            assert rows_of(store, BOILERS, resolution) == {
                key: pytest.approx(row, rel=1e-9, abs=1e-9) for key, row in rows.items()
            }
        store.close()
        ledger.close()
