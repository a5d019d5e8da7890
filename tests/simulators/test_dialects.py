"""Simulated gateways beside samples of real ones, and what they say read back by the collector."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from boilerwatch.errors import InputError
from boilerwatch.settings import load
from boilerwatch.store.sqlite import SqliteStore
from collector.codecs import Codec, Draft, Ebusd, EmsEsp, Mapped, Message, Native, Otgw, ThingsBoard
from simulators.dialects import DIALECTS, Gateway, Moment, Publication, speaker_of
from tests import dialect_samples as samples

T0 = 1_798_700_000_000
#: Every signal, each a value that rounding would show.
VALUES = {
    "water_pressure_bar": 1.437, "flow_temp_c": 58.23, "return_temp_c": 47.18, "flow_setpoint_c": 60.0, "dhw_temp_c": 46.07,
    "dhw_setpoint_c": 55.0, "dhw_flow_lpm": 6.23, "flue_temp_c": 57.3, "outdoor_temp_c": -3.48, "modulation_pct": 48.0,
    "flame_current_ua": 28.13, "fan_speed_rpm": 3840.0, "fan_setpoint_rpm": 3900.0, "pump_modulation_pct": 70.0,
    "ignition_time_s": 2.1, "flame_on": 1.0, "pump_on": 1.0, "ch_active": 1.0, "dhw_active": 0.0, "burner_starts": 24_187.0,
    "burner_hours": 4_410.0, "ignition_failures": 9.0, "flame_losses": 2.0,
}  # fmt: skip
#: Dialect -> its sample, the boiler in it, the family, and signals the sampled boiler does not have.
SAMPLED = {
    "native": ("native/native", "b-1", "bosch_ems", ("dhw_setpoint_c", "dhw_flow_lpm")),
    "ems_esp_v20": ("emsesp/v20", "gw-20", "bosch_ems", ("flue_temp_c", "outdoor_temp_c")),
    "ems_esp_v34": ("emsesp/v34", "gw-34", "bosch_ems", ("flue_temp_c",)),
    "ems_esp_v37": ("emsesp/v37_nested", "gw-37", "bosch_ems", ("flue_temp_c", "outdoor_temp_c")),
    "otgw": ("otgw/v2", "otgw-4C11AE0D1F2A", "siemens_bsb", ()),
    "ebusd_plain": ("ebusd/plain", "vr-9", "vaillant", ()),
    "ebusd_json": ("ebusd/json", "vr-9", "vaillant", ()),
    "ebusd_short": ("ebusd/short", "vr-9", "vaillant", ()),
    "thingsboard": ("thingsboard/gateway", "Boiler A", "ariston", tuple(VALUES.keys() - {"water_pressure_bar", "flow_temp_c", "return_temp_c", "modulation_pct", "flame_on", "burner_starts"})),
    "mapped": ("mapped/dtu", "8675301", "immergas", ()),
}  # fmt: skip
#: Publications of our samples that a simulated boiler has no reason for: values no signal of ours tells.
NOT_SIMULATED = {
    "otgw": r".*/(MaxTSet|CHPumpOperationHours|DHWBurnerStarts)",
    "thingsboard": r"v1/gateway/disconnect",
}
#: Dialect -> (signal -> resolution where it is not exact, signals it does not carry).
TENTHS = {"flow_temp_c": 0.1, "return_temp_c": 0.1, "dhw_temp_c": 0.1, "outdoor_temp_c": 0.1, "flue_temp_c": 0.1,
          "water_pressure_bar": 0.1, "flame_current_ua": 0.1, "dhw_flow_lpm": 0.1, "burner_hours": 1 / 60}  # fmt: skip
NO_FAN = ("fan_speed_rpm", "fan_setpoint_rpm", "ignition_time_s", "ignition_failures", "flame_losses")
HUNDREDTHS = dict.fromkeys(("flow_temp_c", "return_temp_c", "dhw_temp_c", "outdoor_temp_c", "water_pressure_bar", "flame_current_ua", "dhw_flow_lpm"), 0.01)  # fmt: skip
HALVES = {"flow_temp_c": 0.5, "return_temp_c": 0.5, "dhw_temp_c": 0.5, "outdoor_temp_c": 0.01, "water_pressure_bar": 0.001, "dhw_flow_lpm": 0.01}  # fmt: skip
CARRIED: dict[str, tuple[dict[str, float], tuple[str, ...]]] = {
    "native": ({}, ()),
    "ems_esp_v20": (TENTHS, (*NO_FAN, "ch_active", "dhw_active")),
    "ems_esp_v34": (TENTHS, NO_FAN),
    "ems_esp_v37": (TENTHS, NO_FAN),
    "otgw": ({**HUNDREDTHS, "flue_temp_c": 1, "fan_speed_rpm": 60, "fan_setpoint_rpm": 60, "burner_hours": 1}, ("pump_modulation_pct", "ignition_time_s", "pump_on")),
    **dict.fromkeys(("ebusd_plain", "ebusd_json", "ebusd_short"), (HALVES, ("flue_temp_c", "flame_current_ua", "pump_modulation_pct", "ch_active", "flame_losses"))),
    "thingsboard": ({}, ()),
    "mapped": ({"flow_temp_c": 0.1, "return_temp_c": 0.1, "dhw_temp_c": 0.1, "water_pressure_bar": 0.01, "fan_speed_rpm": 60, "burner_hours": 1 / 60},
               ("dhw_setpoint_c", "dhw_flow_lpm", "flue_temp_c", "outdoor_temp_c", "flame_current_ua", "fan_setpoint_rpm", "pump_modulation_pct", "ignition_time_s", "pump_on", "ch_active", "dhw_active", "ignition_failures", "flame_losses")),
}  # fmt: skip
#: Dialect -> a code of the family, and the events that tell it.
TOLD = {
    "native": ("2E/207", [("2E/207", "")]), "ems_esp_v20": ("6A/227", [("6A/227", "bosch_ems")]),
    "ems_esp_v34": ("6A/227", [("6A/227", "bosch_ems")]), "ems_esp_v37": ("2E/207", [("2E/207", "bosch_ems")]),
    "otgw": ("118", [("ASF.2", "opentherm"), ("118", "")]), "ebusd_plain": ("F.28", [("F.28", "vaillant")]),
    "ebusd_json": ("F.22", [("F.22", "vaillant")]), "ebusd_short": ("S.53", [("S.53", "vaillant")]),
    "thingsboard": ("501", [("501", "")]), "mapped": ("10", [("10", "immergas")]),
}  # fmt: skip


def codec_of(dialect: str) -> Codec:
    kind = dialect.partition("_")[0]
    return {
        "native": Native, "ems": lambda: EmsEsp(["ems-esp/{boiler}"], "home"), "otgw": lambda: Otgw(["OTGW"], "home"),
        "ebusd": lambda: Ebusd(["ebusd/{boiler}"], "home"), "thingsboard": lambda: ThingsBoard("home"),
        "mapped": lambda: Mapped(samples.SAMPLES / "mapped" / "dtu.toml", "home"),
    }[kind]()  # fmt: skip


def form_of(payload: bytes, *, loose: bool) -> Any:
    """Return a payload's form: keys in order, types, decimals, words; `loose` where the firmware prints 23.0 as 23."""

    def leaf(text: str) -> str:
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            decimals = len(text.partition(".")[2])
            return "number" if loose else f"number of {decimals} decimals"
        words = {"on": "switch", "off": "switch", "yes": "switch", "no": "switch", "ON": "SWITCH", "OFF": "SWITCH"}
        return words.get(text, "text")

    def walk(plain: Any) -> Any:
        if isinstance(plain, list):
            return [walk(one) for one in plain]
        if isinstance(plain, tuple):
            if plain and plain[0][0].startswith("Boiler"):
                return {"device": walk(plain[0][1])}
            return {name: walk(one) for name, one in plain}
        return (
            leaf(plain.text)
            if isinstance(plain, Number)
            else leaf(plain)
            if isinstance(plain, str)
            else type(plain).__name__
        )

    if payload[:1] in (b"{", b"["):
        return walk(json.loads(payload, object_pairs_hook=tuple, parse_float=Number, parse_int=Number))
    return [leaf(part) for part in payload.decode().split(";")]


