"""Detection over files: the live engine, without server, settings or system clock."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from boilerwatch.model import Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler
from detectors.engine import Engine
from detectors.tuning import Tuning

#: Arrival time shown to detectors at once. [ms]
BEAT_MS = 3_600_000
#: Of few boilers, more hours at once.
LEAST_ROWS = 2_000


def replay(
    readings: Path, register: Sequence[Boiler], refused: Counter[str], tuning: Tuning | None = None,
    disabled: Sequence[str] = (),
) -> Iterator[Finding]:  # fmt: skip
    """Return what the readings lead to, in order.

    Parameters
    ----------
    readings
        `.jsonl`, `.jsonl.gz` or `.parquet`.
    refused
        Counts of what could not be taken, by reason; added to.
    tuning, disabled
        Changed limits, and detectors not to run.

    Raises
    ------
    InputError
        If the file cannot be read.
    SettingsError
        If a changed limit is of no detector.
    """
    engine = Engine(disabled, beat_ms=BEAT_MS, least_rows=LEAST_ROWS, tuning=tuning)
    engine.register(register)
    for batch in read_batches(readings, refused):
        yield from engine.take(batch)
    yield from engine.finish()
