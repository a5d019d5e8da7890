"""docs/wire.md says what the code does: its tables come from the closed ones, its examples are read."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from boilerwatch.settings import DialectSettings
from boilerwatch.signals import BY_NAME, SIGNALS
from boilerwatch.wire import finding_from_json, finding_to_json
from collector.codecs import Mapped, Native
from collector.codecs.mapping import UNITS
from tests.dialect_samples import codes_of, deliver, values_of

TEXT = (Path(__file__).parents[2] / "docs" / "wire.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def between(name: str) -> str:
    return TEXT.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]


def test_the_signal_table_is_the_closed_one() -> None:
    rows = [row for row in between("signals").splitlines() if row.startswith("| `")]
    assert rows == [
        f"| `{s.name}` | {s.unit or '–'} | {s.low:g} … {s.high:.10g} | {s.type} | {s.en} {s.zh} |" for s in SIGNALS
    ]


def test_every_unit_of_a_mapping_is_named() -> None:
    assert re.findall(r"`([^`]+)`", between("units")) == list(UNITS)


def test_the_mapping_file_reads_the_payload_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "dtu.toml"
    path.write_text(next(block for block in blocks("toml") if "[[message]]" in block), encoding="utf-8")
    payload = next(block for block in blocks("json") if "devId" in block)
    batch, draft = deliver(Mapped(path, "home"), [("dtu/8675301/up", payload.encode(), False)])
    assert values_of(batch, "8675301") == pytest.approx({
        "water_pressure_bar": 1.43, "flow_temp_c": 58.2, "return_temp_c": 46.7, "fan_speed_rpm": 3840, "flame_on": 1,
        "burner_starts": 24100, "burner_hours": 4410.5,
    })  # fmt: skip
    assert not draft.refusals


def test_the_other_mappings_read_their_gateways(tmp_path: Path) -> None:
    path = tmp_path / "more.toml"
    path.write_text(next(block for block in blocks("toml") if "BSB-LAN" in block), encoding="utf-8")
    state = {
        "slave": {"flow_t": 56.3, "return_t": 47.9, "rel_mod": 42, "status": {"flame": True, "ch_mode": True}},
        "outsideTemp": 4.5,
    }
    batch, draft = deliver(Mapped(path, "home"), [
        ("BSB-LAN/b-7/heating/8327/status", b"1.4", False), ("BSB-LAN/b-7/heating/8327/status", b"---", False),
        ("BSB-LAN/b-7/status/ERROR/status", b"0 - no error", False), ("BSB-LAN/b-7/status/ERROR/status", b"133 - flame failure", False),
        ("otthing/DDEEFF/state", json.dumps(state).encode(), False),
    ])  # fmt: skip
    assert values_of(batch, "b-7") == {"water_pressure_bar": 1.4}
    assert values_of(batch, "DDEEFF") == {
        "flow_temp_c": 56.3, "return_temp_c": 47.9, "modulation_pct": 42, "flame_on": 1, "ch_active": 1, "outdoor_temp_c": 4.5,
    }  # fmt: skip
    assert codes_of(batch) == [("133", True, "siemens_bsb")]
    assert not draft.refusals


def test_the_settings_are_settings() -> None:
    plain = tomllib.loads(next(block for block in blocks("toml") if "[dialects]" in block))
    assert DialectSettings.model_validate(plain["dialects"]).otgw == ["OTGW"]


def test_the_native_reading_and_the_finding_are_read() -> None:
    reading, finding = blocks("json")[0], blocks("json")[-1]
    batch, draft = deliver(Native(), [("boilers/s/b-1/telemetry", reading.encode(), False)])
    assert values_of(batch, "b-1") == {"water_pressure_bar": 1.43, "flow_temp_c": 58.2, "flame_on": 1}
    assert not draft.refusals
    assert finding_to_json(finding_from_json(json.loads(finding))) == json.loads(finding)


def test_every_signal_name_in_it_is_one() -> None:
    units = "bar|c|lpm|pct|ua|rpm|s"
    named = set(re.findall(rf"`((?:[a-z]+_)+(?:{units}))`", TEXT))
    assert named <= BY_NAME.keys()
