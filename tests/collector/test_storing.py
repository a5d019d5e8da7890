"""What storing makes of the journals, in the embedded store."""

import contextlib
import json
import sqlite3
from pathlib import Path

from boilerwatch import findings
from boilerwatch.findings import FindingsRow
from boilerwatch.journal import FINDINGS, READINGS, SERVICE, NewRow, open_writer
from boilerwatch.model import Finding
from boilerwatch.settings import DataSettings, Settings
from collector.storing import CONSUMER, Storing

T0_MS = 1_767_571_200_000


def finding(state: str, at_ms: int) -> Finding:
    return Finding(
        id="b-1-slow_leak-1", kind="slow_leak", problem="low_water_pressure", chain="water", severity="warning",
        state="cleared" if state == "cleared" else "raised", detector="slow_leak@1", raised_at_ms=T0_MS, evidence_at_ms=at_ms,
        received_at_ms=at_ms, boiler="b-1", site="s-1", values={"loss_bar_per_day": 0.044},
    )  # fmt: skip


def test_findings_go_to_the_store_once_and_their_position_is_told(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=tmp_path))
    for stream in (READINGS, SERVICE):
        open_writer(settings, stream).close()
    journal = open_writer(settings, FINDINGS)
    for state, at_ms in (("raised", T0_MS), ("cleared", T0_MS + 1)):
        row = FindingsRow(positions={READINGS: 1, SERVICE: 0}, findings=[finding(state, at_ms)])
        journal.append([NewRow(at_ms, findings.encode(row))])
    for _ in range(2):  # the second one writes the same rows again
        storing = Storing(settings)
        storing.findings_position = 0
        assert storing.step() == 2
        assert storing.step() == 0
        storing.close()
    assert journal.positions()[CONSUMER] == 2
    journal.close()
    (file,) = [
        path for path in tmp_path.rglob("*") if path.is_file() and "store" in path.name and path.suffix != ".lock"
    ][:1]
    with contextlib.closing(sqlite3.connect(file)) as store:
        rows = store.execute("SELECT tags, ts_ms, fields FROM point ORDER BY ts_ms").fetchall()
    assert [(json.loads(tags), ts) for tags, ts, _ in rows] == [
        ({"boiler": "b-1", "kind": "slow_leak", "site": "s-1", "state": "raised"}, T0_MS),
        ({"boiler": "b-1", "kind": "slow_leak", "site": "s-1", "state": "cleared"}, T0_MS + 1),
    ]
    assert json.loads(json.loads(rows[0][2])["values"]) == {"loss_bar_per_day": 0.044}
