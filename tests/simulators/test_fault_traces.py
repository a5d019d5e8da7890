"""Each fault leaves the trace that the reference says (devices guide 7), and a lock-out that follows from it.

One fleet of one model, a fault of its own for each boiler, from the fourth day; what a boiler showed before is compared
with what it shows as the fault ends.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from boilerwatch import codes
from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Floats
from simulators.faults import MECHANISMS, Fault
from simulators.fleet import Fleet
from simulators.nuisances import RATES

pytestmark = pytest.mark.slow

START_S, DAY_S, STEP_S = 1_767_571_200.0, 86_400.0, 300.0
DAYS, ONSET_D, TAKES_D = 14, 4, 8
ENDS = {
    "slow_leak": 0.35, "burst_leak": 60.0, "filling_loop_passing": 0.6, "ntc_drift": 18.0, "ntc_failed": -20.0,
    "pressure_sensor_failed": 0.0, "vessel_flat": 0.08, "relief_valve_weeping": 0.1,
}  # fmt: skip
KINDS = list(MECHANISMS)
STRIP = 6
"""Boilers a kind: the same fault in other homes."""


@dataclass
class Told:
    """What the fleet told."""

    columns: dict[str, Floats]
    codes: list[tuple[float, int, str, bool]]
    faults: list[Fault]
    family: str

    def of(self, kind: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.kind == kind]

    def days(self, fault: Fault) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the days before the onset, and of the last day before failure (or of its last day)."""
        per_day = round(DAY_S / STEP_S)
        onset = round((fault.onset_s - START_S) / STEP_S)
        end_s = min(fault.failed_s or START_S + DAYS * DAY_S, fault.onset_s + (fault.days or 1.0) * DAY_S)
        end = round((end_s - START_S) / STEP_S) - 1
        return np.arange(per_day, onset), np.arange(max(end - per_day, onset), end)

    def change(self, kind: str, signal: str, where: str = "burning", low: float = 0, high: float = 101) -> float:
        """Median over boilers of a signal's mean at the end less that before the onset."""
        found = []
        for fault in self.of(kind):
            i = fault.boiler
            value = self.signal(signal)[:, i]
            load, flame = self.columns["modulation_pct"][:, i], self.columns["flame_on"][:, i] > 0.5
            tap = self.columns["dhw_active"][:, i] > 0.5
            masks = {
                "burning": flame & ~tap,
                "tapping": flame & tap,
                "flame": flame,
                "rest": ~flame & ~tap,
                "any": np.full(len(flame), True),
            }
            mask = masks[where] & (load >= low) & (load <= high)
            early, late = self.days(fault)
            parts = [value[rows][mask[rows]] for rows in (early, late)]
            if all(len(part) >= 3 for part in parts):
                found.append(float(np.nanmean(parts[1]) - np.nanmean(parts[0])))
        assert found, kind
        return float(np.median(found))

    def signal(self, name: str) -> Floats:
        columns = self.columns
        if name == "spread":
            return columns["flow_temp_c"] - columns["return_temp_c"]
        if name == "flue_over":
            return columns["flue_temp_c"] - columns["return_temp_c"]
        if name == "fan_ratio":
            return columns["fan_speed_rpm"] / np.maximum(columns["fan_setpoint_rpm"], 1.0)
        if name == "dhw_short":
            return columns["dhw_setpoint_c"] - columns["dhw_temp_c"]
        return columns[name]

    def counted(self, kind: str, counter: str) -> tuple[float, float]:
        """How much a counter grew a day before, and on the last day, over all boilers with the fault."""
        before = after = 0.0
        for fault in self.of(kind):
            early, late = self.days(fault)
            values = self.columns[counter][:, fault.boiler]
            before += (values[early[-1]] - values[early[0]]) * (DAY_S / STEP_S) / len(early)
            after += (values[late[-1]] - values[late[0]]) * (DAY_S / STEP_S) / len(late)
        return before, after


