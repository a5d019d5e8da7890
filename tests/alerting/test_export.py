"""What alerting tells the store: each measurement against what was done, and again after the store was away."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select, update

from alerting.actions import act
from alerting.export.exporter import Exporter
from alerting.policy import HOUR_MS
from alerting.register import import_boilers
from alerting.sweep import sweep
from alerting.tables import STANDING, TRANSITION
from alerting.windows import end_window, set_window
from boilerwatch.errors import StoreError
from boilerwatch.ledger import Ledger, open_ledger
from boilerwatch.model import Batch, Source
from boilerwatch.register import Boiler
from boilerwatch.settings import Settings
from boilerwatch.store.opening import open_store
from boilerwatch.store.protocol import Point, Store
from tests.alerting.fleet import POLICY, T0, finding, lockout, tell

MINUTE_MS = 60_000
DAY_MS = 24 * HOUR_MS


class Away:
    """A store that is away when told to be."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away = False

    def write_points(self, points: list[Point]) -> Any:
        if self.away:
            raise StoreError("the store does not answer", retryable=True)
        return self._store.write_points(points)


@pytest.fixture
def ledger(installation: Settings) -> Iterator[Ledger]:
    """Everyone of the fleet but `n-1` was heard, and `u-1` that nobody registered."""
    found = open_ledger(installation)
    names = [*(f"b-{n}" for n in range(1, 5)), "u-1"]
    count = len(names)
    batch = Batch(
        sources=[Source(name, "s", name) for name in names], source=np.arange(count), ts_ms=np.full(count, T0),
        received_at_ms=np.full(count, T0), stamped=np.zeros(count, bool), hash=np.arange(count, dtype=np.uint64),
        boot=np.zeros(count, np.uint64), seq=np.full(count, -1), ledger={"received": np.ones(count, np.int64)},
    )  # fmt: skip
    found.apply(1, [batch])
    yield found
    found.close()


@pytest.fixture
def store(installation: Settings) -> Iterator[Away]:
    inner = open_store(installation)
    yield Away(inner)
    inner.close()


@pytest.fixture
def exporter(engine: Engine, store: Away, ledger: Ledger) -> Exporter:
    boilers = [Boiler(f"b-{n}", "s", region="city", model="m", latitude=30.0 + n) for n in range(1, 5)]
    import_boilers(engine, [*boilers, Boiler("n-1", "s", region="city")], T0)
    return Exporter(engine, POLICY, store, ledger, lambda: (3, 1.5))  # type: ignore[arg-type]


def rows(installation: Settings, measurement: str) -> list[tuple[dict[str, str], int, dict[str, Any]]]:
    with sqlite3.connect(installation.data.dir / "store.sqlite") as sql:
        found = sql.execute(
            "SELECT tags, ts_ms, fields FROM point WHERE measurement = ? ORDER BY ts_ms", (measurement,)
        )
        return [(json.loads(tags), ts_ms, json.loads(fields)) for tags, ts_ms, fields in found.fetchall()]


def live(engine: Engine) -> None:
    """A lock-out that is answered in time and repaired, and a warning."""
    with engine.begin() as connection:
        tell(connection, lockout("b-1"), finding(id="b-2-slow_leak-1", boiler="b-2"))
        for minutes, action in ((30, "acknowledge"), (200, "check_in"), (260, "repair")):
            act(connection, POLICY, 1, action, "Li", T0 + minutes * MINUTE_MS)
        cleared = lockout("b-1", state="cleared", cleared_at_ms=T0 + 4 * HOUR_MS, received_at_ms=T0 + 5 * HOUR_MS)
        tell(connection, cleared)
        act(connection, POLICY, 1, "close", "Li", T0 + 6 * HOUR_MS, facts={"verdict": "confirmed", "part": "electrode"})


def test_every_transition_becomes_one_event_whatever_falls_into_one_millisecond(
    engine: Engine, exporter: Exporter, installation: Settings
) -> None:
    with engine.begin() as connection:
        tell(connection, *(finding(id=f"b-{n}-slow_leak-1", boiler=f"b-{n}") for n in range(40)))
        live_rows = connection.execute(select(TRANSITION)).all()
    exporter.turn(T0 + HOUR_MS)
    found = rows(installation, "ticket_event")
    assert len(found) == len(live_rows) == 40
    assert {fields["ticket"] for _, _, fields in found} == {str(row.ticket_id) for row in live_rows}
    assert max(ts for _, ts, _ in found) - T0 < 5_000


def test_a_store_that_was_away_gets_all_of_it_once(
    engine: Engine, exporter: Exporter, store: Away, installation: Settings
) -> None:
    live(engine)
    store.away = True
    with pytest.raises(StoreError):
        exporter.turn(T0 + 7 * HOUR_MS)
    store.away = False
    exporter.turn(T0 + 7 * HOUR_MS + 1)
    before = rows(installation, "ticket_event")
    with engine.begin() as connection:  # killed between the write and the mark
        connection.execute(update(TRANSITION).values(export_due=True))
    exporter.turn(T0 + 7 * HOUR_MS + 2)
    assert rows(installation, "ticket_event") == before
    kept = {(t["obligation"], f["kept"]) for t, _, f in before if t["action"] in ("met", "missed")}
    assert kept == {("response", 1), ("on_site", 0), ("repair", 1), ("loaner", 1)}


