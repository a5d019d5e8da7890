"""Rules that must reach people even if our own alerting is down, and contact points as examples.

What no data and an error mean is set for each rule, with its reason: a rule on what our processes tell must fire when
they tell nothing; a rule on open tickets must not fire because there is none.
"""

from dataclasses import dataclass
from typing import Any, Literal

from grafana.influxql import Query, equals, named, of, select
from grafana.spec import INFLUX_UID
from grafana.target import influx_of
from grafana.words import Language, Text

GROUP = "boilerwatch"
INTERVAL_S = 60
CONTACT = "boilerwatch example"


@dataclass(frozen=True)
class Rule:
    """One rule: it fires when the newest value is beyond the limit.

    Attributes
    ----------
    window_s
        How far back the query looks. [s]
    beyond
        `gt`, `lt` or `outside_range` of (limit, limit).
    why
        Why no data and an error mean what they are set to.
    """

    uid: str
    title: Text
    summary: Text
    query: Query
    window_s: int
    beyond: Literal["gt", "lt", "outside_range"]
    limits: tuple[float, ...]
    for_: str
    no_data: Literal["Alerting", "OK", "NoData"]
    error: Literal["Alerting", "OK", "Error"]
    why: Text
    board_uid: str


def _of_room(room: str, *columns: str) -> Query:
    return select("pipeline", *columns).where(equals("room", room)).within()


_UNBALANCED = " - ".join(
    f'last("{name}")' for name in ("received", "accepted", "quarantined", "repeated", "retained", "status")
)

RULES: tuple[Rule, ...] = (
    Rule(
        "bw-pipeline-silent", Text("Pipeline silent", "数据管道静默"),
        Text(
            "Nothing new was stored for five minutes. Ask `boilerwatch check` on the machine, then look at the Pipeline board.",
            "五分钟没有新数据入库。请在主机运行 `boilerwatch check`，并查看“数据管道”看板。",
        ),
        _of_room("storing", named('max("received") - min("received")', "fresh")), 300, "lt", (1,), "2m", "Alerting", "Alerting",
        Text("storing tells this every 10 s: no row, or no database, is the very thing to be told.",
             "入库进程每 10 秒上报：没有数据或数据库不可达，正是需要通知的情况。"),
        "bw-pipeline",
    ),
    Rule(
        "bw-ledger-unbalanced", Text("Ledger out of balance", "账目不平"),
        Text("Deliveries were received that have no outcome, or two. Nothing may be lost in silence: look at the Pipeline board.",
             "有投递没有去向或有两个去向。请查看“数据管道”看板。"),
        _of_room("storing", named(_UNBALANCED, "unaccounted")), 300, "outside_range", (-0.5, 0.5), "5m", "OK", "Error",
        Text("silence has a rule of its own, so that one trouble wakes people once; a failing query is shown as an error.",
             "静默另有规则，避免同一问题重复通知；查询失败显示为错误。"),
        "bw-pipeline",
    ),
    Rule(
        "bw-detectors-late", Text("Detectors late", "检测延迟"),
        Text("Detectors work on readings that are more than five minutes old, or tell nothing at all.", "检测器处理的数据已超过五分钟，或无上报。"),
        _of_room("detectors", of("last", "lag_s")), 300, "gt", (300,), "5m", "Alerting", "Error",
        Text("detectors tell this every 10 s: no row is a dead room. A database that is away is told by the rule above.",
             "检测进程每 10 秒上报：无数据即进程已停。数据库不可达由静默规则通知。"),
        "bw-pipeline",
    ),
    Rule(
        "bw-alerting-late", Text("Alerting late", "告警延迟"),
        Text("Alerting works on findings that are more than five minutes old, or tells nothing at all: nobody is told of faults.",
             "告警进程处理的发现已超过五分钟，或无上报：故障无人通知。"),
        _of_room("alerting", of("last", "lag_s")), 300, "gt", (300,), "5m", "Alerting", "Error",
        Text("alerting tells this every 10 s: no row is a dead room, and then no other rule speaks of tickets.",
             "告警进程每 10 秒上报：无数据即进程已停，此时没有其他规则反映工单。"),
        "bw-pipeline",
    ),
    Rule(
        "bw-breach-imminent", Text("Breach imminent", "承诺即将违约"),
        Text("A promise falls due within ten minutes, or is overdue. The wall's list has the ticket on top.", "有承诺将在十分钟内到期或已逾期。见大屏清单首行。"),
        select(select("ticket_next", of("last", "left_s")).within().by("rank"), of("min", "left_s")).within(), 60, "lt", (600,), "0s",
        "OK", "Error",
        Text("no row means no open ticket with a deadline, which is good; that alerting lives is the business of the rule above.",
             "无数据表示没有待办期限的工单，属正常；告警进程是否存活由上一条规则负责。"),
        "bw-wall",
    ),
)  # fmt: skip


def _expression(ref: str, kind: str, source: str, more: dict[str, Any]) -> dict[str, Any]:
    model = {
        "refId": ref,
        "type": kind,
        "expression": source,
        "datasource": {"type": "__expr__", "uid": "__expr__"},
        **more,
    }
    return {"refId": ref, "relativeTimeRange": {"from": 0, "to": 0}, "datasourceUid": "__expr__", "model": model}


def data_of(rule: Rule) -> list[dict[str, Any]]:
    """Return a rule's steps: the query, its newest value, and the limit."""
    model = influx_of(rule.query, "A", "time_series") | {"intervalMs": 10_000, "maxDataPoints": 1_000}
    asked = {
        "refId": "A", "relativeTimeRange": {"from": rule.window_s, "to": 0}, "datasourceUid": INFLUX_UID, "model": model,
    }  # fmt: skip
    limit = {"conditions": [{"type": "query", "evaluator": {"type": rule.beyond, "params": list(rule.limits)}}]}
    return [asked, _expression("B", "reduce", "A", {"reducer": "last"}), _expression("C", "threshold", "B", limit)]


def plain_rule(rule: Rule, language: Language) -> dict[str, Any]:
    """Return what files and the API say alike."""
    return {
        "uid": rule.uid, "title": rule.title.of(language), "condition": "C", "data": data_of(rule), "for": rule.for_,
        "noDataState": rule.no_data, "execErrState": rule.error,
        "annotations": {"summary": rule.summary.of(language), "no_data_and_error": rule.why.of(language), "__dashboardUid__": rule.board_uid},
        "labels": {"product": "boilerwatch"}, "isPaused": False,
    }  # fmt: skip


def contact_points() -> list[dict[str, Any]]:
    """Return examples: people change the addresses and choose the point in their notification policy."""
    return [
        {"uid": "bw-example-desk", "name": CONTACT, "type": "webhook", "disableResolveMessage": False,
         "settings": {"url": "http://127.0.0.1:8300/hooks/alerts", "httpMethod": "POST", "authorization_scheme": "Bearer",
                      "authorization_credentials": "change-me"}},
        {"uid": "bw-example-mail", "name": CONTACT, "type": "email", "disableResolveMessage": False,
         "settings": {"addresses": "noc@example.com", "singleEmail": True}},
    ]  # fmt: skip
