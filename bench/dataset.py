"""Writing a data set: 200 boilers, 45 days, 5 minutes, in seconds beside the limits, and what of it physics takes.

`python -m bench.dataset [--boilers N] [--days D] [--bad-links] [--json FILE]`. Memory is its peak over the last half of
the days less that over the first: what grows with time.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from simulators import dataset

LIMIT_S, LIMIT_PHYSICS_S, LIMIT_LINE_US = 60.0, 25.0, 8.0
ROWS_OF_LIMIT = 200 * 45 * 288


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boilers", type=int, default=200)
    parser.add_argument("--days", type=float, default=45)
    parser.add_argument("--bad-links", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    order = dataset.Order(asked.boilers, asked.days, 1, 1_767_571_200.0, bad_links=asked.bad_links)
    half = dataset.Order(asked.boilers, asked.days / 2, 1, 1_767_571_200.0, bad_links=asked.bad_links)
    with tempfile.TemporaryDirectory() as folder:
        dataset.write(half, Path(folder) / "half")
        half_mb = peak_mb()
        wall, cpu = time.perf_counter(), time.process_time()
        dataset.write(order, Path(folder) / "whole")
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        size_mb = (Path(folder) / "whole" / "readings.jsonl.gz").stat().st_size / 1e6
    began = time.process_time()
    rows = sum(asked.boilers for _ in dataset.steps(dataset.fleet_of(order), order))
    physics_s = time.process_time() - began
    share = rows / ROWS_OF_LIMIT
    found = {
        "rows": rows, "file_mb": size_mb, "wall_s": wall_s, "cpu_s": cpu_s, "limit_s": LIMIT_S * share, "physics_cpu_s": physics_s,
        "limit_physics_s": LIMIT_PHYSICS_S * share, "line_us": (cpu_s - physics_s) / rows * 1e6, "limit_line_us": LIMIT_LINE_US,
        "grown_mb": peak_mb() - half_mb,
    }  # fmt: skip
    for name, value in found.items():
        print(f"{name:16} {value:14,.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0 if cpu_s <= LIMIT_S * share and physics_s <= LIMIT_PHYSICS_S * share else 1


if __name__ == "__main__":
    sys.exit(main())
