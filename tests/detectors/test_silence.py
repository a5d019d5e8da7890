"""Who is silent, who is not, and whose fault it is."""

import numpy as np
import pytest

from boilerwatch.model import Batch, Finding
from detectors.catalogue.silence import Silence
from detectors.engine import Engine
from tests.detectors.series import T0_MS, batch_of

MINUTE_MS = 60_000


def fleet(minutes: int, silent: dict[int, tuple[int, int]], boilers: int = 6) -> Batch:
    """Boilers of one site that report each minute, each at its own second, but not from one minute to another."""
    source = np.tile(np.arange(boilers), minutes)
    minute = np.repeat(np.arange(minutes), boilers)
    keep = np.ones(len(source), np.bool_)
    for number, (begin, end) in silent.items():
        keep &= ~((source == number) & (minute >= begin) & (minute < end))
    ts = T0_MS + minute * MINUTE_MS + source * 5_000
    names = [f"b-{i}" for i in range(boilers)]
    return batch_of(
        names, source[keep], ts[keep], ts[keep], {"flow_temp_c": np.ones(keep.sum())}, sites=["s-1"] * boilers
    )


def heard(batch: Batch, beat_ms: int) -> list[Finding]:
    engine = Engine(beat_ms=beat_ms, detectors=[Silence()])
    return engine.take(batch) + engine.finish()


@pytest.mark.parametrize("beat_ms", [5_000, 300_000, 21_600_000])
def test_a_boiler_is_silent_after_three_of_its_own_intervals_and_heard_again(beat_ms: int) -> None:
    raised, cleared = heard(fleet(300, {2: (100, 160)}), beat_ms)
    last_ms = T0_MS + 99 * MINUTE_MS + 10_000
    assert (raised.boiler, raised.kind, raised.severity, raised.state) == ("b-2", "silent", "advisory", "raised")
    assert raised.raised_at_ms == last_ms
    assert 3 * MINUTE_MS * 0.95 <= raised.received_at_ms - last_ms <= 3 * MINUTE_MS * 1.05
    assert (cleared.state, cleared.cleared_at_ms) == ("cleared", last_ms + 61 * MINUTE_MS)


def test_silence_becomes_a_warning_after_two_hours() -> None:
    found = heard(fleet(400, {2: (100, 300)}), 5_000)
    assert [(one.state, one.severity) for one in found] == [
        ("raised", "advisory"), ("updated", "warning"), ("cleared", "warning"),
    ]  # fmt: skip
    assert found[1].received_at_ms - found[0].raised_at_ms == 2 * 3_600_000


def test_most_of_a_site_at_once_is_one_incident() -> None:
    found = heard(fleet(300, dict.fromkeys(range(5), (100, 160))), 5_000)
    districts = [(one.district, one.state) for one in found if one.district]
    assert districts == [("s-1", "raised"), ("s-1", "cleared")]


def test_nobody_is_silent_while_nobody_at_all_is_heard() -> None:
    assert heard(fleet(300, dict.fromkeys(range(6), (100, 160))), 5_000) == []


def test_nobody_is_silent_while_we_do_not_listen() -> None:
    engine = Engine(beat_ms=5_000, detectors=[Silence()])
    found = engine.take(fleet(100, {}))
    now_ms = T0_MS + 100 * MINUTE_MS
    for second in range(600):
        found += engine.take(Batch.tick(now_ms + second * 1000, connected=False))
    assert found == []
    for second in range(600, 1200):
        found += engine.take(Batch.tick(now_ms + second * 1000, connected=True))
    assert {one.district or one.boiler for one in found} == {"s-1"}


def test_a_gateway_that_speaks_twice_an_hour_is_not_late() -> None:
    ts = T0_MS + np.arange(100) * 30 * MINUTE_MS
    batch = batch_of(["b-1", "b-2"], np.arange(100) % 2, ts, ts, {"flow_temp_c": np.ones(100)})
    assert heard(batch, 300_000) == []


def test_few_boilers_with_many_rows_are_heard_as_many_boilers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(4)
    gaps = chance.choice([50, 60_000, 61_000, 700_000, 9_000_000], 500, p=[0.05, 0.5, 0.4, 0.04, 0.01])
    odd = T0_MS + np.cumsum(gaps)
    steady = np.arange(T0_MS, odd[-1], MINUTE_MS)
    ts, source = np.concatenate([odd, steady]), np.repeat([0, 1], [len(odd), len(steady)])
    order = np.argsort(ts, kind="stable")
    batch = batch_of(["b-1", "b-2"], source[order], ts[order], ts[order], {"flow_temp_c": np.ones(len(ts))})
    results = []
    for few in (0, 10**9):
        monkeypatch.setattr("detectors.catalogue.silence._FEW", few)
        detector = Silence()
        engine = Engine(beat_ms=3_600_000, detectors=[detector])
        found = engine.take(batch) + engine.finish()
        results.append((found, {name: values.tolist() for name, values in detector.dump().items()}))
    assert results[0] == results[1]
    assert len(results[0][0]) > 10


def test_readings_told_in_parts_at_first_make_no_habit_of_seconds() -> None:
    ts = T0_MS + np.concatenate([[0, 1_500, 3_000], np.arange(1, 40) * 5 * MINUTE_MS])
    times = np.repeat(ts, 2) + np.tile([0, 40_000], len(ts))  # two boilers, so that somebody is always heard
    batch = batch_of(["b-1", "b-2"], np.tile([0, 1], len(ts)), times, times, {"flow_temp_c": np.ones(len(times))})
    assert heard(batch, 5_000) == []