@pytest.fixture(scope="module")
def told() -> Told:
    with pytest.MonkeyPatch.context() as patch:
        for name in RATES:
            patch.setitem(RATES, name, 0.0)
        fleet = Fleet(len(KINDS) * STRIP, 11, START_S, models=("Genus 28",))
        fleet._plant.people.minds[:] = False  # nobody looks at a gauge, but where a vessel fails
        for place, kind in enumerate(KINDS * STRIP):
            fleet.add_fault(place, kind, START_S + ONSET_D * DAY_S, end=ENDS.get(kind), days=TAKES_D)
        steps = [fleet.step(STEP_S) for _ in range(round(DAYS * DAY_S / STEP_S))]
    columns = {name: np.array([step.columns[name] for step in steps]) for name in steps[0].columns}
    found = [(step.at_s, *code) for step in steps for code in step.codes]
    return Told(columns, found, fleet.faults, fleet.models[0].family)


@pytest.mark.parametrize(
    "kind", [one for one in KINDS if one not in ("frost_risk", "ntc_failed", "pressure_sensor_failed")]
)
def test_faults_end_in_a_failure_after_their_onset_and_are_mended(told: Told, kind: str) -> None:
    failed = [fault for fault in told.of(kind) if fault.failed_s is not None]
    assert len(failed) >= STRIP / 2
    for fault in failed:
        assert fault.failed_s is not None
        assert fault.failed_s >= fault.onset_s
        assert fault.repaired_s is None or fault.repaired_s > fault.failed_s
        if KIND_BY_NAME[kind].gradual:
            assert fault.failed_s > fault.onset_s + DAY_S


@pytest.mark.parametrize(
    "kind", ["slow_leak", "burst_leak", "relief_valve_weeping", "ignition_wear", "flame_signal_decay", "fan_wear", "exchanger_scale",
             "circulation_loss", "condensate_blocked", "gas_valve_ageing", "gas_supply_low"],
)  # fmt: skip
def test_a_lock_out_shows_a_code_of_the_faults_own_chain(told: Told, kind: str) -> None:
    shown = 0
    for fault in told.of(kind):
        for at_s, boiler, code, active in told.codes:
            if boiler == fault.boiler and active and at_s == fault.failed_s:
                row = codes.look_up(told.family, code)
                assert row is not None
                assert row.problem in KIND_BY_NAME[kind].problems or KIND_BY_NAME[kind].chain == "flame", (kind, code)
                shown += 1
    assert shown >= STRIP / 2


def test_no_boiler_shows_a_code_before_its_fault(told: Told) -> None:
    assert min(at_s for at_s, *_ in told.codes) >= START_S + ONSET_D * DAY_S


def test_a_leak_lowers_pressure_day_by_day_whatever_the_heating_does(told: Told) -> None:
    for fault in told.of("slow_leak"):
        early, late = told.days(fault)
        bar = told.columns["water_pressure_bar"][:, fault.boiler]
        assert bar[early].mean() - bar[late].mean() > 0.3
        steps = np.diff([bar[k : k + 288].mean() for k in range(early[-1] + 1, late[-1] - 288, 288)])
        assert (steps < 0).all()
    assert told.change("burst_leak", "water_pressure_bar", "any") < -0.3


def test_a_flat_vessel_makes_pressure_follow_temperature_ever_more_steeply(told: Told) -> None:
    """Where water moved by 4 K and more within half an hour, by how much pressure moved with it."""
    steeper = []
    for fault in told.of("vessel_flat"):
        slopes = []
        for rows in told.days(fault):
            i = fault.boiler
            water = (told.columns["flow_temp_c"] + told.columns["return_temp_c"])[rows, i] / 2
            calm = (told.columns["dhw_active"][rows, i] < 0.5) & (told.columns["pump_on"][rows, i] > 0.5)
            warmed, rose = (
                water[6:] - water[:-6],
                np.subtract(*(told.columns["water_pressure_bar"][k, i] for k in (rows[6:], rows[:-6]))),
            )
            usable = calm[6:] & calm[:-6] & (np.abs(warmed) > 4)
            slopes.append(np.median(rose[usable] / warmed[usable]) if usable.sum() > 5 else np.nan)
        steeper.append(slopes[1] / slopes[0])
    assert np.nanmedian(steeper) > 1.8
    assert any(told.columns["water_pressure_bar"][:, fault.boiler].max() > 2.6 for fault in told.of("vessel_flat"))


