"""The physical parameters that faults move, one value a boiler, each with what it is when all is well."""

from dataclasses import dataclass, fields
from typing import Self

from boilerwatch.model import Floats
from simulators.draw import Draw


@dataclass(slots=True)
class Health:
    """What may wear, clog or leak.

    Attributes
    ----------
    leak_l_per_day, filling_l_per_day
        Water that goes, and that a filling loop lets in. [l/day]
    gas_share
        Of the vessel's gas, what is left. [-]
    seat_bar
        Pressure above which the relief valve weeps. [bar]
    flow_share
        Of the water a healthy pump and clean filter move. [-]
    fouling, plate_fouling
        Resistance of scale over that of a clean primary and plate exchanger. [-]
    spark_per_s
        Rate at which sparks light the gas. [1/s]
    flame_share
        Of the flame current, what a coated electrode lets through. [-]
    inlet_mbar
        Gas pressure at the boiler. [mbar]
    valve_delay_s
        By how much the gas valve opens late. [s]
    drain_share
        Of the condensate drain's capacity. [-]
    friction
        Of the fan's bearings. [-]
    resistance
        Of the flue, 1 when free. [-]
    passing
        Share of the pump's water that the diverter lets go the wrong way. [-]
    bypass
        Share of the water that short-cuts the radiators. [-]
    draught
        How far the boiler stands in the outdoor air. [-]
    board
        1 where the control board has failed. [-]
    """

    leak_l_per_day: Floats
    filling_l_per_day: Floats
    gas_share: Floats
    seat_bar: Floats
    flow_share: Floats
    fouling: Floats
    plate_fouling: Floats
    spark_per_s: Floats
    flame_share: Floats
    inlet_mbar: Floats
    valve_delay_s: Floats
    drain_share: Floats
    friction: Floats
    resistance: Floats
    passing: Floats
    bypass: Floats
    draught: Floats
    board: Floats

    @classmethod
    def well(cls, count: int, draw: Draw) -> Self:
        """Return boilers with nothing wrong, each a little unlike the others."""
        return cls(**{one.name: draw.some(*WELL[one.name], count) for one in fields(cls)})

    def copy(self) -> Self:
        """Return the same with arrays of its own."""
        return type(self)(**{one.name: self.get(one.name).copy() for one in fields(self)})

    def get(self, name: str) -> Floats:
        """Return one parameter of all boilers."""
        values: Floats = getattr(self, name)
        return values


#: Range in which each lies when nothing is wrong; a sound system loses about a litre of water a year.
WELL: dict[str, tuple[float, float]] = {
    "leak_l_per_day": (0.001, 0.004), "filling_l_per_day": (0, 0), "gas_share": (1, 1), "seat_bar": (3, 3), "flow_share": (0.95, 1),
    "fouling": (0, 0.05), "plate_fouling": (0, 0.15), "spark_per_s": (1.4, 2.2), "flame_share": (0.9, 1), "inlet_mbar": (18.5, 21.5),
    "valve_delay_s": (0, 0.2), "drain_share": (0.9, 1), "friction": (0, 0.08), "resistance": (0.9, 1.15), "passing": (0, 0.02),
    "bypass": (0, 0.04), "draught": (0, 0), "board": (0, 0),
}  # fmt: skip
