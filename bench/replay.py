"""Replay, whole catalogue, from .jsonl.gz: readings a second of one process's CPU, beside the limits of the design.

Run as `python -m bench.replay`; prints a line a case and writes JSON to the file named by --json.
"""

import argparse
import gzip
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from boilerwatch.garbage import collect_rarely, keep_freed
from boilerwatch.register import Boiler
from detectors.replay import replay

T0_MS = 1_767_571_200_000
#: Name -> boilers, readings a boiler, interval [s], least readings a second.
CASES: dict[str, tuple[int, int, int, float]] = {
    "100,000 boilers": (100_000, 5, 60, 250_000),
    "200 boilers": (200, 2_500, 60, 100_000),
    "one boiler, a year of 5 minutes": (1, 105_120, 300, 105_120 / 5),
}


def write(path: Path, boilers: int, readings: int, interval_s: int) -> int:
    """Write healthy readings of ten signals in order of arrival; return how many."""
    chance = np.random.default_rng(1)
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number in range(readings):
            noise = chance.normal(0, 1, (boilers, 2)).round(2)
            on = "true" if number % 4 else "false"
            for boiler in range(boilers):
                a, b = noise[boiler]
                file.write(
                    f'{{"site":"s-{boiler // 50}","boiler":"b-{boiler}","ts":{T0_MS + number * interval_s * 1000 + boiler % 1000},'
                    f'"water_pressure_bar":{1.5 + a / 100:.3f},"flow_temp_c":{55 + a:.2f},"return_temp_c":{45 + b:.2f},'
                    f'"modulation_pct":{40 + a:.1f},"flame_on":{on},"flame_current_ua":{20 + b:.1f},"outdoor_temp_c":5.0,'
                    f'"flue_temp_c":{70 + a:.1f},"fan_speed_rpm":3000,"burner_starts":{number // 4}}}\n'
                )
    return boilers * readings


def measure(boilers: int, readings: int, interval_s: int) -> tuple[float, float]:
    """Return readings a second of this process's CPU, and by the clock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "readings.jsonl.gz"
        count = write(path, boilers, readings, interval_s)
        register = [Boiler(f"b-{number}", f"s-{number // 50}", family="bosch_ems") for number in range(boilers)]
        began, spent = perf_counter(), process_time()
        for _ in replay(path, register, Counter()):
            pass
        return count / (process_time() - spent), count / (perf_counter() - began)


def main() -> None:
    """Measure every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    results = {}
    options = parser.parse_args()
    collect_rarely()  # as the command does, and the next line
    keep_freed()
    for name, (boilers, readings, interval_s, least) in CASES.items():
        rate, by_clock = measure(boilers, readings, interval_s)
        results[name] = {
            "readings_per_s": round(rate), "readings_per_s_by_clock": round(by_clock), "limit": round(least), "met": rate >= least,
        }  # fmt: skip
        sys.stdout.write(f"{name}: {rate:,.0f} readings/s of CPU, {by_clock:,.0f} by the clock, limit {least:,.0f}\n")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
