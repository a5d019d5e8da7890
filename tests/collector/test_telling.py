"""`pipeline` and `site_link` say what docs/store.md promises, and what is true."""

import contextlib
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boilerwatch import columns, findings, service
from boilerwatch.clock import ManualClock
from boilerwatch.findings import FindingsRow
from boilerwatch.journal import FINDINGS, READINGS, SERVICE, NewRow, open_writer
from boilerwatch.model import Batch, Finding, Source
from boilerwatch.service import ServiceRow
from boilerwatch.settings import DataSettings, Settings
from collector.codecs.draft import Message
from collector.deliveries import Deliveries
from collector.receiving import Receiving
from collector.storing.lags import Lags
from collector.storing.service import Storing
from detectors.service import Detecting

T0_MS = 1_767_571_200_000
DOCS = Path(__file__).parents[2] / "docs" / "store.md"


def documented(room: str) -> set[str]:
    (row,) = re.findall(rf"^\| `{room}` \| (`.*) \|$", DOCS.read_text(), re.MULTILINE)
    return set(re.findall(r"`([^`]+)`", row))


def stored(settings: Settings, measurement: str) -> list[tuple[dict[str, str], int, dict[str, Any]]]:
    with contextlib.closing(sqlite3.connect(settings.data.dir / "store.sqlite")) as file:
        query = "SELECT tags, ts_ms, fields FROM point WHERE measurement = ? ORDER BY ts_ms, tags"
        return [(json.loads(tags), at, json.loads(fields)) for tags, at, fields in file.execute(query, (measurement,))]


def batch_of(names: list[tuple[str, str]], late_ms: list[int], seq: int, at_ms: int) -> Batch:
    count = len(names)
    return Batch(
        sources=[Source(boiler, site, boiler) for boiler, site in names], source=np.arange(count), stamped=np.zeros(count, np.bool_),
        ts_ms=at_ms - np.array(late_ms), received_at_ms=np.full(count, at_ms), columns={"flow_temp_c": np.full(count, 50.0)},
        hash=np.arange(count, dtype=np.uint64) + np.uint64(seq * 1000), boot=np.ones(count, np.uint64), seq=np.full(count, seq),
        ledger={"received": np.ones(count, np.int64), "accepted": np.ones(count, np.int64)},
    )  # fmt: skip


def silence(boiler: str, site: str, state: Any, at_ms: int) -> Finding:
    named: dict[str, str] = {"boiler": boiler} if boiler else {"district": site}
    return Finding(
        id=f"{boiler or site}-silent-1", kind="silent", problem="comms", chain="link", severity="warning", state=state,
        detector="silence@2", raised_at_ms=at_ms, evidence_at_ms=at_ms, received_at_ms=at_ms, site=site, **named,
    )  # fmt: skip


def test_lags_are_told_within_six_per_cent_and_only_once() -> None:
    lags, chance = Lags(), np.random.default_rng(1)
    values = chance.lognormal(5, 2, 50_000)
    for part in np.array_split(values, 7):
        lags.add(part.astype(np.int64))
    told = lags.take("lag")
    assert [told[f"lag_p{part}_s"] for part in (50, 95, 99)] == [
        pytest.approx(np.quantile(values, part / 100) / 1000, rel=0.07) for part in (50, 95, 99)
    ]
    assert lags.take("lag") == {}


def test_storing_tells_the_documented_fields_and_they_are_true(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=tmp_path))
    clock = ManualClock(T0_MS + 3_000)
    names = [("b-1", "s-1"), ("b-2", "s-1"), ("b-3", "s-2")]
    with contextlib.closing(open_writer(settings, READINGS)) as journal:
        for number, seq in enumerate((0, 1, 4, 3)):  # 2 never came
            batch = batch_of(names, [1_000, 1_000, -7_200_000], seq, T0_MS + number)
            journal.append([NewRow(T0_MS + number, columns.encode(batch), 3)])
        storing = Storing(settings, clock=clock)
        storing.step()
        journal.append([NewRow(T0_MS + 9, columns.encode(Batch.tick(T0_MS + 9, True)))])
        storing.tell_pipeline(T0_MS + 5_000)
        storing.close()
    ((tags, at_ms, fields),) = stored(settings, "pipeline")
    assert (tags, at_ms, set(fields)) == ({"room": "storing"}, T0_MS + 5_000, documented("storing"))
    assert {name: fields[name] for name in ("received", "numbered", "lost", "gaps", "balanced", "rows_behind", "refused")} == {
        "received": 12, "numbered": 12, "lost": 3, "gaps": 3, "balanced": True, "rows_behind": 1, "refused": 0,
    }  # fmt: skip
    assert fields["skewed_boilers"] == 1  # two hours ahead: it says nothing of lags
    assert fields["journal_lag_p50_s"] == pytest.approx(1.0, rel=0.07)
    assert fields["lag_p50_s"] == pytest.approx(4.0, rel=0.07)


