"""Early faults: who fails next, and can the detectors be trusted?"""

from grafana.boards.common import BOILER, NO_TIME, OF_SITE, SEVERITY, SITE, TIME
from grafana.influxql import Query, above, differs, equals, name, named, of, select
from grafana.spec import Board, Column, Panel, Target
from grafana.variables import REGION
from grafana.variables import SITE as SITES
from grafana.words import Text

_FORTNIGHT_MS = 14 * 86_400_000


def _standing(*fields: str) -> Query:
    """Return the newest row of each finding's kind and boiler; cleared ones are to be left out outside."""
    columns = (of("last", "confidence"), *map(name, fields), name("state"))
    return select("finding", *columns).where(differs("boiler", ""), OF_SITE).within()


def _ranking() -> Panel:
    leaks = (
        _standing("loss_bar_per_day", "site", "failure_expected_at_ms").where(equals("kind", "slow_leak")).by("boiler")
    )
    worst = of("top", "loss_bar_per_day", "loss_bar_per_day", '"boiler"', "25")
    columns = (worst, name("site"), named(name("failure_expected_at_ms"), "expected"))
    query = select(leaks, *columns).where(differs("state", "cleared")).within().limit(25)
    return Panel(
        key="leaks", kind="table", title=Text("Losing pressure, fastest first", "降压排名"), width=12, height=12, unit="none",
        asks=Text("Which 25 boilers lose water fastest? Standing findings of this range.", "哪 25 台锅炉失水最快？取本范围内仍存在的发现。"),
        targets=(Target(query),), sort=("loss_bar_per_day", True), empty=Text("no leak found", "未发现漏水"),
        columns=(NO_TIME, BOILER, SITE, Column("loss_bar_per_day", "suffix:bar/d", decimals=3), Column("expected", "dateTimeFromNow")),
    )  # fmt: skip


def _expected() -> tuple[Panel, ...]:
    soon = (
        '"failure_expected_at_ms" - ${__to} > 0',
        f'"failure_expected_at_ms" - ${{__to}} <= {_FORTNIGHT_MS}',
        differs("state", "cleared"),
    )
    rows = _standing("failure_expected_at_ms", "site", "problem", "severity").by("boiler", "kind")
    columns = (
        named(name("failure_expected_at_ms"), "expected"), name("boiler"), name("site"), name("kind"), name("problem"),
        name("severity"), name("confidence"),
    )  # fmt: skip
    listed = select(rows, *columns).where(*soon).within().limit(200)
    bare = _standing("failure_expected_at_ms").by("boiler", "kind")
    counted = select(bare, of("count", "failure_expected_at_ms", "failures")).where(*soon).within()
    return (
        Panel(
            key="expected_count", kind="stat", title=Text("Failures expected in 14 days", "14 天内预计失效"), width=4, height=12, unit="short",
            asks=Text("How many boilers stop within a fortnight, if nobody comes?", "若无人处理，两周内多少台会停机？"),
            targets=(Target(counted, Text("Expected", "预计")),), steps=((None, "dark-orange"),), empty=Text("none", "无"),
        ),
        Panel(
            key="expected", kind="table", title=Text("Expected failures, next 14 days", "14 天内预计失效清单"), width=8, height=12, unit="none",
            asks=Text("Whom do we visit before it stops?", "应在停机前上门的有哪些？"), targets=(Target(listed),), sort=("expected", False),
            columns=(NO_TIME, BOILER, SITE, SEVERITY, Column("expected", "dateTimeFromNow"), Column("confidence", "percentunit")),
            empty=Text("none", "无"),
        ),
    )  # fmt: skip


def _quality() -> Panel:
    parts = [of("last", field) for field in ("raised", "open", "confirmed", "refuted")]
    rate = named('last("raised") / last("boiler_days") * 1000', "per_1000")
    query = select("detector_quality", *parts, rate).within().by("detector").series(100)
    return Panel(
        key="quality", kind="table", title=Text("Detectors' record", "检测器质量"), width=12, height=10, unit="short",
        asks=Text(
            "Can a detector be trusted? Findings per 1000 boiler-days, and what technicians found.", "检测器是否可信？每千台日发现数与现场核实结果。"
        ),
        targets=(Target(query),), sort=("raised", True), columns=(NO_TIME, Column("per_1000", "short", decimals=2)),
    )  # fmt: skip


def board() -> Board:
    """Return the engineers' board."""
    raised = select("finding", of("count", "id", "findings")).where(equals("state", "raised"), OF_SITE).within()
    kinds = Panel(
        key="kinds", kind="bars", title=Text("Raised by kind", "各类发现"), width=12, height=10, unit="short", interval="1h", is_stacked=True,
        asks=Text("What is found, and how often?", "发现了什么，多频繁？"), targets=(Target(raised.every(fill="none").by("kind"), by="kind"),),
    )  # fmt: skip
    newest_fields = ("boiler", "site", "kind", "severity", "confidence", "detector", "values")
    newest = select("finding", *map(name, newest_fields)).where(
        equals("state", "raised"), OF_SITE, above("confidence", 0)
    )
    table = Panel(
        key="newest", kind="table", title=Text("Newest findings", "最新发现"), width=24, height=10, unit="none", sort=("Time", True),
        asks=Text("What was raised last? The newest 200.", "最近出现了什么？最新 200 条。"),
        targets=(Target(newest.within().newest_first().limit(200)),),
        columns=(TIME, BOILER, SITE, SEVERITY, Column("confidence", "percentunit")), empty=Text("nothing was raised", "没有发现"),
    )  # fmt: skip
    return Board(
        "bw-early-faults", "early-faults", "engineer", Text("Early faults", "早期故障"),
        Text("Who fails next, and can we trust it?", "谁将失效，判断可信吗？"), "now-30d", "5m", (REGION, SITES),
        ((_ranking(), *_expected()), (_quality(), kinds), (table,)),
    )  # fmt: skip
