"""Detection over files: the live engine, without server, settings or system clock."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from boilerwatch.minutes import Late
from boilerwatch.model import Batch, Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Detector
from detectors.engine import Engine
from detectors.serving import with_service
from detectors.tuning import Tuning

#: Arrival time shown to detectors at once. [ms]
BEAT_MS = 3_600_000
#: Of few boilers, more hours at once.
LEAST_ROWS = 2_000


class Replay:
    """One way to judge what comes: the catalogue with these limits, without those detectors, with more of them.

    Raises
    ------
    SettingsError
        If a changed limit is of no detector.
    """

    def __init__(
        self, register: Sequence[Boiler], tuning: Tuning | None = None, disabled: Sequence[str] = (),
        more: Sequence[Detector] = (),
    ) -> None:  # fmt: skip
        self._engine = Engine(disabled, beat_ms=BEAT_MS, least_rows=LEAST_ROWS, tuning=tuning, more=more)
        self._engine.register(register)

    def take(self, one: Batch | ServiceRow) -> list[Finding]:
        """Return what readings, or what people did, lead to."""
        if isinstance(one, ServiceRow):
            before = self._engine.finish()  # what came before it is seen before it
            return [*before, *self._engine.serve(one)]
        return self._engine.take(one)

    def finish(self) -> list[Finding]:
        """Return what is left when nothing more comes."""
        return self._engine.finish()

    def late(self) -> dict[str, Late]:
        """Return boiler -> its readings that came too late to be judged: what a live run would not have seen either."""
        return {self._engine.slots.boilers[slot]: one for slot, one in self._engine.minutes.late_of.items()}


def replay(
    readings: Path, register: Sequence[Boiler], refused: Counter[str], tuning: Tuning | None = None,
    disabled: Sequence[str] = (),
) -> Iterator[Finding]:  # fmt: skip
    """Return what the readings lead to, in order.

    Parameters
    ----------
    readings
        `.jsonl`, `.jsonl.gz`, `.parquet` or `.csv`.
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
        Boiler -> its readings that came too late to be judged. Filled at the end.

    Raises
    ------
    SettingsError
        If a changed limit is of no detector.
    """
    one = Replay(register, tuning, disabled)
    for (found,) in side_by_side(batches, [one], service):
        yield from found
    if late is not None:
        late |= one.late()


def side_by_side(
    batches: Iterable[Batch], ways: Sequence[Replay], service: Sequence[ServiceRow] = ()
) -> Iterator[tuple[list[Finding], ...]]:
    """Return what batches lead to by each of several ways to judge them, as they come; they are read once."""
    for one in with_service(batches, service):
        yield tuple(way.take(one) for way in ways)
    yield tuple(way.finish() for way in ways)
