"""A burst against a system that merely cools: written by hand from what heating systems do (devices guide 6)."""

import numpy as np

from boilerwatch.model import Floats
from detectors.catalogue.limits import Limits
from tests.detectors.series import findings_of, series

HOURS = np.arange(0, 5 * 24, 1 / 12)
#: Two hours of heating, then two without: 0.45 bar up and down, down within three quarters of an hour.
PHASE = HOURS % 4
SWING = np.where(PHASE < 2, np.clip(PHASE / 0.7, 0, 1), np.clip((2.75 - PHASE) / 0.75, 0, 1))
BAR = 1.35 + 0.45 * SWING


def told(bar: Floats, flow: Floats) -> list[tuple[str, float]]:
    columns = {"water_pressure_bar": bar.round(2), "flow_temp_c": flow, "flame_on": (PHASE < 2) * 1.0}
    found = findings_of([series(HOURS, columns)], [Limits()])
    return [(one.kind, (one.raised_at_ms - 1_767_571_200_000) / 3_600_000) for one in found if one.state == "raised"]


def test_a_system_that_cools_faster_than_its_sensor_shows_is_no_burst() -> None:
    flow = np.where(PHASE < 2, 62.0, 55.0 - 4 * np.clip(PHASE - 2, 0, 2))  # a warm boiler, radiators gone cold
    assert told(BAR, flow) == []


def test_a_burst_is_told_below_the_boilers_own_floor_well_before_it_is_empty() -> None:
    flow = np.where(PHASE < 2, 62.0, 45.0)
    begins = 4 * 24 + 1.5
    burst = np.maximum(BAR - 0.9 * np.maximum(HOURS - begins, 0), 0)
    found = dict(told(burst, flow))
    empty = HOURS[burst < 0.5][0]
    assert begins < found["burst_leak"] < empty - 0.25


def test_without_a_past_a_fall_counts_below_the_alarm_of_eight_tenths() -> None:
    bar = np.maximum(1.5 - 0.8 * np.maximum(HOURS - 2, 0), 0)
    found = dict(told(bar, np.full(len(HOURS), 45.0)))
    assert found["burst_leak"] >= HOURS[bar < 0.8][0]


def test_radiators_that_are_bled_lose_pressure_at_once_and_then_no_more() -> None:
    for litres_bar in (0.08, 0.35):
        bled = BAR - litres_bar * (HOURS > 82.8)
        assert told(bled, np.full(len(HOURS), 50.0)) == [], litres_bar


def test_a_house_that_freezes_while_its_boiler_fires_now_and_then_is_one_story() -> None:
    fires = (HOURS > 24) & (HOURS < 72) & (HOURS % 2 < 0.5)
    flow = np.where((HOURS > 24) & (HOURS < 72), np.where(fires, 14.0, 2.0), 40.0)
    columns = {"flow_temp_c": flow, "flame_on": fires * 1.0, "outdoor_temp_c": np.full(len(HOURS), -8.0)}
    found = findings_of([series(HOURS, columns)], [Limits()])
    assert [(one.kind, one.state) for one in found] == [("frost_risk", "raised"), ("frost_risk", "cleared")]
    assert found[1].cleared_at_ms is not None
    assert 78 <= (found[1].cleared_at_ms - 1_767_571_200_000) / 3_600_000 < 78.5


def test_a_flow_sensor_that_breaks_in_frost_is_no_freezing_house() -> None:
    """An open sensor reads next to nothing at once; water cools by some kelvins a minute at most, and its return with it."""
    broken, cooling = HOURS > 60, np.clip(55 - 2 * (HOURS - 60), 2.0, 55.0)
    frost = {"outdoor_temp_c": np.full(len(HOURS), -8.0), "flame_on": np.zeros(len(HOURS))}

    def frosts(**columns: Floats) -> list[str]:
        return [one.kind for one in findings_of([series(HOURS, frost | columns)], [Limits()])]

    warm_return = np.full(len(HOURS), 45.0)
    assert (
        frosts(flow_temp_c=np.where(broken, 1.5, 50.0), return_temp_c=warm_return) == []
    )  # it stays beside a warm return
    brief = np.where(broken & (HOURS < 60.7), 1.5, 50.0)
    assert frosts(flow_temp_c=brief, water_pressure_bar=np.full(len(HOURS), 1.5)) == []  # it fell faster than water can
    freezes = np.where(HOURS < 60, 50.0, cooling)
    assert frosts(flow_temp_c=freezes, return_temp_c=freezes - 1) == ["frost_risk"]


