"""What is done at once, or passed over, where boilers or rows are few or many says the same as the long way."""

import numpy as np
import pytest

from boilerwatch.fold import DAY_MS, Frames, stats_of
from boilerwatch.model import Source
from detectors.catalogue.contract import Days, World
from detectors.catalogue.drift import Drift
from detectors.catalogue.hot_water import HotWater
from detectors.catalogue.instruments import Instruments
from detectors.episodes import Episodes
from detectors.slots import Slots

T0_MS = 1_767_571_200_000
LOOK_MS = 1_800_000


def looks(chance: np.random.Generator, slots: int, number: int) -> Frames:
    """Return looks of some boilers, half an hour apart, over several days."""
    slot, n = np.repeat(np.arange(slots), number), slots * number
    start_ms = np.tile(T0_MS + np.arange(number) * LOOK_MS, slots)
    water = np.where(chance.random(n) < 0.2, np.nan, chance.normal(45, 9, n).round(1))
    signals = {
        "flame_on": chance.integers(0, 2, n).astype(float), "dhw_active": (chance.random(n) < 0.1).astype(float),
        "return_temp_c": water, "flow_temp_c": water + 8, "water_pressure_bar": (1.5 + np.nan_to_num(water) / 100).round(3),
    }  # fmt: skip
    nothing = np.zeros(n)
    stats = {name: stats_of(values) for name, values in signals.items()}
    return Frames("minute", slot, start_ms, start_ms, start_ms, nothing, nothing, nothing, stats)


@pytest.mark.parametrize(("seed", "slots", "still"), [(1, 1, 0.98), (2, 3, 0.98), (3, 2, 0.6)])
def test_warmth_that_must_have_moved_a_pressure_is_the_same_weighed_at_once_and_look_by_look(
    seed: int, slots: int, still: float
) -> None:
    chance = np.random.default_rng(seed)
    frames = looks(chance, slots, 6 * 48)
    moved, step = chance.random(len(frames)) > still, np.full(len(frames), float(np.float32(0.001)))
    whole, single = Instruments(), Instruments()
    for one in (whole, single):
        one._of.grow(slots)
        one._slope.grow(slots)
        one._of["step_bar"][:] = 0.001
    at_once = whole._must_move(frames, moved, step)
    assert still < 0.9 or all(one.any() for one in at_once)
    for row in range(len(frames)):
        only = slice(row, row + 1)
        told = single._must_move(frames.take(only), moved[only], step[only])
        assert [bool(one[0]) for one in told] == [bool(one[row]) for one in at_once]
    for a, b in ((whole._of, single._of), (whole._slope._of, single._slope._of)):
        for name, values in a.dump().items():
            np.testing.assert_array_equal(values, b[name], err_msg=name)


def test_a_track_that_was_never_told_anything_says_what_it_would_have_said(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = Slots()
    slots.of("b-1", "s")
    slots.of("b-2", "s")
    said = []
    for passes_over in (True, False):
        if not passes_over:
            monkeypatch.setattr(Drift, "unheard", lambda *_: False)
        detector, world = HotWater(), World(slots, Episodes())
        for day in range(10):
            n, start_ms = 2, np.full(2, T0_MS + day * DAY_MS)
            count = {name: np.zeros((n, bands), np.int64) for name, bands in detector.features.items()}
            mean = {name: np.full((n, bands), np.nan) for name, bands in detector.features.items()}
            days = Days(np.arange(n), start_ms, start_ms, start_ms, np.ones(n), count, mean, np.zeros(n), np.zeros(n))
            drift = detector.drifts["warm_at_rest"]
            verdict = detector._look(drift, days, np.arange(n), slots.site_numbers(), world)
        said.append(verdict)
    for name in ("known", "effect", "towards", "score", "z", "level", "back", "stop", "past", "age"):
        np.testing.assert_array_equal(getattr(said[0], name), getattr(said[1], name), err_msg=name)


def test_a_list_of_sources_that_grew_gives_the_slots_of_one_that_is_new() -> None:
    grown, anew = Slots(), Slots()
    sources = [Source("b-1", "", ""), Source("b-2", "s-2", "")]
    for more in ([], [Source("b-3", "s-3", ""), Source("b-1", "s-1", "")], [Source("b-2", "s-2", "")]):
        sources += more
        assert grown.of_all(sources).tolist() == anew.of_all(list(sources)).tolist()
    assert grown.of_all(sources).tolist() == [0, 1, 2, 0, 1]
    assert grown.sites == ["s-1", "s-2", "s-3"]
    assert grown.of_all([Source("b-3", "s-3", "")]).tolist() == [2]
