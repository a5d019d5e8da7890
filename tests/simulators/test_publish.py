"""Publishing in bulk, checked with the collector's own framing and codec; and what `simulate` refuses."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.errors import InputError
from boilerwatch.settings import MqttSettings
from collector.codecs import Draft, Message, Native
from collector.framing import Framer
from simulators import packets
from simulators.bulk import BulkNative
from simulators.dialects import Publication
from simulators.fleet import Fleet
from simulators.live_fleet import LiveView, add_fault

T0 = 1_798_700_000_000


@settings(max_examples=80, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 20_000), min_size=1, max_size=5),
    first=st.sampled_from([1, 7, 65_533]),
    five=st.booleans(),
)
def test_bulk_packets_are_what_a_subscriber_reads(sizes: list[int], first: int, five: bool) -> None:
    heads = [packets.head_of(f"boilers/s/b-{i}/telemetry") for i in range(len(sizes))]
    payloads = [b"x" * size for size in sizes]
    raw = b"".join(packets.publishes(heads, payloads, first, five=five))
    found, others = Framer(5 if five else 4, 1 << 20).feed(raw)
    assert not others
    assert found.topics == [f"boilers/s/b-{i}/telemetry".encode() for i in range(len(sizes))]
    assert found.payloads == payloads
    assert found.packet_ids == [(first + i - 1) % 65_535 + 1 for i in range(len(sizes))]


@pytest.mark.parametrize("five", [True, False])
@pytest.mark.parametrize(("qos", "retain"), [(0, True), (1, False), (1, True)])
def test_one_publication_keeps_its_flags(five: bool, qos: int, retain: bool) -> None:
    raw = packets.publish(Publication("OTGW/value/n", b"online", qos, retain), 9, five=five)
    found, _ = Framer(5 if five else 4, 1 << 20).feed(raw)
    assert (found.topics, found.payloads) == ([b"OTGW/value/n"], [b"online"])
    assert (found.retained_at, found.packet_ids) == ([0] if retain else [], [9 if qos else 0])


def test_a_connect_bears_login_and_will() -> None:
    mqtt = MqttSettings.model_validate({"username": "u", "password": "p", "protocol": "3.1.1"})
    raw = packets.connect(mqtt, "sim-1", Publication("t", b"offline", 1, True))
    assert raw == b"\x10\x23\x00\x04MQTT\x04\xee\x00\x1e\x00\x05sim-1\x00\x01t\x00\x07offline\x00\x01u\x00\x01p"


def test_the_brokers_receive_maximum_is_found_among_its_properties() -> None:
    assert packets.read_connack(b"\x00\x00\x06\x22\x00\x0a\x21\x00\x14", five=True) == (0, 20)
    assert packets.read_connack(b"\x00\x00\x00", five=True) == (0, 65_535)
    assert packets.read_connack(b"\x00\x05", five=False) == (5, 65_535)


def test_bulk_telemetry_is_numbered_by_boiler_and_says_what_is_fitted() -> None:
    bulk = BulkNative([("s", "b-0"), ("s", "b-1")], "boot")
    signals = {
        "water_pressure_bar": np.array([1.4, math.nan, 1.5]), "flame_on": np.array([1.0, 0.0, math.nan]),
        "burner_starts": np.array([70_000.0, 3.0, 70_001.0]),
    }  # fmt: skip
    heads, bodies = bulk.payloads(np.array([0, 1, 0]), np.array([T0, T0, T0 + 1]), signals)
    found = [(head[2:].decode(), json.loads(body)) for head, body in zip(heads, bodies, strict=True)]
    first, second = "boilers/s/b-0/telemetry", "boilers/s/b-1/telemetry"
    assert sorted(found, key=lambda pair: (pair[0], pair[1]["ts"])) == [
        (first, {"ts": T0, "boot": "boot", "seq": 0, "water_pressure_bar": 1.4, "flame_on": True, "burner_starts": 70_000}),
        (first, {"ts": T0 + 1, "boot": "boot", "seq": 1, "water_pressure_bar": 1.5, "burner_starts": 70_001}),
        (second, {"ts": T0, "boot": "boot", "seq": 0, "flame_on": False, "burner_starts": 3}),
    ]  # fmt: skip
    assert bulk.take_number(0) == 2
    draft = Draft(T0 + 1_000)
    Native().read([Message(head[2:], body, False) for head, body in zip(heads, bodies, strict=True)], draft)
    assert not draft.refusals
    assert not draft.unknown


def test_a_live_fleet_shows_every_boiler_and_a_fault_its_code() -> None:
    fleet = Fleet(5, 1, T0 / 1000)
    add_fault(fleet, "lockout_code:boiler-2:in_s=30", T0 / 1000)
    view = LiveView(fleet, "otgw")
    before, after = view.show(T0 / 1000 + 20), view.show(T0 / 1000 + 40)
    assert [member.gateway.boiler for member in view.members] == fleet.ids
    assert before.codes == []
    assert [(boiler, active) for boiler, _, _, active in after.codes] == [(1, True)]
    assert after.ts_ms.tolist() == [T0 + 40_000] * 5


def live(model: str, dialect: str, interval_s: float = 10.0, boilers: int = 3) -> LiveView:
    return LiveView(Fleet(boilers, 1, T0 / 1000, (model,)), dialect, interval_s=interval_s)


@pytest.mark.parametrize("dialect", ["native", "thingsboard"])
def test_a_gateway_that_tells_changes_only_leaves_out_what_it_has_told_but_every_half_hour(dialect: str) -> None:
    view = live("RBF 20", dialect)
    known: list[dict[str, float]] = [{}, {}, {}]
    whole, left_out = [], 0
    for step in range(400):
        shown = view.show(T0 / 1000 + 10 * step)
        for row, boiler in enumerate(shown.boiler.tolist()):
            told = {name: values[row] for name, values in shown.signals.items() if not math.isnan(values[row])}
            assert told, "who has nothing new says nothing"
            if len(told) < len(known[boiler]):
                left_out += 1
                assert all(known[boiler][name] != value for name, value in told.items())
            elif boiler == 0:
                whole.append(step)
            known[boiler] |= told
    assert left_out > 500
    assert {0, 180, 360} <= set(whole)


@pytest.mark.parametrize("dialect", ["mapped", "ems_esp_v37"])
def test_one_that_can_only_say_everything_says_nothing_while_nothing_changes(dialect: str) -> None:
    view, other = live("RBF 20", dialect, 2.0, 12), live("RBF 20", "native", 2.0, 12)
    said = 0
    for step in range(120):
        shown = view.show(T0 / 1000 + 2 * step)
        changed = other.show(T0 / 1000 + 2 * step)
        assert shown.boiler.tolist() == changed.boiler.tolist()
        assert not np.isnan(shown.signals["flow_temp_c"]).any()
        said += len(shown.boiler)
    assert 12 < said < 120 * 12


def test_opentherm_looks_for_changes_itself_and_a_periodic_gateway_says_all() -> None:
    for model, dialect in (("Duo 24", "otgw"), ("GB 24", "native")):
        view = live(model, dialect)
        fitted = {name: ~np.isnan(values) for name, values in view.show(T0 / 1000).signals.items()}
        for step in range(1, 20):
            shown = view.show(T0 / 1000 + 10 * step)
            assert shown.boiler.tolist() == [0, 1, 2]
            assert all((~np.isnan(values) == fitted[name]).all() for name, values in shown.signals.items())


def test_gateways_keep_their_own_intervals_and_a_code_waits_for_none() -> None:
    fleet = Fleet(24, 1, T0 / 1000, ("Condens 24", "Victrix 24"))
    add_fault(fleet, "lockout_code:boiler-2:in_s=100", T0 / 1000)
    view = LiveView(fleet, "native", interval_s=0.0)
    assert view.step_s() == 10
    at: dict[int, list[int]] = {boiler: [] for boiler in range(24)}
    told = []
    for step in range(200):
        shown = view.show(T0 / 1000 + 10 * step)
        for boiler in shown.boiler.tolist():
            at[boiler].append(10 * step)
        told += [(10 * step, boiler) for boiler, _, _, _ in shown.codes]
    assert told[0] == (100, 1)
    for boiler, model in enumerate(fleet.models):
        every = model.intervals_s[boiler % len(model.intervals_s)]
        extra = {when for when, who in told if who == boiler}
        assert set(at[boiler]) - extra == set(range(0, 2_000, every)) - extra
        assert extra <= set(at[boiler])
    assert {len(times) for times in at.values()} >= {2, 34, 200}


@pytest.mark.parametrize(
    ("text", "said"),
    [("melted:boiler-0001", "there is no such fault"), ("silent:boiler-0001", "this fleet cannot have it"),
     ("slow_leak:boiler-9", "no boiler 'boiler-9'"), ("slow_leak:boiler-0001:bars=3", "no parameter 'bars'"),
     ("slow_leak:boiler-0001:litres_per_day=much", "is no number")],
)  # fmt: skip
def test_a_wrong_fault_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        add_fault(Fleet(2, 1, T0 / 1000), text, 0)


def test_an_unknown_dialect_is_a_sentence() -> None:
    with pytest.raises(InputError, match="no such dialect"):
        LiveView(Fleet(2, 1, T0 / 1000), "morse")
