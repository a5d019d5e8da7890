"""A fault moves one physical parameter and nothing else; sensors' faults alone touch what is told."""

from typing import Any

import numpy as np
import pytest

from simulators.faults import MECHANISMS, Mechanism
from simulators.fleet import Fleet

START_S = 1_767_571_200.0
#: What else a kind needs to happen: a filling valve that hides a vessel's loss, the board that locks out.
BESIDE = {"vessel_flat": {"people"}, "lockout_code": {"stopped", "locks"}}
SENSORS = ("ntc_drift", "ntc_failed", "pressure_sensor_failed")


def everything(fleet: Fleet) -> dict[str, Any]:
    """Name -> copy of all that a fleet's boilers, homes, sensors and controllers are."""
    plant, sensors, controller = fleet._plant, fleet._sensors, fleet._controller
    found: dict[str, Any] = {name: value.copy() for name, value in vars(plant).items() if isinstance(value, np.ndarray)}
    for part in ("homes", "people", "health"):
        holder = getattr(plant, part)
        found |= {f"{part}.{name}": getattr(holder, name).copy() for name in holder.__dataclass_fields__}
    sensed = {name: value.copy() for name, value in vars(sensors).items() if isinstance(value, np.ndarray)}
    found |= {f"sensors.{name}": value for name, value in sensed.items()}
    return found | {
        "sensors.broken": dict(sensors.broken),
        "locks": dict(controller.locks),
        "warnings": dict(controller.warnings),
    }


def same(one: Any, other: Any) -> bool:
    return one == other if isinstance(one, dict) else np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda one: one.kind)
def test_a_fault_moves_its_parameter_and_nothing_else(mechanism: Mechanism) -> None:
    fleet = Fleet(3, 5, START_S, ("Genus 28",))
    fleet.step(3_600.0)
    fault = fleet.add_fault(1, mechanism.kind, fleet.now_s)
    before = everything(fleet)
    fleet._wear.progress(fault, fleet.now_s + 60 * 86_400)
    after = everything(fleet)
    changed = {
        name.partition(".")[0] if name.startswith("people") else name
        for name, value in before.items()
        if not same(value, after[name])
    }
    if mechanism.kind in SENSORS:
        told = {"sensors.broken", "flow_offset_k", "return_offset_k", "flow_fixed_c", "locks", "stopped"}
        assert changed
        assert changed <= told
        return
    assert changed == {f"health.{mechanism.parameter}"} | BESIDE.get(mechanism.kind, set())
    others = np.array([0, 2])
    name = f"health.{mechanism.parameter}"
    assert (before[name][others] == after[name][others]).all()
