"""EMS-ESP payloads of every generation, as gateways send them; forms after the field samples, numbers our own."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.model import Batch
from collector.codecs import Draft, EmsEsp, Message
from tests import dialect_samples as samples
from tests.dialect_samples import codes_of


def read(codec: EmsEsp, *messages: tuple[str, Any, bool]) -> tuple[Batch, Draft]:
    draft = Draft(1_800_000_000_000)
    raw = [Message(t.encode(), p if isinstance(p, bytes) else json.dumps(p).encode(), r) for t, p, r in messages]
    codec.read(raw, draft)
    return draft.close(), draft


@pytest.fixture
def codec() -> EmsEsp:
    return EmsEsp(["ems-esp/{boiler}"], "home")


FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "2.0 camel case": ("boiler_data", {"sysPress": 1.7, "curFlowTemp": 48.2, "pumpMod": 60, "burnGas": "on", "wWCurTmp": 45.1}),
    "3.5 flat ww": ("boiler_data", {"syspress": 1.7, "curflowtemp": 48.2, "heatingpumpmod": 60, "burngas": "on", "wwcurtemp": 45.1}),
    "3.7 nested": ("boiler_data", {"syspress": 1.7, "curflowtemp": 48.2, "heatingpumpmod": 60, "burngas": True, "dhw": {"curtemp": 45.1}}),
    "german": ("boiler_data", {"syspress": 1.7, "curflowtemp": 48.2, "heatingpumpmod": 60, "burngas": "an", "dhw": {"curtemp": 45.1}}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_generation_gives_the_same_reading(codec: EmsEsp, form: str) -> None:
    leaf, payload = FORMS[form]
    batch, _ = read(codec, (f"ems-esp/gw-1/{leaf}", payload, False))
    values = {name: column.tolist() for name, column in batch.columns.items()}
    assert values == {
        "water_pressure_bar": [1.7], "flow_temp_c": [48.2], "pump_modulation_pct": [60], "flame_on": [1], "dhw_temp_c": [45.1],
    }  # fmt: skip
    assert batch.sources == [("gw-1", "home", "gw-1")]
    assert batch.stamped.all()


@pytest.mark.parametrize(
    ("leaf", "payload", "signal", "value"),
    [("boiler_data_dhw", {"curtemp": 45.1}, "dhw_temp_c", 45.1), ("boiler_data_ww", {"wwcurtemp": 45.1}, "dhw_temp_c", 45.1),
     ("boiler_data/syspress", b"1.7", "water_pressure_bar", 1.7), ("boiler/dhw/curtemp", b"45.1", "dhw_temp_c", 45.1),
     ("boiler_data", {"burnworkmin": 120}, "burner_hours", 2.0)],
)  # fmt: skip
def test_single_topics_are_read(codec: EmsEsp, leaf: str, payload: Any, signal: str, value: float) -> None:
    batch, _ = read(codec, (f"ems-esp/gw-1/{leaf}", payload, False))
    assert batch.columns[signal].tolist() == [value]


def test_a_live_fault_is_an_event_once_and_a_state_is_none(codec: EmsEsp) -> None:
    normal = {"servicecode": "-H", "servicecodenumber": 200}
    fault = {"servicecode": "2E", "servicecodenumber": 207}
    topic = "ems-esp/gw-1/boiler_data"
    batch, _ = read(codec, (topic, normal, False), (topic, fault, False), (topic, fault, False), (topic, normal, False))
    assert [(event.code, event.active) for event in batch.events] == [("2E/207", True), ("2E/207", False)]


def test_lastcode_is_history_unless_it_lasts_until_now(codec: EmsEsp) -> None:
    topic = "ems-esp/gw-1/boiler_data"
    past = {"lastcode": "1C(210) 06.06.2020 12:07 (0 min)"}
    live = {"lastcode": "H01(3048) 14.11.2021 16:56 - now"}
    batch, _ = read(codec, (topic, past, False), (topic, live, False))
    assert [(event.code, event.active) for event in batch.events] == [("H01/3048", True)]


def test_retained_values_are_no_news_and_status_is(codec: EmsEsp) -> None:
    batch, _ = read(
        codec, ("ems-esp/gw-1/boiler_data", {"syspress": 1.7}, True), ("ems-esp/gw-1/status", b"offline", True)
    )
    assert len(batch) == 0
    assert [(status.online, status.retained) for status in batch.statuses] == [(False, True)]
    assert {name: int(counts.sum()) for name, counts in batch.ledger.items()} == {
        "received": 2,
        "retained": 1,
        "status": 1,
    }


def test_bad_payloads_are_refused_with_a_reason(codec: EmsEsp) -> None:
    batch, draft = read(codec, ("ems-esp/gw-1/boiler_data", b"[1]", False), ("ems-esp/gw 1/boiler_data", {}, False))
    assert [refusal.reason.partition(":")[0] for refusal in draft.refusals] == ["wrong shape", "bad topic"]
    assert len(batch) == 0


SAMPLED = {
    "v20": ("gw-20", {"water_pressure_bar": 1.4, "flow_temp_c": 48.3, "return_temp_c": 46.9, "dhw_temp_c": 44.1, "dhw_setpoint_c": 60, "flow_setpoint_c": 5, "modulation_pct": 0, "flame_on": 0, "pump_on": 0}),
    "v21": ("gw-21", {"water_pressure_bar": 1.5, "flow_temp_c": 37.6, "return_temp_c": 36.8, "dhw_temp_c": 44.1, "dhw_setpoint_c": 60, "flow_setpoint_c": 30, "ch_active": 0, "dhw_active": 0}),
    "v34": ("gw-34", {"water_pressure_bar": 1.3, "flow_temp_c": 31.2, "outdoor_temp_c": 6.4, "dhw_temp_c": 41.8, "dhw_setpoint_c": 59, "dhw_active": 0}),
    "v35_flat": ("gw-35", {"water_pressure_bar": 1.2, "flow_temp_c": 27.4, "dhw_temp_c": 41.8, "dhw_setpoint_c": 59, "pump_modulation_pct": 55, "pump_on": 1}),
    "v37_nested": ("gw-37", {"water_pressure_bar": 1.5, "flow_temp_c": 57.9, "flame_current_ua": 35.8, "modulation_pct": 58, "dhw_active": 1, "dhw_setpoint_c": 60, "dhw_temp_c": 47.2}),
    "v37_split": ("gw-web", {"water_pressure_bar": 1.4, "flow_temp_c": 49.0, "dhw_temp_c": 45.3, "dhw_setpoint_c": 59}),
    "v37_single": ("gw-one", {"water_pressure_bar": 1.6, "flow_temp_c": 62.4, "flame_current_ua": 24.6, "burner_starts": 99713, "burner_hours": 867970 / 60, "dhw_temp_c": 47.2, "dhw_flow_lpm": 0}),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLED)
def test_our_sample_of_each_generation_is_read(codec: EmsEsp, name: str) -> None:
    boiler, expected = SAMPLED[name]
    batch, draft = samples.read(codec, samples.sample(f"emsesp/{name}"))
    found = samples.values_of(batch, boiler)
    assert {signal: found[signal] for signal in expected} == pytest.approx(expected)
    assert codes_of(batch) == []
    assert not draft.refusals
    assert [status.online for status in batch.statuses] == [True]


def test_a_live_fault_that_display_and_last_code_both_show_is_told_once(codec: EmsEsp) -> None:
    samples.read(codec, samples.sample("emsesp/v37_nested"))
    batch, _ = samples.read(codec, samples.sample("emsesp/v37_fault"))
    assert codes_of(batch) == [("2E/207", True, "bosch_ems")]
    assert samples.values_of(batch, "gw-37")["water_pressure_bar"] == 0.3


def test_display_text_and_number_in_topics_of_their_own_are_one_code(codec: EmsEsp) -> None:
    def say(key: str, text: str) -> list[tuple[str, bool, str]]:
        return codes_of(samples.deliver(codec, [(f"ems-esp/gw-1/boiler_data/{key}", text.encode(), False)])[0])

    assert say("servicecode", "-H") + say("servicecodenumber", "200") == []
    assert say("servicecode", "2E") + say("servicecodenumber", "207") == [("2E/207", True, "bosch_ems")]
    assert say("servicecode", "0H") + say("servicecodenumber", "203") == [("2E/207", False, "bosch_ems")]


def test_a_chosen_set_point_gives_way_to_the_one_in_force(codec: EmsEsp) -> None:
    deliveries = [("seltemp", b"58"), ("settemp", b"60"), ("seltemp", b"58")]
    batch, _ = samples.deliver(codec, [(f"ems-esp/gw-1/boiler_data/dhw/{key}", raw, False) for key, raw in deliveries])
    assert batch.columns["dhw_setpoint_c"].tolist() == [58, 60]


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["sysPress", "servicecode", "servicecodenumber", "lastcode", "dhw", "burnGas"]), inner),
    ),
)  # fmt: skip
LEAVES = ["boiler_data", "boiler_data_ww", "boiler_data/syspress", "boiler/servicecodenumber", "status", "x"]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LEAVES), st.one_of(st.binary(max_size=20), JSONS.map(lambda plain: json.dumps(plain).encode())), st.booleans()), max_size=6))  # fmt: skip
def test_no_payload_raises(deliveries: list[tuple[str, bytes, bool]]) -> None:
    topics = [(f"ems-esp/gw-1/{leaf}", payload, retained) for leaf, payload, retained in deliveries]
    samples.deliver(EmsEsp(["ems-esp/{boiler}"], "home"), topics)
