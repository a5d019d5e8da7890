"""Every expectation by board and panel; a panel without one fails the suite."""

from collections.abc import Callable

from tests.grafana.expected import boiler, district, early_faults, promises, shift, wall
from tests.grafana.expected.view import Expected, View

PANELS: dict[str, dict[str, Callable[[View], Expected]]] = {
    "bw-wall": wall.EXPECTED, "bw-shift": shift.EXPECTED, "bw-district": district.EXPECTED, "bw-boiler": boiler.EXPECTED,
    "bw-early-faults": early_faults.EXPECTED, "bw-promises": promises.EXPECTED, "bw-pipeline": {},
}  # fmt: skip
ANNOTATIONS = {"bw-boiler": boiler.ANNOTATIONS}
#: Panels whose producers tell from a running process, not from a history: shown on a store of their own below.
OF_RUNNING = {
    "bw-wall": {"ingest"}, "bw-district": {"silent", "lost"},
    "bw-pipeline": {
        "ledger", "balanced", "connected", "set_aside", "notices", "open_tickets", "journal_lag", "store_lag", "quarantine", "gaps",
        "skew", "behind", "late", "journal", "links", "up", "memory", "restarts",
    },
}  # fmt: skip
