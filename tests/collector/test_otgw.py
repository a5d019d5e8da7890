"""OpenTherm gateways: each label, both sets of names, faults put together from many topics."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.codecs import Otgw
from tests.dialect_samples import NOW_MS, codes_of, deliver, read, sample, values_of

NODE = "OTGW/value/otgw-4C11AE0D1F2A"
BOILER = "otgw-4C11AE0D1F2A"


@pytest.fixture
def codec() -> Otgw:
    return Otgw(["OTGW"], "home")


def say(codec: Otgw, *pairs: tuple[str, str]) -> list[tuple[str, bool, str]]:
    batch, _ = deliver(codec, [(f"{NODE}/{label}", text.encode(), False) for label, text in pairs])
    return codes_of(batch)


def test_the_firmwares_labels_become_signals_in_our_units(codec: Otgw) -> None:
    batch, draft = read(codec, sample("otgw/v2"))
    assert values_of(batch, BOILER) == {
        "flow_setpoint_c": 55, "modulation_pct": 37, "water_pressure_bar": 1.45, "dhw_flow_lpm": 0, "flow_temp_c": 53.61,
        "return_temp_c": 44.2, "dhw_temp_c": 48.06, "dhw_setpoint_c": 55, "outdoor_temp_c": 4.3, "flue_temp_c": 58,
        "fan_setpoint_rpm": 3720, "fan_speed_rpm": 3660, "flame_current_ua": 21.5, "burner_starts": 18442,
        "burner_hours": 3120, "ignition_failures": 12, "flame_losses": 3, "ch_active": 1, "dhw_active": 0, "flame_on": 1,
    }  # fmt: skip
    assert codes_of(batch) == []  # 255 is no code, and a reset from afar being possible is no fault
    assert [(s.online, s.retained) for s in batch.statuses] == [(True, False)]
    assert batch.stamped.all()
    assert set(batch.ts_ms.tolist()) == {NOW_MS}
    assert not draft.refusals


def test_the_names_of_the_manual_are_the_same_signals(codec: Otgw) -> None:
    new, _ = read(codec, sample("otgw/v2"))
    old, draft = read(codec, sample("otgw/doc_names"))
    told = values_of(old, BOILER)
    assert len(told) == 12
    assert told == {name: value for name, value in values_of(new, BOILER).items() if name in told}
    assert not draft.unknown


def test_a_fault_is_its_flag_and_the_makers_number_and_goes_with_the_fault(codec: Otgw) -> None:
    batch, _ = read(codec, sample("otgw/fault"))
    assert codes_of(batch) == [("ASF.2", True, "opentherm"), ("118", True, "")]
    assert say(codec, ("OEMFaultCode", "118"), ("low_water_pressure", "ON")) == []
    assert say(codec, ("ASF_flags", "00000010"), ("fault", "OFF")) == [
        ("ASF.2", False, "opentherm"),
        ("118", False, ""),
    ]


@pytest.mark.parametrize("code", ["0", "255"])
def test_no_code_is_none(codec: Otgw, code: str) -> None:
    assert say(codec, ("OEMFaultCode", code)) == []


def test_a_makers_number_while_the_fault_flag_is_off_is_no_fault(codec: Otgw) -> None:
    assert say(codec, ("fault", "OFF"), ("OEMFaultCode", "28")) == []
    assert say(codec, ("fault", "ON")) == [("28", True, "")]


def test_retained_values_are_last_known_and_no_readings(codec: Otgw) -> None:
    batch, _ = read(codec, sample("otgw/v2"), retained=True)
    assert len(batch) == 0
    assert batch.ledger["retained"].sum() == len(sample("otgw/v2")) - 1
    assert [(s.online, s.retained) for s in batch.statuses] == [(True, True)]


def test_what_is_no_number_is_dropped_and_copies_of_other_sources_are_not_read(codec: Otgw) -> None:
    deliveries = [("Tret", b"warm"), ("CHPressure", b"99"), ("Tboiler_thermostat", b"60"), ("Tboiler/boiler", b"61")]
    batch, draft = deliver(codec, [(f"{NODE}/{label}", text, False) for label, text in deliveries])
    assert not batch.columns
    assert +draft.dropped == {("return_temp_c", "wrong_type"): 1, ("water_pressure_bar", "out_of_range"): 1}
    assert draft.unknown == {"otgw/tboiler_thermostat": 1, "otgw/tboiler/boiler": 1}


def test_a_bad_id_and_a_bad_status_are_refused(codec: Otgw) -> None:
    _, draft = deliver(codec, [("OTGW/value/o t/Tret", b"40", False), (NODE, b"maybe", False)])
    assert [refusal.reason.partition(":")[0] for refusal in draft.refusals] == ["bad topic", "wrong shape"]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["", "/Tret", "/ASF_flags", "/OEMFaultCode", "/fault", "/flame", "/x"]), st.binary(max_size=12), st.booleans()), max_size=12)
)  # fmt: skip
def test_no_payload_raises(deliveries: list[tuple[str, bytes, bool]]) -> None:
    deliver(Otgw(["OTGW"], "home"), [(f"{NODE}{label}", payload, retained) for label, payload, retained in deliveries])
