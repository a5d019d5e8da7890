"""What keeps a finding from a ticket, or puts it into another's: each with its reason, in the list's order."""

import pytest
from sqlalchemy import Connection, Engine, func, select

from alerting.actions import act
from alerting.database import read_ticket, read_tickets
from alerting.policy import HOUR_MS
from alerting.register import import_boilers
from alerting.release import release
from alerting.stages import STAGES
from alerting.tables import MEMBER, TICKET, VERDICT
from alerting.windows import end_window, set_window, windows
from boilerwatch.errors import TicketError
from boilerwatch.model import Finding
from boilerwatch.register import Boiler
from tests.alerting.fleet import POLICY, T0, finding, lockout, tell

MINUTE_MS = 60_000


def verdicts(connection: Connection) -> list[tuple[str, str]]:
    return [(row.stage, row.reason) for row in connection.execute(select(VERDICT).order_by(VERDICT.c.id))]


def no_gas(n: int, at_ms: int = T0) -> Finding:
    return lockout(f"g-{n}", at_ms, site="north", problem="ignition_failure", chain="flame")


def test_the_list_stands_in_its_order() -> None:
    assert [stage.__name__ for stage in STAGES] == [
        "ended", "maintenance", "mute", "dismissed", "advisory", "inhibit", "same_episode", "common_cause", "same_chain",
        "leads_to",
    ]  # fmt: skip


def test_maintenance_holds_back_and_lets_go_what_is_still_there(engine: Engine) -> None:
    import_boilers(engine, [Boiler("b-1", "s"), Boiler("b-2", "s")], T0)
    with engine.begin() as connection:
        set_window(connection, "maintenance", "site", "s", T0, T0 + HOUR_MS, "Chen", "yearly service", T0)
        tell(connection, lockout("b-1", T0 + MINUTE_MS), lockout("b-2", T0 + MINUTE_MS))
        tell(connection, lockout("b-2", T0 + MINUTE_MS, state="cleared", received_at_ms=T0 + 2 * MINUTE_MS))
        assert connection.execute(select(func.count()).select_from(TICKET)).scalar() == 0
    assert release(engine, POLICY, T0 + HOUR_MS - 1) == 0
    assert release(engine, POLICY, T0 + HOUR_MS) == 1
    assert release(engine, POLICY, T0 + HOUR_MS + 1) == 0
    with engine.connect() as connection:
        (ticket,) = read_tickets(connection, TICKET.c.id > 0)
        told = verdicts(connection)
    assert ticket.boiler == "b-1"
    assert ticket.obligations[0].started_at_ms == T0 + HOUR_MS
    assert told[0][0] == "maintenance"
    assert "Chen" in told[0][1]
    assert "yearly service" in told[0][1]


def test_a_mute_is_for_one_problem_and_ends_when_somebody_ends_it(engine: Engine) -> None:
    with engine.begin() as connection:
        number = set_window(
            connection, "mute", "boiler", "b-1", T0, T0 + 9 * HOUR_MS, "Li", "known", T0, problem="low_water_pressure"
        )
        tell(connection, finding(), finding(id="b-1-fan_wear-1", kind="fan_wear", problem="fan_fault", chain="air"))
        end_window(connection, number, "Li", T0 + HOUR_MS)
        tell(connection, finding(state="updated", received_at_ms=T0 + 2 * HOUR_MS))
        problems = [one.problem for one in read_tickets(connection, TICKET.c.id > 0)]
        over = windows(connection, T0 + 2 * HOUR_MS, past=5)
    assert sorted(problems) == ["fan_fault", "low_water_pressure"]
    assert [(one.ended_by, one.ends_at_ms) for one in over] == [("Li", T0 + HOUR_MS)]


