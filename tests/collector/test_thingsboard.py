"""ThingsBoard's device and gateway forms."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.codecs import ThingsBoard
from tests.dialect_samples import NOW_MS, codes_of, deliver, read, sample, values_of

T0 = 1_798_700_400_000


@pytest.fixture
def codec() -> ThingsBoard:
    return ThingsBoard("home")


def test_every_form_of_a_device_is_read_with_its_time(codec: ThingsBoard) -> None:
    batch, draft = read(codec, sample("thingsboard/device"))
    assert batch.sources == [("tb-7", "home", "tb-7")]
    assert batch.ts_ms.tolist() == [NOW_MS, T0 + 123, T0 + 10_000, T0 + 20_000, NOW_MS]
    assert batch.stamped.tolist() == [True, False, False, False, True]
    assert batch.columns["flow_temp_c"].tolist() == [61.2, 61.2, 61.0, 61.4, 61.9]
    assert values_of(batch, "tb-7")["water_pressure_bar"] == 1.43
    assert codes_of(batch) == [("501", True, ""), ("501", False, "")]
    assert [event.ts_ms for event in batch.events] == [T0 + 123, T0 + 20_000]
    assert not draft.refusals
    assert not draft.unknown


def test_a_gateways_devices_are_boilers_of_their_own(codec: ThingsBoard) -> None:
    batch, _ = read(codec, sample("thingsboard/gateway"))
    assert values_of(batch, "Boiler_A")["flow_temp_c"] == 61.2
    assert values_of(batch, "Boiler_B") == {"flow_temp_c": 44.2}
    assert [(batch.sources[s.source].boiler, s.online) for s in batch.statuses] == [
        ("Boiler_A", True), ("Boiler_B", True), ("Boiler_B", False),
    ]  # fmt: skip
    assert len(set(batch.hash.tolist())) == 2  # one a device, or one would be taken for a repeat of the other


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [("v1/devices/me/telemetry", {"flow_temp_c": 1}, "bad topic: only the login"), ("v1/devices/b 1/telemetry", {}, "bad topic"),
     ("v1/gateway/telemetry", [], "wrong shape"), ("v1/gateway/telemetry", {"锅炉": []}, "bad id"),
     ("v1/devices/tb-7/telemetry", 7, "wrong shape"), ("v1/devices/tb-7/telemetry", {"ts": T0, "values": 7}, "wrong shape"),
     ("v1/devices/tb-7/telemetry", {"ts": 7, "values": {}}, "bad time"), ("v1/gateway/connect", {"device": 7}, "wrong shape")],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_reason(
    codec: ThingsBoard, topic: str, payload: Any, reason: str
) -> None:
    batch, draft = deliver(codec, [(topic, json.dumps(payload).encode(), False)])
    assert [refusal.reason.startswith(reason) for refusal in draft.refusals] == [True]
    assert len(batch) == 0
    assert batch.ledger["quarantined"].sum() == 1


def test_one_bad_reading_takes_only_itself_and_one_time_is_one_row(codec: ThingsBoard) -> None:
    readings = [{"ts": T0, "values": {"flow_temp_c": 61}}, 7, {"ts": T0, "values": {"water_pressure_bar": 1.4}}]
    batch, draft = deliver(codec, [("v1/devices/tb-7/telemetry", json.dumps(readings).encode(), False)])
    assert batch.ts_ms.tolist() == [T0]
    assert values_of(batch, "tb-7") == {"flow_temp_c": 61, "water_pressure_bar": 1.4}
    assert len(draft.refusals) == 1
    assert batch.ledger["accepted"].sum() == 1


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["ts", "values", "flow_temp_c", "error_code", "device", "A 1"]), inner),
    ),
)
TOPICS = ["v1/gateway/telemetry", "v1/gateway/connect", "v1/devices/a/telemetry", "v1/devices/me/telemetry", "a/v2/t"]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TOPICS), st.one_of(st.binary(max_size=20), JSONS.map(lambda plain: json.dumps(plain).encode())), st.booleans()), max_size=6))  # fmt: skip
def test_no_payload_raises(deliveries: list[tuple[str, bytes, bool]]) -> None:
    deliver(ThingsBoard("home"), deliveries)
