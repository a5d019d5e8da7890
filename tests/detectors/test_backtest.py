"""What other limits would have changed: stories paired, tickets, stops foretold, and what visits had found."""

from typing import Any

from boilerwatch.model import Finding
from detectors.backtest import Judged, Story, compare, judge, side_of, stops_of, stories_of

HOUR = 3_600_000


def raised(boiler: str, kind: str, hour: float, severity: str = "warning", **more: Any) -> Finding:
    plain: dict[str, Any] = {
        "id": f"{boiler}-{kind}-{more.pop('number', 1)}", "kind": kind, "problem": more.pop("problem", "low_water_pressure"),
        "chain": more.pop("chain", "water"), "severity": severity, "state": "raised", "detector": "d@1",
        "raised_at_ms": round(hour * HOUR), "evidence_at_ms": round(hour * HOUR), "received_at_ms": 0, "boiler": boiler,
    }  # fmt: skip
    return Finding(**plain | more)


def lockout(boiler: str, hour: float, number: int = 1, **more: Any) -> Finding:
    return raised(boiler, "lockout_code", hour, "critical", number=number, values={"code": "F.22"}, **more)


def told(*findings: Finding) -> list[Story]:
    return stories_of(findings)


def test_stories_are_paired_and_named_by_what_became_of_them() -> None:
    before = told(raised("a", "slow_leak", 10), raised("b", "slow_leak", 10), raised("c", "fan_wear", 10),
                  raised("e", "fan_wear", 10), raised("f", "fan_wear", 10, "advisory"))  # fmt: skip
    after = told(raised("a", "slow_leak", 7), raised("b", "slow_leak", 15), raised("d", "fan_wear", 10),
                 raised("e", "fan_wear", 10, "advisory"), raised("f", "fan_wear", 10))  # fmt: skip
    changes = [(one.what, one.subject, one.hours, one.tickets) for one in compare(before, after)]
    assert changes == [
        ("earlier", "a", -3.0, 0), ("later", "b", 5.0, 0), ("gone", "c", 0.0, -1), ("added", "d", 0.0, 1),
        ("milder", "e", 0.0, -1), ("graver", "f", 0.0, 1),
    ]  # fmt: skip
    assert compare(before, before) == []


def test_a_story_that_becomes_a_warning_sooner_is_earlier_though_it_was_known_as_long() -> None:
    def known(warned_hour: float) -> list[Story]:
        first = raised("a", "slow_leak", 10, "advisory")
        later = raised("a", "slow_leak", 10, "warning", state="updated", evidence_at_ms=round(warned_hour * HOUR))
        return told(first, later)

    (change,) = compare(known(40), known(30))
    assert (change.what, change.hours) == ("earlier", -10.0)


def test_codes_of_one_kind_are_stories_of_their_own() -> None:
    before = told(raised("a", "lockout_code", 10, values={"code": "F.22"}))
    after = told(raised("a", "lockout_code", 10, values={"code": "F.28"}))
    assert [(one.what, one.story.key) for one in compare(before, after)] == [
        ("gone", "lockout_code:F.22"), ("added", "lockout_code:F.28"),
    ]  # fmt: skip


def test_warnings_of_one_chain_that_overlap_are_one_ticket_and_advisories_are_none() -> None:
    leak = raised("a", "slow_leak", 10)
    over = raised("a", "slow_leak", 10, state="cleared", cleared_at_ms=20 * HOUR)
    stories = told(leak, over, raised("a", "relief_valve_weeping", 15), raised("a", "slow_leak", 30, number=2))
    assert side_of(stories, []).tickets == 1
    apart = told(leak, over, raised("a", "slow_leak", 30, number=2), raised("b", "slow_leak", 30, "advisory"))
    assert side_of(apart, []).tickets == 2
    assert side_of(apart, []).told == 3


def test_a_stop_is_foretold_by_a_warning_that_stood_and_led_there_and_by_nothing_else() -> None:
    stop = lockout("a", 100)
    again = lockout("a", 110, number=2)
    (one,) = stops_of(told(stop, again))
    assert side_of(told(raised("a", "slow_leak", 10), raised("a", "slow_leak", 50, number=2), stop), [one]).leads_h == (
        90,
    )
    for no_warning in (
        raised("b", "slow_leak", 10), raised("a", "slow_leak", 99.95), raised("a", "slow_leak", 10, "advisory"),
        raised("a", "fan_wear", 10, problem="fan_fault", chain="air"),
    ):  # fmt: skip
        assert side_of(told(no_warning, stop), [one]).leads_h == ()
    over = raised("a", "slow_leak", 10, state="cleared", cleared_at_ms=20 * HOUR)
    assert side_of(told(raised("a", "slow_leak", 10), over, stop), [one]).leads_h == ()
    assert side_of(told(raised("a", "vessel_flat", 10, problem="high_water_pressure"), stop), [one]).leads_h == (90,)
    assert len(stops_of(told(stop, lockout("a", 149, number=2)))) == 2


def test_what_visits_found_says_which_findings_one_would_miss_and_which_one_would_not() -> None:
    before = told(raised("a", "slow_leak", 10), raised("b", "slow_leak", 10), raised("c", "slow_leak", 10))
    after = told(raised("a", "slow_leak", 12), raised("c", "slow_leak", 10, "advisory"))
    judged = [Judged("a", "slow_leak", 10 * HOUR, "confirmed"), Judged("b", "slow_leak", 10 * HOUR, "refuted"),
              Judged("c", "slow_leak", 10 * HOUR, "refuted"), Judged("z", "slow_leak", 10 * HOUR, "refuted")]  # fmt: skip
    met = judge(before, after, judged)
    assert (met["confirmed"].judged, met["confirmed"].still, met["confirmed"].warned_now) == (1, 1, 1)
    refuted = met["refuted"]
    assert (refuted.judged, refuted.still, refuted.warned_then, refuted.warned_now) == (2, 1, 2, 0)
    assert {one.subject: one.found for one in compare(before, after, judged)} == {
        "a": "confirmed", "b": "refuted", "c": "refuted",
    }  # fmt: skip
    assert judge(before, after, judged[3:]) == {}
