"""One boiler: what does it do, what was found, what was done?

Charts take the newest two days from readings, older ones to sixty days from quarter-hours, and what is older from days,
so a range of any length costs about the same (InfluxQL's arithmetic on time, seen from the end of the range).
"""

from grafana.boards.common import FINDING_STATE, SEVERITY, TICKET, TIME
from grafana.influxql import (
    Query,
    above,
    below,
    chosen,
    differs,
    equals,
    name,
    named,
    newer_than,
    of,
    older_than,
    select,
    upto,
)
from grafana.spec import BOILER_SLUG, BOILER_UID, Annotation, Board, Column, Panel, Target
from grafana.variables import BOILER, FIND, MODEL, REGION
from grafana.variables import SITE as SITES
from grafana.words import STATE_CODES, YES_NO, Text

_ME = chosen("boiler", "boiler")
_RAW, _QUARTERS = "2d", "60d"
_AGES = {
    "boiler": (Text("", ""), (newer_than(_RAW),)),
    "boiler_15m": (Text(" (15 min)", "（15 分钟）"), (older_than(_RAW), newer_than(_QUARTERS))),
    "boiler_1d": (Text(" (days)", "（日）"), (older_than(_QUARTERS),)),
}


def _signal(signal: str, title: Text) -> tuple[Target, ...]:
    """Return a signal in all resolutions."""
    targets = []
    for measurement, (suffix, ages) in _AGES.items():
        field = signal if measurement == "boiler" else f"{signal}_mean"
        query = select(measurement, of("mean", field, signal)).where(_ME, *ages).within().every()
        targets.append(Target(query, Text(title.en + suffix.en, title.zh + suffix.zh)))
    return tuple(targets)


def _spread() -> tuple[Target, ...]:
    targets = []
    for measurement, (suffix, ages) in _AGES.items():
        part = "" if measurement == "boiler" else "_mean"
        spread = named(f'mean("flow_temp_c{part}") - mean("return_temp_c{part}")', "spread")
        query = select(measurement, spread).where(_ME, *ages).within().every()
        targets.append(Target(query, Text("Spread" + suffix.en, "温差" + suffix.zh)))
    return tuple(targets)


def _now() -> tuple[Panel, ...]:
    state = select("boiler_state", of("last", "code")).where(_ME, upto())
    latest = (
        select("finding", of("last", "confidence"), name("failure_expected_at_ms"), name("state")).where(_ME).within()
    )
    crossing = select(latest.by("kind"), of("min", "failure_expected_at_ms", "expected")).where(
        differs("state", "cleared")
    )
    leak = select("finding", of("last", "confidence"), name("loss_bar_per_day"), name("state")).where(
        _ME, equals("kind", "slow_leak")
    )
    loss = select(leak.within(), of("last", "loss_bar_per_day")).where(differs("state", "cleared"))
    return (
        Panel(
            key="state", kind="stat", title=Text("State", "状态"), width=6, height=4, unit="none", looks=STATE_CODES,
            asks=Text("In which state is it at the end of the range?", "时间范围末处于什么状态？"),
            targets=(Target(state, Text("State", "状态")),), empty=Text("nobody heard of it", "没有这台锅炉"),
        ),
        Panel(
            key="crossing", kind="stat", title=Text("Failure expected", "预计失效"), width=6, height=4, unit="dateTimeFromNow",
            asks=Text(
                "When does a development that stands stop the boiler, if nobody comes?",
                "若无人处理，仍存在的劣化何时会使锅炉停机？",
            ),
            targets=(Target(crossing.within(), Text("Failure expected", "预计失效")),), empty=Text("none expected", "无预计"),
        ),
        Panel(
            key="loss", kind="stat", title=Text("Pressure loss", "降压速度"), width=6, height=4, unit="suffix:bar/d", decimals=3,
            asks=Text("How fast does it lose water, by a leak that stands?", "按仍存在的漏水发现，水压下降多快？"),
            targets=(Target(loss.within(), Text("Loss", "降压")),), empty=Text("no leak found", "未发现漏水"),
        ),
        Panel(
            key="ticket_count", kind="stat", title=Text("Tickets opened", "新开工单"), width=6, height=4, unit="short",
            asks=Text("How many tickets were opened for it in this range?", "此范围内为它新开多少工单？"),
            targets=(Target(_tickets(of("count", "ticket", "tickets")).where(equals("action", "open")), Text("Tickets", "工单")),),
            empty=Text("none", "无"),
        ),
    )  # fmt: skip


