"""What a service makes learned anew: what the work may have moved, and nothing else."""

import numpy as np
import pytest

from boilerwatch.kinds import CHAINS, KIND_BY_NAME
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import renews
from detectors.catalogue.gradual import Gradual
from detectors.engine import Engine
from tests.detectors.series import series

HOURS = np.arange(0, 10 * 24, 0.25)


def row(*problems: str, what: str = "repaired") -> ServiceRow:
    return ServiceRow(boiler="b-1", what=what, at_ms=10**12, problems=problems)  # type: ignore[arg-type] # of a parameter


@pytest.mark.parametrize(
    ("done", "moved"),
    [(row("flue_blocked"), {"air", "flame"}), (row("low_water_pressure"), {"water"}), (row("no_circulation"), {"flow", "dhw", "control"}),
     (row("flue_blocked", "low_water_pressure"), {"air", "flame", "water"}), (row(), set(CHAINS)), (row("pcb"), set(CHAINS)),
     (row("flue_blocked", "unheard of"), set(CHAINS)), (row("flue_blocked", what="swapped"), set(CHAINS)),
     (row(what="part_replaced"), set(CHAINS)), (row(what="topped_up"), set()), (row(what="maintenance_ended"), set())],
)  # fmt: skip
def test_a_repair_that_names_what_it_fixed_moves_its_chain_and_what_hangs_on_it(
    done: ServiceRow, moved: set[str]
) -> None:
    assert {chain for chain in CHAINS if renews(done, (chain,))} == moved


def test_families_keep_what_the_work_cannot_have_moved() -> None:
    engine = Engine(beat_ms=21_600_000)
    warm = 45 + 8 * np.sin(HOURS / 4)
    on = np.sin(HOURS * 2) > 0
    engine.take(series(HOURS, {
        "water_pressure_bar": 1.4 + 0.01 * (warm - 45), "flow_temp_c": warm + 5, "return_temp_c": warm - 5, "flame_on": on * 1.0,
        "fan_speed_rpm": on * 3000.0, "fan_setpoint_rpm": on * 3000.0, "modulation_pct": on * 50.0,
    }))  # fmt: skip
    engine.finish()

    def learned() -> dict[str, bool]:
        families = {one.name: one for one in engine.detectors if isinstance(one, Gradual)}
        return {
            name: any(d.state["seen"][0].any() for d in families[name].drifts.values()) for name in ("air", "vessel")
        }

    assert learned() == {"air": True, "vessel": True}
    engine.serve(row("flue_blocked"))
    assert learned() == {"air": False, "vessel": True}
    engine.serve(row())
    assert learned() == {"air": False, "vessel": False}


def test_every_family_is_of_chains_that_repairs_name() -> None:
    for one in Engine().detectors:
        if isinstance(one, Gradual):
            assert all(KIND_BY_NAME[kind].chain in CHAINS for kind in one.kinds)
            assert one.kinds


def test_a_drift_that_was_put_right_is_taken_out_of_nobodys_spread_any_more() -> None:
    engine = Engine()
    engine.world.offsets.grow(1)
    engine.slots.of("b-1")
    engine.world.offsets["idle_k"][0] = 5.0
    engine.serve(row("flue_blocked"))
    assert engine.world.offsets["idle_k"][0] == 5.0
    engine.serve(row("sensor_plausibility"))
    assert engine.world.offsets["idle_k"][0] == 0.0