def test_a_passing_filling_loop_raises_cold_pressure_until_the_relief_valve_opens(told: Told) -> None:
    for fault in told.of("filling_loop_passing"):
        bar = told.columns["water_pressure_bar"][:, fault.boiler]
        early, late = told.days(fault)
        assert bar[late].mean() > bar[early].mean() + 0.5
        assert bar.max() > 2.85
        assert bar.max() < 3.2


def test_lost_circulation_widens_the_spread_or_drives_the_pump(told: Told) -> None:
    assert told.change("circulation_loss", "spread", low=10, high=45) > 3
    assert told.change("circulation_loss", "pump_modulation_pct") > 15


def test_scale_heats_the_flue_and_leaves_the_flame(told: Told) -> None:
    assert told.change("exchanger_scale", "flue_over", low=10, high=60) > 8
    assert abs(told.change("exchanger_scale", "fan_ratio")) < 0.01


def test_a_worn_electrode_lights_late_and_fails_often(told: Told) -> None:
    before, after = told.counted("ignition_wear", "ignition_failures")
    assert after > 10 * max(before, 1)
    assert told.change("ignition_wear", "ignition_time_s", "any") > 0.8
    assert abs(told.change("ignition_wear", "flame_current_ua")) < 2


def test_an_ageing_valve_lights_late_and_hardly_fails_until_the_end(told: Told) -> None:
    assert told.change("gas_valve_ageing", "ignition_time_s", "any") > 1.5


def test_a_coated_electrode_loses_current_at_every_load(told: Told) -> None:
    assert told.change("flame_signal_decay", "flame_current_ua", low=0, high=45) < -8
    assert told.change("flame_signal_decay", "flame_current_ua", "tapping", low=45) < -12


def test_sagging_gas_loses_current_at_high_load_only(told: Told) -> None:
    high = told.change("gas_supply_low", "flame_current_ua", "flame", low=65)
    low = told.change("gas_supply_low", "flame_current_ua", low=0, high=28)
    assert high < -6
    assert high < 2.5 * low


def test_a_blocked_drain_loses_flames(told: Told) -> None:
    before, after = told.counted("condensate_blocked", "flame_losses")
    assert before < 1
    assert after >= STRIP


def test_a_worn_fan_lags_and_a_blocked_flue_lets_it_run_ahead(told: Told) -> None:
    assert told.change("fan_wear", "fan_ratio") < -0.05
    assert told.change("flue_restricted", "fan_ratio") > 0.06


def test_scaled_plates_need_a_hotter_flow_for_the_same_tap(told: Told) -> None:
    assert told.change("plate_scale", "flow_temp_c", "tapping") > 8


def test_a_passing_diverter_warms_hot_water_while_nobody_draws(told: Told) -> None:
    assert told.change("diverter_passing", "dhw_temp_c", "burning") > 5
    assert told.change("diverter_passing", "dhw_short", "tapping") > 2, "and takes heat from the tap"


def test_a_drifting_sensor_disagrees_with_its_twin_at_rest(told: Told) -> None:
    assert abs(told.change("ntc_drift", "spread", "rest")) > 5


def test_broken_sensors_stand_at_their_rail_or_stand_still(told: Told) -> None:
    for fault in told.of("ntc_failed") + told.of("pressure_sensor_failed"):
        begin = round((fault.onset_s - START_S) / STEP_S)
        end = round(((fault.repaired_s or START_S + DAYS * DAY_S) - START_S) / STEP_S) - 1
        assert len(set(told.columns[fault.sensor][begin:end, fault.boiler].tolist())) == 1
        assert fault.failed_s == fault.onset_s


def test_an_open_bypass_multiplies_starts(told: Told) -> None:
    ratios = []
    for fault in told.of("short_cycling"):
        starts = told.columns["burner_starts"][:, fault.boiler]
        flame = told.columns["flame_on"][:, fault.boiler]
        (a, b) = [(starts[rows[-1]] - starts[rows[0]]) / max(flame[rows].sum(), 1) for rows in told.days(fault)]
        ratios.append(b / max(a, 1e-6))
    assert np.median(ratios) > 1.5


def test_a_boiler_in_the_frost_without_heat_gets_cold(told: Told) -> None:
    coldest = min(
        told.columns["flow_temp_c"][1152 : 1152 + 3 * 288, fault.boiler].min() for fault in told.of("frost_risk")
    )
    assert coldest < 5
