"""Makes the demo's past: dataset -> readings journal -> detectors, store, tickets under a clock of its own."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from alerting.register import import_boilers
from alerting.service import Alerting
from boilerwatch import columns
from boilerwatch.clock import SYSTEM, ManualClock
from boilerwatch.demo.staff import work
from boilerwatch.journal import READINGS, NewRow, open_writer
from boilerwatch.readings_file import read_batches
from boilerwatch.register import read_fleet
from boilerwatch.settings import Settings
from collector import storing
from detectors import service as detecting
from simulators.dataset import Order, write

_STEP_S = 600
#: Staff leave what came up in the last hours, so that clocks are running when the page opens.
_LEFT_MS = 3 * 3_600_000


def make(settings: Settings, order: Order, say: Callable[[str], None]) -> None:
    """Make the history of an empty installation."""
    record(settings, order, say)
    say("working the tickets of those days")
    live_through(settings, round(order.start_s * 1000), SYSTEM.now_ms())


def record(settings: Settings, order: Order, say: Callable[[str], None]) -> None:
    """Let the fleet run, and let collector's journal, detectors and store take what it said."""
    folder = settings.data.dir / "history"
    say(f"simulating {order.boilers} boilers over {order.days:g} days")
    write(order, folder)
    register(settings, folder / "fleet.csv", round(order.start_s * 1000))
    append_readings(settings, folder / "readings.jsonl.gz")
    say("finding faults")
    detecting.drain(settings)
    say("filling the store")
    storing.drain(settings)


def register(settings: Settings, fleet: Path, now_ms: int) -> None:
    """Import a fleet and let detectors take it before the first reading, as they would have live."""
    alerting = Alerting(settings)
    import_boilers(alerting.engine, read_fleet(fleet).boilers, now_ms)
    alerting.tell_detectors(now_ms)
    alerting.close()
    detecting.drain(settings)


def live_through(settings: Settings, start_ms: int, until_ms: int) -> None:
    """Let alerting and staff live through what detectors found, ten minutes at a time."""
    alerting, clock = Alerting(settings), ManualClock(start_ms)
    while clock.now_ms() < until_ms:
        clock.advance(_STEP_S)
        now_ms = min(clock.now_ms(), until_ms)
        while alerting.step(now_ms):
            pass
        alerting.sweep(now_ms)
        if now_ms < until_ms - _LEFT_MS:
            work(alerting.engine, alerting.policy, now_ms)
    alerting.close()


def append_readings(settings: Settings, path: Path) -> None:
    """Append a file of readings to the journal, as the collector would have."""
    journal = open_writer(settings, READINGS)
    refused: Counter[str] = Counter()
    for batch in read_batches(path, refused, rows=2_000):
        journal.append([NewRow(batch.newest_arrival_ms(), columns.encode(batch), len(batch))])
    journal.close()
