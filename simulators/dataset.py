"""A labelled data set: readings, register and truth in files, equal for equal arguments, whole or not at all."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from boilerwatch.errors import InputError
from boilerwatch.model import Ints
from boilerwatch.service import FILE, ServiceRow, encode
from simulators.bad_links import Troubles
from simulators.dataset_picture import Recorder
from simulators.draw import World
from simulators.fault_plan import plan_faults
from simulators.file_links import FileLinks, Gateways
from simulators.fleet import Fleet, Step
from simulators.lines import JsonLines, Parquet, Writer
from simulators.register_file import fleet_csv
from simulators.rows import Gatherer, Rows
from simulators.sites import DAY_S, SITES
from simulators.truth import Truth, truth_csv
from simulators.watch import NAME, CodeSpans, Watch

#: Rows put together at once: enough to spread the cost of a column, few enough to stay in the cache.
_ROWS = 8_192
READINGS = {"jsonl": "readings.jsonl.gz", "parquet": "readings.parquet"}


@dataclass(frozen=True, slots=True)
class Order:
    """What to make.

    Attributes
    ----------
    days, start_s
        How long and from when. [d], [s since 1970]
    interval_s
        How often every boiler speaks; 0 for each gateway's own habit. [s]
    faults, kinds
        Share of boilers with a fault [-], and which; none for all.
    models
        Which boilers; none for all.
    bad_links
        Whether gateways go away, repeat, tear and tell wrong times; then lines tell arrival, boot and seq.
    world
        Where physical constants are drawn from: `usual`, or `outside` what was used for tuning.
    """

    boilers: int
    days: float
    seed: int
    start_s: float
    interval_s: float = 300.0
    faults: float = 0.2
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    bad_links: bool = False
    world: World = "usual"
    format: str = "jsonl"


def fleet_of(order: Order) -> Fleet:
    """Return the fleet of an order, its faults planned.

    Raises
    ------
    InputError
        If there is no such model or fault.
    """
    fleet = Fleet(order.boilers, order.seed, order.start_s, order.models, order.world)
    plan_faults(fleet, order.faults, order.kinds, order.seed, order.days)
    return fleet


def step_s(fleet: Fleet, order: Order) -> float:
    """Return how far a step goes: the order's interval, else what all gateways' habits are multiples of. [s]"""
    return order.interval_s or float(np.gcd.reduce([round(one / 1000) for one in intervals_ms(fleet, order).tolist()]))


def steps(fleet: Fleet, order: Order) -> Iterator[Step]:
    """Advance the fleet through the order's time."""
    seconds = step_s(fleet, order)
    for _ in range(round(order.days * DAY_S / seconds)):
        yield fleet.step(seconds)


def intervals_ms(fleet: Fleet, order: Order) -> Ints:
    """Return how often each boiler speaks, shape (boilers,). [ms]"""
    habits = [model.intervals_s[i % len(model.intervals_s)] for i, model in enumerate(fleet.models)]
    return np.array([round((order.interval_s or own) * 1000) for own in habits], np.int64)


def habits_of(order: Order) -> dict[str, str]:
    """Return boiler -> how its gateway speaks, in words."""
    fleet = Fleet(order.boilers, order.seed, order.start_s, order.models, order.world)
    every_s = intervals_ms(fleet, order) // 1000
    return {
        boiler: f"every {own_s} s" + (", on change" if model.on_change and not order.interval_s else "")
        for boiler, model, own_s in zip(fleet.ids, fleet.models, every_s.tolist(), strict=True)
    }


def write(order: Order, out: Path, plot: bool = False) -> None:
    """Write readings, `fleet.csv`, `truth.csv`, `service.jsonl` and `dataset.json`; with `plot` also two pictures.

    Raises
    ------
    InputError
        If the order cannot be met, or the folder cannot be written.
    """
    fleet = fleet_of(order)
    try:
        with _whole_folder(out) as part:
            _write_files(order, fleet, part, plot)
            for name in set(READINGS.values()) - {READINGS[order.format]}:
                (out / name).unlink(missing_ok=True)
    except OSError as exc:
        raise InputError(f"{out} cannot be written: {exc.strerror or exc}") from exc


