"""Limits for all, for a model, for one boiler; and what changing them would have changed."""

import numpy as np
import pytest

from boilerwatch.errors import SettingsError
from boilerwatch.model import Finding
from boilerwatch.register import Boiler
from detectors.backtest import compare
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


def test_a_back_test_names_what_is_added_gone_earlier_and_later() -> None:
    def raised(boiler: str, kind: str, hour: int) -> Finding:
        return Finding(id=f"{boiler}-{kind}-1", kind=kind, problem="p", chain="c", severity="warning", state="raised",
                       detector="d@1", raised_at_ms=hour * 3_600_000, evidence_at_ms=0, received_at_ms=0, boiler=boiler)  # fmt: skip

    before = [raised("a", "slow_leak", 10), raised("b", "slow_leak", 10), raised("c", "fan_wear", 10)]
    after = [raised("a", "slow_leak", 7), raised("b", "slow_leak", 15), raised("d", "fan_wear", 10)]
    changes = [(one.what, one.subject, one.hours) for one in compare(before, after)]
    assert changes == [("earlier", "a", -3.0), ("later", "b", 5.0), ("gone", "c", 0.0), ("added", "d", 0.0)]
    assert compare(before, before) == []