@pytest.mark.parametrize(
    ("change", "word"),
    [({"actor": " "}, "who sets this"), ({"reason": ""}, "written reason"), ({"subject": "b 1"}, "not a boiler"),
     ({"scope": "planet"}, "not a boiler"), ({"problem": "gremlins"}, "is no problem"), ({"ends_at_ms": T0 - 1}, "must end"),
     ({"ends_at_ms": T0 + 500 * 24 * HOUR_MS}, "within a year")],
)  # fmt: skip
def test_a_window_that_makes_no_sense_is_a_sentence(engine: Engine, change: dict[str, object], word: str) -> None:
    plain: dict[str, object] = {
        "what": "mute", "scope": "boiler", "subject": "b-1", "starts_at_ms": T0, "ends_at_ms": T0 + HOUR_MS, "actor": "Li",
        "reason": "known", "now_ms": T0,
    }  # fmt: skip
    with engine.begin() as connection:
        with pytest.raises(TicketError, match=word):
            set_window(connection, **(plain | change))  # type: ignore[arg-type]
        assert windows(connection, T0) == []


def test_a_graver_one_inhibits_what_says_nothing_new_beside_it(engine: Engine) -> None:
    cycling = finding(id="b-1-short_cycling-1", kind="short_cycling", problem="short_cycling", chain="control")
    with engine.begin() as connection:
        tell(connection, lockout("b-1"), cycling)
        assert verdicts(connection)[-1] == ("inhibit", "b-1-lockout_code-1 says it already")
        tell(connection, lockout("b-1", state="cleared", received_at_ms=T0 + HOUR_MS))
        tell(connection, finding(**{**_plain(cycling), "state": "updated", "received_at_ms": T0 + 2 * HOUR_MS}))
        assert [one.problem for one in read_tickets(connection, TICKET.c.chain == "control")] == ["short_cycling"]


def _plain(one: Finding) -> dict[str, object]:
    return {name: getattr(one, name) for name in ("id", "kind", "problem", "chain")}


def test_a_sites_common_cause_is_one_incident_with_members(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, *(no_gas(n, T0 + n * 1_000) for n in range(40)))
        opened = read_tickets(connection, TICKET.c.open_key.isnot(None))
        closed = read_tickets(connection, TICKET.c.open_key.is_(None))
        boilers = connection.execute(select(func.count()).select_from(MEMBER)).scalar()
        told = verdicts(connection)
    (incident,) = opened
    assert (incident.district, incident.boiler, boilers) == (True, "north", 40)
    assert [one.name for one in incident.obligations] == ["response", "on_site"]
    assert [one.history[-1].facts["merged_into"] for one in closed] == [incident.id] * 4
    assert told[4] == ("common_cause", "5 boilers of site north report ignition_failure: one incident")


def test_an_incident_is_over_when_its_last_boiler_is_well(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, *(no_gas(n) for n in range(6)))
        number = read_tickets(connection, TICKET.c.open_key.isnot(None))[0].id
        for n in range(6):
            one = read_ticket(connection, number)
            assert one is not None
            assert one.cleared_at_ms is None
            tell(connection, lockout(f"g-{n}", T0, site="north", problem="ignition_failure", chain="flame",
                                     state="cleared", received_at_ms=T0 + (n + 1) * MINUTE_MS))  # fmt: skip
        one = read_ticket(connection, number)
    assert one is not None
    assert one.cleared_at_ms == T0 + 6 * MINUTE_MS


def test_a_ticket_somebody_works_on_is_not_merged(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, no_gas(0))
        act(connection, POLICY, 1, "acknowledge", "Li", T0 + 1)
        tell(connection, *(no_gas(n, T0 + n * 1_000) for n in range(1, 6)))
        mine = read_ticket(connection, 1)
    assert mine is not None
    assert mine.state == "acknowledged"


def test_spread_over_hours_they_are_stories_of_their_own(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, *(no_gas(n, T0 + n * HOUR_MS) for n in range(8)))
        assert len(read_tickets(connection, TICKET.c.open_key.isnot(None))) == 8