class Number:
    def __init__(self, text: str) -> None:
        self.text = text


def said_by(dialect: str, codes: tuple[str, ...] = ()) -> list[Publication]:
    name, boiler, family, missing = SAMPLED[dialect]
    del name
    speaker = speaker_of(dialect, Gateway(boiler, "haidian", family), "b-19")
    values = {signal: value for signal, value in VALUES.items() if signal not in missing}
    return [*speaker.birth(), *speaker.say(Moment(T0, values, codes))]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_simulated_gateway_publishes_what_the_real_one_does_form_by_form(dialect: str) -> None:
    name, *_ = SAMPLED[dialect]
    loose = dialect in ("ems_esp_v20", "ems_esp_v34", "native", "thingsboard")
    simulated = {one.topic: one for one in said_by(dialect)}
    real: dict[str, samples.Publication] = {}
    for one in samples.sample(name):
        if not re.fullmatch(NOT_SIMULATED.get(dialect, "-"), one.topic) and not one.topic.endswith("/event"):
            real.setdefault(one.topic, one)
    assert simulated.keys() == real.keys()
    for topic, one in real.items():
        mine = simulated[topic]
        assert (topic, mine.qos, mine.retain) == (topic, one.qos, one.retain)
        theirs = form_of(one.payload, loose=loose)
        ours = form_of(mine.payload, loose=loose)
        if isinstance(theirs, dict):
            assert list(ours) == list(theirs), topic
        if not (dialect.startswith("ems") and topic.endswith("heartbeat")):
            assert ours == theirs, topic


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_the_boiler_showed_is_what_the_store_holds_within_the_gateways_resolution(
    dialect: str, tmp_path: Path
) -> None:
    _, boiler, family, _ = SAMPLED[dialect]
    speaker = speaker_of(dialect, Gateway(boiler, "haidian", family), "b-19")
    code, told = TOLD[dialect]
    codec, draft = codec_of(dialect), Draft(T0 + 120_000)
    moments = [Moment(T0, VALUES), Moment(T0 + 30_000, VALUES, (code,)), Moment(T0 + 60_000, VALUES)]
    for moment in moments:
        draft.received_at_ms = moment.ts_ms + 200
        said = speaker.say(moment)
        codec.read([Message(one.topic.encode(), one.payload, False) for one in said], draft)
    batch = draft.close()
    assert not draft.refusals
    assert not sum(
        count
        for (_, reason), count in draft.dropped.items()
        if reason not in ("no_sensor", "inverse_scale_without_unit")
    )
    store = SqliteStore(tmp_path / "store.sqlite", load(None).store)
    store.setup()
    store.write(batch)
    name = boiler.replace(" ", "_")
    series = store.history([name], list(VALUES), T0 - 1, T0 + 120_000)[name]
    resolution, absent = CARRIED[dialect]
    held = {signal: [v for v in column.tolist() if not math.isnan(v)] for signal, column in series.columns.items()}
    assert {signal for signal, values in held.items() if values} == VALUES.keys() - set(absent)
    for signal, values in held.items():
        for value in values:
            assert abs(value - VALUES[signal]) <= resolution.get(signal, 0) / 2 + 1e-9, signal
    assert [(e.code, e.active, e.family) for e in batch.events] == [
        *((code, True, family) for code, family in told), *((code, False, family) for code, family in told),
    ]  # fmt: skip
    store.close()


