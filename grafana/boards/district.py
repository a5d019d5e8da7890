"""A district or site: which of its boilers stands out, and do weather, gas or link explain it?"""

from grafana.boards.common import (
    BOILER,
    NO_TIME,
    OF_SITE,
    STATE_CODE,
    STATE_SERIES,
    STATE_WORD,
    states_over_time,
)
from grafana.influxql import above, chosen, equals, name, named, of, select, upto
from grafana.spec import Board, Column, Panel, Target
from grafana.variables import BOILERS, BOILERS_LISTED, FIND, MODEL, REGION
from grafana.variables import SITE as SITES
from grafana.words import COLUMNS, Text

_OF_BOILERS = chosen("boiler", "boiler")


def _now() -> Panel:
    query = (
        select("boiler_state", of("last", "code"), name("state"))
        .where(_OF_BOILERS, OF_SITE, upto())
        .by("boiler", "site")
    )
    return Panel(
        key="now", kind="table", title=Text("Boilers, gravest first", "锅炉现状（重者在前）"), width=9, height=11, unit="none",
        asks=Text(
            f"In which state is each boiler, and since when? The first {BOILERS_LISTED} of the choice.",
            f"每台锅炉处于什么状态，自何时起？所选的前 {BOILERS_LISTED} 台。",
        ),
        targets=(Target(query.series(BOILERS_LISTED)),),
        columns=(Column("Time", "dateTimeFromNow", title=COLUMNS["since"]), BOILER, Column("site"), STATE_CODE, STATE_WORD),
        sort=("code", True),
    )  # fmt: skip


def _compared() -> Panel:
    parts = (
        of("last", "cold_pressure_bar", "cold_bar"), of("min", "water_pressure_bar_min", "lowest_bar"),
        of("mean", "flow_temp_c_mean", "flow_c"), of("mean", "return_temp_c_mean", "return_c"),
        named('sum("flame_on_s") / 3600', "flame_h"), of("sum", "starts"), of("sum", "readings"),
    )  # fmt: skip
    query = select("boiler_1d", *parts).where(_OF_BOILERS, OF_SITE).within().by("boiler").series(BOILERS_LISTED)
    bar = Column(
        "cold_bar", "pressurebar", steps=((None, "dark-red"), (0.8, "dark-orange"), (1.0, "dark-green")), decimals=2
    )
    return Panel(
        key="compared", kind="table", title=Text("Compared, from days", "对比（按日汇总）"), width=15, height=11, unit="none",
        asks=Text("Which boiler of this site stands out?", "哪台锅炉与众不同？"), targets=(Target(query),), sort=("cold_bar", False),
        columns=(
            NO_TIME, BOILER, bar, Column("lowest_bar", "pressurebar", decimals=2), Column("flow_c", "celsius", decimals=1),
            Column("return_c", "celsius", decimals=1), Column("flame_h", "h", decimals=1), Column("starts", "short"),
            Column("readings", "short"),
        ),
    )  # fmt: skip


def _surroundings() -> tuple[Panel, ...]:
    weather = select("boiler", of("mean", "outdoor_temp_c", "outdoor")).where(_OF_BOILERS, OF_SITE).within()
    flame = select("boiler_15m", of("mean", "flame_current_ua_mean", "flame")).where(
        OF_SITE, above("modulation_pct_mean", 0)
    )
    found = select("finding", of("count", "id", "findings")).where(equals("state", "raised"), OF_SITE).within()
    return (
        Panel(
            key="weather", kind="lines", title=Text("Outdoor temperature, 24 h", "室外温度 24 小时"), width=8, height=8, unit="celsius",
            asks=Text("Is it the weather?", "是天气原因吗？"), last="24h", interval="15m",
            targets=(Target(weather.every(), Text("Mean of the boilers' sensors", "各锅炉传感器平均")),),
        ),
        Panel(
            key="gas", kind="lines", title=Text("Flame current while burning", "燃烧时火焰电流"), width=8, height=8, unit="suffix:µA", interval="15m",
            asks=Text(
                "Is it the gas? When supply falls, the flames of a whole site weaken together.",
                "是燃气原因吗？供气不足时，整个站点的火焰会一起变弱。",
            ),
            targets=(Target(flame.within().every().by("site"), by="site"),),
        ),
        Panel(
            key="found", kind="table", title=Text("What was found here", "此处的发现"), width=8, height=8, unit="short", sort=("findings", True),
            asks=Text("What do detectors find here: gas, link, or single boilers?", "检测器在此发现了什么：燃气、通讯还是单台故障？"),
            targets=(Target(found.by("kind").series(100)),), columns=(NO_TIME,), empty=Text("nothing found", "未发现"),
        ),
    )  # fmt: skip


def _link() -> tuple[Panel, ...]:
    silent = select("site_link", of("max", "silent")).where(OF_SITE).within().every().by("site")
    lost = select("site_link", of("max", "lost")).where(OF_SITE).within().every().by("site")
    return (
        Panel(
            key="silent", kind="lines", title=Text("Silent boilers by site", "各站点失联锅炉"), width=8, height=8, unit="short",
            asks=Text("Is it the link?", "是通讯原因吗？"), interval="1m", targets=(Target(silent, by="site"),),
        ),
        Panel(
            key="lost", kind="lines", title=Text("Readings lost so far, by site", "各站点累计丢失"), width=8, height=8, unit="short",
            asks=Text("Do readings get lost on the way?", "读数是否在途中丢失？"), interval="1m", targets=(Target(lost, by="site"),),
        ),
        Panel(
            key="states", kind="lines", title=Text("States over time", "状态变化"), width=8, height=8, unit="short", is_stacked=True,
            asks=Text("How did the site fare?", "站点整体情况如何变化？"), interval="1m", columns=STATE_SERIES,
            targets=(Target(states_over_time(), by="state"),),
        ),
    )  # fmt: skip


def board() -> Board:
    """Return the district's board."""
    return Board(
        "bw-district", "district", "viewer", Text("District and site", "片区与站点"),
        Text("Which boiler of this site stands out, and why?", "这个站点哪台锅炉异常，为什么？"), "now-7d", "1m",
        (REGION, SITES, MODEL, FIND, BOILERS), ((_now(), _compared()), _surroundings(), _link()),
    )  # fmt: skip