def test_links_are_told_by_site_with_who_is_silent_over_a_restart(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=tmp_path))
    names = [*((f"a-{number}", "north") for number in range(20)), ("b-1", "south"), ("b-2", "south")]
    late_ms = [*range(1_000, 21_000, 1_000), 0, -500]
    facts = {"site": "north", "region": "county"}
    with contextlib.closing(open_writer(settings, SERVICE)) as journal:
        row = ServiceRow(boiler="a-0", what="registered", at_ms=T0_MS, facts=facts)
        journal.append([NewRow(T0_MS, service.encode(row))])
    with contextlib.closing(open_writer(settings, READINGS)) as journal:
        for seq in (0, 1, 3):
            batch = batch_of(names, late_ms, seq, T0_MS + seq)
            journal.append([NewRow(T0_MS + seq, columns.encode(batch))])
    with contextlib.closing(open_writer(settings, FINDINGS)) as journal:
        told = [silence("a-3", "north", "raised", T0_MS), silence("a-4", "north", "raised", T0_MS),
                silence("a-4", "north", "cleared", T0_MS), silence("", "south", "raised", T0_MS)]  # fmt: skip
        row_of = FindingsRow(positions={READINGS: 1, SERVICE: 0}, findings=told)
        journal.append([NewRow(T0_MS, findings.encode(row_of))])
        storing = Storing(settings)
        while storing.step():
            pass
        storing.tell_links(T0_MS)
        storing.save()
        storing.close()
        over = FindingsRow(positions={READINGS: 2, SERVICE: 0}, findings=[silence("", "south", "cleared", T0_MS)])
        journal.append([NewRow(T0_MS, findings.encode(over))])
        storing = Storing(settings)
        while storing.step():
            pass
        storing.tell_links(T0_MS + 60_000)
        storing.close()
    links = {(at_ms - T0_MS, tags["site"]): (tags, fields) for tags, at_ms, fields in stored(settings, "site_link")}
    tags, north = links[0, "north"]
    assert tags == {"site": "north", "region": "county"}
    assert north == {"boilers": 20, "silent": 1, "lost": 20, "received": 60, "skew_p50_s": 10.0, "skew_p95_s": 19.0}
    assert links[0, "south"][1] == {
        "boilers": 2, "silent": 2, "lost": 2, "received": 6, "skew_p50_s": 0.0, "skew_p95_s": 0.5,
    }  # fmt: skip
    assert links[60_000, "south"][1]["silent"] == 0
    assert links[60_000, "north"][1] == north


def test_the_collectors_and_the_detectors_figures_travel_in_their_journals_rows(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=tmp_path))
    clock = ManualClock(T0_MS)
    receiving = Receiving(settings, clock)
    for number in range(12):  # a second each: two rows carry figures
        message = Message(b"boilers/s-1/b-1/telemetry", b'{"ts": 7}' if number == 3 else b'{"flow_temp_c": 50}', False)
        receiving._take(Deliveries([message.topic], [message.payload], [], number + 1))
        assert receiving.turn()
        clock.advance(1.0)
    receiving.close()
    detecting = Detecting(settings, clock)
    detecting.step()
    detecting.close()
    storing = Storing(settings, clock=clock)
    while storing.step():
        pass
    storing.close()
    rows = stored(settings, "pipeline")
    assert [(tags["room"], at_ms - T0_MS) for tags, at_ms, _ in rows] == [
        ("collector", 0), ("collector", 10_000), ("detectors", 12_000),
    ]  # fmt: skip
    collector, detectors = rows[1][2], rows[2][2]
    named = {"quarantined_{reason}" if name.startswith("quarantined_") else name for name in collector}
    assert named == documented("collector")
    assert {name: collector[name] for name in ("received", "accepted", "quarantined", "quarantined_bad_time")} == {
        "received": 11, "accepted": 10, "quarantined": 1, "quarantined_bad_time": 1,
    }  # fmt: skip
    assert set(detectors) == documented("detectors")
    assert (detectors["rows_behind"], detectors["boilers"]) == (11, 1)
