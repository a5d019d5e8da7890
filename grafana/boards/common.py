"""Columns and queries that several boards use."""

from grafana.influxql import Query, chosen, named, of, select
from grafana.spec import Column
from grafana.words import COLUMNS, FINDING_STATES, SEVERITIES, STATE_CODES, STATES, Text

HOUR_S, DAY_S = 3_600, 86_400
KEPT_STEPS = ((None, "dark-red"), (0.9, "dark-orange"), (0.95, "dark-green"))
LAG_STEPS = ((None, "dark-green"), (60.0, "dark-orange"), (300.0, "dark-red"))
NONE_IS_GOOD = ((None, "dark-green"), (1.0, "dark-red"))
OF_SITE = chosen("site", "site")

TIME = Column("Time", "dateTimeAsIso")
NO_TIME = Column("Time", is_hidden=True)
BOILER = Column("boiler", link="boiler")
TICKET = Column("ticket", link="ticket", width=90)
SITE = Column("site", link="site")
SEVERITY = Column("severity", looks=SEVERITIES)
FINDING_STATE = Column("state", looks=FINDING_STATES)
STATE_WORD = Column("state", looks=STATES)
STATE_CODE = Column("code", looks=STATE_CODES, title=COLUMNS["state"])
STATE_SERIES = tuple(Column(look.value, title=look.text, color=look.color) for look in STATES)


def states_now() -> Query:
    """Return how many boilers are in each state, by the newest count of each site; a site may lie in two regions."""
    newest = select("fleet_minute", of("last", "boilers")).where(OF_SITE).within().by("site", "region", "state")
    return select(newest, of("sum", "boilers")).within().by("state")


def states_over_time(*conditions: str) -> Query:
    """Return how many boilers were in each state."""
    each = select("fleet_minute", of("mean", "boilers")).where(*conditions, OF_SITE).within()
    parts = each.every().by("site", "region", "state")
    return select(parts, of("sum", "boilers")).within().every().by("state")


def kept(promise: str, *conditions: str) -> Query:
    """Return the share of a promise that was kept; no row where none was due, so that nothing due is never 0 %."""
    sums = select("promise_day", of("sum", f"{promise}_kept", "kept"), of("sum", f"{promise}_due", "due"))
    share = named('"kept" / "due"', "share")
    return select(sums.where(*conditions).within(), share).where('"due" > 0').within().limit(1)


PROMISES: dict[str, Text] = {
    "response": Text("Response 1 h", "响应 1 小时"),
    "on_site": Text("On site 2 h / 12 h", "到场 2/12 小时"),
    "repair": Text("Repair 12 d", "修复 12 天"),
}
