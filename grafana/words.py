"""Words on the boards, in both languages, and how each state of a boiler looks.

A state has a sign and a word beside its colour, so that nobody needs the colour.
"""

from typing import Literal, NamedTuple

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Text(NamedTuple):
    """A text in both languages."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """Return it in one of them."""
        return self.en if language == "en" else self.zh


class Look(NamedTuple):
    """How a value is shown: its words, with a sign in front, and its colour."""

    value: str
    text: Text
    color: str


NO_TEXT = Text("", "")
NOTHING = Text("no data", "无数据")

#: In the order of their codes in the store (docs/store.md).
STATES: tuple[Look, ...] = (
    Look("ok", Text("✓ OK", "✓ 正常"), "dark-green"),
    Look("watch", Text("◐ Watch", "◐ 关注"), "dark-yellow"),
    Look("maintenance", Text("⚒ Maintenance", "⚒ 维护中"), "dark-blue"),
    Look("silent", Text("◌ Silent", "◌ 失联"), "dark-purple"),
    Look("fault", Text("✕ Fault", "✕ 故障"), "dark-red"),
    Look("never_seen", Text("… Never seen", "… 从未上线"), "#6b6b6b"),
)
STATE_CODES = tuple(Look(str(code), look.text, look.color) for code, look in enumerate(STATES))
SEVERITIES = (
    Look("critical", Text("‼ critical", "‼ 严重"), "dark-red"),
    Look("warning", Text("! warning", "! 警告"), "dark-orange"),
    Look("advisory", Text("i advisory", "i 提示"), "dark-blue"),
)
YES_NO = (
    Look("true", Text("✓ yes", "✓ 是"), "dark-green"), Look("false", Text("✕ NO", "✕ 否"), "dark-red"),
    Look("1", Text("✓ yes", "✓ 是"), "dark-green"), Look("0", Text("✕ NO", "✕ 否"), "dark-red"),
)  # fmt: skip
FINDING_STATES = (
    Look("raised", Text("▲ raised", "▲ 出现"), "dark-red"), Look("updated", Text("△ updated", "△ 更新"), "dark-orange"),
    Look("cleared", Text("▽ cleared", "▽ 消失"), "dark-green"),
)  # fmt: skip

#: Titles of columns, wherever they stand.
COLUMNS: dict[str, Text] = {
    "Time": Text("Time", "时间"), "rank": Text("Rank", "序号"), "ticket": Text("Ticket", "工单"),
    "boiler": Text("Boiler", "锅炉"), "site": Text("Site", "站点"), "region": Text("Region", "区域"),
    "obligation": Text("Promise", "承诺"), "problem": Text("Problem", "问题"), "severity": Text("Severity", "严重程度"),
    "state": Text("State", "状态"), "left_s": Text("Time left", "剩余时间"), "due_at_ms": Text("Due", "到期"),
    "action": Text("Action", "动作"), "actor": Text("By", "操作人"), "reason": Text("Reason", "原因"),
    "kind": Text("Kind", "类型"), "code": Text("Code", "代码"), "district": Text("District", "片区"),
    "confidence": Text("Confidence", "置信度"), "detector": Text("Detector", "检测器"), "values": Text("Evidence", "依据"),
    "findings": Text("Findings", "发现"), "codes": Text("Codes", "代码次数"), "since": Text("Since", "自"),
    "latitude": Text("Latitude", "纬度"), "longitude": Text("Longitude", "经度"),
    "in_trouble": Text("In trouble", "异常台数"), "boilers": Text("Boilers", "锅炉数"),
    "cold_bar": Text("Pressure at 20 °C", "20 °C 水压"), "lowest_bar": Text("Lowest pressure", "最低水压"),
    "flow_c": Text("Flow temperature", "出水温度"), "return_c": Text("Return temperature", "回水温度"),
    "flame_h": Text("Flame hours", "燃烧小时"), "starts": Text("Starts", "点火次数"), "readings": Text("Readings", "读数"),
    "loss_bar_per_day": Text("Loss a day", "日降压"), "expected": Text("Failure expected", "预计失效"),
    "raised": Text("Raised", "出现"), "open": Text("Open", "未关闭"), "confirmed": Text("Confirmed", "确认"),
    "refuted": Text("Refuted", "否定"), "per_1000": Text("Per 1000 boiler-days", "每千台日"),
    "opened": Text("Opened", "新开"), "closed": Text("Closed", "关闭"), "response": Text("Response kept", "响应达标"),
    "on_site": Text("On site kept", "到场达标"), "repair": Text("Repair kept", "修复达标"),
    "availability": Text("Availability", "可用率"), "false_alarms": Text("False alarms", "误报"),
    "took_s": Text("Took", "用时"), "what": Text("What", "事项"), "active": Text("Active", "存在"),
    "chain": Text("Chain", "链"),
}  # fmt: skip
