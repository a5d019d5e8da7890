"""Our own absences, and what came in their backlog."""

import numpy as np

from boilerwatch.model import Batch, Event, Source
from detectors.listening import Listening

T0 = 1_800_000_000_000


def batch(received_ms: int, ts_ms: int | None = None) -> Batch:
    return Batch(
        sources=[Source("b", "s", "b")], source=np.zeros(1, np.int64), received_at_ms=np.array([received_ms]),
        ts_ms=np.array([received_ms if ts_ms is None else ts_ms]), stamped=np.array([ts_ms is None]),
    )  # fmt: skip


def test_ticks_and_rows_close_together_are_no_absence() -> None:
    listening = Listening()
    rows = [batch(T0, T0), *(Batch.tick(T0 + s * 1000, True) for s in range(1, 30)), batch(T0 + 30_000, T0 + 30_000)]
    assert [listening.see(row) for row in rows] == [None] * len(rows)


def test_a_gap_is_an_absence_until_what_comes_is_fresh() -> None:
    listening = Listening()
    listening.see(batch(T0, T0))
    back = T0 + 600_000
    assert listening.see(batch(back, T0 + 60_000)) == (T0, back)
    assert listening.see(batch(back + 400, T0 + 300_000)) == (T0, back)
    assert listening.see(batch(back + 900, back + 800)) is None
    assert listening.see(batch(back + 1_000, T0 + 300_000)) is None


def test_ticks_that_say_we_were_not_connected_do_not_end_it() -> None:
    listening = Listening()
    listening.see(Batch.tick(T0, True))
    for second in range(1, 100):
        assert listening.see(Batch.tick(T0 + second * 1000, False)) is None
    assert listening.see(batch(T0 + 100_000, T0 + 50_000)) == (T0, T0 + 100_000)


def test_without_times_the_backlog_ends_after_a_minute() -> None:
    listening = Listening()
    listening.see(batch(T0))
    back = T0 + 600_000
    code = Batch(sources=[Source("b", "s", "b")], events=[Event(0, back, back, "E1", True, 0, stamped=True)])
    assert listening.see(code) == (T0, back)
    for second in range(1, 61):
        listening.see(Batch.tick(back + second * 1_000 - 500, True))
    assert listening.see(batch(back + 59_000)) == (T0, back)
    assert listening.see(batch(back + 61_000)) is None


def test_a_restart_in_the_middle_of_a_backlog_goes_on_with_it() -> None:
    listening = Listening(T0 + 600_500, (T0, T0 + 600_000))
    assert listening.see(batch(T0 + 600_900, T0 + 1_000)) == (T0, T0 + 600_000)
