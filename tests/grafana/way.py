"""Forty minutes of a small fleet through every room under one clock, and what each room should have said of itself.

Messages go through the collector's own decoding, validation and journal; detectors, storing and alerting follow, five
seconds later, sometimes much later. Beside them stands what was sent, counted by hand.
"""

import contextlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from alerting.database import reading
from alerting.export.exporter import Exporter
from alerting.register import import_boilers
from alerting.service import Alerting
from alerting.tables import TICKET, TRANSITION, VERDICT
from boilerwatch import findings
from boilerwatch.clock import ManualClock
from boilerwatch.journal import FINDINGS, open_reader
from boilerwatch.ledger import OUTCOMES, open_ledger
from boilerwatch.model import Source
from boilerwatch.register import Boiler
from boilerwatch.settings import DataSettings, Settings, StoreSettings
from boilerwatch.store.influx import InfluxStore
from collector.deliveries import Deliveries
from collector.receiving import Receiving
from collector.storing.service import Storing
from collector.storing.telling import room_point, totals
from detectors.service import Detecting

START_MS = 1_772_445_600_000  # 2026-03-02T10:00Z
CYCLE_MS, BEHIND_MS, CYCLES = 10_000, 5_000, 240
#: (boilers, how old their readings are when they come): half, the next 46 per cent, the last.
DELAYS = ((30, 2_000), (18, 10_000), (2, 40_000))
SITES = {"north": "county", "south": "city"}
WRONG = "wrong-clock"
QUIET_FROM = 150
_AGAIN_MS, _LATE_MS, _LATE = 500, 300_000, (100, 220)
REASONS = {b'{"flow_temp_c": }': "not_json", b'{"ts": 7, "flow_temp_c": 50}': "bad_time"}


@dataclass
class Way:
    """What was sent, and what rooms should have told: rows of `pipeline` and `site_link`."""

    settings: Settings
    told: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    end_ms: int = 0
    bent_ms: int = 0
    deadline_ms: int = 0

    def of(self, room: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["room"] == room]


def boilers() -> dict[str, tuple[str, int]]:
    """Boiler -> (site, delay)."""
    found, number = {}, 0
    for count, delay_ms in DELAYS:
        for _ in range(count):
            number += 1
            found[f"b-{number:02}"] = ("north" if number % 5 < 3 else "south", delay_ms)
    return found | {WRONG: ("south", -120_000)}


class _Sender:
    """Makes each cycle's messages and counts what becomes of them."""

    def __init__(self) -> None:
        self.fleet = boilers()
        self.seq: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.collector: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.gaps = self.late = 0
        self.heard: set[str] = set()

    def messages(self, cycle: int, now_ms: int) -> list[tuple[bytes, bytes, bool]]:
        made: list[tuple[bytes, bytes, bool]] = []
        if cycle == 0:
            made.append(self._one("b-01", b'{"flow_temp_c": 1}', "retained"))
        if cycle % 6 == 0:
            for boiler, (_, delay_ms) in self.fleet.items():
                if cycle >= QUIET_FROM and boiler in ("b-03", "b-04", "b-05"):
                    continue
                if boiler == "b-07" and cycle in (60, 120):
                    self.seq[boiler] += 2
                    self.lost[boiler] += 2
                    self.gaps += 1
                made.append(self._one(boiler, self._body(boiler, now_ms - delay_ms), "accepted"))
        if cycle % 30 == 7:
            again = self._body("b-02", now_ms - _AGAIN_MS)
            made += [self._one("b-02", again, "accepted"), self._one("b-02", again, "repeated")]
        if cycle in _LATE:
            made.append(self._one("b-09", self._body("b-09", now_ms - _LATE_MS), "accepted"))
            self.late += 1
        for place, (body, reason) in enumerate(REASONS.items()):
            if cycle % 40 == 10 + place:
                made.append(self._one("b-08", body, "quarantined"))
                self.collector[f"quarantined_{reason}"] += 1
        if cycle in (20, 25, 170, 180, 190):
            made.append(self._one("b-06", b"online", "status", "status"))
        if cycle == 90:
            body = json.dumps({"ts": now_ms, "code": "F.28", "active": True}).encode()
            made.append(self._one("b-10", body, "accepted", "event"))
        return made

    def _body(self, boiler: str, ts_ms: int) -> bytes:
        number = self.seq[boiler]
        self.seq[boiler] += 1
        return json.dumps(
            {"ts": ts_ms, "boot": "x", "seq": number, "flow_temp_c": 50.0, "water_pressure_bar": 1.5}
        ).encode()

    def _one(self, boiler: str, body: bytes, outcome: str, leaf: str = "telemetry") -> tuple[bytes, bytes, bool]:
        site = self.fleet[boiler][0]
        for counts in (self.counts, self.collector):
            counts.update({"received": 1, outcome: 1})
        self.received[boiler] += 1
        self.heard.add(boiler)
        return f"boilers/{site}/{boiler}/{leaf}".encode(), body, outcome == "retained"


