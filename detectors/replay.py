"""Detection over files: the live engine, without server, settings or system clock."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from boilerwatch.model import Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler
from detectors.engine import Engine

#: Arrival time shown to detectors at once. [ms]
BEAT_MS = 3_600_000
#: Of few boilers, more hours at once.
LEAST_ROWS = 2_000


def replay(readings: Path, register: Sequence[Boiler], refused: Counter[str]) -> Iterator[Finding]:
    """Return what the readings lead to, in order.

    Parameters
    ----------
    readings
        `.jsonl`, `.jsonl.gz` or `.parquet`.
    refused
        Counts of what could not be taken, by reason; added to.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    engine = Engine(beat_ms=BEAT_MS, least_rows=LEAST_ROWS)
    engine.register(register)
    for batch in read_batches(readings, refused):
        yield from engine.take(batch)
    yield from engine.finish()
