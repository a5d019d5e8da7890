"""The shift: what came, what went, and what does the next one have to know?"""

from grafana.boards.common import (
    BOILER,
    FINDING_STATE,
    NO_TIME,
    NONE_IS_GOOD,
    OF_SITE,
    SEVERITY,
    SITE,
    TICKET,
    TIME,
)
from grafana.influxql import Query, above, differs, equals, name, of, select
from grafana.spec import Board, Column, Panel, Target
from grafana.variables import REGION
from grafana.variables import SITE as SITES
from grafana.words import Text

_ACTIONS = {
    "open": Text("Opened", "新开"),
    "close": Text("Closed", "关闭"),
    "met": Text("Promises kept", "承诺达标"),
    "missed": Text("Promises missed", "承诺未达标"),
}


def _events(action: str) -> Query:
    query = select("ticket_event", of("count", "ticket", "tickets")).where(equals("action", action), OF_SITE)
    return query.within()


def _log() -> Panel:
    fields = ("action", "ticket", "boiler", "site", "problem", "severity", "actor", "reason")
    rows = select("ticket_event", *map(name, fields)).where(OF_SITE).within().newest_first().limit(300)
    return Panel(
        key="log", kind="table", title=Text("What happened, newest first", "经过（新的在前）"), width=24, height=11,
        asks=Text("Who did what to which ticket? The newest 300 steps.", "谁对哪张工单做了什么？最近 300 步。"), unit="none",
        targets=(Target(rows),), columns=(TIME, TICKET, BOILER, SITE, SEVERITY), sort=("Time", True),
        empty=Text("nothing happened", "没有动作"),
    )  # fmt: skip


def _common_cause() -> Panel:
    fields = ("district", "site", "kind", "state", "severity", "id", "values")
    rows = (
        select("finding", *map(name, fields)).where(differs("district", ""), OF_SITE).within().newest_first().limit(100)
    )
    return Panel(
        key="common_cause", kind="table", title=Text("Common causes", "共因事件"), width=12, height=9, unit="none",
        asks=Text(
            "What hit a whole district at once? One incident, not one ticket a boiler.", "哪些事件同时影响整个片区？合并为一起事件。"
        ),
        targets=(Target(rows),), columns=(TIME, SITE, SEVERITY, FINDING_STATE, Column("id", is_hidden=True)),
        sort=("Time", True), empty=Text("no common cause", "没有共因事件"),
    )  # fmt: skip


def _noisy() -> Panel:
    raised = select("finding", of("count", "id", "findings")).where(
        equals("state", "raised"), differs("boiler", ""), OF_SITE
    )
    worst = select(
        raised.within().by("boiler", "site"), of("top", "findings", "findings", '"boiler"', "20"), name("site")
    )
    return Panel(
        key="noisy", kind="table", title=Text("Noisy boilers", "频繁告警的锅炉"), width=12, height=9, unit="short",
        asks=Text("Which 20 boilers raised the most findings?", "哪 20 台锅炉产生的发现最多？"),
        targets=(Target(worst.where(above("findings", 0)).within().limit(20)),), columns=(NO_TIME, BOILER, SITE),
        sort=("findings", True), empty=Text("nothing was raised", "没有发现"),
    )  # fmt: skip


def board() -> Board:
    """Return the shift's board."""
    figures = tuple(
        Panel(
            key=action, kind="stat", title=title, width=6, height=5, unit="short", targets=(Target(_events(action), title),),
            asks=Text(f"How many tickets or promises of this shift: {title.en.lower()}?", f"本班次：{title.zh}数量？"),
            steps=NONE_IS_GOOD if action == "missed" else ((None, "dark-blue"),), empty=Text("none", "无"),
        )
        for action, title in _ACTIONS.items()
    )  # fmt: skip
    came = Panel(
        key="came_and_went", kind="bars", title=Text("Came and went", "新开与关闭"), width=16, height=8, unit="short", interval="10m",
        asks=Text("When did tickets come, and when were they closed?", "工单何时新开、何时关闭？"),
        targets=(Target(_events("open").every(fill="0"), _ACTIONS["open"]), Target(_events("close").every(fill="0"), _ACTIONS["close"])),
    )  # fmt: skip
    note = Panel(
        key="handover", kind="text", title=Text("Hand-over", "交接班"), width=8, height=8,
        asks=Text("Where do I read and write the note of this shift?", "在哪里查看与填写交接记录？"),
        text=Text(
            "The figures above are this shift's. [Read and write the hand-over note](${desk}/handover) · "
            "[all tickets](${desk}/) · [maintenance windows](${desk}/maintenance)",
            "以上为本班次数字。[查看与填写交接记录](${desk}/handover) · [全部工单](${desk}/) · [维护窗口](${desk}/maintenance)",
        ),
    )  # fmt: skip
    return Board(
        "bw-shift", "shift", "noc", Text("Shift", "值班"),
        Text("What came and went in this shift?", "本班次发生了什么？"), "now-12h", "1m", (REGION, SITES),
        (figures, (came, note), (_log(),), (_common_cause(), _noisy())),
    )  # fmt: skip
