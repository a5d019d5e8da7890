"""The wall: does anything need us now? Read from three metres; nothing here touches raw readings."""

from grafana.boards.common import (
    BOILER,
    KEPT_STEPS,
    LAG_STEPS,
    NO_TIME,
    OF_SITE,
    PROMISES,
    SEVERITY,
    SITE,
    STATE_SERIES,
    TICKET,
    kept,
    states_now,
    states_over_time,
)
from grafana.influxql import among, chosen, equals, name, named, of, select, upto
from grafana.spec import Board, Column, Panel, Target
from grafana.variables import REGION
from grafana.variables import SITE as SITES
from grafana.words import YES_NO, Text

#: The first 99 of two hundred; each more costs the database a read of every column.
_NEAREST = '"rank" =~ /^0/'


def _states() -> tuple[Panel, ...]:
    now = (Target(states_now(), by="state"),)
    return (
        Panel(
            key="states", kind="stat", title=Text("Boilers by state", "锅炉状态"), width=18, height=7, last="10m", targets=now,
            asks=Text(
                "How many boilers are well, and how many are not? The newest count of the last ten minutes; no data means "
                "that nobody counts: alerting is down.",
                "多少台正常，多少台异常？取最近十分钟内最新计数；无数据表示无人计数：告警进程已停。",
            ),
            unit="short", columns=STATE_SERIES,
        ),
        Panel(
            key="share", kind="pie", title=Text("Share of the fleet", "状态占比"), width=6, height=7, last="10m", targets=now,
            asks=Text("Which share of the fleet is in each state?", "各状态占全部锅炉的比例？"), unit="short", columns=STATE_SERIES,
        ),
    )  # fmt: skip


def _tickets() -> tuple[Panel, ...]:
    fields = ("ticket", "boiler", "site", "obligation", "problem", "severity")
    nearest = select("ticket_next", of("last", "left_s"), *map(name, fields)).where(_NEAREST, OF_SITE).within()
    left = Column(
        "left_s", "s", steps=((None, "dark-red"), (0.0, "dark-orange"), (3600.0, "dark-green")), width=160, decimals=0
    )
    return (
        Panel(
            key="next", kind="table", title=Text("Open tickets, nearest deadline first", "未关闭工单（按到期先后）"),
            asks=Text(
                "Which promise breaks next, and how long is left? Negative is overdue. The 99 nearest of the fleet, as of the last "
                "minute.",
                "哪项承诺最先到期，还剩多久？负数为已逾期。全部中最近的 99 张，取最近一分钟。",
            ),
            unit="none", width=14, height=11, last="1m", targets=(Target(nearest.by("rank").series(99)),),
            columns=(NO_TIME, TICKET, BOILER, SITE, SEVERITY, left), sort=("left_s", False),
            empty=Text("no open ticket with a deadline", "没有待办期限的工单"),
        ),
        *(
            Panel(
                key=f"kept_{days}", kind="stat", title=Text(f"Promises kept, {days} days", f"承诺达标率 {days} 天"),
                asks=Text(
                    f"Which share of the promises that ended in the last {days} days was kept? None due shows no figure.",
                    f"最近 {days} 天内到期的承诺有多少达标？没有到期则不显示数字。",
                ),
                unit="percentunit", width=5, height=11, last=f"{days}d", is_vertical=True, decimals=1, steps=KEPT_STEPS,
                targets=tuple(Target(kept(promise, OF_SITE), title) for promise, title in PROMISES.items()),
                empty=Text("none due", "无到期"),
            )
            for days in (7, 30)
        ),
    )  # fmt: skip