@contextlib.contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write in, whose files are moved into `out` when all of them are done."""
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    part = out / ".part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        yield part
        for path in sorted(part.iterdir()):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if is_new and out.is_dir() and not any(out.iterdir()):
            out.rmdir()


def _write_files(order: Order, fleet: Fleet, part: Path, plot: bool) -> None:
    recorder = Recorder(fleet) if plot else None
    spans = CodeSpans()
    with (part / FILE).open("wb") as services:
        _write_readings(order, fleet, part, recorder, spans, services)
    faults = truth_of(fleet)
    (part / "fleet.csv").write_text(fleet_csv(fleet), encoding="utf-8")
    (part / "truth.csv").write_text(truth_csv(faults), encoding="utf-8")
    about = {**asdict(order), **Watch(order.boilers * order.days, spans.all()).to_json()}
    (part / NAME).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    if recorder is not None:
        for name, body in recorder.pictures(faults).items():
            (part / name).write_bytes(body)


def _write_readings(
    order: Order, fleet: Fleet, part: Path, recorder: Recorder | None, spans: CodeSpans, services: BinaryIO
) -> None:
    start_ms = round(order.start_s * 1000)
    step_ms = round(step_s(fleet, order) * 1000)
    every_ms = intervals_ms(fleet, order)
    on_change = np.array([model.on_change and not order.interval_s for model in fleet.models], np.bool_)
    gatherer = Gatherer(every_ms, start_ms, on_change)
    links = _links(order, fleet, every_ms) if order.bad_links else None
    sites = [SITES[site].name for site in fleet.site]
    path = part / READINGS[order.format]
    made: Writer = (
        JsonLines(path, fleet.ids, sites, gatherer.codes, order.bad_links)
        if order.format == "jsonl"
        else Parquet(path, fleet.ids, sites, gatherer.codes)
    )
    many = max(_ROWS // order.boilers, 1)
    with made as writer:
        gathered: list[Step] = []
        for step in steps(fleet, order):
            gathered.append(step)
            for boiler, code, active in step.codes:
                spans.tell(fleet.ids[boiler], code, active, round(step.at_s * 1000))
            for one in step.services:
                row = ServiceRow(
                    boiler=fleet.ids[one.boiler], what=one.what, at_ms=round(step.at_s * 1000), problems=one.problems
                )
                services.write(encode(row) + b"\n")
            if recorder is not None:
                recorder.see(step)
            if len(gathered) == many:
                writer.write(_arrived(gatherer, links, gathered, step_ms))
                gathered.clear()
        if gathered:
            writer.write(_arrived(gatherer, links, gathered, step_ms))


def _arrived(gatherer: Gatherer, links: FileLinks | None, gathered: list[Step], step_ms: int) -> Rows:
    rows = gatherer.gather(gathered, step_ms)
    return rows if links is None else links.carry(rows, round(gathered[-1].at_s * 1000))


def _links(order: Order, fleet: Fleet, every_ms: Ints) -> FileLinks:
    has_clock = np.ones(len(fleet.ids), np.bool_)
    start_ms = round(order.start_s * 1000)
    end_ms = start_ms + round(order.days * DAY_S * 1000)
    return FileLinks(Gateways(np.asarray(fleet.site), has_clock, every_ms), order.seed, start_ms, end_ms, Troubles())


def truth_of(fleet: Fleet, shown_ms: Mapping[tuple[int, str, float], int] | None = None) -> list[Truth]:
    """Return the labels of faults that began, by onset.

    Parameters
    ----------
    shown_ms
        (boiler, kind, onset in s) -> when its failure was published, in a live run. [ms since 1970]
    """
    known = shown_ms or {}
    found = [
        Truth(
            fleet.ids[one.boiler], one.kind, round(one.onset_s) * 1000, _ms(one.failed_s), _ms(one.repaired_s),
            known.get((one.boiler, one.kind, one.onset_s)),
        )
        for one in fleet.faults if one.onset_s <= fleet.now_s
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.onset_ms, one.boiler))


def _ms(at_s: float | None) -> int | None:
    return None if at_s is None else round(at_s) * 1000
