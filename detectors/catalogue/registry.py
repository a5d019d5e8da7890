"""The catalogue as a list one can read; adding a detector is adding a line."""

from collections.abc import Callable

from detectors.catalogue.air import Air
from detectors.catalogue.codes import Codes
from detectors.catalogue.contract import Detector
from detectors.catalogue.flame import Flame
from detectors.catalogue.flow import Flow
from detectors.catalogue.hot_water import HotWater
from detectors.catalogue.leak import SlowLeak
from detectors.catalogue.limits import Limits
from detectors.catalogue.sensors import Sensors
from detectors.catalogue.silence import Silence
from detectors.catalogue.stale import Stale
from detectors.catalogue.vessel import Vessel

DETECTORS: dict[str, Callable[[], Detector]] = {
    "codes": Codes,
    "slow_leak": SlowLeak,  # before the limits, which may make its episode graver
    "limits": Limits,
    "silence": Silence,
    "stale": Stale,
    "flame": Flame,
    "flow": Flow,
    "air": Air,
    "hot_water": HotWater,
    "sensors": Sensors,
    "vessel": Vessel,
}
