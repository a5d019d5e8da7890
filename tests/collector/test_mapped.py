"""A user's mapping file: what it reads, and what it says when it is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.errors import SettingsError
from collector.codecs import Mapped
from collector.codecs.mapping import UNITS, factor_of
from tests.dialect_samples import SAMPLES, codes_of, deliver, read, sample, values_of

DTU = SAMPLES / "mapped" / "dtu.toml"


def mapped(tmp_path: Path, text: str) -> Mapped:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return Mapped(path, "home")


def test_a_4g_box_is_read_in_our_units() -> None:
    publications = sample("mapped/dtu")
    batch, draft = read(Mapped(DTU, "home"), publications[:2])
    assert values_of(batch, "8675301") == pytest.approx({
        "water_pressure_bar": 1.43, "flow_temp_c": 58.2, "return_temp_c": 46.7, "flow_setpoint_c": 60, "fan_speed_rpm": 3840,
        "modulation_pct": 48, "flame_on": 1, "burner_starts": 24100, "burner_hours": 4410.5,
    })  # fmt: skip
    assert batch.sources == [("8675301", "yanqing", "8675301")]
    assert batch.ts_ms.tolist() == [1_798_700_400_000]
    assert +draft.dropped == {("dhw_temp_c", "no_sensor"): 1}
    assert [status.online for status in batch.statuses] == [True]


def test_a_code_is_live_while_the_box_shows_it() -> None:
    codec = Mapped(DTU, "home")
    batch, _ = read(codec, sample("mapped/dtu"))
    assert codes_of(batch) == [("10", True, "immergas")]
    assert batch.events[0].ts_ms == 1_798_700_700_000


@pytest.mark.parametrize(
    ("rule", "raw", "value"),
    [('{ unit = "kPa" }', 143, 1.43), ('{ unit = "公斤" }', 1.5, 1.4709975), ("{ scale = 0.001 }", "1430", 1.43),
     ('{ unit = "bar", offset = 0.1 }', 1.3, 1.4), ("{ missing = [-1] }", -1, None), ('{ missing = ["--"] }', "--", None)],
)  # fmt: skip
def test_units_scales_and_missing_marks(tmp_path: Path, rule: str, raw: Any, value: float | None) -> None:
    codec = mapped(tmp_path, f'[[message]]\ntopic = "t/{{boiler}}/p"\nsignals.water_pressure_bar = {rule}\n')
    batch, _ = deliver(codec, [("t/b-1/p", str(raw).encode(), False)])
    assert values_of(batch, "b-1") == ({} if value is None else {"water_pressure_bar": pytest.approx(value)})


def test_every_unit_is_one_a_signal_can_have() -> None:
    ends = {"bar": "water_pressure_bar", "c": "flow_temp_c", "lpm": "dhw_flow_lpm", "pct": "modulation_pct", "hours": "burner_hours",
            "ua": "flame_current_ua", "rpm": "fan_speed_rpm", "s": "ignition_time_s"}  # fmt: skip
    assert all(factor_of(ends[own], unit) == (factor, offset) for unit, (own, factor, offset) in UNITS.items())
    assert factor_of("flow_temp_c", "F")[0] * 212 + factor_of("flow_temp_c", "F")[1] == pytest.approx(100)


def test_an_envelope_with_many_boilers_is_read_one_by_one(tmp_path: Path) -> None:
    codec = mapped(
        tmp_path,
        '[[message]]\ntopic = "cloud/{site}/report"\neach = "data.list"\nboiler = "sn"\n'
        'signals.flow_temp_c.path = "v[1]"\nsignals.flame_on = { path = "st", on = ["burn"] }\n',
    )
    body = {
        "data": {"list": [{"sn": 11, "v": [0, 50.5], "st": "burn"}, {"sn": "b 2"}, {"sn": "b-3", "v": [0], "st": "x"}]}
    }
    batch, draft = deliver(codec, [("cloud/s1/report", json.dumps(body).encode(), False)])
    assert values_of(batch, "11") == {"flow_temp_c": 50.5, "flame_on": 1}
    assert values_of(batch, "b-3") == {"flame_on": 0}
    assert [refusal.reason.partition(":")[0] for refusal in draft.refusals] == ["bad id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("x = 1", "x"), ("[[message]", "not TOML"), ("", "no [[message]]"), ('[[message]]\ntopic = "a/b"', "says which boiler"),
     ('[[message]]\ntopic = "a/#/{boiler}"', "no #"), ('[[message]]\ntopic = "a/{boiler}"\nsignals.flow_temp = {}', "did you mean 'flow_temp_c'"),
     ('[[message]]\ntopic = "a/{boiler}"\nsignals.flow_temp_c.unit = "bar"', "cannot be in 'bar'"),
     ('[[message]]\ntopic = "a/{boiler}"\nsignals.flow_temp_c.unit = "Grad"', "is not known"),
     ('[[message]]\ntopic = "a/{boiler}"\nsignals.flow_temp_c.path = "a[x]"', "not a path"),
     ('[[status]]\ntopic = "a"', "says which boiler")],
)  # fmt: skip
def test_a_wrong_mapping_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        mapped(tmp_path, text)
    assert said in str(told.value)
    assert "mapping.toml" in str(told.value)


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        Mapped(tmp_path / "none.toml", "home")


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["header", "time", "body", "sysPress", "flame", "fault", "outTemp"]), inner),
    ),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["dtu/1/up", "dtu/1/lwt", "dtu/ /up"]), st.one_of(st.binary(max_size=20), JSONS.map(lambda plain: json.dumps(plain).encode())), st.booleans()), max_size=6))  # fmt: skip
def test_no_payload_raises(deliveries: list[tuple[str, bytes, bool]]) -> None:
    deliver(Mapped(DTU, "home"), deliveries)
