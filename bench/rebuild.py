"""A detector's upgrade, and a restart: how long the detectors' room is away, beside the limits of the design.

`python -m bench.rebuild [--boilers N] [--days D] [--restart-boilers M] [--json FILE]`. First every daily detector is rebuilt
from the kept days of N boilers; the figure is for 100,000 boilers and 30 days at that rate, with one core. Then a room of M
boilers is killed a minute of readings after its snapshot: from the start of a new process until it has taken all of them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from bench.detection import minute
from boilerwatch.clock import SYSTEM
from boilerwatch.columns import encode
from boilerwatch.fold import DAY_MS
from boilerwatch.journal import READINGS, SERVICE, NewRow, open_writer
from boilerwatch.model import Source
from boilerwatch.settings import DataSettings, Settings
from detectors.days import Closed
from detectors.engine import Engine
from detectors.history import History
from detectors.service import Detecting

LIMIT_REBUILD_S, LIMIT_RESTART_S = 600.0, 60.0
_BOILERS, _DAYS = 100_000, 30
_FIRST_DAY_MS = 1_767_571_200_000 // DAY_MS * DAY_MS
#: A fleet in one zone closes its days over a minute or two, looked at every fifteen seconds.
_GROUPS = 6
_BURNT_MINUTES = 200


def closed_days(engine: Engine, slot: np.ndarray[Any, Any], day: int, chance: np.random.Generator) -> Closed:
    """Return a healthy day of some boilers with everything measured that there is."""
    n, start = len(slot), np.full(len(slot), _FIRST_DAY_MS + day * DAY_MS)
    times = {"slot": slot, "start": start, "newest": start + DAY_MS - 60_000, "received": start + DAY_MS,
             "before": np.where(day > 0, start - DAY_MS, -1)}  # fmt: skip
    totals, counts = {}, {}
    for detector in engine.daily:
        for number, (feature, bands) in enumerate(detector.features.items()):
            name = f"{detector.name}/{feature}"
            counts[name] = np.full((n, bands), _BURNT_MINUTES, np.int16)
            totals[name] = _BURNT_MINUTES * (1 + number + 0.01 * chance.standard_normal((n, bands)))
    for name, total in (("flame_on_s", 20_000.0), ("starts", 24.0)):
        counts[name], totals[name] = np.full((n, 1), 1440, np.int16), np.full((n, 1), total)
    return Closed(times, totals, counts)


def rebuilding(folder: Path, boilers: int, days: int) -> dict[str, float]:
    """Return seconds and bytes that 100,000 boilers and 30 days would take."""
    engine, history, chance = Engine(), History(folder / "detectors.days", 10 * days), np.random.default_rng(1)
    slots = engine.slots.of_all([Source(f"b-{number}", f"s-{number // 50}", "") for number in range(boilers)])
    for day in range(days):
        for group in np.array_split(slots, _GROUPS):
            history.note(
                READINGS, day + 1, {READINGS: 0, SERVICE: 0}, closed_days(engine, group, day, chance), engine.slots
            )
        history.save({READINGS: day + 1, SERVICE: 0})
    size = (folder / "detectors.days").stat().st_size
    engine.expect_nothing()
    began = process_time()
    engine.rebuild(history.entries({READINGS: days, SERVICE: 0}, engine.slots))
    spent_s, share = process_time() - began, _BOILERS * _DAYS / (boilers * days)
    return {
        "measured_boilers": boilers,
        "days": days,
        "rebuild_s": spent_s * share,
        "bytes_a_boiler_day": size / boilers / days,
    }


def restart(folder: Path, boilers: int) -> dict[str, float]:
    """Return seconds until a room that was killed is back, and its snapshot's bytes."""
    settings = Settings(data=DataSettings(dir=folder))
    sources = [Source(f"b-{number}", f"s-{number // 50}", "") for number in range(boilers)]
    chance, journal = np.random.default_rng(1), open_writer(settings, READINGS)

    def publish(number: int) -> None:
        for batch in minute(sources, number, chance):
            journal.append([NewRow(int(batch.received_at_ms[-1]), encode(batch), len(batch))])

    room = Detecting(settings)
    for number in (0, 1, 2, 1440, 1441, 1442, 1443):
        publish(number)
        while room.step():
            pass
    room.save()
    publish(1444)
    while room.step():
        pass  # in the findings journal, not in the snapshot
    room.close()
    publish(1445)
    journal.close()
    began = perf_counter()
    subprocess.run([sys.executable, "-m", "bench.rebuild", "--come-up", str(folder)], check=True)
    return {
        "restart_boilers": boilers, "restart_s": (perf_counter() - began) * _BOILERS / boilers,
        "snapshot_mib": (folder / "detectors.snapshot").stat().st_size / 2**20,
    }  # fmt: skip


def come_up(folder: Path) -> None:
    """Start the room and take everything there is."""
    room = Detecting(Settings(data=DataSettings(dir=folder)), SYSTEM)
    while room.step():
        pass
    room.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boilers", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=_DAYS)
    parser.add_argument("--restart-boilers", type=int, default=_BOILERS)
    parser.add_argument("--come-up", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.come_up:
        come_up(asked.come_up)
        return 0
    with tempfile.TemporaryDirectory() as name:
        found: dict[str, Any] = rebuilding(Path(name), asked.boilers, asked.days)
        (Path(name) / "room").mkdir()
        found |= restart(Path(name) / "room", asked.restart_boilers)
    found |= {"limit_rebuild_s": LIMIT_REBUILD_S, "limit_restart_s": LIMIT_RESTART_S}
    found["met"] = found["rebuild_s"] <= LIMIT_REBUILD_S and found["restart_s"] <= LIMIT_RESTART_S
    print(
        f"rebuilt in {found['rebuild_s']:.0f} s of one core for {_BOILERS:,} boilers and {_DAYS} days, limit {LIMIT_REBUILD_S:.0f}; "
        f"{found['bytes_a_boiler_day']:.0f} bytes a boiler and day; back in {found['restart_s']:.1f} s, limit "
        f"{LIMIT_RESTART_S:.0f}, of a snapshot of {found['snapshot_mib']:.0f} MiB"
    )
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
