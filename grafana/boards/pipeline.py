"""Pipeline: does every reading arrive, in time, and is it accounted for?"""

from grafana.boards.common import LAG_STEPS, NO_TIME, OF_SITE
from grafana.influxql import equals, of, select
from grafana.spec import PROMETHEUS_UID, Board, Column, Panel, Target
from grafana.variables import REGION
from grafana.variables import SITE as SITES
from grafana.words import YES_NO, Text

_LEDGER = {
    "received": Text("Received", "收到"), "accepted": Text("Accepted", "接受"), "quarantined": Text("Quarantined", "隔离"),
    "repeated": Text("Repeats", "重复"), "retained": Text("Retained", "保留消息"), "status": Text("Status", "状态消息"),
    "lost": Text("Lost", "丢失"),
}  # fmt: skip
_PARTS = ("p50", "p95", "p99")


def _newest(room: str, field: str, title: Text) -> Target:
    return Target(select("pipeline", of("last", field)).where(equals("room", room)).within(), title)


def _over_time(room: str, field: str, title: Text, function: str = "max") -> Target:
    return Target(select("pipeline", of(function, field)).where(equals("room", room)).within().every(), title)


def _ledger() -> tuple[Panel, ...]:
    return (
        Panel(
            key="ledger", kind="stat", title=Text("Ledger, so far", "账目累计"), width=20, height=5, unit="short", last="2m",
            asks=Text(
                "What became of every delivery? Received is accepted, quarantined, repeated, retained and status together.",
                "每次投递的去向？收到 = 接受 + 隔离 + 重复 + 保留 + 状态。",
            ),
            targets=tuple(_newest("storing", field, title) for field, title in _LEDGER.items()), steps=((None, "dark-blue"),),
        ),
        Panel(
            key="balanced", kind="stat", title=Text("Ledger balances", "账目平衡"), width=4, height=5, unit="none", last="2m", looks=YES_NO,
            asks=Text("Does every delivery have exactly one outcome?", "每次投递是否都有且只有一个去向？"),
            targets=(_newest("storing", "balanced", Text("Balances", "平衡")),),
        ),
    )  # fmt: skip


def _lags() -> tuple[Panel, ...]:
    return tuple(
        Panel(
            key=key, kind="lines", title=title, width=12, height=8, unit="s", interval="10s", steps=LAG_STEPS, is_line_of_limits=True,
            asks=asks, targets=tuple(_over_time("storing", f"{prefix}_{part}_s", Text(part, part)) for part in _PARTS),
        )
        for key, prefix, title, asks in (
            ("journal_lag", "journal_lag", Text("Publish → journal", "发布 → 日志"),
             Text("How long until a reading is safe on disk?", "读数多久落盘？")),
            ("store_lag", "lag", Text("Publish → store", "发布 → 入库"), Text("How long until charts show it?", "读数多久可见？")),
        )
    )  # fmt: skip


def _trouble() -> tuple[Panel, ...]:
    reasons = select("pipeline", "max(/^quarantined_/)").where(equals("room", "collector")).within().every()
    skew = select("site_link", of("max", "skew_p95_s")).where(OF_SITE).within().every().by("site")
    return (
        Panel(
            key="quarantine", kind="lines", title=Text("Quarantine by reason, so far", "隔离原因（累计）"), width=8, height=8, unit="short",
            asks=Text("Why are payloads refused?", "报文为何被拒？"), interval="10s", targets=(Target(reasons, Text("$col", "$col")),),
        ),
        Panel(
            key="gaps", kind="lines", title=Text("Gaps, late and skewed", "缺口、迟到与时钟偏差"), width=8, height=8, unit="short", interval="10s",
            asks=Text("What is missing, late, or told by a wrong clock?", "缺失、迟到或时钟错误的有多少？"),
            targets=(
                _over_time("storing", "gaps", Text("Gaps", "缺口")), _over_time("storing", "late", Text("Late", "迟到")),
                _over_time("storing", "skewed_boilers", Text("Skewed boilers", "时钟偏差锅炉")),
            ),
        ),
        Panel(
            key="skew", kind="lines", title=Text("Clock skew p95 by site", "各站点时钟偏差 p95"), width=8, height=8, unit="s", interval="1m",
            asks=Text("Whose clocks are wrong?", "哪里的时钟不准？"), targets=(Target(skew, by="site"),),
        ),
    )  # fmt: skip


def _rooms() -> tuple[Panel, ...]:
    rooms = ("storing", "detectors", "alerting")
    titles = {
        "storing": Text("Storing", "入库"),
        "detectors": Text("Detectors", "检测"),
        "alerting": Text("Alerting", "告警"),
    }
    waiting = tuple(_over_time(room, "rows_behind", titles[room]) for room in rooms)
    late = tuple(_over_time(room, "lag_s", titles[room]) for room in ("detectors", "alerting"))
    return (
        Panel(
            key="behind", kind="lines", title=Text("Journal rows waiting", "日志待处理行"), width=8, height=8, unit="short", interval="10s",
            asks=Text("Which room falls behind?", "哪个进程跟不上？"), targets=waiting,
        ),
        Panel(
            key="late", kind="lines", title=Text("Detectors and alerting late", "检测与告警延迟"), width=8, height=8, unit="s", interval="10s",
            asks=Text("How old is what they work on?", "它们处理的数据有多旧？"), targets=late, steps=LAG_STEPS, is_line_of_limits=True,
        ),
        Panel(
            key="journal", kind="lines", title=Text("Journal on disk", "日志占用"), width=8, height=8, unit="bytes", interval="10s",
            asks=Text("Does the disk fill?", "磁盘会写满吗？"), targets=(_over_time("collector", "journal_bytes", Text("Readings", "读数日志")),),
        ),
    )  # fmt: skip


