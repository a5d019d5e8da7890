"""Every budget in one table: figure, limit or peer, met or not. Runs the other benches and writes their JSON to .bench/.

`python -m bench.table [--only NAME,NAME] [--quick] [--no-run]`. Figures hold for this machine and what else ran on it.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

FOLDER = Path(".bench")


class Line(NamedTuple):
    """One budget and what was found."""

    what: str
    figure: str
    limit: str
    met: bool
    peer: str = ""


class Bench(NamedTuple):
    """A command, its words for a quick look, and what its JSON says."""

    name: str
    quick: tuple[str, ...]
    lines: Callable[[dict[str, Any]], Iterator[Line]]


def _ingest(found: dict[str, Any]) -> Iterator[Line]:
    peer = f"paho-mqtt, receive and decode only: {found['paho_cpu_us']:.0f} µs, {found['paho_per_s']:,.0f}/s"
    yield Line(
        "collector, QoS 1, acknowledged after the journal's fsync: CPU a message", f"{found['cpu_us']:.1f} µs, {found['per_s']:,.0f}/s",
        f"≤ {found['limit_cpu_us']:.0f} µs", found["cpu_us"] <= found["limit_cpu_us"], peer,
    )  # fmt: skip


def _chain(found: dict[str, Any]) -> Iterator[Line]:
    yield Line(
        "collector + storing, until it is in InfluxDB: CPU a message",
        f"{found['cpu_us']:.1f} µs ({found['collector_cpu_us']:.1f} + {found['storing_cpu_us']:.1f})", f"≤ {found['limit_cpu_us']:.0f} µs",
        found["cpu_us"] <= found["limit_cpu_us"], f"Telegraf, elsewhere: {found['telegraf_cpu_us_elsewhere']:.0f} µs",
    )  # fmt: skip
    if steady := found.get("steady"):
        yield Line(
            f"50,000 boilers at {steady['asked_per_s']:,.0f} messages/s for {steady['seconds']:.0f} s",
            f"{steady['published_per_s']:,.0f}/s, {steady['lost']} lost, store at most {steady['worst_lag_s']:.1f} s behind",
            f"nothing lost, ≤ {steady['limit_lag_s']:.0f} s",
            steady["lost"] == 0 and steady["worst_lag_s"] <= steady["limit_lag_s"] and steady["published_per_s"] >= 0.97 * steady["asked_per_s"],
        )  # fmt: skip


def _latency(found: dict[str, Any]) -> Iterator[Line]:
    for one in found["rates"]:
        yield Line(
            f"error code published → ticket committed, {one['background_per_s']:,.0f} messages/s beside it",
            f"p50 {one['p50_ms']:.0f} ms, p99 {one['p99_ms']:.0f} ms", f"p99 ≤ {found['limit_p99_ms']:.0f} ms",
            one["p99_ms"] <= found["limit_p99_ms"],
        )  # fmt: skip


def _detection(found: dict[str, Any]) -> Iterator[Line]:
    seconds = found["s_per_million_boilers_minute"]
    yield Line(
        "detection, a minute of a million boilers, one core", f"{seconds:.2f} s, {found['state_bytes']} bytes of state a boiler",
        f"≤ {found['limit_s']:.0f} s, ≤ 2,000 bytes", found["met"],
    )  # fmt: skip


def _replay(found: dict[str, Any]) -> Iterator[Line]:
    for name, one in found.items():
        yield Line(
            f"replay from .jsonl.gz, {name}", f"{one['readings_per_s']:,} readings/s", f"≥ {one['limit']:,}", one["met"]
        )


def _rebuild(found: dict[str, Any]) -> Iterator[Line]:
    yield Line(
        "daily detectors rebuilt after an upgrade, 100,000 boilers, 30 days", f"{found['rebuild_s']:.0f} s of one core",
        f"≤ {found['limit_rebuild_s']:.0f} s", found["rebuild_s"] <= found["limit_rebuild_s"],
        f"{found['bytes_a_boiler_day']:.0f} bytes kept a boiler and day",
    )  # fmt: skip
    yield Line(
        "detectors restarted, 100,000 boilers, a minute after the snapshot", f"{found['restart_s']:.1f} s",
        f"≤ {found['limit_restart_s']:.0f} s", found["restart_s"] <= found["limit_restart_s"],
    )  # fmt: skip


def _publish(found: dict[str, Any]) -> Iterator[Line]:
    yield Line(
        "simulate, publishing at QoS 1", f"{found['per_s']:,.0f}/s, {found['cpu_us']:.1f} µs",
        f"≥ {found['limit_per_s']:,.0f}/s, ≤ {found['limit_cpu_us']:.0f} µs",
        found["per_s"] >= found["limit_per_s"] and found["cpu_us"] <= found["limit_cpu_us"],
        f"aiomqtt: {found['aiomqtt_per_s']:,.0f}/s, {found['aiomqtt_cpu_us']:.0f} µs",
    )  # fmt: skip


def _wall(found: dict[str, Any]) -> Iterator[Line]:
    slowest = found["slowest"]
    yield Line(
        f"the wall on Grafana, slowest of {len(found['queries'])} queries, {found['boilers']:,} boilers, {found['days']} days",
        f"{slowest['median_ms']:.0f} ms ({slowest['query']})", f"≤ {found['limit_ms']:.0f} ms", slowest["median_ms"] <= found["limit_ms"],
    )  # fmt: skip


def _fleet(found: dict[str, Any]) -> Iterator[Line]:
    minute_s, limit_s = found["minute_s"], found["limit_minute_s"]
    yield Line(
        f"simulated fleet, a minute of {found['boilers']:,} boilers, one core", f"{minute_s:.3f} s", f"≤ {limit_s:g} s", minute_s <= limit_s
    )  # fmt: skip
    step_ms, limit_ms = found["step_of_200_ms"], found["limit_step_ms"]
    yield Line(
        "simulated fleet, five minutes of 200 boilers", f"{step_ms:.2f} ms", f"≤ {limit_ms:g} ms", step_ms <= limit_ms
    )


def _dataset(found: dict[str, Any]) -> Iterator[Line]:
    yield Line(
        f"data set of {found['rows']:,} readings, written", f"{found['wall_s']:.0f} s, {found['cpu_s']:.0f} s of CPU",
        f"≤ {found['limit_s']:.0f} s of CPU", found["cpu_s"] <= found["limit_s"],
    )  # fmt: skip


def _memory(found: dict[str, Any]) -> Iterator[Line]:
    yield Line(
        f"simulate, {found['boilers']} boilers of every dialect over bad links, memory after {found['days']} days over that after one",
        f"{found['ratio']:.2f} ({found['first_mb']:.0f} MB, {found['last_mb']:.0f} MB; {found['messages']:,} messages)",
        f"≤ {found['limit_ratio']:.2f}", found["ratio"] <= found["limit_ratio"],
    )  # fmt: skip


BENCHES = (
    Bench("ingest", ("--messages", "20000", "--boilers", "2000"), _ingest),
    Bench("chain", ("--messages", "20000", "--boilers", "2000", "--rate", "2000", "--seconds", "3"), _chain),
    Bench("latency", ("--samples", "10"), _latency),
    Bench("detection", ("--boilers", "20000", "--minutes", "6"), _detection),
    Bench("replay", (), _replay),
    Bench("rebuild", ("--boilers", "500", "--days", "6", "--restart-boilers", "2000"), _rebuild),
    Bench("publish", ("--messages", "40000", "--boilers", "2000"), _publish),
    Bench("fleet", ("--boilers", "5000", "--minutes", "3"), _fleet),
    Bench("dataset", ("--boilers", "20", "--days", "4"), _dataset),
    Bench("memory", ("--boilers", "12", "--days", "2"), _memory),
    Bench("wall", ("--days", "1"), _wall),
)


def main() -> int:
    names = [bench.name for bench in BENCHES]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(names), help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="small sizes: whether it runs, not how fast")
    parser.add_argument("--no-run", action="store_true", help="show what .bench/ holds")
    asked = parser.parse_args()
    wanted = asked.only.split(",")
    if unknown := set(wanted) - set(names):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    FOLDER.mkdir(exist_ok=True)
    lines: list[Line] = []
    for bench in BENCHES:
        path = FOLDER / f"{bench.name}.json"
        if bench.name not in wanted:
            continue
        if not asked.no_run:
            path.unlink(missing_ok=True)
            words = [
                sys.executable,
                "-m",
                f"bench.{bench.name}",
                "--json",
                str(path),
                *(bench.quick if asked.quick else ()),
            ]
            subprocess.run(words, check=False, stdout=subprocess.DEVNULL)
        if path.exists():
            lines += bench.lines(json.loads(path.read_text(encoding="utf-8")))
        else:
            lines.append(Line(bench.name, "it did not end" if not asked.no_run else "not measured", "", False))
    table = Table("what", "figure", "limit", "met", "beside it", title=f"{os.cpu_count()} cores")
    for line in lines:
        table.add_row(line.what, line.figure, line.limit, "yes" if line.met else "NO", line.peer)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    (FOLDER / "table.json").write_text(
        json.dumps([line._asdict() for line in lines], indent=1, ensure_ascii=False), encoding="utf-8"
    )
    return 0 if all(line.met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
