"""The simulated fleet's speed beside its limits: a minute of 100,000 boilers, and 200 boilers' five minutes.

`python -m bench.fleet [--boilers N] [--minutes M] [--json FILE]`. CPU time of one core; the minute includes what sensors
tell, the five minutes are those of a data set with faults, averaged over two days. `bench.dataset` has the files.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from simulators.fault_plan import plan_faults
from simulators.fleet import Fleet

START_S = 1_767_571_200.0
LIMIT_MINUTE_S, LIMIT_STEP_MS = 1.0, 2.5
_SMALL, _STEPS, _STEP_S = 200, 576, 300.0


def minute_s(boilers: int, minutes: int) -> float:
    fleet = Fleet(boilers, 1, START_S)
    plan_faults(fleet, 0.2, (), 1, 45)
    fleet.step(60)
    began = time.process_time()
    for _ in range(minutes):
        fleet.step(60)
    return (time.process_time() - began) / minutes


def step_ms() -> float:
    fleet = Fleet(_SMALL, 1, START_S)
    plan_faults(fleet, 0.2, (), 1, _STEPS * _STEP_S / 86_400)
    began = time.process_time()
    for _ in range(_STEPS):
        fleet.step(_STEP_S)
    return (time.process_time() - began) / _STEPS * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boilers", type=int, default=100_000)
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found = {
        "boilers": asked.boilers, "minute_s": minute_s(asked.boilers, asked.minutes), "limit_minute_s": LIMIT_MINUTE_S * asked.boilers / 100_000,
        "step_of_200_ms": step_ms(), "limit_step_ms": LIMIT_STEP_MS,
    }  # fmt: skip
    for name, value in found.items():
        print(f"{name:16} {value:14,.3f}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0 if found["minute_s"] <= found["limit_minute_s"] and found["step_of_200_ms"] <= LIMIT_STEP_MS else 1


if __name__ == "__main__":
    sys.exit(main())
