"""The catalogue as a list one can read; adding a detector is adding a line."""

from collections.abc import Callable

from detectors.catalogue.air import Air
from detectors.catalogue.codes import Codes
from detectors.catalogue.condensate import Condensate
from detectors.catalogue.contract import Detector
from detectors.catalogue.cycling import Cycling
from detectors.catalogue.flame import Flame
from detectors.catalogue.flow import Flow
from detectors.catalogue.gas import Gas
from detectors.catalogue.hot_water import HotWater
from detectors.catalogue.instruments import Instruments
from detectors.catalogue.leak import SlowLeak
from detectors.catalogue.limits import Limits
from detectors.catalogue.misfire import Misfire
from detectors.catalogue.sensors import Sensors
from detectors.catalogue.silence import Silence
from detectors.catalogue.stale import Stale
from detectors.catalogue.unusual import Unusual
from detectors.catalogue.vessel import Vessel

#: In order of what must be known first: sensors before what reads them, causes before what they cause.
DETECTORS: dict[str, Callable[[], Detector]] = {
    "codes": Codes,
    "slow_leak": SlowLeak,  # before the limits, which may make its episode graver
    "limits": Limits,
    "silence": Silence,
    "stale": Stale,
    "instruments": Instruments,
    "sensors": Sensors,
    "vessel": Vessel,
    "air": Air,
    "misfire": Misfire,
    "condensate": Condensate,
    "gas": Gas,
    "flame": Flame,
    "flow": Flow,
    "hot_water": HotWater,
    "cycling": Cycling,
    "unusual": Unusual,  # last: it is silent where a kind with a name is told
}
