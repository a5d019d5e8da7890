"""Numbers are counted as they would be one after another, whatever comes and however it is cut."""

import itertools
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.accounts import Accounts
from boilerwatch.ledger import Ledger
from boilerwatch.model import Batch, Source

WRAP = 2**32
T0_MS = 1_800_000_000_000

publications = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 1), st.integers(WRAP - 6, WRAP + 6).map(lambda n: n % WRAP) | st.just(-1)
    ),
    max_size=40,
)


def one_by_one(told: list[tuple[int, int, int]]) -> dict[int, tuple[int, int, int]]:
    """Boiler -> (numbered, lost, gaps), as the docstring says it."""
    state: dict[int, tuple[int, int]] = {}
    found: dict[int, tuple[int, int, int]] = {}
    for boiler, boot, number in told:
        if number < 0:
            continue
        numbered, lost, gaps = found.get(boiler, (0, 0, 0))
        known, highest = state.get(boiler, (boot, -1))
        if known != boot or highest < 0:
            state[boiler] = (boot, number)
        else:
            ahead = (number - highest) % WRAP
            if 0 < ahead < WRAP // 2:
                lost, gaps = lost + ahead - 1, gaps + (ahead > 1)
                state[boiler] = (boot, number)
            elif ahead:
                lost -= 1
        found[boiler] = (numbered + 1, lost, gaps)
    return found


def batch_of(told: list[tuple[int, int, int]], first: int, at_ms: int = T0_MS) -> Batch:
    count = len(told)
    return Batch(
        sources=[Source(f"b-{number}", "s", "") for number in range(3)], source=np.array([one[0] for one in told], np.int64),
        ts_ms=np.full(count, at_ms - 250), received_at_ms=np.full(count, at_ms), stamped=np.zeros(count, np.bool_),
        columns={"flow_temp_c": np.ones(count)}, hash=np.arange(first, first + count, dtype=np.uint64),
        boot=np.array([one[1] for one in told], np.uint64), seq=np.array([one[2] for one in told], np.int64),
        ledger={"received": np.bincount([one[0] for one in told], minlength=3)},
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(publications, st.sets(st.integers(0, 40), max_size=4))
def test_whole_batches_count_as_one_publication_after_another(told: list[tuple[int, int, int]], cuts: set[int]) -> None:
    accounts = Accounts()
    edges = sorted({0, len(told), *(cut for cut in cuts if cut < len(told))})
    for begin, end in itertools.pairwise(edges):
        accounts.count([batch_of(told[begin:end], begin)])
    expected = one_by_one(told)
    for boiler, (numbered, lost, _) in expected.items():
        slot = accounts.open(f"b-{boiler}", "")
        assert (accounts.of["numbered"][slot], accounts.of["lost"][slot]) == (numbered, lost)
    assert accounts.gaps == sum(gaps for _, _, gaps in expected.values())


def test_accounts_go_on_after_a_restart_and_what_was_not_written_is_counted_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.apply(1, [batch_of([(0, 1, 5), (1, 1, 7), (0, 1, 9)], 0)])
    ledger.count([batch_of([(0, 1, 10)], 10)])  # and killed
    ledger.close()
    ledger = Ledger(path)
    assert ledger.position() == 1
    ledger.apply(2, [batch_of([(0, 1, 10)], 10)])
    account = ledger.of("b-0")
    assert account is not None
    assert (account.counts["received"], account.counts["lost"], ledger.open_accounts.gaps) == (3, 3, 1)
    assert account.skew_ms == 250
    ledger.close()


def test_a_backlog_of_the_whole_fleet_says_nothing_about_clocks_and_a_clock_set_wrong_is_learnt() -> None:
    accounts = Accounts()
    sources = [Source(f"b-{number}", "s", "") for number in range(40)]

    def hear(late_ms: int, some: int = 40) -> None:
        count = some
        accounts.count([Batch(
            sources=sources, source=np.arange(count), ts_ms=np.full(count, T0_MS - late_ms), received_at_ms=np.full(count, T0_MS),
            stamped=np.zeros(count, np.bool_), hash=np.arange(count, dtype=np.uint64), boot=np.zeros(count, np.uint64),
            seq=np.full(count, -1, np.int64),
        )])  # fmt: skip

    for _ in range(9):
        hear(200)
    for _ in range(20):
        hear(600_000)  # ten minutes at the broker
    assert accounts.skew_ms(np.arange(40)).tolist() == [200] * 40
    for _ in range(9):
        hear(-3_600_000, 1)  # one clock is an hour ahead
    assert accounts.skew_ms(np.arange(3)).tolist() == [-3_600_000, 200, 200]


def test_a_ledger_of_a_million_publications_is_quick_to_open(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        ledger = Ledger(Path(name) / "ledger.sqlite")
        sources = [Source(f"b-{number}", "s", "") for number in range(5_000)]
        ledger.apply(
            1, [Batch(sources=sources, ledger={"received": np.full(5_000, 200), "accepted": np.full(5_000, 200)})]
        )
        assert ledger.total().counts["received"] == 1_000_000
        assert ledger.total().balanced
        ledger.close()
