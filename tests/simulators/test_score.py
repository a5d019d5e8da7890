"""Each rule of the score's definition, on findings and faults written by hand, edges included."""

import json
from pathlib import Path

import pytest

from boilerwatch.errors import InputError
from boilerwatch.model import Finding, FindingState, Severity
from boilerwatch.wire import finding_to_json
from simulators.episode import Episode, episodes_of, read_findings
from simulators.score import ActiveCode, duplicates_of, score
from simulators.score_report import report
from simulators.truth import Truth, read_truth, truth_csv

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T0 = 1_767_571_200_000
LEAK = Truth("b-1", "slow_leak", T0 + 10 * DAY, T0 + 20 * DAY, T0 + 21 * DAY)


def said(
    at_ms: int, kind: str = "slow_leak", problem: str = "low_water_pressure", chain: str = "water", boiler: str = "b-1",
    severity: Severity = "warning", cleared_ms: int | None = None, code: str = "",
) -> Episode:  # fmt: skip
    return Episode(f"{boiler}-{kind}-{at_ms}", boiler, kind, problem, chain, severity, at_ms, cleared_ms, code)


def outcome(episode: Episode, *faults: Truth, codes: list[ActiveCode] | None = None) -> str:
    (verdict,) = score([episode], faults or [LEAK], 1000, codes).verdicts
    return verdict.outcome


def is_found(*episodes: Episode, fault: Truth = LEAK) -> bool:
    (case,) = score(episodes, [fault], 1000).cases
    return case.is_found


FAILURE = LEAK.failure_ms or 0
REPAIRED = LEAK.repaired_ms or 0


def test_found_is_a_right_problem_raised_at_least_five_minutes_before_the_failure() -> None:
    assert is_found(said(FAILURE - 5 * MINUTE))
    assert not is_found(said(FAILURE - 5 * MINUTE + 1))
    assert not is_found(said(FAILURE - DAY, "flame_signal_decay", "flame_signal_weak", "flame"))
    assert not is_found(said(FAILURE - DAY, boiler="b-2"))


def test_what_was_raised_before_the_onset_finds_nothing_even_while_it_stays_open() -> None:
    assert is_found(said(LEAK.onset_ms - 10 * MINUTE))
    assert not is_found(said(LEAK.onset_ms - 10 * MINUTE - 1))
    assert outcome(said(LEAK.onset_ms - 10 * MINUTE - 1)) == "false"


def test_another_mechanism_of_the_same_problem_is_right_and_noted() -> None:
    (case,) = score([said(FAILURE - DAY, "relief_valve_weeping")], [LEAK], 1000).cases
    assert (case.is_found, case.right_mechanism) == (True, False)
    (case,) = score([said(FAILURE - DAY)], [LEAK], 1000).cases
    assert (case.is_found, case.right_mechanism) == (True, True)


def test_lead_time_runs_from_the_first_right_finding() -> None:
    (case,) = score([said(FAILURE - 30 * HOUR), said(FAILURE - 72 * HOUR)][::-1], [LEAK], 1000).cases
    assert case.lead_h == 72


def test_a_fault_known_by_its_problem_class_is_found_by_any_kind_of_that_problem() -> None:
    fault = Truth("b-1", "low_water_pressure", LEAK.onset_ms, FAILURE)
    assert is_found(said(FAILURE - DAY), fault=fault)
    assert not is_found(said(FAILURE - DAY, "vessel_flat", "high_water_pressure"), fault=fault)
    assert (fault.chain, fault.is_gradual) == ("water", True)


def test_an_advisory_finds_but_is_told_apart() -> None:
    (case,) = score([said(FAILURE - DAY, severity="advisory")], [LEAK], 1000).cases
    assert (case.is_found, case.only_advisory) == (True, True)
    both = [said(FAILURE - 2 * DAY, severity="advisory"), said(FAILURE - DAY)]
    (case,) = score(both, [LEAK], 1000).cases
    assert (case.is_found, case.only_advisory, case.lead_h) == (True, False, 48)


