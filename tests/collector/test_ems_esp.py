"""EMS-ESP payloads of every generation, as gateways send them; forms after the field samples, numbers our own."""

import json
from typing import Any

import pytest

from boilerwatch.model import Batch
from collector.codecs import Draft, EmsEsp, Message


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
