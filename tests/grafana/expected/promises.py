"""Promises."""

from alerting.records import is_fault
from tests.grafana.answers import Row
from tests.grafana.expected.view import DAY_MS, Expected, View, newest, promise, share_of_days

PROMISES = ("response", "on_site", "repair")


def kept(view: View) -> Expected:
    return [share_of_days(view, name) for name in PROMISES]


def outages(view: View) -> list[tuple[str, int, int]]:
    """(site, from, to) of boilers out of order: from a first grave finding until none is raised; open ones until now."""
    raised: dict[str, set[str]] = {}
    since: dict[str, int] = {}
    found = []
    for at_ms, one in view.world.findings:
        if not one.boiler or at_ms > view.world.end_ms:
            continue
        graves = raised.setdefault(one.boiler, set())
        if one.state == "cleared":
            graves.discard(one.id)
            if not graves and one.boiler in since:
                site = view.world.register[one.boiler]["site"]
                found.append((site, since.pop(one.boiler), one.cleared_at_ms or one.evidence_at_ms))
        elif is_fault(one):
            graves.add(one.id)
            since.setdefault(one.boiler, one.evidence_at_ms)
        else:
            graves.discard(one.id)
    return found + [(view.world.register[boiler]["site"], at, view.world.end_ms) for boiler, at in since.items()]


def seconds(view: View, site: str, start: int, end: int) -> tuple[float, float]:
    """(out of order, in all) of a site's boilers within a day. [s]"""
    upto = min(end, view.world.end_ms)
    broken = sum(max(min(to, upto) - max(at, start), 0) for where, at, to in outages(view) if where == site)
    boilers = sum(row["site"] == site for row in view.world.register.values())
    return broken / 1000, boilers * (upto - start) / 1000


def availability_of(view: View, *sites: str) -> float | None:
    """Share of the time that was not out of order; None where no day began within the range."""
    parts = [seconds(view, site, *day) for site in sites for day in view.days()]
    return 1 - sum(one for one, _ in parts) / sum(one for _, one in parts) if parts else None


def availability(view: View) -> Expected:
    found = availability_of(view, *view.sites)
    return [[] if found is None else [{"availability": found}]]


def counted(view: View, site: str, start: int, end: int) -> dict[str, int]:
    """What a site's day came to."""
    steps = [step for step in view.world.steps if step["site"] == site and start <= step["at_ms"] < end]
    verdicts = [step["facts"].get("verdict", "") for step in steps if step["action"] == "close"]
    return {
        "opened": sum(step["action"] == "open" for step in steps), "closed": len(verdicts),
        "confirmed": verdicts.count("confirmed"),
        "false_alarms": verdicts.count("refuted") + verdicts.count("no_fault_found"),
    }  # fmt: skip


def counts(view: View) -> Expected:
    parts = [counted(view, site, *day) for site in view.sites for day in view.days()]
    return [
        [{name: sum(part[name] for part in parts)}] if parts else []
        for name in ("opened", "closed", "confirmed", "false_alarms")
    ]


def kept_by_day(view: View) -> Expected:
    """Days of UTC, because intervals of the database are: a civil day stands where it begins."""
    found: Expected = []
    for name in PROMISES:
        rows: list[Row] = []
        for start, end in view.days():
            kept_, due = promise(view, name, start, end)
            if due:
                rows.append({"time": view.bucket(start, DAY_MS), "share": kept_ / due})
        found.append(rows)
    return found


def tickets_by_day(view: View) -> Expected:
    return [
        [
            {
                "time": view.bucket(start, DAY_MS),
                name: sum(counted(view, site, start, end)[name] for site in view.sites),
            }
            for start, end in view.days()
        ]
        for name in ("opened", "closed")
    ]


def by_site(view: View) -> Expected:
    rows: list[Row] = []
    days = list(view.days())
    for site in view.sites if days else ():
        row: Row = {"site": site, "availability": availability_of(view, site)}
        sums = [counted(view, site, *day) for day in days]
        row |= {name: sum(one[name] for one in sums) for name in ("opened", "closed", "false_alarms")}
        for name in PROMISES:
            parts = [promise(view, name, *day, site) for day in days]
            kept_, due = sum(one for one, _ in parts), sum(one for _, one in parts)
            row |= {name: kept_ / due if due else 0, f"{name}_due": due}
        rows.append(row)
    return [rows]


def missed(view: View) -> Expected:
    names = ("ticket", "boiler", "site", "problem", "reason")
    return [newest([
        (step["at_ms"], {name: step[name] for name in names} | {
            "obligation": step["facts"]["obligation"], "took_s": (step["facts"].get("took_ms") or 0) / 1000})
        for step in view.steps("missed")
    ], 300)]  # fmt: skip


EXPECTED = {
    "kept": kept, "availability": availability, "counts": counts, "kept_by_day": kept_by_day,
    "tickets_by_day": tickets_by_day, "by_site": by_site, "missed": missed,
}  # fmt: skip
