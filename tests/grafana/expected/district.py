"""District and site."""

from collections import Counter, defaultdict

import numpy as np

from tests.grafana.answers import Row
from tests.grafana.expected.rollups import of_boiler
from tests.grafana.expected.view import STATES, Expected, View, states_over_time


def now(view: View) -> Expected:
    rows: list[Row] = []
    for boiler in view.boilers & view.mine:
        at, code = [(at, code) for at, code in view.world.changes[boiler] if at <= view.now][-1]
        site = view.world.register[boiler]["site"]
        rows.append({"time": at, "boiler": boiler, "site": site, "code": code, "state": STATES[code]})
    return [rows]


def compared(view: View) -> Expected:
    """Of each boiler's days: its newest pressure at 20 °C, its lowest, means of days, sums."""
    rows: list[Row] = []
    for boiler in view.boilers & view.mine:
        days = [fields for at, fields in sorted(of_boiler(view.world, boiler)[1].items()) if view.within(at)]
        if not days:
            continue

        def known(name: str, days: list[dict[str, float]] = days) -> list[float]:
            return [one[name] for one in days if name in one]

        def mean(values: list[float]) -> float | None:
            return sum(values) / len(values) if values else None

        cold, low, flame, starts = (
            known(n) for n in ("cold_pressure_bar", "water_pressure_bar_min", "flame_on_s", "starts")
        )
        rows.append({
            "boiler": boiler, "cold_bar": cold[-1] if cold else None, "lowest_bar": min(low) if low else None,
            "flow_c": mean(known("flow_temp_c_mean")), "return_c": mean(known("return_temp_c_mean")),
            "flame_h": sum(flame) / 3600 if flame else None, "starts": sum(starts) if starts else None,
            "readings": sum(known("readings")),
        })  # fmt: skip
    return [rows]


def weather(view: View) -> Expected:
    by: dict[int, list[float]] = defaultdict(list)
    for boiler in view.boilers & view.mine:
        columns = view.world.readings.get(boiler, {})
        for at, value in zip(columns.get("ts", ()), columns.get("outdoor_temp_c", ()), strict=False):
            if not np.isnan(value) and view.within(int(at)):
                by[view.bucket(int(at))].append(float(value))
    return [[{"time": at, "outdoor": sum(values) / len(values)} for at, values in by.items()]]


def gas(view: View) -> Expected:
    by: dict[tuple[int, str], list[float]] = defaultdict(list)
    for boiler in view.mine:
        for at, fields in of_boiler(view.world, boiler)[0].items():
            if view.within(at) and fields.get("modulation_pct_mean", 0) > 0 and "flame_current_ua_mean" in fields:
                by[view.bucket(at), view.world.register[boiler]["site"]].append(fields["flame_current_ua_mean"])
    return [[{"time": at, "site": site, "flame": sum(values) / len(values)} for (at, site), values in by.items()]]


def found(view: View) -> Expected:
    return [[{"kind": kind, "findings": n} for kind, n in Counter(one.kind for one in view.findings("raised")).items()]]


def states(view: View) -> Expected:
    return [states_over_time(view)]


EXPECTED = {"now": now, "compared": compared, "weather": weather, "gas": gas, "found": found, "states": states}
