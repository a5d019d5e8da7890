"""What a person at a new gateway reads."""

import io

from rich.console import Console

from boilerwatch.cli.listen import Listener
from boilerwatch.clock import ManualClock
from boilerwatch.settings import DialectSettings
from collector.codecs import Message
from tests.dialect_samples import NOW_MS, sample


def heard(*messages: tuple[str, bytes, bool], **dialects: object) -> str:
    out = io.StringIO()
    listener = Listener(
        DialectSettings.model_validate(dialects), Console(file=out, width=200, soft_wrap=True), ManualClock(NOW_MS)
    )
    for topic, payload, retained in messages:
        listener.hear(Message(topic.encode(), payload, retained))
    listener.sum_up()
    return out.getvalue()


def test_readings_are_shown_in_our_units_with_what_is_left_out() -> None:
    said = heard(("ems-esp/gw-1/boiler_data", b'{"syspress":1.3,"rettemp":300,"servicecode":"2E","servicecodenumber":207,"nrg":1}', False),
                 ems_esp=["ems-esp/{boiler}"])  # fmt: skip
    assert "ems_esp → boiler gw-1, site default" in said
    assert "water_pressure_bar 1.3 bar" in said
    assert "code 2E/207 appeared: heating water pressure too low (bosch_ems)" in said
    assert "dropped: return_temp_c: out of range" in said
    assert "not read: nrg" in said
    assert "not in the settings" not in said


def test_a_known_dialect_that_is_not_turned_on_is_read_all_the_same_with_the_line_to_add() -> None:
    said = heard(*((one.topic, one.payload, False) for one in sample("ebusd/json")))
    assert said.count('put ebusd = ["ebusd/{boiler}"] under [dialects]') == 1
    assert "water_pressure_bar 1.421 bar" in said
    assert "inverse scale without unit" in said


def test_retained_values_are_last_known_and_count_as_no_reading() -> None:
    said = heard(("OTGW/value/n-1/Tret", b"44.1", True), otgw=["OTGW"])
    assert "retained: last known, no reading" in said
    assert "return_temp_c 44.1 °C" in said
    (row,) = (line for line in said.splitlines() if "n-1  " in line or "n-1 │" in line)
    assert [cell.strip() for cell in row.split("│")[3:7]] == ["1", "0", "1", "0"]


def test_what_is_refused_says_why_and_what_nobody_reads_gets_a_mapping() -> None:
    said = heard(("boilers/s/b-1/telemetry", b'{"ts": 1}', False), ("box/7/up", b'{"press": 143}', False))
    assert "refused: bad time" in said
    assert 'topic = "box/{boiler}/up"' in said
    assert 'water_pressure_bar = { path = "press", unit = "kPa" }' in said


def test_nothing_heard_is_said() -> None:
    assert heard() == "nothing was heard\n"
