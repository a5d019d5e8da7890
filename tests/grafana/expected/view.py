"""What a reader chose, and the truth seen through it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from boilerwatch.model import Finding
from tests.grafana.answers import Row
from tests.grafana.expansion import Range, Values
from tests.grafana.world import DAY_MS, HOUR_MS, STATES, TICK_MS, World

#: Either the rows of each query, or what to say of an answer that has several right ones.
Judge = Callable[[list[Row]], str]
Expected = list[list[Row] | Judge]
#: Events of one millisecond are moved by a little in the store. [ms]
_SHIFT_MS = 60_000
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class View:
    """A board as one reader looks at it, and one of its panels."""

    world: World
    values: Values
    span: Range
    interval_ms: int

    @property
    def now(self) -> int:
        return self.span.to_ms

    def taken(self, name: str) -> tuple[str, ...]:
        return self.values.taken(name)

    @property
    def sites(self) -> set[str]:
        return set(self.taken("site"))

    @property
    def boilers(self) -> set[str]:
        return set(self.taken("boiler"))

    @property
    def mine(self) -> set[str]:
        """Registered boilers of the sites."""
        return {boiler for boiler, row in self.world.register.items() if row["site"] in self.sites}

    def within(self, at_ms: int) -> bool:
        return self.span.from_ms <= at_ms <= self.span.to_ms

    def bucket(self, at_ms: int, every_ms: int = 0) -> int:
        every = every_ms or self.interval_ms
        return at_ms - at_ms % every

    def buckets(self, every_ms: int = 0) -> range:
        every = every_ms or self.interval_ms
        return range(self.bucket(self.span.from_ms, every), self.span.to_ms + 1, every)

    def steps(self, *actions: str) -> Iterator[dict[str, Any]]:
        """Transitions of the sites' tickets within the range."""
        for step in self.world.steps:
            if step["site"] in self.sites and self.within(step["at_ms"]) and (not actions or step["action"] in actions):
                yield step

    def findings(self, *states: str) -> Iterator[Finding]:
        """Findings of the sites within the range, each point of the store once."""
        seen: dict[tuple[Any, ...], Finding] = {}
        for _, one in self.world.findings:
            if one.site in self.sites and self.within(one.evidence_at_ms) and (not states or one.state in states):
                key = (
                    one.boiler,
                    one.district,
                    one.kind,
                    one.state,
                    str(one.values.get("code", "")),
                    one.evidence_at_ms,
                )
                seen[key] = one
        yield from seen.values()

    def days(self) -> Iterator[tuple[int, int]]:
        """(start, end) of the civil days whose start lies within the range, cut at the end of the world."""
        first = min(self.world.ticks)
        start = day_start(first)
        while start <= self.world.end_ms:
            if self.within(start):
                yield start, start + DAY_MS
            start += DAY_MS

    def states(self, at_ms: int) -> dict[tuple[str, str], int]:
        """(site, state) -> boilers at the newest tick until then."""
        tick = max(tick for tick in self.world.ticks if tick <= at_ms)
        found: dict[tuple[str, str], int] = defaultdict(int)
        for (_, site, state), count in self.world.counts[tick].items():
            if site in self.sites:
                found[site, state] += count
        return found

    def ticks(self) -> list[int]:
        return [tick for tick in self.world.ticks if self.within(tick)]


def day_start(at_ms: int) -> int:
    """The begin of the civil day in the default zone of the register."""
    local = datetime.fromtimestamp(at_ms / 1000, ZONE)
    return round(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def totals(pairs: Iterable[tuple[Any, float]]) -> dict[Any, float]:
    """Sum by key."""
    found: dict[Any, float] = defaultdict(float)
    for key, value in pairs:
        found[key] += value
    return dict(found)


def count_rows(title: str, count: int) -> list[Row]:
    """A count; none is no row, as InfluxQL has it."""
    return [{title: count}] if count else []


def newest(every: list[tuple[int, Row]], most: int) -> Judge | list[Row]:
    """The newest rows of many, by (time, row); of those as old as the last one it is not certain which are listed."""
    if len(every) <= most:
        return [row for _, row in every]
    last = sorted((at for at, _ in every), reverse=True)[most - 1]

    def judge(rows: list[Row]) -> str:
        def plain(row: Row) -> str:
            numbers = {name: float(value) for name, value in row.items() if isinstance(value, int | float)}
            return str(sorted((name, value) for name, value in (row | numbers).items() if name != "time"))

        known = Counter(plain(row) for at, row in every if at >= last - _SHIFT_MS)
        sure = Counter(plain(row) for at, row in every if at > last + _SHIFT_MS)
        found = Counter(plain(row) for row in rows)
        if len(rows) != most:
            return f"{len(rows)} rows, expected {most}"
        return f"not there {found - known}, missing {sure - found}" if found - known or sure - found else ""

    return judge


def promise(view: View, name: str, start: int, end: int, site: str = "") -> tuple[int, int]:
    """(kept, due) of a promise within [start, end)."""
    kept = due = 0
    for step in view.world.steps:
        ours = step["site"] == site if site else step["site"] in view.sites
        if ours and start <= step["at_ms"] < end and step["facts"].get("obligation") == name:
            kept += step["action"] == "met"
            due += step["action"] in ("met", "breach")
    return kept, due


def share_of_days(view: View, name: str) -> list[Row]:
    """The share of a promise over the days of the range."""
    parts = [promise(view, name, start, end) for start, end in view.days()]
    kept, due = sum(one for one, _ in parts), sum(one for _, one in parts)
    return [{"share": kept / due}] if due else []


def states_over_time(view: View, *only: str) -> list[Row]:
    """Boilers by state in each interval: the mean of each site's counts, added up."""
    sums: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for tick in view.ticks():
        for (site, state), count in view.states(tick).items():
            sums[view.bucket(tick), site, state].append(count)
    by = totals(((at, state), sum(counts) / len(counts)) for (at, _, state), counts in sums.items())
    return [{"time": at, "state": state, "boilers": n} for (at, state), n in by.items() if not only or state in only]


__all__ = ["DAY_MS", "HOUR_MS", "STATES", "TICK_MS", "Expected", "Judge", "View"]
