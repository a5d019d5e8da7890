"""The catalogue as a list one can read; adding a detector is adding a line."""

from collections.abc import Callable

from detectors.catalogue.codes import Codes
from detectors.catalogue.contract import Detector
from detectors.catalogue.leak import SlowLeak
from detectors.catalogue.limits import Limits
from detectors.catalogue.silence import Silence

DETECTORS: dict[str, Callable[[], Detector]] = {
    "codes": Codes,
    "slow_leak": SlowLeak,  # before the limits, which may make its episode graver
    "limits": Limits,
    "silence": Silence,
}
