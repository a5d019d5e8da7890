"""Ticket lists written by hand against the truth: each way a list can be right or wrong."""

import json

import pytest

from simulators.ticket_score import TicketSeen, score_tickets
from simulators.truth import Truth

T0, SECOND, HOUR = 1_767_571_200_000, 1_000, 3_600_000
FAULT = Truth("b-1", "slow_leak", T0 - 100 * HOUR, T0)


def ticket(number: int = 1, boiler: str = "b-1", **changed: object) -> TicketSeen:
    plain = {
        "chain": "water", "problem": "low_water_pressure", "kind": "slow_leak", "opened_ms": T0 - 50 * HOUR,
        "clock_start_ms": T0 + SECOND, **changed,
    }  # fmt: skip
    return TicketSeen(number, boiler, **plain)  # type: ignore[arg-type]  # a test's shorthand


def counts(tickets: list[TicketSeen], *truth: Truth) -> dict[str, int]:
    return {name: count for name, count in score_tickets(tickets, truth or [FAULT]).counts().items() if count}


RIGHT = {"failures": 1, "right_boiler": 1, "right_chain": 1, "right_problem": 1, "right_clock": 1}


def test_one_right_ticket_is_right() -> None:
    assert counts([ticket()]) == RIGHT
    (match,) = score_tickets([ticket()], [FAULT]).matches
    assert match.clock_error_ms == SECOND


def test_a_failure_without_a_ticket_is_missing() -> None:
    assert counts([]) == {"failures": 1, "missing": 1}
    assert counts([ticket(boiler="b-2")]) == {"failures": 1, "missing": 1, "surplus": 1}
    assert counts([ticket(closed_ms=T0 - 1)]) == {"failures": 1, "missing": 1, "wrong_cause": 1}, (
        "closed before it failed"
    )


@pytest.mark.parametrize("start_ms", [T0 + 10 * SECOND, T0 - 10 * SECOND])
def test_the_clock_may_start_ten_seconds_from_the_arrival(start_ms: int) -> None:
    assert counts([ticket(clock_start_ms=start_ms)]) == RIGHT
    late = start_ms + (1 if start_ms > T0 else -1)
    assert "right_clock" not in counts([ticket(clock_start_ms=late)])


def test_a_clock_that_never_started_is_wrong() -> None:
    assert "right_clock" not in counts([ticket(clock_start_ms=None)])


def test_what_arrived_later_than_it_happened_counts_from_its_arrival() -> None:
    fault = Truth("b-1", "slow_leak", T0 - HOUR, T0, None, T0 + HOUR)
    assert counts([ticket(clock_start_ms=T0 + HOUR)], fault) == RIGHT
    assert "right_clock" not in counts([ticket()], fault)


def test_the_cause_is_right_by_problem_or_half_right_by_chain() -> None:
    vessel = counts([ticket(problem="high_water_pressure", kind="vessel_flat")])
    assert (vessel["right_chain"], vessel.get("right_problem")) == (1, None)
    fan = counts([ticket(chain="air", problem="fan_fault")])
    assert (fan["right_boiler"], fan.get("right_chain")) == (1, None)


def test_two_open_tickets_of_one_story_are_double() -> None:
    assert counts([ticket(1), ticket(2)]) == {**RIGHT, "double": 1}
    assert counts([ticket(1), ticket(2, opened_ms=T0 - 90 * HOUR, closed_ms=T0 - 60 * HOUR)]) == {
        **RIGHT,
        "wrong_cause": 1,
    }


def test_the_right_ticket_is_taken_for_the_failure_and_the_other_left() -> None:
    assert counts([ticket(1, chain="air", problem="fan_fault"), ticket(2)]) == {**RIGHT, "wrong_cause": 1}


def test_a_developing_fault_may_have_a_ticket_and_needs_none() -> None:
    developing = Truth("b-1", "slow_leak", T0 - HOUR)
    assert counts([], developing) == {}
    assert counts([ticket(clock_start_ms=None)], developing) == {"early": 1}
    assert counts([ticket(chain="air", problem="fan_fault")], developing) == {"wrong_cause": 1}


def test_link_tickets_are_left_out_and_any_code_is_right_for_a_code() -> None:
    assert counts([ticket(chain="link", problem="comms")]) == {"failures": 1, "missing": 1}
    code = Truth("b-1", "lockout_code", T0, T0)
    assert counts([ticket(chain="flame", problem="ignition_failure")], code) == RIGHT


def test_a_score_is_plain_json() -> None:
    plain = json.loads(json.dumps(score_tickets([ticket(1), ticket(2)], [FAULT]).to_json()))
    assert plain["other_tickets"][0]["what"] == "double"
