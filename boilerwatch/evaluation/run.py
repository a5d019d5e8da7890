"""One fleet through the catalogue, the plain thresholds and the catalogue without each idea, its readings read once."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from boilerwatch.evaluation.ablation import WITHOUT, whole
from boilerwatch.evaluation.threshold import PlainThreshold
from boilerwatch.model import Batch, Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import read_fleet
from boilerwatch.service import FILE, ServiceRow, read_rows
from detectors.catalogue.codes import Codes
from detectors.catalogue.contract import Detector
from detectors.engine import Engine
from detectors.replay import BEAT_MS, LEAST_ROWS
from detectors.serving import with_service
from simulators.dataset import Order, habits_of, write
from simulators.episode import episodes_of
from simulators.score import Score, score
from simulators.truth import read_truth
from simulators.watch import watch_beside

CATALOGUE, THRESHOLD = "catalogue", "plain thresholds"
#: The catalogue told of what people did, as alerting tells it; the others know readings and codes alone.
TOLD = "repairs, parts and top-ups told"


@dataclass(slots=True)
class Result:
    """What became of a fleet.

    Attributes
    ----------
    scores
        Variant -> its score.
    models, habits
        Boiler -> its model; and how its gateway speaks.
    """

    scores: dict[str, Score] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    habits: dict[str, str] = field(default_factory=dict)


def run(order: Order, ablated: bool) -> Result:
    """Make the fleet's readings in a folder of the system's, run every variant over them, and score it."""
    with tempfile.TemporaryDirectory(prefix="boilerwatch-") as name:
        folder = Path(name)
        write(order, folder)
        boilers = read_fleet(folder / "fleet.csv").boilers
        makes: dict[str, Callable[[], list[Detector]]] = {
            CATALOGUE: whole,
            THRESHOLD: lambda: [Codes(), PlainThreshold()],
            **({TOLD: whole} | WITHOUT if ablated else {}),
        }
        engines = {
            variant: Engine(beat_ms=BEAT_MS, least_rows=LEAST_ROWS, detectors=make()) for variant, make in makes.items()
        }
        found: dict[str, list[Finding]] = {variant: [] for variant in engines}
        for engine in engines.values():
            engine.register(boilers)
        service = read_rows(folder / FILE)
        for batch in read_batches(folder / "readings.jsonl.gz", Counter()):
            arrived_ms = batch.newest_arrival_ms()
            due = [row for row in service if row.at_ms < arrived_ms]
            service = service[len(due) :]
            for variant, engine in engines.items():
                for one in with_service([batch], due if variant == TOLD else ()):
                    found[variant] += _take(engine, one)
        for variant, engine in engines.items():
            found[variant] += engine.finish()
        truth, watch = read_truth(folder / "truth.csv"), watch_beside(folder / "truth.csv")
        days, codes = (watch.boiler_days, watch.codes) if watch else (order.boilers * order.days, None)
        scores = {variant: score(episodes_of(one), truth, days, codes) for variant, one in found.items()}
        return Result(scores, {boiler.boiler: boiler.model for boiler in boilers}, habits_of(order))


def _take(engine: Engine, one: Batch | ServiceRow) -> list[Finding]:
    return [*engine.finish(), *engine.serve(one)] if isinstance(one, ServiceRow) else engine.take(one)
