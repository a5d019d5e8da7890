"""Constants of each boiler and its home: dwelling, radiators, water system, burner, as an installer matched them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats, Ints
from simulators.draw import Draw
from simulators.models import Model
from simulators.physics.building import emission
from simulators.physics.water import ATMOSPHERE_BAR, WATER_J_PER_L_K, system_for_swing
from simulators.sites import SITES

Bools = NDArray[np.bool_]
_DESIGN_OUTDOOR_C, _ROOM_C = -9.0, 20.0
#: Heating circuits hold steel and water in radiators: so much more heat than their water. [-]
_STEEL = 1.3
#: A coil of a square metre beside the plates of a combi. [-]
_COIL = 0.55


@dataclass(slots=True)
class Homes:
    """Constants, one value a boiler.

    Attributes
    ----------
    loss_w_per_k, air_j_per_k, mass_j_per_k, coupling_w_per_k
        Of the dwelling.
    emit_w_at_40k
        Of the radiators. [W]
    floor
        Whether heat goes into the floor.
    curve
        Whether the flow follows the weather; else its set point is fixed.
    hot_c, steep, fixed_c
        Hottest flow set point; its rise per kelvin of cold; set point without a curve. [degrees C, -, degrees C]
    flow_lpm
        Of a healthy pump at full speed through heating. [l/min]
    vessel_l, charge_bar, cold_bar, system_l, gas_cold_l, circuit_j_per_k
        Of the sealed system.
    weep_l_per_h_bar
        Of a relief valve that does not seat.
    heat_w, tap_w, least
        Of the burner: power to heating and hot water [W], least load [-].
    units
        Transfer units of the clean primary exchanger at full load. [-]
    flue_over_k
        Of the flue gas over the return at least. [K]
    current_gain
        Of the flame's electrode. [-]
    plate_w_per_k, loop_lpm
        Plate exchanger and the loop through it. [W/K, l/min]
    tank_l, coil_w_per_k
        Storage tank, 0 where hot water comes from plates, and the coil in it. [litres, W/K]
    slow_rpm, fast_rpm
        Fan at no load and at full load.
    pause_s
        Anti-cycling. [s]
    aloft
        How much the drain stands in the frost: 0 indoors, 1 outdoors. [-]
    windy
        How much gusts reach the flue. [-]
    """

    loss_w_per_k: Floats
    air_j_per_k: Floats
    mass_j_per_k: Floats
    coupling_w_per_k: Floats
    emit_w_at_40k: Floats
    floor: Bools
    curve: Bools
    hot_c: Floats
    steep: Floats
    fixed_c: Floats
    flow_lpm: Floats
    vessel_l: Floats
    charge_bar: Floats
    cold_bar: Floats
    system_l: Floats
    gas_cold_l: Floats
    circuit_j_per_k: Floats
    weep_l_per_h_bar: Floats
    heat_w: Floats
    tap_w: Floats
    least: Floats
    units: Floats
    flue_over_k: Floats
    current_gain: Floats
    plate_w_per_k: Floats
    loop_lpm: Floats
    tank_l: Floats
    coil_w_per_k: Floats
    slow_rpm: Floats
    fast_rpm: Floats
    pause_s: Floats
    aloft: Floats
    windy: Floats


def draw_homes(draw: Draw, models: Sequence[Model], site: Ints) -> Homes:
    """Return the constants of boilers of these models at these sites."""
    count = len(models)
    county = np.array([SITES[place].region == "county" for place in site])
    heat_w = np.array([model.heat_w for model in models])
    loss = np.where(county, draw.some(170, 300, count), draw.some(90, 180, count))
    loss = np.minimum(loss, 0.9 * heat_w / (_ROOM_C - _DESIGN_OUTDOOR_C))
    floor = draw.random.random(count) < np.where(county, 0.15, 0.4)
    curve = draw.random.random(count) < np.where(county, 0.35, 0.5)
    hot_c = np.where(floor, draw.some(38, 45, count), draw.some(58, 70, count))
    design_w = loss * (_ROOM_C - _DESIGN_OUTDOOR_C)
    emit = _emitters(design_w * draw.some(1.05, 1.35, count), hot_c)
    steep = (hot_c - 24.0) / (_ROOM_C - _DESIGN_OUTDOOR_C)
    fixed_c = np.round(hot_c - np.where(floor, 1.0, draw.some(0, 5, count)))
    vessel_l = np.array([model.vessel_l for model in models])
    charge, cold = draw.some(0.7, 0.9, count), draw.some(1.2, 1.55, count)
    highest_c = np.where(curve, hot_c, fixed_c) - np.where(floor, 0.0, 2.0)
    swing = draw.some(0.32, 0.52, count)
    system_l = system_for_swing(swing, highest_c, vessel_l=vessel_l, charge_bar=charge, cold_bar=cold)
    system_l = np.where(
        floor, np.minimum(system_l, draw.some(90, 160, count)), system_l
    )  # a litre or so a square metre
    condensing = np.array([model.condensing for model in models])
    fast = draw.some(5_600, 6_600, count)
    tank_l = np.array([model.tank_l for model in models])
    return Homes(
        loss_w_per_k=loss, air_j_per_k=loss * draw.some(3.2, 5.5, count) * 3_600, mass_j_per_k=loss * draw.some(35, 80, count) * 3_600,
        coupling_w_per_k=loss * draw.some(3.0, 5.0, count), emit_w_at_40k=emit, floor=floor, curve=curve, hot_c=np.round(hot_c).astype(np.float64),
        steep=steep, fixed_c=fixed_c, flow_lpm=draw.some(13, 19, count), vessel_l=vessel_l, charge_bar=charge, cold_bar=cold,
        system_l=system_l, gas_cold_l=vessel_l * (charge + ATMOSPHERE_BAR) / (cold + ATMOSPHERE_BAR),
        circuit_j_per_k=system_l * WATER_J_PER_L_K * np.where(floor, 1.05, _STEEL), weep_l_per_h_bar=draw.some(0.05, 0.13, count),
        heat_w=heat_w, tap_w=np.array([model.tap_w for model in models]),
        least=np.array([model.least for model in models]) * draw.some(0.95, 1.05, count),
        units=np.where(condensing, draw.some(3.6, 4.1, count), draw.some(2.1, 2.3, count)), flue_over_k=draw.some(3, 7, count),
        current_gain=draw.some(0.75, 1.15, count), plate_w_per_k=(plates := draw.some(1_150, 1_600, count)), loop_lpm=draw.some(12, 15, count),
        tank_l=tank_l, coil_w_per_k=_COIL * plates,
        slow_rpm=draw.some(1_100, 1_500, count), fast_rpm=fast, pause_s=draw.random.choice([180.0, 240.0, 300.0], count),
        aloft=np.where(draw.random.random(count) < 0.35, np.minimum(draw.some(0.15, 0.5, count), 0.55), 0.0), windy=draw.some(0.0, 1.0, count),
    )  # fmt: skip


def _emitters(heat_w: Floats, flow_c: Floats) -> Floats:
    """Return radiators that give a heat when the flow is so hot: water is on average 4 K colder than the flow. [W at 40 K]"""
    size: Floats = heat_w / emission(flow_c - 4.0, np.full(len(heat_w), _ROOM_C), np.ones(len(heat_w)))
    return size
