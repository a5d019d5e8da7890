"""The closed tables agree with each other."""

import pytest

from boilerwatch import codes
from boilerwatch.kinds import CHAINS, KIND_BY_NAME, KINDS, PROBLEM_BY_NAME, PROBLEMS, chain_of
from boilerwatch.signals import SIGNALS

UNITS = {"bar": "bar", "c": "°C", "pct": "%", "ua": "µA", "rpm": "rpm", "lpm": "l/min", "s": "s", "hours": "h"}


def test_a_physical_signal_ends_in_its_unit() -> None:
    for signal in SIGNALS:
        if signal.unit:
            assert UNITS[signal.name.rpartition("_")[2]] == signal.unit
        assert signal.low < signal.high


def test_names_stand_once() -> None:
    for table in (SIGNALS, KINDS, PROBLEMS):
        names = [row.name for row in table]
        assert len(names) == len(set(names))


def test_every_kind_leads_to_known_problems_and_chains() -> None:
    assert {kind.chain for kind in KINDS} | {problem.chain for problem in PROBLEMS} == set(CHAINS)
    for kind in KINDS:
        assert set(kind.problems) <= PROBLEM_BY_NAME.keys()


def test_every_row_of_the_code_table_names_a_problem_and_a_severity() -> None:
    rows = codes.table()
    assert len(rows) > 500
    for code in rows.values():
        assert code.severity in ("status", "warning", "blocking", "lockout")
        assert code.meaning_en
        assert code.meaning_zh
        assert code.source_url
        assert chain_of("lockout_code", code.problem) in CHAINS


@pytest.mark.parametrize(
    ("family", "code", "problem"),
    [
        ("bosch_ems", "2E/207", "low_water_pressure"),
        ("bosch_ems", "??/207", "low_water_pressure"),
        ("junkers", "C6", "fan_fault"),
        ("bosch_gaz6000", "C6", "air_pressure_switch"),
    ],
)
def test_a_code_means_what_its_family_says(family: str, code: str, problem: str) -> None:
    found = codes.look_up(family, code)
    assert found is not None
    assert found.problem == problem


def test_an_unknown_code_or_family_is_not_guessed() -> None:
    assert codes.look_up("bosch_ems", "no/such") is None
    assert codes.look_up("nobody", "2E/207") is None


def test_a_mechanism_keeps_its_own_chain_and_a_code_takes_that_of_its_problem() -> None:
    assert chain_of("slow_leak", "low_water_pressure") == "water"
    assert chain_of("lockout_code", "fan_fault") == "air"
    assert KIND_BY_NAME["unusual"].problem == "unknown"
