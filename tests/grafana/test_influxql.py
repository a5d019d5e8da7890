"""The query builder quotes what it is given, and refuses what nothing bounds."""

import pytest

from boilerwatch.store.measurements import source_of
from grafana.influxql import among, chosen, differs, equals, name, of, select, tag_values


def test_values_cannot_leave_their_quotes() -> None:
    assert equals("site", "o'brien\\") == "\"site\" = 'o\\'brien\\\\'"
    assert differs("state", "cleared") == "\"state\" != 'cleared'"
    assert among("state", "a.b", "c/d") == '"state" =~ /^(a\\.b|c\\/d)$/'
    assert chosen("site", "site", "-") == '"site" =~ /^(${site:regex}|-)$/'


@pytest.mark.parametrize("bad", ['a"b', "", "a b", "1a", "a;DROP"])
def test_names_are_plain_words(bad: str) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        name(bad)


def test_a_query_is_one_text() -> None:
    query = select("boiler_1d", of("sum", "starts")).where(chosen("boiler", "boiler")).within().every("1d", "0")
    assert query.text() == (
        f'SELECT sum("starts") AS "starts" FROM {source_of("boiler_1d")} WHERE "boiler" =~ /^${{boiler:regex}}$/ AND '
        "$timeFilter GROUP BY time(1d) fill(0)"
    )
    newest = select("event", name("code")).within().newest_first().limit(5)
    assert newest.text() == 'SELECT "code" FROM "event" WHERE $timeFilter ORDER BY time DESC LIMIT 5'
    outer = select(select("event", of("count", "active", "n")).within().by("boiler"), of("max", "n"))
    assert "FROM (SELECT count(" in outer.text()


def test_what_nothing_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="rows without a limit"):
        select("event", name("code")).within().text()
    with pytest.raises(ValueError, match="grouped by boiler without a limit of series"):
        select("event", of("count", "active")).within().by("boiler").text()
    with pytest.raises(ValueError, match="neither the range nor its end"):
        select("event", of("count", "active")).text()


def test_tag_values_are_never_more_than_said() -> None:
    asked = tag_values("boiler_fact", "boiler", chosen("site", "site"), most=7)
    assert asked == 'SHOW TAG VALUES FROM "boiler_fact" WITH KEY = "boiler" WHERE "site" =~ /^${site:regex}$/ LIMIT 7'
