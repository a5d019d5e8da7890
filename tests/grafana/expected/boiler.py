"""One boiler."""

from collections import defaultdict
from collections.abc import Callable

import msgspec
import numpy as np

from boilerwatch.model import Finding
from tests.grafana.answers import Row
from tests.grafana.expected.rollups import of_boiler
from tests.grafana.expected.view import DAY_MS, STATES, Expected, View, count_rows

_RAW_MS, _QUARTERS_MS, _SIX_H_MS = 2 * DAY_MS, 60 * DAY_MS, DAY_MS // 4
Field = tuple[str, ...]


def me(view: View) -> str:
    (boiler,) = view.taken("boiler")
    return boiler


def points(view: View, measurement: str, field: str) -> list[tuple[int, float]]:
    """(time, value) of a field of readings, quarters or days, within the range and the age that belongs to them."""
    raw_from, quarters_from = view.now - _RAW_MS, view.now - _QUARTERS_MS
    if measurement == "boiler":
        columns = view.world.readings[me(view)]
        values = columns.get(field, np.full(len(columns["ts"]), np.nan))
        found = [
            (int(at), float(v))
            for at, v in zip(columns["ts"], values, strict=True)
            if not np.isnan(v) and at > raw_from
        ]
    else:
        periods = of_boiler(view.world, me(view))[measurement == "boiler_1d"]
        known = [(at, fields[field]) for at, fields in periods.items() if field in fields]
        if measurement == "boiler_15m":
            found = [(at, v) for at, v in known if quarters_from < at <= raw_from]
        else:
            found = [(at, v) for at, v in known if at <= quarters_from]
    return [(at, v) for at, v in found if view.within(at)]


def means(view: View, found: list[tuple[int, float]], every_ms: int = 0) -> dict[int, float]:
    by: dict[int, list[float]] = defaultdict(list)
    for at, value in found:
        by[view.bucket(at, every_ms)].append(value)
    return {at: sum(values) / len(values) for at, values in by.items()}


def rows_of(title: str, by: dict[int, float]) -> list[Row]:
    return [{"time": at, title: value} for at, value in by.items()]


def signal(view: View, name: str) -> Expected:
    return [
        rows_of(name, means(view, points(view, measurement, field)))
        for measurement, field in (("boiler", name), ("boiler_15m", f"{name}_mean"), ("boiler_1d", f"{name}_mean"))
    ]


def pressure(view: View) -> Expected:
    quarters, days = of_boiler(view.world, me(view))
    cold_q = [
        (at, f["cold_pressure_bar"]) for at, f in quarters.items() if "cold_pressure_bar" in f and view.within(at)
    ]
    cold_d = [(at, f["cold_pressure_bar"]) for at, f in days.items() if "cold_pressure_bar" in f and view.within(at)]
    old = view.now - _QUARTERS_MS
    daily = sorted(means(view, cold_d, DAY_MS).items())
    trend = [
        {"time": daily[place][0], "trend": sum(v for _, v in daily[place - 2 : place + 1]) / 3} for place in range(2, len(daily))
    ]  # fmt: skip
    return [
        *signal(view, "water_pressure_bar"),
        rows_of("cold", means(view, [(at, v) for at, v in cold_q if at > old])),
        rows_of("cold", means(view, [(at, v) for at, v in cold_d if at <= old], DAY_MS)),
        trend,
        *ahead(view),
    ]


def _predicted(view: View) -> dict[tuple[str, int], tuple[float, float]]:
    """(kind, time) -> (pressure, limit) every six hours: what is said later holds from then on, for 60 days."""
    line: dict[tuple[str, int], tuple[float, float]] = {}
    told = [one for _, one in view.world.findings if one.boiler == me(view) and "limit_bar" in one.values]
    for one in told:
        at, end = one.evidence_at_ms, one.failure_expected_at_ms or 0
        first = at // _SIX_H_MS * _SIX_H_MS
        for moment in range(first, first + 60 * DAY_MS + 1, _SIX_H_MS):
            line.pop((one.kind, moment), None)
            if one.state != "cleared" and at < end and moment - end < _SIX_H_MS:
                limit = one.values["limit_bar"]
                share = (end - moment) / (end - at)
                line[one.kind, moment] = (limit + share * (one.values["cold_pressure_bar"] - limit), limit)
    return line


def ahead(view: View) -> Expected:
    line = {key: values for key, values in _predicted(view).items() if view.within(key[1])}
    found: Expected = []
    for place, field in enumerate(("expected_bar", "limit_bar")):
        by: dict[tuple[str, int], list[float]] = defaultdict(list)
        for (kind, at), values in line.items():
            by[kind, view.bucket(at)].append(values[place])
        found.append([{"time": at, "kind": kind, field: sum(of) / len(of)} for (kind, at), of in by.items()])
    return found