def test_values_come_on_change_and_all_of_them_once_a_minute_on_opentherm() -> None:
    speaker = speaker_of("otgw", Gateway("n-1", "s", "vaillant"), "")
    everything = speaker.say(Moment(T0, VALUES))
    quiet = speaker.say(Moment(T0 + 10_000, VALUES))
    changed = speaker.say(Moment(T0 + 20_000, VALUES | {"flow_temp_c": 59.0}))
    again = speaker.say(Moment(T0 + 60_000, VALUES))
    assert [one.topic.rpartition("/")[2] for one in quiet] == ["OEMFaultCode"]
    assert [(one.topic.rpartition("/")[2], one.payload) for one in changed] == [
        ("Tboiler", b"59.00"),
        ("OEMFaultCode", b"255"),
    ]
    assert len(again) == len(everything)


def test_what_is_not_fitted_is_not_said() -> None:
    bare = {"flow_temp_c": 50.0, "return_temp_c": math.nan}
    for dialect, (_, boiler, family, _) in SAMPLED.items():
        codec, draft = codec_of(dialect), Draft(T0)
        said = speaker_of(dialect, Gateway(boiler, "s", family), "").say(Moment(T0, bare))
        codec.read([Message(one.topic.encode(), one.payload, False) for one in said], draft)
        carried = draft.close().columns.keys()
        assert "flow_temp_c" in carried
        assert "return_temp_c" not in carried
        assert "water_pressure_bar" not in carried


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_last_will_takes_back_the_birth(dialect: str) -> None:
    _, boiler, family, _ = SAMPLED[dialect]
    speaker = speaker_of(dialect, Gateway(boiler, "s", family), "")
    will = speaker.will()
    if dialect == "thingsboard":
        assert will is None
        return
    codec, draft = codec_of(dialect), Draft(T0)
    codec.read([Message(one.topic.encode(), one.payload, False) for one in [*speaker.birth(), will]], draft)
    assert [status.online for status in draft.close().statuses] == [True, False]
    assert will.retain


def test_an_unknown_dialect_is_named() -> None:
    with pytest.raises(InputError, match="there is no dialect 'morse'"):
        speaker_of("morse", Gateway("b", "s"), "")