def _tickets(*columns: str) -> Query:
    return select("ticket_event", *columns).where(_ME).within()


def _expected() -> tuple[Target, ...]:
    """Return the line towards the limit that a finding predicts, and that limit, where one still stands."""
    ahead = {
        "expected_bar": Text("Expected,", "预计"),
        "limit_bar": Text("Limit,", "限值"),
    }
    return tuple(
        Target(
            select("forecast", of("mean", field)).where(_ME, '"stands" = true').within().every().by("kind"),
            title,
            "kind",
        )
        for field, title in ahead.items()
    )


def _pressure() -> tuple[Panel, ...]:
    cold = of("mean", "cold_pressure_bar", "cold")
    cold_q = select("boiler_15m", cold).where(_ME, newer_than(_QUARTERS)).within().every()
    cold_d = select("boiler_1d", cold).where(_ME, older_than(_QUARTERS)).within().every("1d")
    trend = named('moving_average(mean("cold_pressure_bar"), 3)', "trend")
    trend_d = select("boiler_1d", trend).where(_ME).within().every("1d")
    lowest = ((None, "dark-red"), (0.8, "transparent"))
    return (
        Panel(
            key="pressure", kind="lines", title=Text("Water pressure", "水压"), width=16, height=9, unit="pressurebar", interval="1m",
            asks=Text(
                "Does it lose water? Pressure as read, the same at 20 °C water, the trend of days, and what was expected: warm "
                "water alone raises pressure.",
                "是否失水？实测水压、折算到 20 °C 的水压、日趋势与预计值：水热本身会抬高压力。",
            ),
            targets=(
                *_signal("water_pressure_bar", Text("As read", "实测")), Target(cold_q, Text("At 20 °C", "20 °C 折算")),
                Target(cold_d, Text("At 20 °C (days)", "20 °C 折算（日）")), Target(trend_d, Text("Trend, 3 days", "趋势（3 日）")),
                *_expected(),
            ),
            steps=lowest, is_line_of_limits=True,
        ),
        Panel(
            key="ahead", kind="lines", title=Text("Pressure ahead, 30 days", "水压预测 30 天"), width=8, height=9, unit="pressurebar",
            asks=Text(
                "When does it cross the limit, if nobody comes? From now on, by the newest finding that stands.",
                "若无人处理，何时越过限值？从现在起，按最新仍存在的发现推算。",
            ),
            interval="6h", last="+30d", targets=_expected(), empty=Text("none expected", "无预计"),
        ),
    )  # fmt: skip


def _heat() -> tuple[Panel, ...]:
    flow, back = _signal("flow_temp_c", Text("Flow", "出水")), _signal("return_temp_c", Text("Return", "回水"))
    return (
        Panel(
            key="temperatures", kind="lines", title=Text("Temperatures and spread", "温度与温差"), width=12, height=8, unit="celsius",
            asks=Text("Does heat leave the boiler?", "热量是否送出？"), interval="1m", targets=(*flow, *back, *_spread()),
        ),
        Panel(
            key="flame", kind="lines", title=Text("Flame current by modulation", "不同负荷下火焰电流"), width=12, height=8, unit="suffix:µA",
            asks=Text("Does the flame's signal decay, at equal fire?", "同等负荷下火焰信号是否衰减？"), interval="15m",
            targets=_flame(),
        ),
    )  # fmt: skip


def _flame() -> tuple[Target, ...]:
    bands = ((0, 35, Text("Low fire", "小火")), (35, 65, Text("Middle", "中火")), (65, 101, Text("High fire", "大火")))
    current = select("boiler_15m", of("mean", "flame_current_ua_mean", "flame"))
    return tuple(
        Target(
            current.where(_ME, above("modulation_pct_mean", low), below("modulation_pct_mean", high)).within().every(),
            title,
        )
        for low, high, title in bands
    )