def build(folder: Path, store: StoreSettings) -> Way:
    """Live through it, and fill the store the settings name."""
    settings = Settings(data=DataSettings(dir=folder / "var"), store=store)
    way, clock, sender = Way(settings), ManualClock(START_MS), _Sender()
    influx = InfluxStore(store, clock)
    influx.setup()
    alerting = Alerting(settings)
    registered = [
        Boiler(name, site, region=SITES[site], family="vaillant", model=f"m-{name[-1]}")
        for name, (site, _) in sender.fleet.items()
    ]
    import_boilers(alerting.engine, registered, START_MS)
    alerting.tell_detectors(START_MS)
    receiving, detecting = Receiving(settings, clock), Detecting(settings, clock)
    storing = Storing(settings, influx, clock)
    ledger = open_ledger(settings)
    exporter = Exporter(alerting.engine, alerting.policy, influx, ledger, lambda: alerting.waiting)
    receiving.session.connected = True
    with contextlib.ExitStack() as over:
        for room in (alerting, detecting, storing, ledger):
            over.callback(room.close)
        _live(way, clock, sender, (receiving, detecting, storing, alerting, exporter))
    return way


def _live(
    way: Way, clock: ManualClock, sender: _Sender, rooms: tuple[Receiving, Detecting, Storing, Alerting, Exporter]
) -> None:
    receiving, detecting, storing, alerting, exporter = rooms
    journal, arrived = receiving._journal, [0]
    known = stored = journal.last()
    handed: list[dict[str, Any]] = []
    for cycle in range(CYCLES):
        now_ms = clock.now_ms()
        made = sender.messages(cycle, now_ms)
        if cycle in (160, 223):  # the collector starts anew: its counts begin at nought
            receiving.close()
            receiving = Receiving(way.settings, clock)
            receiving.session.connected = True
            journal = receiving._journal
            sender.collector = Counter({name: 0 for name in sender.collector if not name.startswith("quarantined_")})
            _again(sender.collector, made)
        if made:
            retained_at = [place for place, (_, _, is_retained) in enumerate(made) if is_retained]
            topics, payloads = [topic for topic, _, _ in made], [body for _, body, _ in made]
            receiving._take(Deliveries(topics, payloads, retained_at, cycle + 1))
        size = journal.size_bytes()
        receiving.turn()
        assert journal.last() == len(arrived)
        arrived.append(now_ms)
        counts = {
            name: sender.collector[name]
            for name in ("received", "accepted", "quarantined", "repeated", "retained", "status")
        }
        reasons = {name: n for name, n in sender.collector.items() if name.startswith("quarantined_")}
        handed.append(
            {"room": "collector", "time": now_ms, "connected": True, "journal_bytes": size, **counts, **reasons}
        )
        clock.advance(BEHIND_MS / 1000)
        now_ms = clock.now_ms()
        if cycle % 30 not in range(20, 26) and cycle < CYCLES - 1:  # detectors stand still for a minute now and then
            first = known + 1
            while detecting.step():
                pass
            known = journal.last()
            if known >= first:
                handed.append({
                    "room": "detectors", "time": now_ms, "lag_s": (now_ms - arrived[first]) / 1000,
                    "rows_behind": known - first + (cycle == 0),  # before the first one came the register
                    "set_aside": 0,
                })  # fmt: skip
        if cycle % 30 != 15 and cycle < CYCLES - 2:
            while storing.step():
                pass
            stored = journal.last()
            way.told += handed  # figures of these two travel in the rows of their journals
            handed.clear()
            lags = [now_ms - arrived[-1] + delay for delay in _delays(cycle)]
        else:
            lags = []
        storing.tell_pipeline(now_ms)
        _note_storing(way, sender, now_ms, journal.last() - stored, lags)
        if cycle % 6 == 0:
            storing.tell_links(now_ms)
            _note_links(way, sender, now_ms)
        if cycle < CYCLES - 4:
            while alerting.step(now_ms):
                pass
        if cycle == 50:
            _set_one_aside(alerting, now_ms)
        alerting.sweep(now_ms)
        alerting.look_behind(now_ms)
        exporter.turn(now_ms)
        _note_alerting(way, alerting, now_ms)
        clock.advance((CYCLE_MS - BEHIND_MS) / 1000)
    receiving.close()
    way.end_ms = clock.now_ms()
    clock.advance(3600)
    way.bent_ms = clock.now_ms() + BEHIND_MS
    _bend(storing, clock.now_ms())


