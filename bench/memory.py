"""Memory over days: what `simulate` keeps resident after its first day and after its last, publishing to a real broker.

`python -m bench.memory [--boilers N] [--days D] [--json FILE]`; it starts Mosquitto by itself. Every dialect, links as bad
as they come, faults and repairs, from a start in the past as fast as it goes: whatever is kept of what was said would show.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from boilerwatch.clock import SYSTEM
from boilerwatch.settings import MqttSettings
from simulators.bad_links import Troubles
from simulators.fault_plan import plan_faults
from simulators.fleet import Fleet
from simulators.live_fleet import LiveView
from simulators.publish import Live, Member, Pace, Shown
from tests.servers import mosquitto

LIMIT_RATIO = 1.15
_STEP_S, _DAY_S, _LEAST_DAYS = 300.0, 86_400.0, 2


def resident_mb() -> float:
    """Return what of this process is in memory now. [MB]"""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Watched:
    """A fleet that takes note of memory at the end of each of its days, and ends the run after the last."""

    def __init__(self, view: LiveView, start_s: float, days: int, stop: threading.Event) -> None:
        self._view, self._start_s, self._days, self._stop = view, start_s, days, stop
        self.members: Sequence[Member] = view.members
        self.resident_mb: list[float] = []

    def show(self, now_s: float) -> Shown:
        """Return what every boiler shows."""
        if (now_s - self._start_s) // _DAY_S > len(self.resident_mb):
            self.resident_mb.append(resident_mb())
            if len(self.resident_mb) == self._days:
                self._stop.set()
        return self._view.show(now_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boilers", type=int, default=60)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    days = max(asked.days, _LEAST_DAYS)
    start_s, stop = SYSTEM.now_ms() / 1000 - (days + 1) * _DAY_S, threading.Event()
    fleet = Fleet(asked.boilers, 1, start_s)
    plan_faults(fleet, 0.5, (), 1, days)
    watched = Watched(LiveView(fleet, "all", interval_s=_STEP_S), start_s, days, stop)
    with tempfile.TemporaryDirectory() as folder, mosquitto(Path(folder)) as port:
        began = time.perf_counter()
        live = Live(watched, MqttSettings(port=port), SYSTEM, Troubles())
        tally = asyncio.run(live.run(Pace(start_s, _STEP_S, 0.0), stop))
        wall_s = time.perf_counter() - began
    first, last = watched.resident_mb[0], watched.resident_mb[-1]
    found = {
        "boilers": asked.boilers, "days": days, "messages": tally.published, "wall_s": wall_s, "first_mb": first, "last_mb": last,
        "ratio": last / first, "limit_ratio": LIMIT_RATIO,
    }  # fmt: skip
    for name, value in found.items():
        print(f"{name:16} {value:12,.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(found | {"resident_mb": watched.resident_mb}, indent=1), encoding="utf-8")
    return 0 if found["ratio"] <= LIMIT_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
