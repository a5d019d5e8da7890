"""What a block shows of rows that were refused once and are read again hours after they came."""

import numpy as np

from detectors.block import Block
from tests.detectors.series import T0_MS, batch_of


def test_arrival_never_runs_backwards() -> None:
    """Silence, staleness and absences of ours are told by differences of arrival: an old one would make or hide them."""
    arrivals = T0_MS + np.array([600_000, 601_000, 0, 602_000])
    block = Block(3_600_000)
    for arrival in (arrivals[:2], arrivals[2:]):
        rows = np.zeros(len(arrival), np.int64)
        batch = batch_of(["b-1"], rows, arrival, arrival, {"flow_temp_c": np.ones(len(arrival))})
        block.add(batch, rows, block.arrivals(batch), 0)
    view = block.take()
    assert (view.received_at_ms - T0_MS).tolist() == [600_000, 601_000, 601_000, 602_000]
    assert (view.ts_ms - T0_MS).tolist() == [600_000, 601_000, 0, 602_000]
