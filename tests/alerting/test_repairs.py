"""Repairs that hold, that do not, and what follows; closing never loses what is still there."""

from sqlalchemy import Connection, Engine, select

from alerting.actions import act
from alerting.database import read_ticket, read_tickets
from alerting.policy import HOUR_MS
from alerting.repairs import claims_of
from alerting.tables import FINDING, SERVICE_OUTBOX, TICKET
from alerting.ticket import Ticket
from boilerwatch.model import Finding
from tests.alerting.fleet import POLICY, T0, finding, lockout, tell

DAY_MS = 24 * HOUR_MS


def leak(number: int, at_ms: int, **changes: object) -> Finding:
    plain = {"id": f"b-1-slow_leak-{number}", "raised_at_ms": at_ms, "evidence_at_ms": at_ms, "received_at_ms": at_ms}
    return finding(**(plain | changes))


def mend(connection: Connection, number: int, at_ms: int, **facts: object) -> Ticket:
    """Answer, repair and close a ticket."""
    act(connection, POLICY, number, "acknowledge", "Li", at_ms)
    act(connection, POLICY, number, "repair", "Chen", at_ms + HOUR_MS, facts=dict(facts))
    return act(connection, POLICY, number, "close", "Li", at_ms + 2 * HOUR_MS, facts={"verdict": "confirmed"})


def opened(connection: Connection) -> list[Ticket]:
    return read_tickets(connection, TICKET.c.open_key.isnot(None))


def test_a_problem_back_within_the_watch_window_is_a_repair_that_did_not_hold(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, leak(1, T0), leak(1, T0 + HOUR_MS, state="cleared"))
        mend(connection, 1, T0 + 2 * HOUR_MS)
        tell(connection, leak(2, T0 + 10 * DAY_MS))
        first, second = read_ticket(connection, 1), read_ticket(connection, 2)
    assert first is not None
    assert second is not None
    assert (first.not_held, second.claims) == (("low_water_pressure",), ())


def test_after_the_watch_window_it_is_a_new_story(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, leak(1, T0), leak(1, T0 + HOUR_MS, state="cleared"))
        mend(connection, 1, T0 + 2 * HOUR_MS)
        tell(connection, leak(2, T0 + 40 * DAY_MS))
        first = read_ticket(connection, 1)
    assert first is not None
    assert first.not_held == ()


def test_two_in_a_row_that_did_not_hold_make_the_claim_once(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(1, 4):
            at_ms = T0 + number * 5 * DAY_MS
            tell(connection, leak(number, at_ms), leak(number, at_ms + HOUR_MS, state="cleared"))
            mend(connection, number, at_ms + 2 * HOUR_MS)
        third = read_ticket(connection, 3)
        claims = claims_of(connection, "b-1")
        tell(connection, leak(4, T0 + 21 * DAY_MS), leak(4, T0 + 22 * DAY_MS, state="updated"))
        later = claims_of(connection, "b-1")
    assert third is not None
    assert third.claims == ("low_water_pressure",)
    assert [row.ticket_id for row in claims] == [3]
    assert [row.ticket_id for row in later] == [3, 4]


def test_a_repair_between_that_held_breaks_the_row(engine: Engine) -> None:
    with engine.begin() as connection:
        for number, at_ms in ((1, T0), (2, T0 + 5 * DAY_MS), (3, T0 + 60 * DAY_MS), (4, T0 + 65 * DAY_MS)):
            tell(connection, leak(number, at_ms), leak(number, at_ms + HOUR_MS, state="cleared"))
            mend(connection, number, at_ms + 2 * HOUR_MS)
        assert claims_of(connection, "b-1") == []


def test_what_the_repair_did_not_name_gets_a_ticket_of_its_own_at_closing(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(
            connection, leak(1, T0), finding(id="b-1-vessel_flat-1", kind="vessel_flat", problem="high_water_pressure")
        )
        done = mend(connection, 1, T0 + HOUR_MS, problems=["low_water_pressure"])
        tickets = opened(connection)
    assert done.state == "closed"
    assert done.not_held == ("low_water_pressure",)
    assert sorted(one.problem for one in tickets) == ["high_water_pressure"]


def test_closed_while_still_raised_did_not_hold_and_goes_on_in_a_new_ticket(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, leak(1, T0))
        done = mend(connection, 1, T0 + HOUR_MS)
        (fresh,) = opened(connection)
    assert done.not_held == ("low_water_pressure",)
    assert fresh.problem == "low_water_pressure"


def test_what_was_closed_as_refuted_stays_quiet_until_it_clears_or_the_boiler_stops(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, leak(1, T0))
        act(connection, POLICY, 1, "close", "Li", T0 + HOUR_MS, facts={"verdict": "refuted"})
        tell(connection, leak(1, T0 + 2 * HOUR_MS, state="updated"))
        assert opened(connection) == []
        assert connection.execute(select(FINDING.c.judged)).scalar() == "refuted"
        tell(connection, leak(1, T0 + 3 * HOUR_MS, state="updated", severity="critical"))
        assert [one.reported for one in opened(connection)] == [True]


def test_a_better_diagnosis_changes_the_problem_by_a_transition(engine: Engine) -> None:
    weak = finding(id="b-1-flame_signal_decay-1", kind="flame_signal_decay", problem="flame_signal_weak", chain="flame")
    with engine.begin() as connection:
        tell(connection, weak, lockout("b-1", T0 + HOUR_MS, problem="flame_loss", chain="flame"))
        seen = read_ticket(connection, 1)
        told = act(connection, POLICY, 1, "diagnose", "Chen", T0 + 2 * HOUR_MS, facts={"problem": "gas_valve"})
    assert seen is not None
    assert (seen.problem, told.problem) == ("flame_loss", "gas_valve")
    assert [one.actor for one in told.history if one.action in ("diagnosis", "diagnose")] == ["system", "Chen"]


def test_a_reopened_ticket_is_the_open_one_again_with_a_clock(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, lockout("b-1"), lockout("b-1", state="cleared", received_at_ms=T0 + 1))
        mend(connection, 1, T0 + HOUR_MS)
        again = act(connection, POLICY, 1, "reopen", "Li", T0 + DAY_MS, "the customer called: cold again")
        (listed,) = opened(connection)
    assert listed.id == again.id == 1
    running = [(one.name, one.number, one.due_at_ms - T0) for one in again.obligations if one.running]
    assert running == [("on_site", 2, DAY_MS + 2 * HOUR_MS)]


def test_the_detectors_are_told_of_repairs_and_parts(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, leak(1, T0), leak(1, T0 + 1, state="cleared"))
        mend(connection, 1, T0 + HOUR_MS, part="expansion vessel")
        rows = [(row.body["what"], row.body["ticket"], row.actor) for row in connection.execute(select(SERVICE_OUTBOX))]
    assert rows == [("repaired", "1", "Chen"), ("part_replaced", "1", "Chen")]