def _now() -> tuple[Panel, ...]:
    return (
        Panel(
            key="connected", kind="stat", title=Text("Broker", "消息代理"), width=6, height=5, unit="none", last="2m", looks=YES_NO,
            asks=Text("Is the collector connected?", "采集是否已连接？"), targets=(_newest("collector", "connected", Text("Connected", "已连接")),),
        ),
        Panel(
            key="set_aside", kind="stat", title=Text("Set aside", "搁置"), width=6, height=5, unit="short", last="2m",
            steps=((None, "dark-green"), (1.0, "dark-orange")),
            asks=Text("What did our processes set aside because it broke them?", "哪些数据因使进程崩溃而被搁置？"),
            targets=(
                _newest("detectors", "set_aside", Text("Detectors", "检测")), _newest("alerting", "set_aside", Text("Alerting", "告警")),
            ),
        ),
        Panel(
            key="notices", kind="stat", title=Text("Notices waiting", "待发通知"), width=6, height=5, unit="short", last="2m",
            steps=((None, "dark-green"), (10.0, "dark-orange")),
            asks=Text("Do notices get out?", "通知能发出去吗？"), targets=(_newest("alerting", "notices_waiting", Text("Waiting", "待发")),),
        ),
        Panel(
            key="open_tickets", kind="stat", title=Text("Open tickets", "未关闭工单"), width=6, height=5, unit="short", last="2m",
            asks=Text("How many tickets are open?", "未关闭工单有多少？"), targets=(_newest("alerting", "open_tickets", Text("Open", "未关闭")),),
            steps=((None, "dark-blue"),),
        ),
    )  # fmt: skip


def _processes() -> tuple[Panel, ...]:
    return (
        Panel(
            key="up", kind="stat", title=Text("Processes up (Prometheus)", "进程存活（Prometheus）"), width=8, height=7, unit="none", looks=YES_NO,
            asks=Text("Does each room's process live?", "各进程是否存活？"), targets=(Target("boilerwatch_room_up", by="room"),),
            more={"datasource": PROMETHEUS_UID}, empty=Text("no Prometheus", "无 Prometheus"),
        ),
        Panel(
            key="memory", kind="lines", title=Text("Memory (Prometheus)", "内存（Prometheus）"), width=8, height=7, unit="bytes",
            asks=Text("Does memory stay flat?", "内存是否平稳？"), targets=(Target("boilerwatch_room_resident_bytes", by="room"),),
            more={"datasource": PROMETHEUS_UID}, empty=Text("no Prometheus", "无 Prometheus"),
        ),
        Panel(
            key="restarts", kind="stat", title=Text("Deaths so far (Prometheus)", "重启次数（Prometheus）"), width=8, height=7, unit="short",
            asks=Text("Which room dies?", "哪个进程反复退出？"), targets=(Target("boilerwatch_room_restarts_total", by="room"),),
            more={"datasource": PROMETHEUS_UID}, steps=((None, "dark-green"), (1.0, "dark-orange")), empty=Text("no Prometheus", "无 Prometheus"),
        ),
    )  # fmt: skip


def board() -> Board:
    """Return the pipeline's board."""
    links = Panel(
        key="links", kind="table", title=Text("Links by site", "各站点链路"), width=24, height=8, unit="short", last="10m", sort=("silent", True),
        asks=Text("Which site's links are bad?", "哪个站点链路差？"),
        targets=(
            Target(
                select("site_link", *(of("last", field) for field in ("boilers", "silent", "lost", "received", "skew_p50_s", "skew_p95_s")))
                .where(OF_SITE).within().by("region", "site").series(1_000)
            ),
        ),
        columns=(
            NO_TIME, Column("silent", "short", title=Text("Silent", "失联")), Column("lost", "short", title=Text("Lost", "丢失")),
            Column("received", "short", title=Text("Received", "收到")), Column("site", link="site"),
            Column("skew_p50_s", "s", title=Text("Skew p50", "偏差 p50")), Column("skew_p95_s", "s", title=Text("Skew p95", "偏差 p95")),
        ),
    )  # fmt: skip
    return Board(
        "bw-pipeline", "pipeline", "engineer", Text("Pipeline", "数据管道"),
        Text("Does every reading arrive, in time, accounted for?", "每条读数是否按时到达并入账？"), "now-3h", "30s", (REGION, SITES),
        (_ledger(), _now(), _lags(), _trouble(), _rooms(), (links,), _processes()),
    )  # fmt: skip
