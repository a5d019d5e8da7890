"""ebusd in its three modes: the same boiler, the same readings."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.codecs import Ebusd
from tests.dialect_samples import codes_of, deliver, read, sample, values_of

BOILER = "vr-9"


@pytest.fixture
def codec() -> Ebusd:
    return Ebusd(["ebusd/{boiler}"], "home")


def say(codec: Ebusd, *pairs: tuple[str, str]) -> tuple[dict[str, float], list[tuple[str, bool, str]]]:
    batch, _ = deliver(codec, [(f"ebusd/{BOILER}/bai/{name}", text.encode(), False) for name, text in pairs])
    return values_of(batch, BOILER), codes_of(batch)


@pytest.mark.parametrize("mode", ["plain", "json", "short"])
def test_each_mode_gives_the_same_readings(codec: Ebusd, mode: str) -> None:
    batch, draft = read(codec, sample(f"ebusd/{mode}"))
    assert values_of(batch, BOILER) == {
        "flow_temp_c": 45.5, "return_temp_c": 38, "water_pressure_bar": 1.421, "outdoor_temp_c": 4.312, "dhw_temp_c": 47,
        "flow_setpoint_c": 48, "dhw_setpoint_c": 55, "dhw_flow_lpm": 0, "fan_speed_rpm": 3420, "fan_setpoint_rpm": 3450,
        "modulation_pct": 42, "ignition_time_s": 2.4, "flame_on": 1, "pump_on": 1, "dhw_active": 0,
        "burner_starts": 25300 + 41 + 40200 + 7, "burner_hours": 6390, "ignition_failures": 17,
    }  # fmt: skip
    assert codes_of(batch) == []
    assert not draft.refusals
    assert [status.online for status in batch.statuses] == [True]
    assert draft.dropped == {("IonisationVoltageLevel", "inverse_scale_without_unit"): 1}


def test_sums_wait_for_their_parts_and_never_fall_while_the_hundreds_roll_over(codec: Ebusd) -> None:
    assert say(codec, ("HcStarts", "25300"), ("HcUnderHundredStarts", "98"), ("HwcStarts", "100"))[0] == {}
    assert say(codec, ("HwcUnderHundredStarts", "3"))[0] == {"burner_starts": 25501}
    assert say(codec, ("HcUnderHundredStarts", "2"))[0] == {}
    assert say(codec, ("HcStarts", "25400"))[0] == {}
    assert say(codec, ("HcUnderHundredStarts", "2"))[0] == {"burner_starts": 25505}
    assert say(codec, ("HcStarts", "25500"), ("HcUnderHundredStarts", "0"))[0] == {"burner_starts": 25603}


def test_starts_without_their_tens_are_told_in_hundreds_once_that_is_sure(codec: Ebusd) -> None:
    assert say(codec, ("HcStarts", "25300"), ("HwcStarts", "100"))[0] == {}
    assert say(codec, ("HcStarts", "25300"))[0] == {"burner_starts": 25400}


@pytest.mark.parametrize("mode", ["plain", "json"])
def test_live_errors_are_vaillants_codes_and_go_one_by_one(codec: Ebusd, mode: str) -> None:
    batch, draft = read(codec, sample(f"ebusd/fault_{mode}"))
    assert codes_of(batch) == [("F.28", True, "vaillant")]
    assert say(codec, ("currenterror", "28;22;-;-;-"))[1] == [("F.22", True, "vaillant")]
    assert say(codec, ("currenterror", "22;-;-;-;-"))[1] == [("F.28", False, "vaillant")]
    if mode == "plain":
        assert draft.dropped["flow_temp_c", "sensor_fault"] == 1


def test_the_vendors_early_warnings_are_codes_and_states_of_running_are_none(codec: Ebusd) -> None:
    assert say(codec, ("Statenumber", "53"))[1] == [("S.53", True, "vaillant")]
    assert say(codec, ("Statenumber", "4"))[1] == [("S.53", False, "vaillant")]


def test_other_circuits_history_and_globals_are_counted_and_not_read(codec: Ebusd) -> None:
    topics = ["700/z1RoomTemp", "bai/errorhistory", "global/signal", "bai/FlowTemp/get"]
    batch, draft = deliver(codec, [(f"ebusd/{BOILER}/{topic}", b"45.5;ok", False) for topic in topics])
    assert not batch.columns
    assert sum(draft.unknown.values()) == 4


def test_a_message_that_is_not_json_though_it_begins_so_is_refused(codec: Ebusd) -> None:
    _, draft = deliver(
        codec, [(f"ebusd/{BOILER}/bai/Flame", b"{on", False), (f"ebusd/{BOILER}/bai/Flame", b"[1]", False)]
    )
    assert [refusal.reason.partition(":")[0] for refusal in draft.refusals] == ["not JSON", "wrong shape"]


NAMES = ["FlowTemp", "Status01", "currenterror", "HcStarts", "HwcStarts", "Statenumber", "Flame", "nothing"]
JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["value", "0", "temp", "$qq"]), inner)
    ),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(st.binary(max_size=20), JSONS.map(lambda plain: json.dumps(plain).encode())), st.booleans()), max_size=8))  # fmt: skip
def test_no_payload_raises(deliveries: list[tuple[str, bytes, bool]]) -> None:
    topics = [(f"ebusd/{BOILER}/bai/{name}", payload, retained) for name, payload, retained in deliveries]
    deliver(Ebusd(["ebusd/{boiler}"], "home"), topics)