def test_a_system_filled_too_far_is_one_story_however_often_its_house_is_heated() -> None:
    hot = np.where(HOURS < 96, 1.35 + 1.5 * SWING, 1.35)  # 2.85 bar hot, 1.35 bar cold, every four hours for four days
    columns = {
        "water_pressure_bar": hot.round(2),
        "flow_temp_c": np.full(len(HOURS), 55.0),
        "flame_on": (PHASE < 2) * 1.0,
    }
    found = findings_of([series(HOURS, columns)], [Limits()])
    assert [(one.kind, one.state) for one in found if one.kind == "filling_loop_passing"] == [
        ("filling_loop_passing", "raised"),
        ("filling_loop_passing", "cleared"),
    ]


def test_a_boiler_switched_off_for_a_service_shrinks_its_water_and_does_not_burst() -> None:
    flow = np.where(HOURS < 90, 66.0, np.maximum(66.0 - 20 * (HOURS - 90), 40.0))
    bar = np.where(HOURS < 90, 2.05, 2.05 - 0.027 * (66.0 - flow))  # a weak vessel: 0.65 bar over 24 K
    columns = {"water_pressure_bar": bar.round(2), "flow_temp_c": flow, "flame_on": (HOURS < 90) * 1.0}
    assert findings_of([series(HOURS, columns)], [Limits()]) == []


MINUTES = np.arange(0, 30 * 60) / 60
RESTARTS = (MINUTES > 26) & (MINUTES < 26.1)


def minutely(**columns: Floats) -> list[str]:
    found = findings_of([series(MINUTES, columns)], [Limits()])
    return [one.kind for one in found if one.state == "raised"]


def test_a_gateway_that_starts_anew_and_tells_noughts_for_minutes_says_nothing_of_sensor_water_or_frost() -> None:
    bar, flow, back = (np.where(RESTARTS, 0.0, value) for value in (1.5, 24.0, 22.0))
    lit, cold = np.ones(len(MINUTES)), np.full(len(MINUTES), -8.0)
    assert (
        minutely(water_pressure_bar=bar, flow_temp_c=flow, return_temp_c=back, flame_on=lit, outdoor_temp_c=cold) == []
    )
    assert (
        minutely(flow_temp_c=flow, return_temp_c=back, flame_on=0 * lit, outdoor_temp_c=cold) == []
    )  # no pressure sensor
    assert minutely(water_pressure_bar=bar, flow_temp_c=flow, outdoor_temp_c=cold) == []  # nor a return


def test_a_pressure_alone_at_nought_and_a_house_that_freezes_are_told_as_ever() -> None:
    late, lit = MINUTES > 26, np.ones(len(MINUTES))
    warm = np.full(len(MINUTES), 50.0)
    gone = minutely(water_pressure_bar=np.where(late, 0.0, 1.5), flow_temp_c=warm, return_temp_c=warm - 8, flame_on=lit)
    assert gone == ["pressure_sensor_failed"]
    cools = np.maximum(24 - 4 * MINUTES, 0).round(0)  # whole degrees: exactly nought in the end, and told on the way
    bar = np.full(len(MINUTES), 1.2)
    frozen = minutely(water_pressure_bar=bar, flow_temp_c=cools, return_temp_c=cools, flame_on=0 * lit)
    assert frozen == ["frost_risk"]