def _bend(storing: Storing, now_ms: int) -> None:
    """Let a delivery get lost in the books of storing alone, which no way of the chain leads to; then the collector tells of itself."""
    accounts = storing._ledger.open_accounts
    even = {name: value for name, value in totals(accounts).items() if name in ("received", *OUTCOMES)}
    accounts.of["received"][accounts.slots([Source("b-01", "north", "b-01")])] += 1
    storing.tell_pipeline(now_ms)
    storing._store.write_points([room_point("collector", even, now_ms + BEHIND_MS)])


def _delays(cycle: int) -> list[int]:
    """How old half, 95 and 99 per cent of a cycle's readings at most are when they come; nothing where none come."""
    if cycle % 6 == 0:
        return [delay_ms for _, delay_ms in DELAYS]
    return [_AGAIN_MS] * 3 if cycle % 30 == 7 else [_LATE_MS] * 3 if cycle in _LATE else []


def _set_one_aside(alerting: Alerting, now_ms: int) -> None:
    """A finding that alerting could not take, as its worker writes it down."""
    with alerting.engine.begin() as connection:
        row = {
            "finding": "b-1-x-1",
            "boiler": "b-01",
            "at_ms": now_ms,
            "stage": "set_aside",
            "reason": "ValueError",
            "body": {},
        }
        connection.execute(insert(VERDICT).values(**row))


def _again(counts: Counter[str], made: list[tuple[bytes, bytes, bool]]) -> None:
    counts.update({"received": len(made), "accepted": len(made)})


def _note_storing(way: Way, sender: _Sender, now_ms: int, behind: int, lags: list[int]) -> None:
    """Counts are those of what was stored: while storing stands still they stay as they were."""
    before = way.of("storing")[-1:] if behind else []
    names = ("received", "accepted", "quarantined", "repeated", "retained", "status")
    row: dict[str, Any] = {name: sender.counts[name] for name in names}
    row |= {
        "lost": sum(sender.lost.values()),
        "gaps": sender.gaps,
        "late": sender.late,
        "balanced": True,
        "skewed_boilers": 1,
    }
    if before:
        row = {name: before[0][name] for name in row}
    for part, lag in zip((50, 95, 99), lags, strict=False):
        row |= {f"lag_p{part}_s": lag / 1000, f"journal_lag_p{part}_s": (lag - BEHIND_MS) / 1000}
    way.told.append({"room": "storing", "time": now_ms, "rows_behind": behind, **row})


def _note_links(way: Way, sender: _Sender, now_ms: int) -> None:
    reader, silent, position = open_reader(way.settings, FINDINGS), set(), 0
    while rows := reader.read(position, 500):
        position = rows[-1].offset
        for row in rows:
            for one in findings.decode(row.body).findings:
                if one.kind == "silent" and one.boiler:
                    (silent.discard if one.state == "cleared" else silent.add)(one.boiler)
    reader.close()
    by: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"boilers": 0, "silent": 0, "lost": 0, "received": 0, "skews": []}
    )
    for boiler in sender.heard:
        site, delay_ms = sender.fleet[boiler]
        mine = by[site]
        mine["boilers"] += 1
        mine["silent"] += boiler in silent
        mine["lost"] += sender.lost[boiler]
        mine["received"] += sender.received[boiler]
        mine["skews"].append(abs(delay_ms) / 1000)
    for site, row in by.items():
        skews = sorted(row.pop("skews"))
        shares = {f"skew_p{part}_s": skews[-(-len(skews) * part // 100) - 1] for part in (50, 95)}
        way.links.append({"time": now_ms, "site": site, "region": SITES[site], **row, **shares})


def _note_alerting(way: Way, alerting: Alerting, now_ms: int) -> None:
    rows, lag_s = alerting.waiting
    with reading(alerting.engine) as connection:
        tickets = connection.execute(select(func.count()).where(TICKET.c.open_key.isnot(None))).scalar()
        notices = connection.execute(select(func.count()).where(TRANSITION.c.notice_due)).scalar()
        due = connection.execute(select(func.min(TICKET.c.due_at_ms)).where(TICKET.c.open_key.isnot(None))).scalar()
    way.deadline_ms = int(due or 0)
    way.told.append({
        "room": "alerting", "time": now_ms, "rows_behind": rows, "lag_s": lag_s, "open_tickets": tickets, "notices_waiting": notices,
        "set_aside": int(now_ms >= START_MS + 50 * CYCLE_MS),
    })  # fmt: skip
