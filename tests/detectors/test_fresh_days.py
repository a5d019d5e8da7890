"""A repair within a day parts it in two: what was measured before it is not what is learned after it."""

from collections.abc import Sequence

import numpy as np
import pytest

from boilerwatch.model import Finding
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import Detector
from detectors.catalogue.flow import Flow
from detectors.catalogue.sensors import Sensors
from detectors.days import DayFeatures
from detectors.engine import Engine
from detectors.serving import with_service
from tests.detectors.series import T0_MS, series

pytestmark = pytest.mark.slow

DAYS, ONSET, REPAIR = 40, 16.0, 26
HOURS = np.arange(0, DAYS * 24, 0.25)
DAY_MS = 86_400_000
#: Civil days of Asia/Shanghai begin at 16:00 UTC: shortly before one, in its middle, and on it.
REPAIRS = [REPAIR + hour / 24 for hour in (15.7, 16.0, 4.0, 21.3)]


def told(repair_day: float, detectors: Sequence[Detector], problems: tuple[str, ...]) -> list[Finding]:
    """A return sensor that drifts off by 10 K until it is replaced."""
    chance = np.random.default_rng(1)
    day = HOURS / 24
    on = chance.random(len(HOURS)) < 0.4
    flow = np.where(on, 52.0, 40.0) + chance.normal(0, 1, len(HOURS))
    off = np.where(day < repair_day, 10 * np.clip((day - ONSET) / 8, 0, 1), 0.0)
    columns = {
        "flow_temp_c": flow.round(1), "return_temp_c": (flow - np.where(on, 12, 0.5) - off).round(1),
        "flame_on": on * 1.0, "pump_on": np.ones(len(HOURS)), "modulation_pct": on * 45.0,
    }  # fmt: skip
    row = ServiceRow(boiler="b-1", what="part_replaced", at_ms=T0_MS + round(repair_day * DAY_MS), problems=problems)
    engine, found = Engine(beat_ms=3_600_000, detectors=detectors), []
    for one in with_service([series(HOURS, columns)], [row]):
        found += [*engine.finish(), *engine.serve(one)] if isinstance(one, ServiceRow) else engine.take(one)
    return found + engine.finish()


@pytest.mark.parametrize("problems", [("sensor_plausibility",), ()])
@pytest.mark.parametrize("repair_day", REPAIRS)
def test_a_replaced_sensor_is_told_before_and_never_after(repair_day: float, problems: tuple[str, ...]) -> None:
    found = told(repair_day, [Sensors(), Flow()], problems)
    assert {one.kind for one in found} == {"ntc_drift"}  # and never less flow, which reads the same two sensors
    after = T0_MS + repair_day * DAY_MS
    late = [one for one in found if one.state != "cleared" and one.evidence_at_ms > after]
    assert late == []


def test_a_service_of_the_future_takes_nothing_from_the_days_until_then() -> None:
    future = ServiceRow(boiler="b-1", what="repaired", at_ms=T0_MS + 900 * DAY_MS)
    engine = Engine(detectors=[Sensors()])
    columns = {"flow_temp_c": np.full(100, 50.0), "return_temp_c": np.full(100, 40.0), "flame_on": np.zeros(100)}
    engine.take(series(HOURS[:100], columns))
    engine.finish()
    engine.serve(future)
    later = []
    engine.tell_days(later.append)
    engine.take(series(HOURS[100:400], {name: np.resize(values, 300) for name, values in columns.items()}))
    engine.finish()
    assert sum(int(one.counts["sensors/unlit_offset_k"].sum()) for one in later) > 100


def test_snapshots_of_before_know_of_no_service() -> None:
    engine = Engine(detectors=[Sensors()])
    engine.take(series(HOURS[:100], {"flow_temp_c": np.full(100, 50.0)}))
    engine.finish()
    days = DayFeatures([Sensors()], engine.world)
    saved = engine._days.dump()
    days.load({name: values for name, values in saved.items() if name != "open.serviced"})
    assert (days.dump()["open.serviced"] == -1).all()
