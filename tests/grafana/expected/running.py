"""Panels and rules that show running rooms: the pipeline, the wall's strip, a site's links."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from grafana.alerts import RULES
from tests.grafana.answers import Row
from tests.grafana.expected.view import Expected, View
from tests.grafana.way import Way

LEDGER = ("received", "accepted", "quarantined", "repeated", "retained", "status", "lost")
#: Lags are told in steps of six per cent.
_STEP = 0.07


def _told(view: View, room: str, field: str) -> Iterator[tuple[int, Any]]:
    way: Way = view.world
    for one in way.of(room):
        if view.within(one["time"]) and field in one:
            yield one["time"], one[field]


def newest(room: str, *fields: str) -> Callable[[View], Expected]:
    def rows(view: View) -> Expected:
        return [[{field: list(_told(view, room, field))[-1][1]}] for field in fields]

    return rows


def _max(view: View, pairs: list[tuple[int, float]]) -> dict[int, float]:
    by: dict[int, float] = {}
    for at, value in pairs:
        by[view.bucket(at)] = max(value, by.get(view.bucket(at), -math.inf))
    return by


def over_time(*asked: tuple[str, str]) -> Callable[[View], Expected]:
    def rows(view: View) -> Expected:
        return [
            [{"time": at, field: value} for at, value in _max(view, list(_told(view, room, field))).items()]
            for room, field in asked
        ]

    return rows


def lags(prefix: str) -> Callable[[View], Expected]:
    """Within a step of the histogram."""

    def near(view: View, field: str) -> Callable[[list[Row]], str]:
        wanted = _max(view, list(_told(view, "storing", field)))

        def judge(rows: list[Row]) -> str:
            found = {row["time"]: row.get(field) for row in rows}
            off = [at for at, value in wanted.items() if not found.get(at) or abs(found[at] / value - 1) > _STEP]
            return f"lags {found} and not {wanted}" if off or found.keys() != wanted.keys() else ""

        return judge

    return lambda view: [near(view, f"{prefix}_p{part}_s") for part in (50, 95, 99)]


def ingest(view: View) -> Expected:
    """The newest lag is that of a minute ago: nothing came since."""
    lag = list(_told(view, "storing", "lag_p95_s"))[-1][1]

    def near(rows: list[Row]) -> str:
        found = [row.get("lag_p95_s") for row in rows]
        return "" if len(found) == 1 and found[0] and abs(found[0] / lag - 1) < _STEP else f"{found} and not {lag}"

    others = newest("storing", "rows_behind", "lost", "quarantined", "balanced")(view)
    return [near, *others, *newest("detectors", "lag_s")(view)]


def quarantine(view: View) -> Expected:
    way: Way = view.world
    names = sorted({name for one in way.of("collector") for name in one if name.startswith("quarantined_")})
    by = {name: _max(view, list(_told(view, "collector", name))) for name in names}
    times = sorted({at for values in by.values() for at in values})
    return [[{"time": at, **{f"max_{name}": by[name].get(at) for name in names}} for at in times]]


def _links(view: View) -> list[dict[str, Any]]:
    return [one for one in view.world.links if one["site"] in view.sites and view.within(one["time"])]


def link_over_time(field: str) -> Callable[[View], Expected]:
    def rows(view: View) -> Expected:
        by: dict[tuple[int, str], float] = {}
        for one in _links(view):
            key = (view.bucket(one["time"]), one["site"])
            by[key] = max(one[field], by.get(key, -math.inf))
        return [[{"time": at, "site": site, field: value} for (at, site), value in by.items()]]

    return rows


def links(view: View) -> Expected:
    newest_of = {one["site"]: one for one in _links(view)}
    return [[{name: value for name, value in one.items() if name != "time"} for one in newest_of.values()]]


WALL = {"ingest": ingest}
DISTRICT = {"silent": link_over_time("silent"), "lost": link_over_time("lost")}
PIPELINE = {
    "ledger": newest("storing", *LEDGER), "balanced": newest("storing", "balanced"), "connected": newest("collector", "connected"),
    "set_aside": lambda view: [*newest("detectors", "set_aside")(view), *newest("alerting", "set_aside")(view)],
    "notices": newest("alerting", "notices_waiting"), "open_tickets": newest("alerting", "open_tickets"),
    "journal_lag": lags("journal_lag"), "store_lag": lags("lag"), "quarantine": quarantine,
    "gaps": over_time(("storing", "gaps"), ("storing", "late"), ("storing", "skewed_boilers")), "skew": link_over_time("skew_p95_s"),
    "behind": over_time(("storing", "rows_behind"), ("detectors", "rows_behind"), ("alerting", "rows_behind")),
    "late": over_time(("detectors", "lag_s"), ("alerting", "lag_s")), "journal": over_time(("collector", "journal_bytes")),
    "links": links,
}  # fmt: skip


def rules(view: View) -> dict[str, tuple[Expected, bool]]:
    """Rule -> (what its query answers, whether it fires)."""
    received = [value for _, value in _told(view, "storing", "received")]
    fresh = received[-1] - received[0]
    lag, late = (list(_told(view, room, "lag_s"))[-1][1] for room in ("detectors", "alerting"))
    left_s = (view.world.deadline_ms - view.world.of("alerting")[-1]["time"]) / 1000
    found: dict[str, tuple[Expected, bool]] = {
        "bw-pipeline-silent": ([[{"fresh": fresh}]], fresh < 1),
        "bw-ledger-unbalanced": ([[{"unaccounted": 0}]], False),
        "bw-detectors-late": ([[{"lag_s": lag}]], lag > 300),
        "bw-alerting-late": ([[{"lag_s": late}]], late > 300),
        "bw-breach-imminent": ([[{"left_s": left_s}]], left_s < 600),
    }
    assert found.keys() == {rule.uid for rule in RULES}
    return found


def bent_rules() -> dict[str, tuple[Expected, bool]]:
    """The same an hour later, when nothing new came and storing's books miss a delivery."""
    return {"bw-pipeline-silent": ([[{"fresh": 0}]], True), "bw-ledger-unbalanced": ([[{"unaccounted": 1}]], True)}