def temperatures(view: View) -> Expected:
    spreads: Expected = []
    for measurement, part in (("boiler", ""), ("boiler_15m", "_mean"), ("boiler_1d", "_mean")):
        flow = means(view, points(view, measurement, f"flow_temp_c{part}"))
        back = means(view, points(view, measurement, f"return_temp_c{part}"))
        both = {at: flow.get(at, np.nan) - back.get(at, np.nan) for at in flow.keys() | back.keys()}
        spreads.append([{"time": at, "spread": None if np.isnan(v) else v} for at, v in both.items()])
    return [*signal(view, "flow_temp_c"), *signal(view, "return_temp_c"), *spreads]


def flame(view: View) -> Expected:
    quarters, _ = of_boiler(view.world, me(view))
    found: Expected = []
    for low, high in ((0, 35), (35, 65), (65, 101)):
        mine = [
            (at, f["flame_current_ua_mean"]) for at, f in quarters.items()
            if "flame_current_ua_mean" in f and low < f.get("modulation_pct_mean", -1) < high and view.within(at)
        ]  # fmt: skip
        found.append(rows_of("flame", means(view, mine)))
    return found


def _daily(field: str, title: str, scale: float) -> Callable[[View], Expected]:
    def rows(view: View) -> Expected:
        _, days = of_boiler(view.world, me(view))
        by: dict[int, float] = defaultdict(float)
        for at, fields in days.items():
            if field in fields and view.within(at):
                by[view.bucket(at, DAY_MS)] += fields[field] / scale
        return [rows_of(title, by)]

    return rows


def state(view: View) -> Expected:
    told = [code for at, code in view.world.changes[me(view)] if at <= view.now]
    return [[{"code": told[-1]}]]


def _latest(view: View) -> dict[str, Finding]:
    """The newest finding of each kind."""
    mine = [one for one in view.findings() if one.boiler == me(view)]
    return {one.kind: one for one in sorted(mine, key=lambda one: one.evidence_at_ms)}


def crossing(view: View) -> Expected:
    found = [
        one.failure_expected_at_ms
        for one in _latest(view).values()
        if one.state != "cleared" and one.failure_expected_at_ms
    ]
    return [[{"expected": min(found)}] if found else []]


def loss(view: View) -> Expected:
    one = _latest(view).get("slow_leak")
    stands = one is not None and one.state != "cleared" and "loss_bar_per_day" in one.values
    return [[{"loss_bar_per_day": one.values["loss_bar_per_day"]}] if stands and one else []]


def _steps(view: View, *actions: str):
    return [
        step for step in view.world.steps
        if step["boiler"] == me(view) and view.within(step["at_ms"]) and (not actions or step["action"] in actions)
    ]  # fmt: skip


def ticket_count(view: View) -> Expected:
    return [count_rows("tickets", len(_steps(view, "open")))]


def timeline(view: View) -> Expected:
    return [[{"time": at, "code": code} for at, code in view.world.changes[me(view)] if at <= view.now]]


def _codes(view: View):
    return [line for line in view.world.codes if line["boiler"] == me(view) and view.within(line["ts"])]


def codes(view: View) -> Expected:
    return [[{"time": line["ts"], "code": line["code"], "active": line["active"]} for line in _codes(view)]]


def findings(view: View) -> Expected:
    return [[
        {"time": one.evidence_at_ms, "kind": one.kind, "state": one.state, "severity": one.severity, "confidence": one.confidence,
         "detector": one.detector, "values": msgspec.json.encode(one.values).decode()}
        for one in view.findings() if one.boiler == me(view)
    ]]  # fmt: skip


def tickets(view: View) -> Expected:
    names = ("ticket", "action", "problem", "severity", "actor", "reason")
    return [[{name: step[name] for name in names} for step in _steps(view)]]


EXPECTED = {
    "state": state, "crossing": crossing, "loss": loss, "ticket_count": ticket_count, "pressure": pressure, "ahead": ahead,
    "temperatures": temperatures, "flame": flame, "starts": _daily("starts", "starts", 1),
    "flame_hours": _daily("flame_on_s", "hours", 3600), "timeline": timeline, "codes": codes, "findings": findings, "tickets": tickets,
}  # fmt: skip
ANNOTATIONS = {
    "codes": lambda view: [[{"time": one["ts"], "text": one["code"], "code": one["code"]} for one in _codes(view) if one["active"]]],
    "findings": lambda view: [[
        {"time": one.evidence_at_ms, "kind": one.kind, "severity": one.severity}
        for one in view.findings("raised") if one.boiler == me(view)
    ]],
    "tickets": lambda view: [[
        {"ticket": step["ticket"], "action": step["action"]} for step in _steps(view, "open", "close")
    ]],
    "service": lambda view: [[
        {"time": row["at_ms"], "reason": row["reason"], "what": row["what"]} for row in view.world.service
        if row["boiler"] == me(view) and row["what"] != "registered" and view.within(row["at_ms"])
    ]],
}  # fmt: skip
assert len(STATES) == 6
