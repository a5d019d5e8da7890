"""A fleet that lived for four days through the real chain, and what is true of it, without asking the store.

dataset -> journal -> detectors -> storing -> alerting under a clock of its own, twenty minutes at a time, with staff who work
its tickets. Beside the store stand: the files of the data set (readings, codes, register), the findings journal, and the
tickets' SQL; expectations are computed from these.
"""

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Engine, select

from alerting.actions import act
from alerting.database import read_tickets, reading
from alerting.export.exporter import Exporter
from alerting.records import is_fault
from alerting.service import Alerting
from alerting.tables import SERVICE_OUTBOX, TICKET, TRANSITION
from alerting.windows import set_window
from boilerwatch import findings
from boilerwatch.clock import ManualClock
from boilerwatch.demo.history import append_readings, register
from boilerwatch.demo.staff import work
from boilerwatch.journal import FINDINGS, NewRow, open_reader, open_writer
from boilerwatch.ledger import open_ledger
from boilerwatch.model import Finding
from boilerwatch.settings import DataSettings, Settings, StoreSettings
from boilerwatch.store.influx import InfluxStore
from collector import storing
from detectors import service as detecting
from simulators.dataset import Order, write

END_MS = 1_772_448_000_000  # 2026-03-02T10:40Z, a whole twenty minutes
TICK_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_200_000, 60_000, 3_600_000, 86_400_000
INTERVAL_S, PHASES = 600, 3
TURN_MS = INTERVAL_S * 1000
#: Those with higher numbers speak every half hour, as radio modules do.
TALKATIVE = 300
KINDS = ("slow_leak", "burst_leak", "lockout_code", "relief_valve_weeping", "ntc_failed", "flame_signal_decay")
#: A district's links were down for two hours; some boilers fell silent at the end; some were never heard.
DOWN_FROM_MS, DOWN_TO_MS = END_MS - 10 * HOUR_MS, END_MS - 8 * HOUR_MS
QUIET, QUIET_FROM_MS = 7, END_MS - 5 * HOUR_MS
GHOSTS = ("ghost-1", "ghost_2", "GHOST-3")
#: They speak, and nobody registered them.
STRANGERS = ("boiler-0030", "boiler-0031")
OK, WATCH, MAINTENANCE, SILENT, FAULT, NEVER = range(6)
STATES = ("ok", "watch", "maintenance", "silent", "fault", "never_seen")