def _days() -> tuple[Panel, ...]:
    def daily(column: str, title: Text) -> tuple[Target, ...]:
        return (Target(select("boiler_1d", column).where(_ME).within().every("1d"), title),)

    return (
        Panel(
            key="starts", kind="bars", title=Text("Burner starts a day", "每日点火次数"), width=12, height=7, unit="short", interval="1d",
            asks=Text("Does it cycle more than it did?", "启停是否变频繁？"), targets=daily(of("sum", "starts"), Text("Starts", "点火次数")),
        ),
        Panel(
            key="flame_hours", kind="bars", title=Text("Flame hours a day", "每日燃烧小时"), width=12, height=7, unit="h", interval="1d",
            asks=Text("How much does it burn?", "每天燃烧多久？"),
            targets=daily(named('sum("flame_on_s") / 3600', "hours"), Text("Flame", "燃烧")),
        ),
    )  # fmt: skip


def _happenings() -> tuple[tuple[Panel, ...], ...]:
    states = select("boiler_state", name("code")).where(_ME, upto()).limit(5_000)
    codes = select("event", name("code"), name("active")).where(_ME).within().newest_first().limit(200)
    finding_fields = ("kind", "state", "severity", "confidence", "detector", "values")
    findings = select("finding", *map(name, finding_fields)).where(_ME).within().newest_first().limit(200)
    ticket_fields = ("ticket", "action", "problem", "severity", "actor", "reason")
    tickets = _tickets(*map(name, ticket_fields)).newest_first().limit(200)
    return (
        (Panel(
            key="timeline", kind="states", title=Text("States", "状态变化"), width=24, height=4, unit="none", looks=STATE_CODES,
            asks=Text("When was it well, and when not?", "何时正常、何时异常？"), targets=(Target(states, Text("State", "状态")),),
        ),),
        (
            Panel(
                key="codes", kind="table", title=Text("Error codes", "故障代码"), width=8, height=9, unit="none",
                asks=Text("Which codes came and went?", "出现和消失了哪些代码？"), targets=(Target(codes),), sort=("Time", True),
                columns=(TIME, Column("code", link="file"), Column("active", looks=YES_NO)), empty=Text("no code", "无代码"),
            ),
            Panel(
                key="findings", kind="table", title=Text("Findings", "发现"), width=16, height=9, unit="none",
                asks=Text("What did detectors find, and on what evidence?", "检测器发现了什么，依据是什么？"),
                targets=(Target(findings),), sort=("Time", True), columns=(TIME, Column("kind", link="file"), FINDING_STATE, SEVERITY, Column("confidence", "percentunit")),
                empty=Text("nothing found", "未发现"),
            ),
        ),
        (Panel(
            key="tickets", kind="table", title=Text("Tickets, step by step", "工单经过"), width=24, height=9, unit="none",
            asks=Text("What was done about it?", "采取了哪些措施？"), targets=(Target(tickets),), sort=("Time", True),
            columns=(TIME, TICKET, SEVERITY), empty=Text("no ticket", "无工单"),
        ),),
    )  # fmt: skip


def _annotations() -> tuple[Annotation, ...]:
    code = select("event", name("text"), name("code")).where(_ME, '"active" = true').within().limit(500)
    found = select("finding", name("kind"), name("severity")).where(_ME, equals("state", "raised")).within().limit(500)
    ticket = (
        select("ticket_event", name("ticket"), name("action"))
        .where(_ME, '"action" =~ /^(open|close)$/')
        .within()
        .limit(500)
    )
    done = select("service_event", name("reason"), name("what")).where(_ME).within().limit(500)
    return (
        Annotation("codes", Text("Error codes", "故障代码"), code, "text", "code", "red"),
        Annotation("findings", Text("Findings", "发现"), found, "kind", "severity", "orange"),
        Annotation("tickets", Text("Tickets", "工单"), ticket, "ticket", "action", "purple"),
        Annotation("service", Text("Service", "服务记录"), done, "reason", "what", "blue"),
    )


def board() -> Board:
    """Return the board of one boiler; its uid and its variables are what the desk links to."""
    return Board(
        BOILER_UID, BOILER_SLUG, "viewer", Text("One boiler", "单台锅炉"),
        Text("What does this boiler do, what was found, what was done?", "这台锅炉怎么样，发现了什么，做了什么？"), "now-7d", "1m",
        (REGION, SITES, MODEL, FIND, BOILER), (_now(), _pressure(), _heat(), _days(), *_happenings()), _annotations(),
    )  # fmt: skip
