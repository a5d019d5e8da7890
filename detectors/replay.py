"""Detection over files: the live engine, without server, settings or system clock."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from boilerwatch.minutes import Late
from boilerwatch.model import Batch, Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler
from boilerwatch.service import ServiceRow
from detectors.engine import Engine
from detectors.serving import with_service
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
    yield from replay_batches(read_batches(readings, refused), register, tuning, disabled)


def replay_batches(
    batches: Iterable[Batch], register: Sequence[Boiler], tuning: Tuning | None = None, disabled: Sequence[str] = (),
    late: dict[str, Late] | None = None, service: Sequence[ServiceRow] = (),
) -> Iterator[Finding]:  # fmt: skip
    """Return what batches lead to, in order, wherever they come from.

    Parameters
    ----------
    service
        What people did, in order of time: each row is taken after what had arrived by then.
    late
        Boiler -> its readings that came too late to be judged: what a live run would not have seen either. Filled at the end.

    Raises
    ------
    SettingsError
        If a changed limit is of no detector.
    """
    engine = Engine(disabled, beat_ms=BEAT_MS, least_rows=LEAST_ROWS, tuning=tuning)
    engine.register(register)
    for one in with_service(batches, service):
        if isinstance(one, ServiceRow):
            yield from engine.finish()  # what came before it is seen before it
            yield from engine.serve(one)
        else:
            yield from engine.take(one)
    yield from engine.finish()
    if late is not None:
        late |= {engine.slots.boilers[slot]: one for slot, one in engine.minutes.late_of.items()}
