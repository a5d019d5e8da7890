"""Limits for all, for a model, for one boiler."""

import numpy as np
import pytest

from boilerwatch.errors import SettingsError
from boilerwatch.model import Finding
from boilerwatch.register import Boiler
from detectors.engine import Engine
from detectors.tuning import Tuning
from tests.detectors.series import series

MINUTES = np.arange(0, 1, 1 / 60)
FLEET = [Boiler("b-1", "s", model="A"), Boiler("b-2", "s", model="B"), Boiler("b-3", "s", model="B")]


def low(tuning: Tuning) -> list[Finding]:
    engine = Engine(tuning=tuning)
    engine.register(FLEET)
    batch = series(MINUTES, {"water_pressure_bar": np.full(60, 0.6)}, ["b-1", "b-2", "b-3"])
    return [*engine.take(batch), *engine.finish()]


def boilers(found: list[Finding]) -> list[str]:
    return sorted({one.boiler for one in found if one.kind == "slow_leak"})


def test_the_nearest_limit_wins_boiler_before_model_before_all() -> None:
    own = {"limits": {"low_bar": 0.7}}
    assert boilers(low(Tuning())) == []
    assert boilers(low(Tuning(own))) == ["b-1", "b-2", "b-3"]
    assert boilers(low(Tuning(models={"B": own}))) == ["b-2", "b-3"]
    assert boilers(low(Tuning(models={"B": own}, boilers={"b-2": {"limits": {"low_bar": 0.4}}}))) == ["b-3"]


def test_a_limit_that_no_detector_has_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(SettingsError, match="did you mean 'low_bar'"):
        Engine(tuning=Tuning({"limits": {"low_bars": 1.0}}))
    with pytest.raises(SettingsError, match=r"models\.B.*did you mean 'limits'"):
        Engine(tuning=Tuning(models={"B": {"limit": {"low_bar": 1.0}}}))


def test_a_limit_of_nothing_is_refused_but_a_temperature_may_be_below_zero() -> None:
    with pytest.raises(SettingsError, match=r"low_bar = -1 must be above 0; it ships as 0.5"):
        Engine(tuning=Tuning(boilers={"b-1": {"limits": {"low_bar": -1.0}}}))
    Engine(tuning=Tuning({"limits": {"frost_c": -2.0}}))


def test_a_table_of_a_model_or_boiler_that_nobody_has_is_named_with_the_nearest() -> None:
    own = {"limits": {"low_bar": 0.7}}
    tuning = Tuning(models={"Bb": own, "B": own}, boilers={"b-9": own, "b-1": own})
    said = tuning.unmatched([one.boiler for one in FLEET], [one.model for one in FLEET])
    assert len(said) == 2
    assert "models.'Bb'" in said[0]
    assert "did you mean 'B'" in said[0]
    assert "boilers.'b-9'" in said[1]


def test_limits_laid_over_others_leave_what_they_do_not_name() -> None:
    lower = Tuning({"limits": {"low_bar": 0.6, "high_bar": 2.9}}, {"B": {"flame": {"failures": 4.0}}})
    upper = Tuning({"limits": {"low_bar": 0.4}}, boilers={"b-1": {"limits": {"low_bar": 0.3}}})
    both = upper.over(lower)
    assert both.limits == {"limits": {"low_bar": 0.4, "high_bar": 2.9}}
    assert (both.models, both.boilers) == (lower.models, upper.boilers)
