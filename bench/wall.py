"""The wall's queries over 10,000 boilers and 30 days, each against 300 ms; and the variables above it.

Run as `python -m bench.wall`; starts Debian's InfluxDB, fills it with what rooms write for such a fleet (readings apart: the
wall reads none), and asks what the committed board asks, everything chosen. `ticket_next` has a day at full pace: the wall
looks at a minute of it. Prints a line a query and writes JSON to the file named by --json.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

from boilerwatch.settings import StoreSettings
from boilerwatch.store.influx import InfluxStore
from boilerwatch.store.influx_server import Server
from boilerwatch.store.measurements import POLICIES
from grafana.boards.wall import board
from tests.grafana.answers import Influx
from tests.grafana.asking import Lived, plain, values_of
from tests.grafana.expansion import expand, relative
from tests.servers import influxd

LIMIT_MS, BOILERS, SITES, TRIES = 300.0, 10_000, 20, 7
END_MS = 1_772_448_000_000
MINUTE_MS, DAY_MS = 60_000, 86_400_000
STATES = ("ok", "watch", "maintenance", "silent", "fault", "never_seen")
_LINES_A_POST = 20_000


def rows(days: int) -> Iterator[str]:
    """Return line protocol of every measurement the wall reads."""
    start_ms = END_MS - days * DAY_MS
    sites = [(f"s-{n:02}", "city" if n % 3 else "county") for n in range(SITES)]
    for number in range(BOILERS):
        site, region = sites[number % SITES]
        where = f"latitude={40 + number % 97 / 100},longitude={116 + number % 89 / 100}"
        yield f'boiler_fact,boiler=b-{number:05},model=m-{number % 12},region={region},site={site} family="vaillant",{where} {start_ms}'
    yield from _of_sites(sites, start_ms)
    for at in range(start_ms, END_MS + 1, 10_000):
        yield f"pipeline,room=storing lag_p95_s=1.2,rows_behind=3,lost=7,quarantined=9,balanced=true,received={at // 1000} {at}"
        yield f"pipeline,room=detectors lag_s=2.5,rows_behind=1 {at}"
        yield f"pipeline,room=alerting lag_s=0.5,rows_behind=0,open_tickets=180 {at}"
        yield f"pipeline,room=collector connected=true,received={at // 1000},journal_bytes=1e9 {at}"
    for at in range(END_MS - DAY_MS, END_MS + 1, 10_000):
        for rank in range(1, 201):
            site, region = sites[rank % SITES]
            text = f'ticket="{rank}",boiler="b-{rank:05}",site="{site}",region="{region}",obligation="response",problem="no_circulation"'
            yield f'ticket_next,rank={rank:03} {text},severity="critical",state="open",left_s={rank * 60},due_at_ms={at + rank} {at}'


def _of_sites(sites: list[tuple[str, str]], start_ms: int) -> Iterator[str]:
    """Return what stands there of each site: every minute, ten minutes, hour and day."""
    counts = np.random.default_rng(1).integers(0, 40, (len(sites), len(STATES)))
    kept = ",".join(f"{name}_due=9,{name}_kept=8" for name in ("response", "on_site", "repair"))
    for place, (site, region) in enumerate(sites):
        tags = f"region={region},site={site}"
        for at in range(start_ms, END_MS + 1, MINUTE_MS):
            for state, count in zip(STATES, counts[place], strict=True):
                yield f"fleet_minute,{tags},state={state} boilers={count} {at}"
        for at in range(start_ms, END_MS + 1, 10 * MINUTE_MS):
            yield f"alarm_load,site={site} alarms=1,operators=2 {at}"
        for at in range(start_ms, END_MS + 1, 60 * MINUTE_MS):
            yield f"site_fact,{tags} latitude={40 + place / 100},longitude={116 + place / 100},boilers=500 {at}"
        for at in range(start_ms, END_MS + 1, DAY_MS):
            yield f"promise_day,{tags} {kept},opened=9,closed=8,fault_s=1000,boiler_s=43200000 {at}"


def fill(store: StoreSettings, days: int) -> int:
    """Write all of it; return how many rows that were."""
    made = InfluxStore(store)
    made.setup()
    made.close()
    server, count = Server(store), 0
    for policy, lines in itertools.groupby(rows(days), lambda line: POLICIES.get(line.partition(",")[0], "")):
        while page := list(itertools.islice(lines, _LINES_A_POST)):
            server.write("\n".join(page).encode(), policy)
            count += len(page)
    server.close()
    return count


def measure(influx: Influx) -> Iterator[tuple[str, float, int]]:
    """Return (query, its median time, rows) of the wall's variables and panels. [ms]"""
    wall = board()
    span = relative(wall.since, END_MS)
    values = values_of(Lived(None, influx), wall, {}, span)
    asked = [
        (f"variable {one['name']}", expand(one["query"], values, span, 1))
        for one in plain(wall)["templating"]["list"]
        if one["type"] == "query"
    ]
    for panel, shown in zip(wall.panels, plain(wall)["panels"], strict=True):
        own = span.of_panel(shown)
        asked += [
            (f"{panel.key} {target['refId']}", expand(target["query"], values, own, own.interval_ms(shown)))
            for target in shown["targets"]
        ]
    for name, query in asked:
        took = []
        for _ in range(TRIES):
            began = perf_counter()
            found = influx.rows(query)
            took.append((perf_counter() - began) * 1000)
        yield name, statistics.median(took), len(found)


def main() -> None:
    """Fill, ask, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--json", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, influxd(Path(folder)) as url:
        store = StoreSettings(
            kind="influx", url=url, database="wall", retention_days=36_500, snapshot_days=36_500, timeout_s=60
        )
        began = perf_counter()
        count = fill(store, words.days)
        print(f"{count:,} rows of {BOILERS:,} boilers and {words.days} days written in {perf_counter() - began:.0f} s")
        influx = Influx(url, "wall")
        results = []
        for name, took_ms, count in measure(influx):
            print(f"{name:20} {took_ms:8.1f} ms  limit {LIMIT_MS:.0f} ms  {count} rows")
            results.append({"query": name, "median_ms": took_ms, "rows": count})
        influx.close()
    slowest = max(results, key=lambda one: one["median_ms"])
    found = {"boilers": BOILERS, "days": words.days, "limit_ms": LIMIT_MS, "slowest": slowest, "queries": results}
    if words.json:
        words.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.exit(slowest["median_ms"] > LIMIT_MS)


if __name__ == "__main__":
    main()
