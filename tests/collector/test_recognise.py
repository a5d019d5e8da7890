"""What speaks on a topic that no setting names, and the mapping file it would take."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.codecs import Mapped
from collector.codecs.recognise import mapping_for, recognise
from tests.dialect_samples import deliver, sample, values_of


@pytest.mark.parametrize(
    ("name", "line"),
    [("emsesp/v37_nested", 'ems_esp = ["ems-esp/{boiler}"]'), ("emsesp/v37_single", 'ems_esp = ["ems-esp/{boiler}"]'), ("otgw/v2", 'otgw = ["OTGW"]'),
     ("ebusd/short", 'ebusd = ["ebusd/{boiler}"]'), ("thingsboard/gateway", "thingsboard = true"),
     ("thingsboard/device", "thingsboard = true"), ("native/native", "native = true")],
)  # fmt: skip
def test_every_sample_is_recognised_and_the_line_turns_on_what_reads_it(name: str, line: str) -> None:
    for one in sample(name):
        if one.topic.endswith("/status") and not one.topic.startswith("boilers/"):
            continue  # `status` alone could be anyone's
        found = recognise(one.topic)
        assert found is not None, one.topic
        assert found.line == line
        assert found.codec.owns(one.topic)


def test_the_suggested_mapping_of_a_box_reads_it_as_it_stands(tmp_path: Path) -> None:
    report = sample("mapped/dtu")[1]
    assert recognise(report.topic) is None
    path = tmp_path / "suggested.toml"
    path.write_text(mapping_for(report.topic, report.payload), encoding="utf-8")
    batch, draft = deliver(Mapped(path, "home"), [(report.topic, report.payload, False)])
    told = values_of(batch, "8675301")
    expected = {
        "water_pressure_bar": 1.43,
        "flow_temp_c": 58.2,
        "return_temp_c": 46.7,
        "modulation_pct": 48,
        "flame_on": 1,
    }
    assert {name: told[name] for name in expected} == pytest.approx(expected)
    assert batch.ts_ms.tolist() == [1_798_700_400_000]
    assert not draft.refusals


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="/#+\0"), max_size=6), min_size=2, max_size=4),
    st.binary(max_size=30),
)
def test_nothing_that_comes_raises(parts: list[str], payload: bytes) -> None:
    topic = "/".join(parts)
    recognise(topic)
    assert mapping_for(topic, payload).startswith("[[message]]")