@dataclass
class World:
    """What was made, and where its truth stands."""

    settings: Settings
    folder: Path
    start_ms: int
    order: Order
    operators: int = 0
    maintained: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def end_ms(self) -> int:
        return END_MS

    @cached_property
    def register(self) -> dict[str, dict[str, Any]]:
        """The boilers of fleet.csv, and those that speak without standing there."""
        with (self.folder / "fleet.csv").open(encoding="utf-8", newline="") as file:
            known: dict[str, dict[str, Any]] = {row["boiler"]: row for row in csv.DictReader(file)}
        sites = {line["boiler"]: line["site"] for line in self.lines}
        nothing = {"region": "unknown", "model": "", "latitude": "", "longitude": ""}
        return known | {boiler: {"boiler": boiler, "site": sites[boiler], **nothing} for boiler in STRANGERS}

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """Every line of the readings' file."""
        with gzip.open(self.folder / "readings.jsonl.gz") as file:
            return msgspec.json.decode(b"[" + b",".join(file.read().splitlines()) + b"]")

    @cached_property
    def readings(self) -> dict[str, dict[str, np.ndarray]]:
        """Boiler -> columns in order of time, NaN where a signal is missing."""
        by: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in self.lines:
            if "code" not in line:
                by[line["boiler"]].append(line)
        names = sorted({name for line in self.lines[:2000] for name in line} - {"site", "boiler", "code", "active"})
        return {
            boiler: {name: np.array([line.get(name, np.nan) for line in rows], np.float64) for name in names}
            for boiler, rows in by.items()
        }

    @cached_property
    def codes(self) -> list[dict[str, Any]]:
        """Lines of codes that came or went."""
        return [line for line in self.lines if "code" in line]

    @cached_property
    def findings(self) -> list[tuple[int, Finding]]:
        """(when its row was made, finding) in the order of the journal."""
        reader = open_reader(self.settings, FINDINGS)
        found, position = [], 0
        while rows := reader.read(position, 500):
            position = rows[-1].offset
            found += [(row.at_ms, one) for row in rows for one in findings.decode(row.body).findings]
        reader.close()
        return found

    @cached_property
    def steps(self) -> list[dict[str, Any]]:
        """Transitions of tickets, with what their ticket was when the store was told."""
        engine = self.engine
        with reading(engine) as connection:
            tickets = {row.id: row for row in connection.execute(select(TICKET))}
            rows = connection.execute(select(TRANSITION).order_by(TRANSITION.c.id)).all()
        told: dict[int, dict[str, str]] = defaultdict(dict)
        by_tick: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            by_tick[max(-(-row.recorded_at_ms // TICK_MS) * TICK_MS, self.start_ms + TICK_MS)].append(row)
        found = []
        for tick in sorted(by_tick):
            for row in by_tick[tick]:
                known, facts = told[row.ticket_id], row.facts
                known |= {
                    name: value
                    for name, value in facts.get("finding", {}).items()
                    if name in ("problem", "kind", "severity") and not (name in known and name + "!" in known)
                }
                for name in ("problem", "kind"):
                    if facts.get(name):
                        known |= {name: facts[name], name + "!": "told"}
            for row in by_tick[tick]:
                ticket, known, own = tickets[row.ticket_id], told[row.ticket_id], row.facts.get("finding", {})
                found.append({
                    "at_ms": row.at_ms, "action": row.action, "ticket": str(row.ticket_id), "boiler": ticket.boiler,
                    "site": ticket.site, "region": ticket.region, "actor": row.actor, "reason": row.reason, "facts": row.facts,
                    "problem": row.facts.get("problem") or own.get("problem") or known.get("problem", ""),
                    "severity": own.get("severity") or known.get("severity", ""), "recorded_at_ms": row.recorded_at_ms,
                })  # fmt: skip
        return found

    @cached_property
    def engine(self) -> Engine:
        from alerting.database import connect

        return connect(self.settings)

    @cached_property
    def ticks(self) -> list[int]:
        return list(range(self.start_ms + TICK_MS, END_MS + 1, TICK_MS))

    @cached_property
    def changes(self) -> dict[str, list[tuple[int, int]]]:
        """Boiler -> (tick, state from then on), computed from findings, windows, register and readings."""
        heard = self.readings.keys() | {line["boiler"] for line in self.codes}
        site = {boiler: row["site"] for boiler, row in self.register.items()}
        raised: dict[str, tuple[str, str, int]] = {}
        changes: dict[str, list[tuple[int, int]]] = {boiler: [] for boiler in site}
        place = 0
        for tick in self.ticks:
            while place < len(self.findings) and self.findings[place][0] <= tick:
                one = self.findings[place][1]
                place += 1
                if one.state == "cleared":
                    raised.pop(one.id, None)
                else:
                    state = FAULT if is_fault(one) else SILENT if one.kind == "silent" else WATCH
                    raised[one.id] = (one.boiler, "" if one.boiler else one.site if state == SILENT else "-", state)
            now = {boiler: OK if boiler in heard else NEVER for boiler in site}
            for boiler, _, state in raised.values():
                if boiler:
                    now[boiler] = max(now[boiler], state, key=_GRAVITY.__getitem__)
            down = {where for boiler, where, _ in raised.values() if not boiler}
            for boiler, state in now.items():
                if site[boiler] in down:
                    now[boiler] = max(state, SILENT, key=_GRAVITY.__getitem__)
            for boiler, from_ms, to_ms in self.maintained:
                if from_ms <= tick < to_ms:
                    now[boiler] = max(now[boiler], MAINTENANCE, key=_GRAVITY.__getitem__)
            for boiler, state in now.items():
                if not changes[boiler] or changes[boiler][-1][1] != state:
                    changes[boiler].append((tick, state))
        return changes

    def state_at(self, boiler: str, tick: int) -> int:
        """A boiler's state at a tick."""
        return [state for at, state in self.changes[boiler] if at <= tick][-1]

    @cached_property
    def counts(self) -> dict[int, dict[tuple[str, str, str], int]]:
        """Tick -> (region, site, state) -> boilers."""
        running = dict.fromkeys(self.register, NEVER)
        by_tick: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for boiler, told in self.changes.items():
            for tick, state in told:
                by_tick[tick].append((boiler, state))
        groups = {(row["region"], row["site"]) for row in self.register.values()}
        now = {(*group, state): 0 for group in groups for state in STATES}
        for row in self.register.values():
            now[row["region"], row["site"], "never_seen"] += 1
        found = {}
        for tick in self.ticks:
            for boiler, state in by_tick[tick]:
                row = self.register[boiler]
                now[row["region"], row["site"], STATES[running[boiler]]] -= 1
                now[row["region"], row["site"], STATES[state]] += 1
                running[boiler] = state
            found[tick] = dict(now)
        return found

    @cached_property
    def service(self) -> list[dict[str, Any]]:
        """What people did to boilers, as alerting tells detectors."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(SERVICE_OUTBOX).order_by(SERVICE_OUTBOX.c.id)).all()
        return [{**row.body, "actor": row.actor, "reason": row.reason, "site": row.site} for row in rows]


_GRAVITY = {OK: 0, WATCH: 1, SILENT: 2, FAULT: 3, MAINTENANCE: 4, NEVER: 5}


def build(folder: Path, store: StoreSettings, boilers: int, days: int = 4) -> World:
    """Let a fleet live, and fill the store the settings name."""
    settings = Settings(data=DataSettings(dir=folder / "var"), store=store)
    order = Order(boilers, days, 7, (END_MS - days * DAY_MS) / 1000, INTERVAL_S, 0.3, KINDS)
    write(order, folder)
    _trouble(folder)
    world = World(settings, folder, END_MS - days * DAY_MS, order)
    influx = InfluxStore(store)
    influx.setup()
    register(settings, folder / "fleet.csv", world.start_ms)
    append_readings(settings, folder / "readings.jsonl.gz")
    detecting.drain(settings)
    _last_words(world)
    storing.drain(settings)
    _live(world, influx)
    influx.close()
    return world


def _last_words(world: World) -> None:
    """Say anew, at the end of the journal, what becomes of five leaks: mended; failing soon, much later, or yesterday.

    Whatever detectors predict of this fleet, each filter on predictions has something to leave out and to let in.
    """
    standing = {one.boiler: one for _, one in world.findings if one.kind == "slow_leak"}
    known = [one for one in standing.values() if one.state != "cleared"]
    leaks = sorted(known, key=lambda one: "loss_bar_per_day" not in one.values)[:5]
    at_ms = END_MS - 30 * MINUTE_MS
    fates: tuple[dict[str, Any], ...] = (
        {"state": "cleared", "cleared_at_ms": at_ms, "failure_expected_at_ms": END_MS + 3 * DAY_MS},
        {"state": "updated", "failure_expected_at_ms": END_MS + 5 * DAY_MS},
        {"state": "updated", "failure_expected_at_ms": END_MS + 6 * DAY_MS},
        {"state": "updated", "failure_expected_at_ms": END_MS + 20 * DAY_MS},
        {"state": "updated", "failure_expected_at_ms": END_MS - DAY_MS},
    )
    told = [
        msgspec.structs.replace(one, evidence_at_ms=at_ms + place, **fate)
        for place, (one, fate) in enumerate(zip(leaks, fates, strict=True))
    ]
    journal = open_writer(world.settings, FINDINGS)
    (last,) = journal.read(journal.last() - 1, 1)
    row = findings.FindingsRow(positions=findings.decode(last.body).positions, findings=told)
    journal.append([NewRow(END_MS, findings.encode(row))])
    journal.close()
    del world.findings


def _trouble(folder: Path) -> None:
    """Let boilers speak in turns; a district's links go down, some fall silent; register some that never speak, and not some that do."""
    with (folder / "fleet.csv").open(encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table)
        registered, columns = list(rows), list(rows.fieldnames or ())
    regions = {row["site"]: row["region"] for row in registered}
    down = min(site for site, region in regions.items() if region == "county")
    path = folder / "readings.jsonl.gz"
    with gzip.open(path) as file:
        lines = msgspec.json.decode(b"[" + b",".join(file.read().splitlines()) + b"]")
    where = {row["boiler"]: row["site"] for row in registered}
    neighbour = max(boiler for boiler, site in where.items() if site == where[STRANGERS[0]])
    last = {*(f"boiler-{number:04d}" for number in range(1, QUIET + 1)), STRANGERS[0], neighbour}
    kept = []
    for line in lines:
        line["ts"] += int(line["boiler"][-4:]) % PHASES * (TURN_MS // PHASES)
        is_down = line["site"] == down and DOWN_FROM_MS <= line["ts"] < DOWN_TO_MS
        is_quiet = line["boiler"] in last and line["ts"] >= QUIET_FROM_MS
        is_rare = int(line["boiler"][-4:]) > TALKATIVE and "code" not in line and line["ts"] // TURN_MS % 3
        if not is_down and not is_quiet and not is_rare and line["ts"] < END_MS:
            kept.append(line)
    kept.sort(key=lambda line: line["ts"])
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"\n".join(map(msgspec.json.encode, kept)) + b"\n")
    with (folder / "fleet.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, columns)
        writer.writeheader()
        writer.writerows(row for row in registered if row["boiler"] not in STRANGERS)
        for boiler, site in zip(GHOSTS, sorted(regions), strict=False):
            known = {
                "boiler": boiler,
                "site": site,
                "region": regions[site],
                "model": "Genus 28/plus (x)",
                "family": "ariston",
            }
            writer.writerow(known | {"latitude": "40.0", "longitude": "116.0"})


def _live(world: World, influx: InfluxStore) -> None:
    alerting, clock = Alerting(world.settings), ManualClock(world.start_ms)
    ledger = open_ledger(world.settings)
    exporter = Exporter(alerting.engine, alerting.policy, influx, ledger, lambda: alerting.waiting)
    world.operators = alerting.policy.desk.operators
    while clock.now_ms() < END_MS:
        clock.advance(TICK_MS / 1000)
        now_ms = clock.now_ms()
        if now_ms == END_MS - 3 * HOUR_MS:
            with alerting.engine.begin() as connection:
                set_window(
                    connection,
                    "maintenance",
                    "boiler",
                    "boiler-0020",
                    now_ms,
                    now_ms + DAY_MS,
                    "Li",
                    "cleaning",
                    now_ms,
                )
            world.maintained.append(("boiler-0020", now_ms, now_ms + DAY_MS))
        while alerting.step(now_ms):
            pass
        alerting.sweep(now_ms)
        _close_with_verdicts(alerting, now_ms)
        work(alerting.engine, alerting.policy, now_ms)
        alerting.look_behind(now_ms)
        exporter.turn(now_ms)
    ledger.close()
    alerting.close()


def _close_with_verdicts(alerting: Alerting, now_ms: int) -> None:
    """Close what was repaired with what technicians found, in turn."""
    verdicts = ("confirmed", "refuted", "no_fault_found", "confirmed")
    with alerting.engine.begin() as connection:
        for ticket in read_tickets(connection, TICKET.c.open_key.isnot(None), limit=2_000):
            if ticket.state == "repaired" and now_ms - ticket.history[-1].at_ms > 20 * MINUTE_MS:
                facts = {"verdict": verdicts[ticket.id % len(verdicts)]}
                act(connection, alerting.policy, ticket.id, "close", "Wang Fang", now_ms, "", facts)


def pages(world: World) -> list[str]:
    """Ids of boilers worth looking at: a leak that stands, one that was mended, one with codes, in maintenance, silent."""
    newest = {one.boiler: one for _, one in world.findings if one.kind == "slow_leak" and one.boiler}
    leaks = [one for one in newest.values() if "loss_bar_per_day" in one.values and one.failure_expected_at_ms]
    stands = next(one.boiler for one in leaks if one.state != "cleared" and one.failure_expected_at_ms > END_MS)
    mended = next(one.boiler for one in leaks if one.state == "cleared")
    coded = next(line["boiler"] for line in world.codes if line["ts"] > END_MS - 2 * DAY_MS)
    return list(dict.fromkeys([stands, mended, coded, "boiler-0020", "boiler-0003"]))