def test_a_finding_on_a_healthy_boiler_is_false() -> None:
    assert outcome(said(T0, boiler="b-2")) == "false"
    assert outcome(said(T0, boiler="b-2", severity="critical")) == "false"


def test_advisories_links_and_districts_are_never_false() -> None:
    assert outcome(said(T0, boiler="b-2", severity="advisory")) == "advisory"
    assert outcome(said(T0, "silent", "comms", "link", boiler="b-2")) == "link"
    assert outcome(said(T0, boiler="")) == "district"


def test_a_repaired_boiler_is_healthy_after_48_hours() -> None:
    wrong = ("flame_signal_decay", "flame_signal_weak", "flame")
    assert outcome(said(REPAIRED + 48 * HOUR, *wrong)) == "aftermath"
    assert outcome(said(REPAIRED + 48 * HOUR + 1, *wrong)) == "false"
    assert outcome(said(REPAIRED + 48 * HOUR)) == "right"
    assert outcome(said(REPAIRED + 48 * HOUR + 1)) == "false"


def test_another_problem_between_onset_and_failure_is_a_wrong_kind_not_false() -> None:
    assert outcome(said(FAILURE, "vessel_flat", "high_water_pressure")) == "wrong_kind"
    assert outcome(said(FAILURE, "flame_signal_decay", "flame_signal_weak", "flame")) == "wrong_chain"
    assert outcome(said(FAILURE + 1, "flame_signal_decay", "flame_signal_weak", "flame")) == "aftermath"
    both = [
        said(FAILURE - DAY, "vessel_flat", "high_water_pressure"),
        said(FAILURE - DAY, "fan_wear", "fan_fault", "air"),
    ]
    (case,) = score(both, [LEAK], 1000).cases
    assert (case.wrong_kinds, case.wrong_chains) == (2, 1)


def test_a_fault_without_repair_stays_and_one_without_failure_is_counted_apart() -> None:
    endless = Truth("b-1", "slow_leak", LEAK.onset_ms)
    assert outcome(said(T0 + 900 * DAY), endless) == "right"
    assert outcome(said(T0 + 900 * DAY, "vessel_flat", "high_water_pressure"), endless) == "wrong_kind"
    forestalled = Truth("b-1", "slow_leak", LEAK.onset_ms, None, REPAIRED)
    made = report(score([said(REPAIRED)], [endless, forestalled], 1000))
    assert (made.gradual.failed, made.gradual.recall, made.gradual.developing, made.gradual.developing_found) == (
        0,
        None,
        2,
        1,
    )
    assert outcome(said(REPAIRED + 1, "vessel_flat", "high_water_pressure"), forestalled) == "aftermath"


def test_of_two_faults_at_once_a_finding_is_right_for_the_one_it_names() -> None:
    fan = Truth("b-1", "fan_wear", LEAK.onset_ms - DAY, FAILURE)
    result = score([said(FAILURE - DAY)], [fan, LEAK], 1000)
    assert [case.is_found for case in result.cases] == [False, True]
    assert [case.wrong_kinds for case in result.cases] == [0, 0]


def code(at_ms: int, lasts_ms: int | None, boiler: str = "b-2") -> Episode:
    cleared = None if lasts_ms is None else at_ms + lasts_ms
    return said(at_ms, "lockout_code", "fan_fault", "air", boiler, "critical", cleared, "F.32")


def test_a_code_is_never_false_while_it_was_active() -> None:
    shown = [ActiveCode("b-2", "F.32", T0, T0 + DAY)]
    assert outcome(code(T0, None), codes=shown) == "code"
    assert outcome(code(T0 + DAY, None), codes=shown) == "code"
    assert outcome(code(T0 + DAY + 1, None), codes=shown) == "false"
    assert outcome(code(T0 - 10 * MINUTE - 1, None), codes=shown) == "false"
    assert outcome(code(T0, None), codes=[ActiveCode("b-2", "F.28", T0, None)]) == "false"
    assert outcome(code(T0, None), codes=[]) == "false"
    assert outcome(code(T0, None)) == "code", "believed where it is not known which codes were shown"


