"""Topics, times and findings on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boilerwatch import wire
from boilerwatch.errors import InputError
from boilerwatch.model import Finding

FINDING = Finding(
    id="b-1-slow_leak-1", boiler="b-1", site="s1", kind="slow_leak", problem="low_water_pressure", chain="water",
    severity="warning", state="raised", evidence_at_ms=1_767_542_400_000, raised_at_ms=1_767_542_400_000,
    received_at_ms=1_767_542_400_500, failure_expected_at_ms=1_768_000_000_000, confidence=0.9,
    values={"loss_bar_per_day": 0.044}, detector="slow_leak@1",
)  # fmt: skip


@given(site=st.from_regex(wire.ID, fullmatch=True), boiler=st.from_regex(wire.ID, fullmatch=True))
def test_a_native_topic_is_taken_apart_as_it_was_made(site: str, boiler: str) -> None:
    assert wire.parse_topic(wire.topic_of(site, boiler, wire.EVENT)) == (site, boiler, wire.EVENT)


@pytest.mark.parametrize(
    "topic",
    ["boilers/s/b", "boilers/s/b/telemetry/x", "boilers//b/telemetry", "boilers/s/b#/event", "boilers/s/锅炉/event",
     "boilers/s/" + "b" * 65 + "/event", "other/s/b/event", "boilers/s/b/data", "boilers/s/b\n/event"],
)  # fmt: skip
def test_any_other_topic_is_not_native(topic: str) -> None:
    assert wire.parse_topic(topic) is None


@given(at_ms=st.integers(0, 4_102_444_800_000))
def test_times_survive_their_text(at_ms: int) -> None:
    assert wire.parse_time(wire.format_time(at_ms)) == at_ms


@pytest.mark.parametrize("text", ["2026-01-05T00:00:00", "2026-01-05", "yesterday", ""])
def test_a_time_without_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        wire.parse_time(text)


def test_a_finding_survives_its_json() -> None:
    plain = wire.finding_to_json(FINDING)
    assert plain["raised_at"] == "2026-01-04T16:00:00Z"
    assert "district" not in plain
    assert wire.finding_from_json(plain) == FINDING


@pytest.mark.parametrize("change", [{"severity": "fatal"}, {"raised_at": "soon"}, {"id": 7}])
def test_json_that_is_no_finding_is_a_sentence(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not a finding"):
        wire.finding_from_json(wire.finding_to_json(FINDING) | change)
