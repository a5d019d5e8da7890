"""Detection over hand-written series, from their cited sources, without the simulator."""

import gzip
import json
import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.errors import InputError
from boilerwatch.model import Finding
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler
from detectors.engine import Engine
from detectors.replay import BEAT_MS, LEAST_ROWS, replay

pytestmark = pytest.mark.slow

T0 = 1_767_571_200_000
DAY_MS = 86_400_000


def found(tmp_path: Path, rows: list[dict[str, Any]], family: str = "bosch_ems") -> list[Finding]:
    path = tmp_path / "readings.jsonl"
    path.write_text("".join(json.dumps({"site": "s", "boiler": "b-1"} | row) + "\n" for row in rows))
    return list(replay(path, [Boiler("b-1", "s", family=family)], Counter()))


def pressures(
    days: float, loss_bar_per_day: float, *, step_bar: float = 0.1, top_up_day: float = 99, seed: int = 1
) -> list[dict[str, Any]]:
    """The one real log of the field guide: half-hourly and irregular, 0.1 bar steps, 0.01 bar/K, 0.5 bar when heating."""
    chance = random.Random(seed)
    rows, at, fallen = [], 0.0, 0.0
    while at < days * 24:
        step_h = chance.uniform(0.3, 0.8)
        at += step_h
        fallen = 0.0 if abs(at / 24 - top_up_day) < 0.04 else fallen + loss_bar_per_day * step_h / 24
        water_c = 45 + 15 * math.sin(at / 24 * 2 * math.pi) + chance.gauss(0, 4)
        bar = 1.6 + 0.01 * (water_c - 45) - fallen
        rows.append({"ts": T0 + round(at * 3_600_000), "water_pressure_bar": round(round(bar / step_bar) * step_bar, 3),
                     "flow_temp_c": round(water_c + 5, 1), "return_temp_c": round(water_c - 5, 1)})  # fmt: skip
    return rows


@pytest.mark.parametrize("step_bar", [0.1, 0.004])
def test_a_slow_leak_is_found_days_before_the_limit_with_its_rate(tmp_path: Path, step_bar: float) -> None:
    raised = [one for one in found(tmp_path, pressures(12, 0.044, step_bar=step_bar)) if one.state == "raised"]
    assert [(one.kind, one.severity) for one in raised] == [("slow_leak", "warning")]
    (leak,) = raised
    assert 0.03 < leak.values["loss_bar_per_day"] < 0.06
    assert leak.failure_expected_at_ms is not None
    assert leak.failure_expected_at_ms - leak.raised_at_ms > 5 * DAY_MS


@pytest.mark.parametrize("seed", range(5))
def test_a_tight_system_that_warms_and_cools_raises_nothing(tmp_path: Path, seed: int) -> None:
    assert found(tmp_path, pressures(30, 0.0, seed=seed)) == []


def test_one_top_up_of_a_tight_system_raises_nothing(tmp_path: Path) -> None:
    rows = pressures(20, 0.0)
    for row in rows:
        if row["ts"] < T0 + 8 * DAY_MS:
            row["water_pressure_bar"] = round(row["water_pressure_bar"] - 0.4, 3)
    assert found(tmp_path, rows) == []


def test_a_lone_zero_is_a_gateway_that_restarts_and_two_are_a_fault(tmp_path: Path) -> None:
    steady = [{"ts": T0 + i * 60_000, "water_pressure_bar": 1.4, "flow_temp_c": 50.0} for i in range(60)]
    lone = [
        *steady,
        {"ts": T0 + 3_600_000, "water_pressure_bar": 0.0},
        {"ts": T0 + 3_660_000, "water_pressure_bar": 1.4},
    ]
    assert found(tmp_path, lone) == []
    burst = steady + [
        {"ts": T0 + 3_600_000 + i * 60_000, "water_pressure_bar": max(1.4 - 0.3 * i, 0), "flow_temp_c": 50.0}
        for i in range(8)
    ]
    assert [(one.kind, one.severity, one.state) for one in found(tmp_path, burst)][:1] == [
        ("burst_leak", "critical", "raised")
    ]


def test_a_code_is_raised_and_cleared_by_its_family(tmp_path: Path) -> None:
    rows = [{"ts": T0, "code": "2E/207", "active": True}, {"ts": T0 + 60_000, "code": "2E/207", "active": False}]
    findings = found(tmp_path, rows)
    assert [(one.kind, one.problem, one.chain, one.state) for one in findings] == [
        ("lockout_code", "low_water_pressure", "water", "raised"), ("lockout_code", "low_water_pressure", "water", "cleared"),
    ]  # fmt: skip
    assert len({one.id for one in findings}) == 1
    (unknown,) = found(tmp_path, rows[:1], family="")
    assert (unknown.severity, unknown.problem) == ("advisory", "unknown")


def test_rows_that_cannot_be_read_are_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    lines = [json.dumps({"boiler": "b-1", "ts": T0 + i, "flow_temp_c": 40}) for i in range(5)]
    bad = [
        "garbage",
        '{"ts": 1}',
        json.dumps({"boiler": "b 1", "ts": T0}),
        '{"boiler": "b-1", "ts": 12}',
        json.dumps({"boiler": "b-1", "ts": T0, "flow_temp_c": "hot"}),
        "",
    ]
    path.write_bytes(gzip.compress("\n".join(lines + bad).encode()))
    refused: Counter[str] = Counter()
    batches = list(read_batches(path, refused))
    assert sum(map(len, batches)) == 6
    assert sum(refused.values()) == 5
    for broken in (path.with_name("none.jsonl"), tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            list(read_batches(broken, refused))
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(InputError, match="cannot be read"):
        list(read_batches(path, refused))


@settings(max_examples=6, deadline=None)
@given(rows=st.integers(20, 700), cut=st.integers(1, 40))
def test_findings_are_the_same_however_rows_are_cut_and_wherever_it_restarts(
    tmp_path_factory: pytest.TempPathFactory, rows: int, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("cuts")
    path = folder / "r.jsonl"
    series = pressures(9, 0.06) + [{"ts": T0 + 10 * DAY_MS + i * 60_000, "water_pressure_bar": 0.3} for i in range(5)]
    path.write_text("".join(json.dumps({"boiler": "b-1"} | row) + "\n" for row in series))
    whole = list(replay(path, [], Counter()))
    assert len(whole) >= 2
    engine, again = Engine(beat_ms=BEAT_MS, least_rows=LEAST_ROWS), []
    for number, batch in enumerate(read_batches(path, Counter(), rows=rows)):
        again += engine.take(batch)
        if number == cut:
            saved, engine = engine.dump({"readings": number}), Engine(beat_ms=BEAT_MS, least_rows=LEAST_ROWS)
            assert engine.load(saved) == {"readings": number}
    again += engine.finish()
    assert again == whole
    assert np.isfinite([one.confidence for one in whole]).all()
