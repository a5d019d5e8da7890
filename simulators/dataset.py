"""A labelled dataset: readings, register and truth in files, equal for equal arguments."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from boilerwatch.errors import InputError
from boilerwatch.signals import FLAGS
from boilerwatch.wire import format_time
from simulators.fleet import DAY_S, MODELS, SITES, Fleet, Step

_RATES = {"slow_leak": (0.08, 0.4), "burst_leak": (30.0, 90.0), "lockout_code": (0.0, 0.0)}


@dataclass(frozen=True, slots=True)
class Order:
    """What to make."""

    boilers: int
    days: float
    seed: int
    start_s: float
    interval_s: float = 300.0
    faults: float = 0.2


def plan_faults(fleet: Fleet, order: Order) -> None:
    """Give the stated share of boilers one fault each."""
    pick = fleet._random.spawn(1)[0]  # noqa: SLF001 -- a stream of its own, so that faults do not change the weather
    for i in range(order.boilers):
        if pick.random() >= order.faults:
            continue
        kind = str(pick.choice(list(_RATES), p=[0.6, 0.15, 0.25]))
        onset_s = order.start_s + order.days * DAY_S * float(pick.uniform(0.1, 0.8))
        fleet.add_fault(i, kind, onset_s, float(pick.uniform(*_RATES[kind])))


def steps(fleet: Fleet, order: Order) -> Iterator[Step]:
    """Advance the fleet through the order's time; a locked boiler is repaired within two days."""
    due: dict[int, float] = {}
    for _ in range(round(order.days * DAY_S / order.interval_s)):
        step = fleet.step(order.interval_s)
        for i, _, active in step.codes:
            if active:
                due[i] = step.at_s + 86_400 * (0.2 + (i % 7) / 5)
        for i in [i for i, at in due.items() if at <= step.at_s]:
            step.codes += fleet.repair(i)
            del due[i]
        yield step


def write(order: Order, out: Path) -> None:
    """Write `readings.jsonl.gz`, `fleet.csv` and `truth.csv`.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    fleet = Fleet(order.boilers, order.seed, order.start_s)
    plan_faults(fleet, order)
    try:
        out.mkdir(parents=True, exist_ok=True)
        part = out / ".readings.part"
        with (
            part.open("wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=4) as packed,
        ):
            for step in steps(fleet, order):
                packed.write(lines_of(fleet, step))
        part.replace(out / "readings.jsonl.gz")
        (out / "fleet.csv").write_text(fleet_csv(fleet), encoding="utf-8")
        (out / "truth.csv").write_text(truth_csv(fleet), encoding="utf-8")
    except OSError as exc:
        raise InputError(f"{out} cannot be written: {exc.strerror}") from exc


def readings_of(step: Step) -> Iterator[tuple[int, dict[str, float | bool]]]:
    """Return what each boiler reports after a step; one without power reports all the same."""
    names = list(step.columns)
    for i, row in enumerate(zip(*(values.tolist() for values in step.columns.values()), strict=True)):
        yield i, {name: bool(value) if name in FLAGS else value for name, value in zip(names, row, strict=True)}


def lines_of(fleet: Fleet, step: Step) -> bytes:
    """Return a step as JSON lines."""
    ts = round(step.at_s * 1000)
    head = [{"site": SITES[s][0], "boiler": name} for s, name in zip(fleet.site, fleet.ids, strict=True)]
    lines = [json.dumps({**head[i], "ts": ts + i, **values}) for i, values in readings_of(step)]
    lines += [json.dumps({**head[i], "ts": ts + i, "code": code, "active": active}) for i, code, active in step.codes]
    return ("\n".join(lines) + "\n").encode()


def fleet_csv(fleet: Fleet) -> str:
    """Return the register."""
    sink = io.StringIO()
    table = csv.writer(sink, lineterminator="\n")
    table.writerow(["boiler", "site", "region", "model", "family", "commissioned", "customer", "latitude", "longitude"])
    for i, name in enumerate(fleet.ids):
        site, region, latitude, longitude = SITES[fleet.site[i]]
        model, family, _ = MODELS[fleet.model[i]]
        place = (round(latitude + (i % 17) / 500, 4), round(longitude + (i % 13) / 500, 4))
        table.writerow([name, site, region, model, family, f"202{i % 5}-10-0{i % 9 + 1}", f"Household {i + 1}", *place])
    return sink.getvalue()


def truth_csv(fleet: Fleet) -> str:
    """Return the labels of faults that began."""
    sink = io.StringIO()
    table = csv.writer(sink, lineterminator="\n")
    table.writerow(["boiler", "kind", "onset", "failure", "repaired"])
    for fault in fleet.faults:
        if fault.onset_s <= fleet.now_s:
            moments = (fault.onset_s, fault.failed_s, fault.repaired_s)
            table.writerow(
                [fleet.ids[fault.boiler], fault.kind, *(format_time(round(at) * 1000) if at else "" for at in moments)]
            )
    return sink.getvalue()
