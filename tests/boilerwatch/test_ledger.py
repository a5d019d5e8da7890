"""The ledger against the plain truth of what was sent: whatever is lost, late, repeated or cut into batches."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.ledger import Ledger
from boilerwatch.model import Batch, Source

T0_MS = 1_800_000_000_000


def batch_of(numbers: list[int], boot: int, at_ms: int = T0_MS) -> Batch:
    count = len(numbers)
    return Batch(
        sources=[Source("b-1", "s", "b-1")], source=np.zeros(count, np.int64), ts_ms=np.full(count, at_ms - 250),
        received_at_ms=np.full(count, at_ms), stamped=np.zeros(count, np.bool_), columns={"flow_temp_c": np.ones(count)},
        hash=np.array([hash((boot, number)) % 2**63 for number in numbers], np.uint64),
        boot=np.full(count, boot, np.uint64), seq=np.array(numbers, np.int64),
        ledger={"received": np.array([count]), "accepted": np.array([count])},
    )  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    first=st.sampled_from([0, 7, 2**32 - 12]),
    arrived=st.lists(st.booleans(), min_size=2, max_size=30),
    swaps=st.lists(st.integers(0, 28), max_size=6),
    cuts=st.sets(st.integers(0, 30), max_size=4),
)
def test_what_was_sent_is_received_and_lost_over_wraps_disorder_and_cuts(
    first: int, arrived: list[bool], swaps: list[int], cuts: set[int]
) -> None:
    arrived[0] = arrived[-1] = True  # loss before the first and after the last number cannot be known
    numbers = [(first + i) % 2**32 for i, came in enumerate(arrived) if came]
    for place in swaps:  # late by one, never before the first one, where counting starts
        if 0 < place < len(numbers) - 1:
            numbers[place], numbers[place + 1] = numbers[place + 1], numbers[place]
    with tempfile.TemporaryDirectory() as name:
        ledger = Ledger(Path(name) / "ledger.sqlite")
        begin = 0
        for offset, end in enumerate(sorted({*cuts, len(numbers)}), 1):
            if end <= len(numbers) and end > begin:
                ledger.apply(offset, [batch_of(numbers[begin:end], 1)])
                begin = end
        total = ledger.total()
        ledger.close()
    assert total.balanced
    assert total.accountable
    assert (total.counts["numbered"], total.counts["lost"]) == (sum(arrived), len(arrived) - sum(arrived))


def test_another_boot_begins_anew_and_nothing_between_counts_as_lost(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.apply(1, [batch_of([5, 6, 8], 1), batch_of([0, 1, 4], 2)])
    assert ledger.total().counts["lost"] == 3
    ledger.close()


def test_a_position_and_what_it_counts_stand_together(tmp_path: Path) -> None:
    """Whoever dies between two transactions counts nothing twice: the position says what is counted."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.apply(3, [batch_of([1, 2], 1)])
    ledger.close()
    again = Ledger(tmp_path / "ledger.sqlite")
    assert (again.position(), again.total().counts["received"]) == (3, 2)
    assert again.of("b-1") is not None
    assert again.of("nobody") is None
    again.close()


def test_a_boilers_clock_is_told_from_its_fresh_messages(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for number in range(20):
        ledger.apply(number, [batch_of([number], 1, T0_MS + number * 1_000)])
    account = ledger.of("b-1")
    assert account is not None
    assert account.skew_ms == 250
    assert account.last_received_at_ms == T0_MS + 19_000
    ledger.close()