def test_states_are_told_when_they_change_and_counted_every_minute(
    engine: Engine, exporter: Exporter, installation: Settings
) -> None:
    with engine.begin() as connection:
        tell(connection, lockout("b-1"), finding(id="b-2-slow_leak-1", boiler="b-2"))
        tell(connection, finding(id="b-3-silent-1", boiler="b-3", kind="silent", problem="comms", chain="link"))
        number = set_window(
            connection, "maintenance", "boiler", "b-1", T0 + HOUR_MS, T0 + 2 * HOUR_MS, "Li", "cleaning", T0
        )
    exporter.turn(T0)
    exporter.turn(T0 + HOUR_MS)
    with engine.begin() as connection:
        end_window(connection, number, "Li", T0 + HOUR_MS + 1)
    exporter.turn(T0 + 2 * HOUR_MS)
    counted = {
        (ts, t["state"]): f["boilers"] for t, ts, f in rows(installation, "fleet_minute") if t["region"] == "city"
    }
    assert [counted[T0, state] for state in ("ok", "watch", "silent", "fault", "never_seen")] == [1, 1, 1, 1, 1]
    assert [counted[T0 + HOUR_MS, state] for state in ("fault", "maintenance")] == [0, 1]
    unregistered = [
        f["boilers"] for t, ts, f in rows(installation, "fleet_minute") if t["region"] == "unknown" and ts == T0
    ]
    assert sorted(unregistered) == [0, 0, 0, 0, 0, 1]
    facts = [t for t, _, _ in rows(installation, "boiler_fact") if t["region"] == "unknown"]
    assert facts == [{"boiler": "u-1", "site": "s", "region": "unknown"}]
    told = [(ts - T0, f["state"]) for t, ts, f in rows(installation, "boiler_state") if t["boiler"] == "b-1"]
    assert told == [(0, "fault"), (HOUR_MS, "maintenance"), (2 * HOUR_MS, "fault")]
    done = [(t["what"], f["actor"]) for t, _, f in rows(installation, "service_event")]
    assert done == [("maintenance_started", "Li"), ("maintenance_ended", "Li")]


def test_the_days_figures_are_those_of_the_transitions(
    engine: Engine, exporter: Exporter, installation: Settings
) -> None:
    live(engine)
    sweep(engine, T0 + 7 * HOUR_MS)
    exporter.turn(T0 + 7 * HOUR_MS)
    exporter.turn(T0 + DAY_MS + 7 * HOUR_MS)
    days = [fields for tags, _, fields in rows(installation, "promise_day") if tags.get("region") == "city"]
    total = Counter[str]()
    for fields in days:
        total.update(fields)
    assert (total["opened"], total["closed"], total["confirmed"], total["false_alarms"]) == (2, 1, 1, 0)
    assert (total["response_due"], total["response_kept"]) == (1, 1)
    assert (total["on_site_due"], total["on_site_kept"]) == (1, 0)
    assert (total["repair_due"], total["repair_kept"]) == (1, 1)
    assert total["fault_s"] == 4 * 3600
    assert len(days) == 2


def test_the_small_ones_tell_the_nearest_deadline_the_load_and_the_detectors_record(
    engine: Engine, exporter: Exporter, installation: Settings
) -> None:
    live(engine)
    with engine.begin() as connection:
        tell(connection, lockout("b-3", T0 + 6 * HOUR_MS))
    exporter.turn(T0 + 6 * HOUR_MS + 30 * MINUTE_MS)
    nearest = [(t["rank"], f["boiler"], f["obligation"], f["left_s"]) for t, _, f in rows(installation, "ticket_next")]
    assert nearest == [("001", "b-3", "response", 1800.0), ("002", "b-2", "visit", (168 - 6.5) * 3600.0)]
    quality = {
        t["detector"]: (f["raised"], f["open"], f["confirmed"]) for t, _, f in rows(installation, "detector_quality")
    }
    assert quality == {"codes@1": (2, 1, 1), "slow_leak@1": (1, 1, 0)}
    load = [(ts - T0, f["alarms"]) for _, ts, f in rows(installation, "alarm_load") if f["alarms"]]
    assert sum(alarms for _, alarms in load) == 5  # three openings, the warning and the breach of `on_site`
    facts = [(t["boiler"], t["model"], f["latitude"]) for t, _, f in rows(installation, "boiler_fact") if "model" in t]
    assert facts == [(f"b-{n}", "m", 30.0 + n) for n in range(1, 5)]
    sites = [(t, f) for t, _, f in rows(installation, "site_fact")]
    assert sites == [({"site": "s", "region": "city"}, {"boilers": 5, "latitude": 32.5})]
    (room,) = [f for t, _, f in rows(installation, "pipeline")]
    assert (room["rows_behind"], room["lag_s"], room["open_tickets"]) == (3, 1.5, 2)


def test_facts_are_told_every_day_so_that_the_store_never_forgets_them(
    exporter: Exporter, installation: Settings
) -> None:
    day = T0 - T0 % DAY_MS
    for now_ms in (T0, T0 + HOUR_MS, T0 + DAY_MS, T0 + DAY_MS + HOUR_MS):
        exporter.turn(now_ms)
    told = Counter(ts for t, ts, _ in rows(installation, "boiler_fact") if t["boiler"] in ("b-1", "u-1"))
    assert told == {T0: 2, day + DAY_MS: 2}


def test_a_restart_notes_no_state_again(engine: Engine, exporter: Exporter, store: Away, ledger: Ledger) -> None:
    exporter.turn(T0)
    Exporter(engine, POLICY, store, ledger, lambda: (0, 0.0)).fleet.look(T0 + HOUR_MS)  # type: ignore[arg-type]
    with engine.connect() as connection:
        assert not connection.execute(select(STANDING).where(STANDING.c.export_due)).all()
