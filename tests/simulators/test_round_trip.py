"""What a fleet knew is what the store holds: every model through every dialect its gateways speak, codes and changes too."""

import math
from pathlib import Path

import numpy as np
import pytest

from boilerwatch.settings import load
from boilerwatch.store.sqlite import SqliteStore
from collector.codecs import Draft, Message
from simulators.dialects import Moment, speaker_of
from simulators.fleet import Fleet
from simulators.live_fleet import LiveView, add_fault
from simulators.models import MODELS, Model
from tests.simulators.test_dialects import CARRIED, codec_of

pytestmark = pytest.mark.slow

T0 = 1_798_700_000_000
STEP_MS, STEPS = 60_000, 90
PAIRS = [(model, dialect) for model in MODELS for dialect in model.dialects]


@pytest.mark.parametrize(("model", "dialect"), PAIRS, ids=[f"{model.name} {dialect}" for model, dialect in PAIRS])
def test_what_a_boiler_showed_for_an_hour_and_a_half_stands_in_the_store(
    model: Model, dialect: str, tmp_path: Path
) -> None:
    fleet = Fleet(1, 7, T0 / 1000, (model.name,))
    add_fault(fleet, "lockout_code:boiler-1:in_s=2400", T0 / 1000)
    view = LiveView(fleet, dialect, interval_s=60.0)
    gateway = view.members[0].gateway
    speaker, codec = speaker_of(dialect, gateway, "b-1"), codec_of(dialect)
    store = SqliteStore(tmp_path / "store.sqlite", load(None).store)
    store.setup()
    codes: set[str] = set()
    resolution, absent = CARRIED[dialect]
    knew: dict[int, dict[str, float]] = {}
    last: dict[str, float] = {}
    active: tuple[str, ...] = ()
    appeared = []
    for step in range(STEPS):
        ts_ms = T0 + step * STEP_MS
        shown = view.show(ts_ms / 1000)
        for _, _, code, is_active in shown.codes:
            active = (code,) if is_active else ()
            appeared += [code] if is_active else []
        if not len(shown.boiler):
            continue
        values = {name: float(column[0]) for name, column in shown.signals.items()}
        last |= {name: value for name, value in values.items() if not math.isnan(value)}
        knew[ts_ms] = dict(last)
        draft = Draft(ts_ms + 300)
        said = speaker.say(Moment(ts_ms, values, active))
        codec.read([Message(one.topic.encode(), one.payload, False) for one in said], draft)
        batch = draft.close()
        assert not draft.refusals
        codes |= {event.code for event in batch.events if event.active}
        store.write(batch)
    series = store.history([gateway.boiler], list(model.signals), T0 - 1, T0 + STEPS * STEP_MS)[gateway.boiler]
    store.close()
    held = {name: column for name, column in series.columns.items() if not np.isnan(column).all()}
    assert set(held) == set(model.signals) - set(absent)
    for name, column in held.items():
        told = ~np.isnan(column)
        assert told.sum() >= (2 if model.on_change or dialect == "otgw" else 0.9 * STEPS), name
        for at_ms, value in zip(series.ts_ms[told].tolist(), column[told].tolist(), strict=True):
            moment = knew[at_ms if at_ms in knew else at_ms - 300]
            assert abs(value - moment[name]) <= resolution.get(name, 0) / 2 + 1e-6, (name, at_ms)
    assert appeared
    assert codes
    assert codes & set(appeared) or dialect in ("otgw", "mapped"), "OpenTherm and boxes tell a number, and flags"