def test_codes_that_clear_within_ten_minutes_are_counted_apart() -> None:
    assert outcome(code(T0, 10 * MINUTE), codes=[]) == "transient_code"
    assert outcome(code(T0, 10 * MINUTE + 1), codes=[]) == "false"


def test_a_fault_that_is_only_a_code_is_named_by_any_code() -> None:
    fault = Truth("b-2", "lockout_code", T0, T0)
    assert outcome(code(T0, None), fault) == "right"
    assert outcome(said(T0, "fan_wear", "fan_fault", "air", "b-2"), fault) == "wrong_chain"


def test_duplicates_are_two_of_one_chain_open_at_once() -> None:
    first = said(T0, cleared_ms=T0 + DAY)
    assert duplicates_of([first, said(T0 + HOUR, "vessel_flat", "high_water_pressure")]) != []
    assert duplicates_of([first, said(T0 + DAY, "vessel_flat", "high_water_pressure")]) == []
    assert duplicates_of([first, said(T0 + HOUR, "fan_wear", "fan_fault", "air")]) == []
    assert duplicates_of([first, said(T0 + HOUR, boiler="b-2")]) == []
    assert duplicates_of([said(T0), said(T0 + 900 * DAY, "vessel_flat")]) != [], "the first is still open"
    away = [said(T0 + i, "silent", "comms", "link") for i in range(2)]
    assert duplicates_of(away) == []
    story = said(T0 + HOUR, "lockout_code", "low_water_pressure", code="F.22")
    assert duplicates_of([first, story]) == [], "the lock-out is the end of the same story"


def test_the_lines_of_one_finding_are_one_episode_of_its_gravest_severity() -> None:
    def line(state: FindingState, severity: Severity, at_ms: int) -> Finding:
        return Finding(
            id="b-1-slow_leak-1", kind="slow_leak", problem="low_water_pressure", chain="water", severity=severity,
            state=state, detector="d@1", raised_at_ms=T0, evidence_at_ms=at_ms, received_at_ms=at_ms, boiler="b-1",
            cleared_at_ms=at_ms if state == "cleared" else None,
        )  # fmt: skip

    (one,) = episodes_of(
        [line("raised", "advisory", T0), line("updated", "critical", T0 + 1), line("cleared", "warning", T0 + 2)]
    )
    assert (one.severity, one.raised_ms, one.cleared_ms) == ("critical", T0, T0 + 2)


def finding(at_ms: int, values: dict[str, float | int | str | bool | list[str]]) -> Finding:
    return Finding(
        id=f"b-1-slow_leak-{at_ms}", kind="slow_leak", problem="low_water_pressure", chain="water", severity="warning",
        state="raised", detector="slow_leak@1", raised_at_ms=at_ms, evidence_at_ms=at_ms, received_at_ms=at_ms, boiler="b-1",
        values=values,
    )  # fmt: skip


@pytest.mark.parametrize(("soonest_d", "latest_d", "met"), [(1.0, 3.0, 1), (0.0, 1.9, 0), (2.1, 9.0, 0)])
def test_a_forecast_is_met_where_the_boiler_stops_within_it(soonest_d: float, latest_d: float, met: int) -> None:
    told = {"days_to_limit_soonest": soonest_d, "days_to_limit_latest": latest_d}
    made = report(score(episodes_of([finding(FAILURE - 2 * DAY, {**told})]), [LEAK], 1000))
    assert (made.gradual.forecasts, made.gradual.forecasts_met) == (1, met)
    silent = report(score(episodes_of([finding(FAILURE - 2 * DAY, {})]), [LEAK], 1000))
    assert (silent.gradual.found, silent.gradual.forecasts) == (1, 0)


