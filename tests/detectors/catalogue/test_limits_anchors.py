"""Anchors of one boiler's many quarters, and of many boilers' one, come to the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.catalogue.limits import Limits


@given(seed=st.integers(0, 10_000), quarters=st.integers(17, 300))
def test_a_boilers_quarters_come_to_the_same_at_once_and_one_after_another(seed: int, quarters: int) -> None:
    chance = np.random.default_rng(seed)
    ts_ms = 1_767_571_200_000 + np.cumsum(chance.choice([400_000, 900_000, 90_000_000], quarters, p=[0.3, 0.68, 0.02]))
    bar = 1.5 + 0.03 * np.cumsum(chance.normal(size=quarters))
    bar[chance.random(quarters) < 0.1] = np.nan
    warm = np.where(chance.random(quarters) < 0.1, np.nan, 40 + 5 * chance.normal(size=quarters))
    at_once, one_by_one = Limits(), Limits()
    for one in (at_once, one_by_one):
        one._since.grow(1)
    slot = np.zeros(quarters, np.int64)
    at_once._set_anchors(slot, ts_ms, bar, warm)
    for i in range(quarters):
        one_by_one._set_anchors(slot[[i]], ts_ms[[i]], bar[[i]], warm[[i]])
    for name, values in at_once.dump().items():
        assert np.array_equal(values, one_by_one.dump()[name], equal_nan=values.dtype.kind == "f"), name
