"""Codes over time, by the vendors' tables: early warnings, and codes that clear and come back."""

import numpy as np
import pytest

from boilerwatch import codes
from boilerwatch.kinds import KIND_BY_NAME
from boilerwatch.model import Event, Finding
from boilerwatch.register import Boiler
from detectors.catalogue.codes import EARLY, Codes
from tests.detectors.series import T0_MS, batch_of, findings_of

HOUR = 3_600_000


def told(family: str, code: str, hours: list[float]) -> list[Finding]:
    """A code that comes at these hours, ten minutes each time."""
    events = []
    for hour in hours:
        at = T0_MS + round(hour * HOUR)
        events += [Event(0, at, at, code, True, 0), Event(0, at + 600_000, at + 600_000, code, False, 0)]
    batch = batch_of(["b-1"], np.zeros(0), np.zeros(0), np.zeros(0), {}, events)
    found = findings_of([batch], [Codes()], [Boiler("b-1", "s", family=family)])
    return [one for one in found if one.state == "raised"]


@pytest.mark.parametrize(("vendor", "code"), EARLY)
def test_an_early_warning_stands_in_the_table_and_names_its_mechanism(vendor: str, code: str) -> None:
    assert codes.look_up(vendor, code) is not None
    (one,) = told(vendor, code, [0])
    assert KIND_BY_NAME[str(one.values["early_warning_of"])]
    assert one.problem not in ("unknown", "status")


def test_a_blocking_code_that_comes_back_five_times_a_day_is_critical_and_one_that_comes_weekly_is_not() -> None:
    assert [one.severity for one in told("vaillant", "S.53", [0, 2, 4, 6, 8])] == ["warning"] * 4 + ["critical"]
    assert {one.severity for one in told("vaillant", "S.53", [0, 168, 336, 504, 672])} == {"warning"}
    assert told("vaillant", "S.53", [0, 2, 4])[-1].values["times_in_24_h"] == 3


def test_one_first_ignition_that_failed_is_an_advisory_and_five_a_week_are_a_warning() -> None:
    assert [one.severity for one in told("ariston", "5P1", [0, 24, 48, 72, 96])] == ["advisory"] * 4 + ["warning"]
    assert {one.severity for one in told("no such family", "X", [0, 1, 2, 3, 4, 5])} == {"advisory"}
