"""Every expectation by board and panel; a panel without one fails the suite."""

from collections.abc import Callable

from tests.grafana.expected import boiler, district, early_faults, promises, running, shift, wall
from tests.grafana.expected.view import Expected, View

Of = dict[str, dict[str, Callable[[View], Expected]]]
#: What shows a history.
PANELS: Of = {
    "bw-wall": wall.EXPECTED, "bw-shift": shift.EXPECTED, "bw-district": district.EXPECTED, "bw-boiler": boiler.EXPECTED,
    "bw-early-faults": early_faults.EXPECTED, "bw-promises": promises.EXPECTED,
}  # fmt: skip
ANNOTATIONS: Of = {"bw-boiler": boiler.ANNOTATIONS}
#: What shows how rooms run.
RUNNING: Of = {"bw-wall": running.WALL, "bw-district": running.DISTRICT, "bw-pipeline": running.PIPELINE}
#: What Prometheus is asked.
PROMETHEUS = {"bw-pipeline": {"up", "memory", "restarts"}}
