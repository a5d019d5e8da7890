"""Boiler, water and home of every boiler at once: what is, not what sensors tell of it.

`state` holds what goes on from step to step. A step goes one way: `surroundings` (weather, habits and wear, every few
minutes) -> `demand` (taps, thermostats, tanks) -> `firing` (burners stop and start) -> `burning` (load, flame) -> `heat`
(water, home, tap) -> `filling` (water content and pressure). `plant` puts them in that order.
"""

from simulators.plant.plant import Plant
from simulators.plant.state import Bools

__all__ = ["Bools", "Plant"]
