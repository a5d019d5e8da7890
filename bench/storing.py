"""Storing alone: readings a second from the journal into the store, roll-ups on, beside the design's limit.

Run as `python -m bench.storing [--store sqlite|influx] [--boilers N] [--seconds S] [--no-rollups]`. The journal is filled
first, with a fleet that speaks as fast as the limit says; then one process stores it, ledger, roll-ups, snapshots and all.
Prints the figure and writes JSON to the file of --json. `influx` starts Debian's InfluxDB on the same machine, set as
docs/install.md says for large fleets (`--as-shipped`: without that); its CPU is told apart.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, process_time

import numpy as np

from boilerwatch.clock import SYSTEM
from boilerwatch.columns import encode
from boilerwatch.fold import QUARTER_MS
from boilerwatch.journal import READINGS, NewRow, open_writer
from boilerwatch.model import Batch, Source
from boilerwatch.settings import DataSettings, Settings, StoreSettings
from boilerwatch.store.opening import open_store
from collector.storing import Storing
from tests.servers import influxd

LIMIT_ROWS_S = 33_333
_BATCH_MS = 50
#: For large fleets, in InfluxDB's [data]: with its default of 25 MB it spends most of its time on tiny blocks.
_LARGE_FLEET = 'cache-snapshot-memory-size = "400m"\ncache-max-memory-size = "4g"'
_MEANS = {
    "water_pressure_bar": 1.5, "flow_temp_c": 55.0, "return_temp_c": 45.0, "modulation_pct": 40.0, "flame_current_ua": 20.0,
    "flue_temp_c": 70.0,
}  # fmt: skip


def fill(settings: Settings, boilers: int, seconds: float, begin_ms: int) -> int:
    """Write the journal; return how many readings that is."""
    sources = [Source(f"boiler-{number:06}", f"site-{number // 500}", "") for number in range(boilers)]
    chance = np.random.default_rng(1)
    journal = open_writer(settings, READINGS)
    n = LIMIT_ROWS_S * _BATCH_MS // 1000
    batches = round(seconds * 1000 / _BATCH_MS)
    for number in range(batches):
        first = number * n % boilers
        place = (first + np.arange(n)) % boilers
        at_ms = begin_ms + number * _BATCH_MS
        columns = {name: (mean * (1 + 0.01 * chance.standard_normal(n))).round(2) for name, mean in _MEANS.items()}
        columns["flame_on"] = (chance.random(n) < 0.5).astype(np.float64)
        columns["burner_starts"] = np.full(n, float(number // 100))
        batch = Batch(
            sources=[sources[one] for one in place.tolist()], source=np.arange(n), ts_ms=np.full(n, at_ms - 300),
            received_at_ms=np.full(n, at_ms), stamped=np.zeros(n, np.bool_), columns=columns,
            hash=chance.integers(0, 2**63, n, dtype=np.uint64), boot=np.ones(n, np.uint64),
            seq=(number * n + np.arange(n)) // boilers, ledger={"received": np.ones(n, np.int64), "accepted": np.ones(n, np.int64)},
        )  # fmt: skip
        journal.append([NewRow(at_ms, encode(batch), n)])
    journal.close()
    return batches * n


@contextlib.contextmanager
def store_of(kind: str, folder: Path, data: str) -> Iterator[tuple[StoreSettings, int]]:
    """Return the settings of a store and the process that serves it, 0 without one."""
    if kind == "sqlite":
        yield StoreSettings(), 0
        return
    with influxd(folder, data) as url:
        settings = StoreSettings(kind="influx", url=url, database="bench")
        store = open_store(Settings(store=settings))
        store.setup()
        store.close()
        yield settings, _pid_of(folder)


def _pid_of(folder: Path) -> int:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder / "influxdb.conf").encode() in path.read_bytes():
                return int(path.parent.name)
    return 0


def _cpu_s(pid: int) -> float:
    if not pid:
        return 0.0
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / 100


def measure(settings: Settings, pid: int) -> tuple[float, float, float]:
    """Store all of the journal; return (seconds, our CPU, the database's CPU). [s]"""
    storing = Storing(settings)
    began_s, cpu_s, theirs_s, saved_s = monotonic(), process_time(), _cpu_s(pid), monotonic()
    while storing.step():
        if monotonic() - saved_s > 60:
            storing.save()
            saved_s = monotonic()
    storing.save()
    spent = monotonic() - began_s, process_time() - cpu_s, _cpu_s(pid) - theirs_s
    storing.close()
    return spent


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "influx"), default="sqlite")
    parser.add_argument("--boilers", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--no-rollups", action="store_true")
    parser.add_argument("--as-shipped", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    data = "" if options.as_shipped else _LARGE_FLEET
    with tempfile.TemporaryDirectory() as name, store_of(options.store, Path(name), data) as (store, pid):
        rollups = not options.no_rollups
        settings = Settings(
            data=DataSettings(dir=Path(name) / "var"), store=store.model_copy(update={"rollups": rollups})
        )
        middle_ms = SYSTEM.now_ms() - round(options.seconds * 1000)
        middle_ms -= middle_ms % QUARTER_MS  # the whole fleet's quarters end within the run
        rows = fill(settings, options.boilers, options.seconds, middle_ms - round(options.seconds * 500))
        spent_s, cpu_s, theirs_s = measure(settings, pid)
    result = {
        "store": options.store, "rollups": rollups, "boilers": options.boilers, "rows": rows, "rows_s": round(rows / spent_s),
        "limit_rows_s": LIMIT_ROWS_S, "cpu_us_a_row": round(cpu_s / rows * 1e6, 2),
        "database_cpu_us_a_row": round(theirs_s / rows * 1e6, 2), "met": rows / spent_s >= LIMIT_ROWS_S,
    }  # fmt: skip
    sys.stdout.write(
        f"{result['rows_s']:,} rows/s into {options.store}, limit {LIMIT_ROWS_S:,}; {result['cpu_us_a_row']} µs of our CPU a row, "
        f"{result['database_cpu_us_a_row']} of the database's\n"
    )
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
