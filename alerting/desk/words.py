"""The page's words in English and Chinese; every key stands in both."""

WORDS: dict[str, tuple[str, str]] = {
    "tickets": ("Tickets", "工单"), "ledger": ("Ledger", "收发账"), "boilers": ("Boilers", "壁挂炉"),
    "open_tickets": ("Open tickets", "未关闭工单"), "closed_tickets": ("Closed tickets", "已关闭工单"),
    "no_tickets": ("No tickets. All is quiet.", "暂无工单,一切正常。"),
    "problem": ("Problem", "问题"), "boiler": ("Boiler", "壁挂炉"), "site": ("Site", "站点"), "region": ("Region", "区域"),
    "state": ("State", "状态"), "next_promise": ("Next promise", "下一承诺"), "time_left": ("Time left", "剩余时间"),
    "opened": ("Opened", "开单时间"), "overdue": ("overdue", "已超时"), "paused": ("paused", "已暂停"),
    "city": ("city", "市内"), "county": ("county", "郊县"), "unknown_region": ("unknown, held as city", "未知,按市内"),
    "response": ("Response", "响应"), "on_site": ("On site", "到场"), "repair": ("Repair", "维修"),
    "loaner": ("Loaner", "备品"), "visit": ("Visit before failure", "故障前上门"),
    "st_open": ("open", "待响应"), "st_acknowledged": ("acknowledged", "已响应"), "st_assigned": ("assigned", "已派工"),
    "st_on_site": ("on site", "已到场"), "st_repaired": ("repaired", "已修复"), "st_closed": ("closed", "已关闭"),
    "advisory": ("advisory", "提示"), "warning": ("warning", "预警"), "critical": ("critical", "紧急"),
    "promises": ("Promises", "承诺时限"), "evidence": ("Evidence", "证据"), "history": ("History", "经过"),
    "actions": ("Actions", "操作"), "parts": ("Take along", "携带备件"), "meaning": ("The code means", "代码含义"),
    "started": ("started", "开始"), "due": ("due", "截止"), "met": ("met", "完成"), "met_late": ("met late", "超时完成"),
    "running": ("running", "进行中"), "ended": ("ended", "已结束"), "detector": ("Detector", "检测器"),
    "expected": ("Failure expected", "预计故障"), "your_name": ("Your name", "您的姓名"), "save": ("Save", "保存"),
    "name_needed": ("Give your name first: every step bears who took it.", "请先填写姓名:每一步操作都记录操作人。"),
    "note": ("Note or reason", "备注或原因"), "technician": ("Technician", "维修人员"),
    "a_acknowledge": ("Acknowledge", "响应"), "a_assign": ("Assign", "派工"), "a_check_in": ("Check in", "到场签到"),
    "a_repair": ("Repaired", "修复"), "a_close": ("Close", "关闭"), "a_reopen": ("Reopen", "重开"),
    "a_pause": ("Pause", "暂停计时"), "a_resume": ("Resume", "恢复计时"), "a_loaner": ("Loaner delivered", "已送备品"),
    "a_note": ("Add note", "添加备注"), "other_tickets": ("All tickets of this boiler", "该壁挂炉全部工单"),
    "signals": ("Signals now", "当前信号"), "signal": ("Signal", "信号"), "value": ("Value", "数值"), "age": ("Age", "时间"),
    "unknown": ("unknown", "未知"), "link": ("Link", "通讯"), "last_heard": ("last heard", "最近上报"),
    "clock_skew": ("clock skew", "时钟偏差"), "online": ("online", "在线"), "offline": ("offline", "离线"),
    "register": ("Register", "档案"), "unregistered": ("Not in the register.", "未登记。"),
    "received": ("received", "接收"), "accepted": ("accepted", "接受"), "quarantined": ("quarantined", "隔离"),
    "repeated": ("repeated", "重复"), "retained": ("retained", "保留"), "status": ("status", "状态"),
    "balanced": ("balanced", "平衡"), "not_balanced": ("NOT BALANCED", "不平衡"), "lost": ("lost", "丢失"),
    "numbered": ("numbered publications", "有序号发布"), "not_accountable": ("not accountable", "不可核对"),
    "not_found": ("There is no such thing here.", "此处没有该内容。"), "back": ("Back to the tickets", "返回工单"),
    "language": ("中文", "English"), "window": ("Telemetry window", "遥测窗口"), "from": ("from", "自"),
}  # fmt: skip


def word(key: str, language: str) -> str:
    """Return a word in a language; a key without words stands for itself."""
    pair = WORDS.get(key)
    return key if pair is None else pair[language == "zh"]
