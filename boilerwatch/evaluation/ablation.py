"""The catalogue with one idea taken away, to say what each brings."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from detectors.catalogue.air import Air
from detectors.catalogue.contract import Banded, Detector, View, World
from detectors.catalogue.cycling import Cycling
from detectors.catalogue.flame import Flame
from detectors.catalogue.flow import Flow
from detectors.catalogue.gas import Gas
from detectors.catalogue.gradual import Gradual
from detectors.catalogue.hot_water import HotWater
from detectors.catalogue.leak import SlowLeak
from detectors.catalogue.registry import DETECTORS
from detectors.catalogue.sensors import Sensors
from detectors.catalogue.track import Track
from detectors.catalogue.vessel import Vessel

Make = Callable[[], Detector]
_FAMILIES: tuple[type[Gradual], ...] = (Sensors, Vessel, Air, Gas, Flame, Flow, HotWater, Cycling)
#: Those compared in bands of modulation.
_BANDED: tuple[type[Gradual], ...] = (Air, Gas, Flame, Flow, HotWater)


def _changed(family: type[Gradual], **changes: Any) -> Make:
    """Return a family whose tracks differ; what they no longer need is measured all the same."""

    class Changed(family):  # type: ignore[valid-type, misc] # a class chosen at run time
        features: dict[str, int]
        tracks: tuple[Track, ...] = tuple(dataclasses.replace(track, **changes) for track in family.tracks)

        def __init__(self) -> None:
            super().__init__()
            self.features = {**family().features, **self.features}

    return Changed


def _in_one_band(family: type[Gradual]) -> Make:
    class OneBand(family):  # type: ignore[valid-type, misc] # a class chosen at run time
        features: dict[str, int]
        tracks: tuple[Track, ...] = tuple(dataclasses.replace(track, bands=1) for track in family.tracks)

        def __init__(self) -> None:
            super().__init__()
            self.features = dict.fromkeys(self.features, 1)

        def measure(self, frames: Any, world: World) -> dict[str, Banded]:
            measured: dict[str, Banded] = super().measure(frames, world)
            return {name: Banded(one.values) for name, one in measured.items()}

    return OneBand


class _BlindToWarmth(SlowLeak):
    """Pressure alone."""

    def see(self, view: View, world: World) -> None:
        """Look at pressure, and at nothing that explains it."""
        columns = {name: values for name, values in view.columns.items() if name == "water_pressure_bar"}
        super().see(dataclasses.replace(view, columns=columns), world)


def _with(other: Mapping[str, Make]) -> Callable[[], list[Detector]]:
    return lambda: [other.get(name, make)() for name, make in DETECTORS.items()]


def _all(families: tuple[type[Gradual], ...], make: Callable[[type[Gradual]], Make]) -> dict[str, Make]:
    return {family.name: make(family) for family in families}


#: What is taken away -> the catalogue without it.
WITHOUT: dict[str, Callable[[], list[Detector]]] = {
    "temperature compensation of pressure": _with({"slow_leak": _BlindToWarmth}),
    "bands of modulation": _with(_all(_BANDED, _in_one_band)),
    "what weather and the site explain": _with(
        _all(_FAMILIES, lambda one: _changed(one, cause_slope=0.0, local=False))
    ),
    "change points: a jump is no fault": _with(_all(_FAMILIES, lambda one: _changed(one, jump_share=float("inf")))),
    "rivals: one mechanism a story": _with(_all(_FAMILIES, lambda one: _changed(one, rivals=()))),
}


def whole() -> list[Detector]:
    """Return the catalogue as it is."""
    return _with({})()
