"""Promises: the monthly service report's figures, for any range."""

from grafana.boards.common import BOILER, KEPT_STEPS, NO_TIME, OF_SITE, PROMISES, SITE, TICKET, TIME, kept
from grafana.influxql import Query, equals, name, named, of, select
from grafana.spec import Board, Column, Panel, Target
from grafana.variables import REGION
from grafana.variables import SITE as SITES
from grafana.words import Text

_COUNTS = {
    "opened": Text("Tickets opened", "新开工单"), "closed": Text("Tickets closed", "关闭工单"),
    "confirmed": Text("Confirmed", "确认"), "false_alarms": Text("False alarms", "误报"),
}  # fmt: skip


def _days(*columns: str) -> Query:
    return select("promise_day", *columns).where(OF_SITE).within()


def _figures() -> tuple[Panel, ...]:
    up = named('1 - sum("fault_s") / sum("boiler_s")', "availability")
    return (
        Panel(
            key="kept", kind="stat", title=Text("Promises kept", "承诺达标率"), width=12, height=6, unit="percentunit", decimals=1,
            asks=Text("Which share of each promise was kept in this range?", "此范围内各项承诺达标率？"), steps=KEPT_STEPS,
            targets=tuple(Target(kept(promise, OF_SITE), title) for promise, title in PROMISES.items()),
            empty=Text("none due", "无到期"),
        ),
        Panel(
            key="availability", kind="stat", title=Text("Availability", "可用率"), width=4, height=6, unit="percentunit", decimals=3,
            asks=Text("For which share of the time were boilers not out of order?", "锅炉未处于故障的时间占比？"),
            targets=(Target(_days(up), Text("Availability", "可用率")),), steps=((None, "dark-red"), (0.99, "dark-orange"), (0.995, "dark-green")),
        ),
        Panel(
            key="counts", kind="stat", title=Text("Tickets", "工单"), width=8, height=6, unit="short", steps=((None, "dark-blue"),),
            asks=Text("How many tickets came and went, and how many were for nothing?", "工单新开与关闭多少，误报多少？"),
            targets=tuple(Target(_days(of("sum", field)), title) for field, title in _COUNTS.items()),
        ),
    )  # fmt: skip


def _by_day() -> tuple[Panel, ...]:
    opened, closed = (_days(of("sum", field)).every("1d") for field in ("opened", "closed"))
    shares = []
    for promise, title in PROMISES.items():
        sums = _days(of("sum", f"{promise}_kept", "kept"), of("sum", f"{promise}_due", "due")).every("1d")
        share = select(sums, named('"kept" / "due"', "share")).where('"due" > 0').within().limit(1_000)
        shares.append(Target(share, title))
    return (
        Panel(
            key="kept_by_day", kind="lines", title=Text("Kept, day by day", "每日达标率"), width=12, height=8, unit="percentunit", interval="1d",
            asks=Text("On which days did we fail?", "哪些天未达标？"), targets=tuple(shares), steps=((None, "dark-red"), (0.95, "transparent")),
            is_line_of_limits=True,
        ),
        Panel(
            key="tickets_by_day", kind="bars", title=Text("Tickets, day by day", "每日工单"), width=12, height=8, unit="short", interval="1d",
            asks=Text("Do we close what comes in?", "新开的是否都关闭了？"),
            targets=(Target(opened, _COUNTS["opened"]), Target(closed, _COUNTS["closed"])),
        ),
    )  # fmt: skip


def _by_site() -> Panel:
    share = [
        named(f'sum("{promise}_kept") / sum("{promise}_due")', promise) for promise in PROMISES
    ]  # fmt: skip
    up = named('1 - sum("fault_s") / sum("boiler_s")', "availability")
    due = [of("sum", f"{promise}_due") for promise in PROMISES]
    query = _days(of("sum", "opened"), of("sum", "closed"), *due, *share, up, of("sum", "false_alarms"))
    kept_columns = tuple(Column(promise, "percentunit", steps=KEPT_STEPS, decimals=1) for promise in PROMISES)
    due_columns = tuple(
        Column(f"{promise}_due", "short", title=Text(f"{title.en}: due", f"{title.zh}：到期"))
        for promise, title in PROMISES.items()
    )
    return Panel(
        key="by_site", kind="table", title=Text("By site", "各站点"), width=24, height=8, unit="short", sort=("availability", False),
        asks=Text(
            "Which site do we fail? A share counts only beside a number of promises due that is not 0.",
            "哪个站点未达标？到期数为 0 时比率无意义。",
        ),
        targets=(Target(query.by("site").series(1_000)),),
        columns=(NO_TIME, SITE, *kept_columns, *due_columns, Column("availability", "percentunit", decimals=3)),
    )  # fmt: skip


def board() -> Board:
    """Return the board of promises."""
    fields = ("obligation", "ticket", "boiler", "site", "problem", "took_s", "reason")
    missed = select("ticket_event", *map(name, fields)).where(equals("action", "missed"), OF_SITE).within()
    table = Panel(
        key="missed", kind="table", title=Text("Promises missed", "未达标的承诺"), width=24, height=9, unit="none", sort=("Time", True),
        asks=Text("Which promises were not kept, and how long did it take? The newest 300.", "哪些承诺未达标，用了多久？最新 300 条。"),
        targets=(Target(missed.newest_first().limit(300)),), columns=(TIME, TICKET, BOILER, SITE, Column("took_s", "s")),
        empty=Text("none missed", "全部达标"),
    )  # fmt: skip
    return Board(
        "bw-promises", "promises", "viewer", Text("Promises", "服务承诺"),
        Text("Do we keep what we promised?", "我们兑现承诺了吗？"), "now-30d", "5m", (REGION, SITES),
        (_figures(), _by_day(), (_by_site(),), (table,)),
    )  # fmt: skip
