"""Detection, everything registered: CPU for a minute of readings of a million boilers, beside the design's limit.

Run as `python -m bench.detection [--boilers N] [--minutes M]`; prints the figure and writes JSON to the file of --json.
What the end of a day and of each six hours costs is measured over further days, and its 1440th part is in the figure.
"""

import argparse
import json
import sys
from pathlib import Path
from time import process_time

import numpy as np

from boilerwatch.model import Batch, Source
from detectors.engine import Engine

T0_MS = 1_767_571_200_000
LIMIT_S = 2.0
STATE_LIMIT_BYTES = 2_048
#: Detectors that keep a model of each boiler, which the limit leaves apart.
LEARNED = ("unusual",)
_MILLION = 1_000_000
_ROWS = 50_000
_DAYS, _LOOKS = 8, 4
_MEANS = {
    "water_pressure_bar": 1.5, "flow_temp_c": 55.0, "return_temp_c": 45.0, "modulation_pct": 40.0, "flame_current_ua": 20.0,
    "flue_temp_c": 70.0, "outdoor_temp_c": 5.0, "fan_speed_rpm": 3000.0,
}  # fmt: skip


def minute(sources: list[Source], number: int, chance: np.random.Generator) -> list[Batch]:
    """Return one reading of every boiler, in batches, in order of arrival."""
    batches = []
    for begin in range(0, len(sources), _ROWS):
        mine = sources[begin : begin + _ROWS]
        n = len(mine)
        ts = (
            T0_MS
            + number * 60_000
            + np.sort(chance.integers(0, 60_000 * n // len(sources), n))
            + begin * 60_000 // len(sources)
        )
        columns = {name: mean * (1 + 0.002 * chance.standard_normal(n)) for name, mean in _MEANS.items()}
        columns["flame_on"] = np.full(n, float(number % 4 > 0))
        columns["burner_starts"] = np.full(n, float(number // 4))
        batches.append(
            Batch(
                sources=mine, source=np.arange(n), ts_ms=ts, received_at_ms=ts, stamped=np.zeros(n, np.bool_),
                columns=columns, hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64), seq=np.full(n, -1, np.int64),
            )
        )  # fmt: skip
    return batches


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boilers", type=int, default=_MILLION)
    parser.add_argument("--minutes", type=int, default=32)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sources = [Source(f"b-{number}", f"s-{number // 50}", "") for number in range(options.boilers)]
    chance, engine = np.random.default_rng(1), Engine()
    spent_s = 0.0
    for number in range(options.minutes):
        batches = minute(sources, number, chance)
        began = process_time()
        for batch in batches:
            engine.take(batch)
        if number >= 2:  # the first minutes make room for the boilers
            spent_s += process_time() - began
    a_minute_s = spent_s / (options.minutes - 2)
    began = process_time()
    for number in range(1, _DAYS * _LOOKS + 1):  # civil days and blocks of six hours close with these
        for batch in minute(sources, number * 1440 // _LOOKS, chance):
            engine.take(batch)
    a_day_s = (process_time() - began) / _DAYS - _LOOKS * a_minute_s
    per_million_s = (a_minute_s + max(a_day_s, 0.0) / 1440) * _MILLION / options.boilers
    bytes_of = {one.name: sum(v.nbytes for v in one.dump().values()) / options.boilers for one in engine.detectors}
    learned = sum(bytes_of.pop(name, 0) for name in LEARNED)
    state = sum(bytes_of.values())
    whole = len(engine.dump({})) / options.boilers
    result = {"s_per_million_boilers_minute": round(per_million_s, 3), "limit_s": LIMIT_S, "state_bytes": round(state), "state_limit_bytes": STATE_LIMIT_BYTES, "learned_bytes": round(learned), "snapshot_bytes": round(whole),
              "met": per_million_s <= LIMIT_S and state <= STATE_LIMIT_BYTES}  # fmt: skip
    sys.stdout.write(f"{per_million_s:.2f} s for a minute of 1,000,000 boilers, limit {LIMIT_S} s; ")
    sys.stdout.write(
        f"{state:.0f} bytes of detectors' state a boiler, limit {STATE_LIMIT_BYTES}, learned models apart ({learned:.0f}); "
    )
    sys.stdout.write(f"{whole:.0f} bytes of snapshot a boiler, open minutes and days in it\n")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