def _ingest() -> tuple[Panel, ...]:
    def newest(field: str, room: str = "storing") -> Target:
        query = select("pipeline", of("last", field)).where(equals("room", room)).within()
        return Target(query, Text(*_INGEST[field]))

    looks = (
        Column(_INGEST["lag_p95_s"][0], "s", steps=LAG_STEPS, decimals=1),
        Column(
            _INGEST["rows_behind"][0],
            "short",
            steps=((None, "dark-green"), (100.0, "dark-orange"), (1000.0, "dark-red")),
        ),
        Column(_INGEST["lost"][0], "short", steps=((None, "dark-green"), (1.0, "dark-orange"))),
        Column(_INGEST["quarantined"][0], "short", steps=((None, "dark-green"), (1.0, "dark-orange"))),
        Column(_INGEST["balanced"][0], looks=YES_NO),
        Column(_INGEST["lag_s"][0], "s", steps=LAG_STEPS, decimals=1),
    )
    return (
        Panel(
            key="ingest", kind="stat", title=Text("Ingest", "数据接入"), width=24, height=4, last="2m",
            asks=Text(
                "Do readings arrive, and is every one accounted for? Publish to store lag, rows waiting, what was lost or "
                "refused so far, whether the ledger balances, how late detectors are.",
                "读数是否到达，每条是否入账？入库延迟、待处理行、累计丢失与隔离、账目是否平衡、检测延迟。",
            ),
            unit="short", columns=looks,
            targets=(
                newest("lag_p95_s"), newest("rows_behind"), newest("lost"), newest("quarantined"), newest("balanced"),
                newest("lag_s", "detectors"),
            ),
        ),
    )  # fmt: skip


_INGEST = {
    "lag_p95_s": ("Publish → store p95", "入库延迟 p95"),
    "rows_behind": ("Rows waiting", "待处理行"),
    "lost": ("Lost", "丢失"),
    "quarantined": ("Quarantined", "隔离"),
    "balanced": ("Ledger balances", "账目平衡"),
    "lag_s": ("Detectors late", "检测延迟"),
}


def _load_and_map() -> tuple[Panel, ...]:
    load = named('sum("alarms") / max("operators")', "load")
    alarms = select("alarm_load", load).where(chosen("site", "site", "-")).within().every("10m")
    newest = select("fleet_minute", of("last", "boilers")).where(OF_SITE).within().by("site", "region", "state")
    trouble = select("fleet_minute", of("last", "boilers")).where(among("state", "fault", "silent"), OF_SITE)
    places = select("site_fact", of("last", "latitude"), name("longitude")).where(OF_SITE, upto())
    return (
        Panel(
            key="load", kind="bars", title=Text("Alarms per operator and 10 min", "每人每 10 分钟告警数"), width=12, height=9,
            asks=Text(
                "Can people on shift keep up? ISA-18.2: about 1 in 10 minutes is acceptable, 2 manageable, more than 10 a "
                "flood.",
                "值班人员能否应付？ISA-18.2：每 10 分钟约 1 条可接受，2 条为上限，超过 10 条为告警泛滥。",
            ),
            unit="short", interval="10m", targets=(Target(alarms, Text("Alarms per operator", "每人告警数")),),
            steps=((None, "dark-green"), (1.0, "dark-yellow"), (2.0, "dark-orange"), (10.0, "dark-red")), is_line_of_limits=True,
        ),
        Panel(
            key="map", kind="map", title=Text("Districts", "片区地图"), width=12, height=9, last="10m", join="site",
            asks=Text(
                "Where are boilers out of order or silent? One mark a site, city and county; size is boilers, colour and the "
                "number in it those in trouble.",
                "故障或失联的锅炉在哪里？每个站点一个标记（城区与郊县）；大小为锅炉数，颜色与数字为异常数。",
            ),
            unit="short", steps=((None, "dark-green"), (1.0, "dark-orange"), (10.0, "dark-red")),
            targets=(
                Target(select(trouble.within().by("site", "region", "state"), of("sum", "boilers", "in_trouble")).within().by("site")),
                Target(select(newest, of("sum", "boilers")).within().by("site")),
                Target(places.by("site", "region").series(1_000)),
            ),
            columns=(Column("in_trouble"), Column("boilers"), Column("site"), Column("region")),
        ),
    )  # fmt: skip


def board() -> Board:
    """Return the wall."""
    history = Panel(
        key="history", kind="lines", title=Text("Boilers not well", "异常锅炉变化"), width=24, height=7, is_stacked=True,
        asks=Text("Is it getting better or worse?", "情况在好转还是恶化？"), unit="short", interval="10m",
        targets=(Target(states_over_time(among("state", "watch", "fault", "silent", "maintenance")), by="state"),),
        columns=STATE_SERIES,
    )  # fmt: skip
    return Board(
        "bw-wall", "wall", "viewer", Text("Wall", "监控大屏"),
        Text("Does anything need us now?", "现在有什么需要处理？"), "now-6h", "10s", (REGION, SITES),
        (_states(), _tickets(), _ingest(), _load_and_map(), (history,)),
    )  # fmt: skip