def test_the_report_has_rates_with_intervals() -> None:
    faults = [Truth(f"b-{i}", "slow_leak", T0, T0 + 10 * DAY) for i in range(20)]
    found = [said(T0 + i * DAY // 4, boiler=f"b-{i}") for i in range(19)]
    false = [said(T0, "fan_wear", "fan_fault", "air", boiler=f"healthy-{i}") for i in range(3)]
    made = report(score([*found, *false], faults, 6_000))
    (row,) = made.kinds
    assert (row.failed, row.found, row.recall) == (20, 19, 0.95)
    assert row.recall_95 == pytest.approx((0.764, 0.991), abs=0.001)
    assert (row.lead_median_h, row.lead_p10_h) == (240 - 9 * 6, pytest.approx(240 - 16.2 * 6))
    assert (made.false, made.false_per_1000, made.false_by_kind) == (3, 0.5, {"fan_wear": 3})
    assert made.false_per_1000_95 == pytest.approx((0.1031, 1.4612), abs=0.0001)
    assert [chain.name for chain in made.chains] == ["water"]
    assert json.loads(json.dumps(made.to_json()))["gradual"]["found"] == 19


def test_nothing_at_all_is_a_score_too() -> None:
    made = report(score([], [], 0))
    assert (made.false_per_1000, made.gradual.recall, made.kinds) == (None, None, [])


def test_truth_goes_to_a_file_and_back(tmp_path: Path) -> None:
    faults = [LEAK, Truth("b-2", "fan_wear", T0), Truth("b-3", "low_water_pressure", T0, None, T0 + 1)]
    path = tmp_path / "truth.csv"
    path.write_text(truth_csv(faults))
    assert read_truth(path) == faults
    live = [Truth("b-1", "slow_leak", T0, T0 + 1, None, T0 + 2), LEAK]
    path.write_text(truth_csv(live, arrived=True))
    assert read_truth(path) == live


HEAD = "boiler,kind,onset,failure,repaired\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("boiler,kind,onset\n", "missing: failure, repaired"),
        (HEAD + "b-1,leaky,2026-01-05T00:00:00Z,,\n", "line 2: 'leaky' is neither"),
        (HEAD + "b-1,slow_leak,,,\n", "line 2, onset: '' is no RFC 3339 time"),
        (HEAD + "b-1,slow_leak,2026-01-05T00:00:00,,\n", "line 2, onset: .* with a zone"),
        (HEAD + "b-1,slow_leak,2026-01-05T00:00:00Z,2026-01-04T00:00:00Z,\n", "failure lies before onset"),
        (
            HEAD + "b-1,slow_leak,2026-01-05T00:00:00Z,2026-01-07T00:00:00Z,2026-01-06T00:00:00Z\n",
            "repaired lies before",
        ),
        (HEAD + ",slow_leak,2026-01-05T00:00:00Z,,\n", "names no boiler"),
        (HEAD + "b-1,slow_leak\n", "onset: ''"),
    ],
)
def test_a_wrong_label_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_truth(path)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "line 1: this is not JSON"),
        (b"\n[]", "line 2: this is not a JSON object"),
        (b'{"id": "x"}', "not a finding"),
    ],
)
def test_a_wrong_finding_is_a_sentence(tmp_path: Path, body: bytes, sentence: str) -> None:
    path = tmp_path / "findings.jsonl"
    path.write_bytes(body)
    with pytest.raises(InputError, match=sentence):
        read_findings(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_findings(tmp_path / "none.jsonl")


def test_findings_are_read_from_lines(tmp_path: Path) -> None:
    finding = Finding(
        id="b-1-lockout_code-1", kind="lockout_code", problem="fan_fault", chain="air", severity="critical", state="raised",
        detector="codes@1", raised_at_ms=T0, evidence_at_ms=T0, received_at_ms=T0, boiler="b-1", values={"code": "F.32"},
    )  # fmt: skip
    path = tmp_path / "findings.jsonl"
    path.write_text(json.dumps(finding_to_json(finding)) + "\n\n")
    (one,) = episodes_of(read_findings(path))
    assert (one.code, one.is_code, one.boiler) == ("F.32", True, "b-1")
