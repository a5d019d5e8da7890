"""Lets faults develop: moves physical parameters and sensors, tells when a function is lost, and undoes it at a repair."""

import math

from simulators.controller import Controller
from simulators.faults import Fault
from simulators.health import Health
from simulators.plant import Plant
from simulators.sensors import Sensors

#: Beyond these a function is lost without any code: share of rated hot water, diverter, drift, bypass, ice.
_LEAST_TAP, _PASSING, _DRIFT_K, _BYPASS, _ICE_C = 0.6, 0.6, 12.0, 0.8, 0.5
#: What a board that notices tells without stopping.
_WARNS = {"plate_scale": "hot_water", "diverter_passing": "diverter", "frost_risk": "frost"}
_WARNS_SENSOR = {"dhw_temp_c": "sensor_dhw", "flue_temp_c": "sensor_flue"}
#: An automatic filling valve, or somebody with the habit, opens so often when pressure is low. [1/h]
_AUTOMATIC_PER_H = 0.5
#: Faults whose breaking is their failure.
_AT_ONCE = ("ntc_failed", "pressure_sensor_failed")


class Wear:
    """The faults of a fleet at work.

    Parameters
    ----------
    sound
        What parameters are when nothing is wrong.
    """

    def __init__(self, plant: Plant, controller: Controller, sensors: Sensors, sound: Health) -> None:
        self._plant, self._controller, self._sensors, self._sound = plant, controller, sensors, sound

    def progress(self, fault: Fault, at_s: float) -> None:
        """Move what the fault moves to where it is at a time. [s since 1970]"""
        parameter = fault.mechanism.parameter
        if parameter:
            values = self._plant.health.get(parameter)
            if fault.begun is None:
                fault.begun = float(values[fault.boiler])
                self._begin(fault)
            values[fault.boiler] = fault.value(at_s, fault.begun)
        elif fault.kind == "ntc_drift":
            fault.begun = 0.0
            offsets = self._plant.flow_offset_k if fault.sensor == "flow_temp_c" else self._plant.return_offset_k
            offsets[fault.boiler] = fault.value(at_s, 0.0)
        elif fault.begun is None:
            fault.begun = 0.0
            self._break_sensor(fault)

    def _begin(self, fault: Fault) -> None:
        if (
            fault.kind == "vessel_flat"
        ):  # a filling valve keeps the cold pressure, or the gas that goes would show as a leak
            people, cold_bar = self._plant.people, self._plant.homes.cold_bar[fault.boiler]
            people.minds[fault.boiler], people.looks_per_h[fault.boiler] = True, _AUTOMATIC_PER_H
            people.fills_at_bar[fault.boiler], people.fills_to_bar[fault.boiler] = cold_bar - 0.2, cold_bar
        if fault.kind == "lockout_code" and fault.boiler not in self._controller.locks:
            self._controller.lock(self._plant, fault.boiler, "board")

    def _break_sensor(self, fault: Fault) -> None:
        i, reads, plant = fault.boiler, fault.end, self._plant
        now = self._sensors.read(plant).get(fault.sensor)
        stands = math.isnan(reads)
        told = float(now[i]) if stands and now is not None else reads
        self._sensors.broken[i, fault.sensor] = told
        if fault.kind == "pressure_sensor_failed":
            self._controller.seen_bar_fixed[i] = told
        elif fault.sensor == "flow_temp_c" and stands:
            plant.flow_fixed_c[i] = told
        elif fault.sensor in ("flow_temp_c", "return_temp_c") and not stands and i not in self._controller.locks:
            self._controller.lock(plant, i, "sensor_flow" if fault.sensor == "flow_temp_c" else "sensor_return")

    def has_failed(self, fault: Fault) -> bool:
        """Return whether the boiler cannot do its work any more, though no code may say so."""
        plant, i = self._plant, fault.boiler
        if fault.kind in _AT_ONCE:
            return True
        if fault.kind == "plate_scale":
            return plant.hold_tap(i) < _LEAST_TAP
        if fault.kind in ("vessel_flat", "filling_loop_passing"):
            return bool(plant.relieved[i])
        reached = {
            "diverter_passing": (plant.health.passing[i], _PASSING),
            "ntc_drift": (abs(plant.flow_offset_k[i]) + abs(plant.return_offset_k[i]), _DRIFT_K),
            "short_cycling": (plant.health.bypass[i], _BYPASS),
            "frost_risk": (-plant.flow_c[i], -_ICE_C),
        }.get(fault.kind)
        return reached is not None and bool(reached[0] > reached[1])

    def warn(self, fault: Fault) -> None:
        """Let the board tell of a function that is lost, where its family has a code for it."""
        cause = _WARNS.get(fault.kind, "")
        if fault.kind == "ntc_failed" and not math.isnan(fault.end):
            cause = _WARNS_SENSOR.get(fault.sensor, "")
        if cause:
            self._controller.warn(fault.boiler, cause)

    def mend(self, fault: Fault) -> None:
        """Undo a fault: a new part is as good as the old one was."""
        parameter, i = fault.mechanism.parameter, fault.boiler
        if parameter:
            self._plant.health.get(parameter)[i] = self._sound.get(parameter)[i]
        if fault.kind == "ntc_drift":
            self._plant.flow_offset_k[i] = self._plant.return_offset_k[i] = 0.0
        if fault.sensor:
            self._sensors.broken.pop((i, fault.sensor), None)
            self._plant.flow_fixed_c[i] = math.nan
        if fault.kind == "pressure_sensor_failed":
            self._controller.seen_bar_fixed[i] = math.nan
        self._plant.relieved[i] = False
