"""Data sets: equal for equal arguments, whole or not at all, and links as bad as they are said to be."""

import gzip
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from boilerwatch.cli.main import main
from boilerwatch.errors import InputError
from boilerwatch.readings_file import read_batches
from boilerwatch.register import read_fleet
from boilerwatch.service import decode
from simulators.bad_links import CLOCK_LOST_MS, Troubles
from simulators.dataset import Order, write
from simulators.file_links import FileLinks, Gateways
from simulators.fleet import Step
from simulators.rows import Gatherer, Rows
from simulators.truth import read_truth
from simulators.watch import watch_beside, watch_of_readings

pytestmark = pytest.mark.slow

START_S = 1_767_571_200.0
SMALL = Order(boilers=12, days=4, seed=3, start_s=START_S, interval_s=900, faults=0.5)
BAD = Order(boilers=12, days=4, seed=3, start_s=START_S, interval_s=900, faults=0.5, bad_links=True)
#: Faults that always end in a code.
LOCKING = ("slow_leak", "burst_leak", "lockout_code", "ignition_wear", "fan_wear")


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def lines_of(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in gzip.decompress(path.read_bytes()).splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            found.append({})
    return found


@pytest.mark.parametrize("order", [SMALL, BAD], ids=["good", "bad"])
def test_equal_orders_give_every_file_byte_for_byte_also_with_pictures(tmp_path: Path, order: Order) -> None:
    for name, plot in (("a", True), ("b", True), ("c", False)):
        write(order, tmp_path / name, plot)
    first = content(tmp_path / "a")
    assert set(first) == {
        "readings.jsonl.gz",
        "fleet.csv",
        "truth.csv",
        "service.jsonl",
        "dataset.json",
        "boiler.png",
        "fleet.png",
    }
    assert first == content(tmp_path / "b")
    assert content(tmp_path / "c").items() <= first.items()
    assert first["readings.jsonl.gz"][4:8] == b"\0\0\0\0", "the gzip bears no date"
    other = Order(**{**{name: getattr(order, name) for name in order.__slots__}, "seed": 4})
    write(other, tmp_path / "d")
    assert content(tmp_path / "d")["readings.jsonl.gz"] != first["readings.jsonl.gz"]


def test_files_are_what_the_product_reads(tmp_path: Path) -> None:
    write(SMALL, tmp_path)
    refused: Counter[str] = Counter()
    batches = list(read_batches(tmp_path / "readings.jsonl.gz", refused))
    assert not refused
    assert sum(map(len, batches)) == 12 * 4 * 96
    register = read_fleet(tmp_path / "fleet.csv")
    assert (len(register.boilers), register.complaints) == (12, [])
    truth = read_truth(tmp_path / "truth.csv")
    assert {one.boiler for one in truth} <= {one.boiler for one in register.boilers}
    assert truth
    watch = watch_beside(tmp_path / "truth.csv")
    assert watch is not None
    assert watch.boiler_days == 48
    seen = watch_of_readings(tmp_path / "readings.jsonl.gz")
    assert [code[:2] for code in seen.codes or ()] == [code[:2] for code in watch.codes or ()]
    assert seen.boiler_days == pytest.approx(48, rel=0.01)


def test_truth_is_within_the_data_and_a_failure_shows_its_code(tmp_path: Path) -> None:
    write(SMALL, tmp_path)
    truth = read_truth(tmp_path / "truth.csv")
    end_ms = (START_S + 4 * 86_400) * 1000
    assert all(START_S * 1000 < one.onset_ms <= end_ms for one in truth)
    failed = {(one.boiler, one.failure_ms) for one in truth if one.failure_ms and one.kind in LOCKING}
    told = {
        (one["boiler"], one["ts"] // 1000 * 1000)
        for one in lines_of(tmp_path / "readings.jsonl.gz")
        if one.get("active")
    }
    assert failed
    assert failed <= told


def test_parquet_has_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    write(BAD, tmp_path / "lines")
    write(Order(**{**{n: getattr(BAD, n) for n in BAD.__slots__}, "format": "parquet"}), tmp_path / "columns")
    rows = pq.read_table(tmp_path / "columns" / "readings.parquet").to_pylist()
    lines = [line for line in lines_of(tmp_path / "lines" / "readings.jsonl.gz") if line]
    assert [{k: v for k, v in row.items() if v is not None} for row in rows] == lines
    assert content(tmp_path / "lines")["truth.csv"] == content(tmp_path / "columns")["truth.csv"]


def test_a_new_format_takes_the_place_of_the_old(tmp_path: Path) -> None:
    write(SMALL, tmp_path)
    write(Order(**{**{n: getattr(SMALL, n) for n in SMALL.__slots__}, "format": "parquet"}), tmp_path)
    assert set(content(tmp_path)) == {"readings.parquet", "fleet.csv", "truth.csv", "service.jsonl", "dataset.json"}


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("simulators.dataset.fleet_csv", full)
    with pytest.raises(InputError, match="No space left"):
        write(SMALL, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "truth.csv").write_text("kept")
    with pytest.raises(InputError, match="No space left"):
        write(SMALL, tmp_path / "old")
    assert content(tmp_path / "old") == {"truth.csv": b"kept"}


def test_gateways_with_habits_of_their_own_speak_at_their_intervals_and_some_of_changes_only(tmp_path: Path) -> None:
    order = Order(boilers=12, days=0.2, seed=3, start_s=START_S, interval_s=0, faults=0, models=("Duo 24", "GB 24"))
    write(order, tmp_path)
    model = {one.boiler: one.model for one in read_fleet(tmp_path / "fleet.csv").boilers}
    lines = [line for line in lines_of(tmp_path / "readings.jsonl.gz") if "code" not in line]
    for name in ("Duo 24", "GB 24"):
        boiler = next(one for one, its in model.items() if its == name)
        mine = [line for line in lines if line["boiler"] == boiler]
        apart_s = np.diff([line["ts"] / 1000 for line in mine])
        sizes = {len(line) for line in mine}
        if name == "GB 24":
            assert set(apart_s) == {300.0}
            assert len(sizes) == 1
        else:
            assert apart_s.min() == 60
            assert max(sizes) - min(sizes) > 5
            told: dict[str, object] = {}
            for line in mine[:20]:
                same = [
                    key for key, value in line.items() if key not in ("site", "boiler", "ts") and told.get(key) == value
                ]
                assert not same or len(line) == max(sizes)
                told |= line


def test_repairs_that_were_reported_stand_in_the_service_file(tmp_path: Path) -> None:
    write(
        Order(boilers=30, days=6, seed=3, start_s=START_S, interval_s=1_800, faults=1, kinds=("lockout_code",)),
        tmp_path,
    )
    rows = [decode(line) for line in (tmp_path / "service.jsonl").read_bytes().splitlines()]
    mended = {(one.boiler, one.repaired_ms) for one in read_truth(tmp_path / "truth.csv") if one.repaired_ms}
    assert rows
    assert len(rows) < len(mended), "some firms tell nobody"
    assert all(row.what == "repaired" for row in rows)
    assert {row.boiler for row in rows} <= {boiler for boiler, _ in mended}


# ------------------------------------------------------------------------------------------------- links


def links_of(
    troubles: Troubles, boilers: int = 6, days: float = 6, has_clock: bool = True, interval_s: int = 600
) -> tuple[Rows, list[Rows]]:
    """Carry a plain fleet's readings; return what was said, and what arrived call by call."""
    start_ms = round(START_S * 1000)
    every = np.full(boilers, interval_s * 1000)
    gateways = Gateways(np.arange(boilers) % 2, np.full(boilers, has_clock), every)
    links = FileLinks(gateways, 5, start_ms, start_ms + round(days * 86_400_000), troubles)
    gatherer = Gatherer(every, start_ms)
    said: Rows | None = None
    arrived = []
    numbers = iter(range(10**6))
    for block in range(round(days * 24)):
        steps = [
            Step(START_S + block * 3600 + k * interval_s, {"flow_temp_c": np.array([next(numbers) for _ in range(boilers)], float)})
            for k in range(3600 // interval_s)
        ]  # fmt: skip
        rows = gatherer.gather(steps, interval_s * 1000)
        said = rows if said is None else said.then(rows)
        arrived.append(links.carry(rows, round(steps[-1].at_s * 1000) + 1))
    assert said is not None
    return said, arrived


PERFECT = Troubles.none()


def joined(parts: list[Rows]) -> Rows:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.then(part)
    return whole


def test_a_perfect_link_changes_nothing_but_arrival() -> None:
    said, arrived = links_of(PERFECT)
    whole = joined(arrived)
    assert sorted(whole.columns["flow_temp_c"]) == sorted(said.columns["flow_temp_c"])[: len(whole)]
    assert len(said) - len(whole) <= 6, "only what is under way"
    assert (whole.ts_ms == whole.at_ms).all()
    delay_ms = whole.received_ms - whole.at_ms
    assert ((delay_ms >= 20) & (delay_ms < 800)).all()
    for boiler in range(6):
        assert whole.seq[whole.boiler == boiler].tolist() == list(range((whole.boiler == boiler).sum()))


def test_a_backlog_comes_after_the_first_reading_newest_first_and_whole() -> None:
    said, arrived = links_of(PERFECT._replace(absences_a_day=2, absence_h=3, kept=10_000))
    whole = joined(arrived)
    assert (np.diff(whole.received_ms) >= 0).all(), "lines are in order of arrival"
    late = whole.received_ms - whole.at_ms > 1_000
    assert late.sum() > 50
    for boiler in range(6):
        own = whole.take(whole.boiler == boiler)
        assert (np.sort(own.seq) == np.arange(len(own))).mean() > 0.9, "nothing is lost but what is still away"
        backlog = own.take(own.received_ms - own.at_ms > 1_000)
        same = np.diff(backlog.received_ms) < 1_000
        assert same.any()
        assert (np.diff(backlog.at_ms)[same] < 0).all(), "newest first"
    assert len(whole) > 0.8 * len(said)


def test_a_gateway_that_repeats_its_past_says_its_last_reading_anew_before_the_first_new_one() -> None:
    _, plain = links_of(PERFECT._replace(absences_a_day=2, absence_h=3, kept=0))
    _, arrived = links_of(PERFECT._replace(absences_a_day=2, absence_h=3, kept=0, past_repeated=1))
    without, whole = joined(plain), joined(arrived)
    anew = 0
    for boiler in range(6):
        own = whole.take(whole.boiler == boiler)
        value, at_ms = own.columns["flow_temp_c"], own.at_ms
        assert (np.diff(own.received_ms) >= 0).all()
        again = np.flatnonzero(value[1:] == value[:-1]) + 1
        assert (at_ms[again] - at_ms[again - 1] > 0).all(), "its time is of now, its value from before the absence"
        assert (at_ms[again + 1] - at_ms[again] == 900).all(), "then comes the first new reading"
        assert (np.diff(own.ts_ms) > 0).all()
        anew += int((at_ms[again] - at_ms[again - 1] > 600_000).sum())
        gaps = np.diff(without.at_ms[without.boiler == boiler]) > 600_000
        assert len(again) >= gaps.sum(), "an absence between two readings leaves no gap"
    assert anew > 20


def test_what_a_gateway_cannot_keep_is_gone() -> None:
    troubles = PERFECT._replace(absences_a_day=2, absence_h=3, kept=3)
    _, arrived = links_of(troubles)
    whole = joined(arrived)
    gaps = [int((np.diff(np.sort(whole.seq[whole.boiler == b])) > 1).sum()) for b in range(6)]
    assert sum(gaps) > 3
    said, arrived = links_of(troubles, has_clock=False)
    whole = joined(arrived)
    assert len(whole) < 0.9 * len(said)
    assert (whole.received_ms - whole.at_ms < 800).all(), "without a clock nothing is kept"
    assert (whole.ts_ms == whole.received_ms).all()
    assert (whole.seq == -1).all()
    assert (whole.boot == -1).all()


def test_an_outage_takes_a_whole_site() -> None:
    _, arrived = links_of(PERFECT._replace(outages_a_day=0.5, outage_h=6), has_clock=False)
    whole = joined(arrived)
    at: dict[int, set[int]] = defaultdict(set)
    for boiler, moment in zip(whole.boiler.tolist(), (whole.at_ms // 600_000).tolist(), strict=True):
        at[boiler].add(moment)
    assert at[0] == at[2] == at[4] != at[1]
    assert at[1] == at[3] == at[5]


def test_a_restart_begins_a_boot_at_seq_nought_with_a_right_clock() -> None:
    _, arrived = links_of(PERFECT._replace(absences_a_day=1, absence_h=1, rebooted=1, skew_s=50, kept=10_000))
    whole = joined(arrived)
    boots = 0
    for boiler in range(6):
        own = whole.take(whole.boiler == boiler)
        for number, boot in enumerate(sorted(set(own.boot.tolist()))):
            part = own.take(own.boot == boot)
            assert part.seq.min() == 0
            assert len(set(part.seq.tolist())) == len(part)
            skew_ms = part.ts_ms - part.at_ms
            assert (skew_ms == 0).all() if number else (abs(skew_ms) > 0).all()
            boots += number > 0
    assert boots > 6


def test_some_are_gone_for_days_and_some_restart_without_a_clock() -> None:
    troubles = PERFECT._replace(gaps_a_day=0.2, gap_h=40, rebooted=1, clock_lost=1, kept=0)
    _, arrived = links_of(troubles, days=20, interval_s=300)
    whole = joined(arrived)
    lost = whole.ts_ms < 86_400_000
    assert 6 < lost.sum() < 100
    assert (whole.ts_ms[lost] < CLOCK_LOST_MS).all()
    assert (whole.ts_ms[~lost] == whole.at_ms[~lost]).all()
    longest_ms = [np.diff(whole.at_ms[whole.boiler == boiler]).max() for boiler in range(6)]
    assert max(longest_ms) > 86_400_000
    assert whole.boot[lost].min() > whole.boot.min()


def test_repeats_say_the_same_again_and_torn_lines_are_torn() -> None:
    said, arrived = links_of(PERFECT._replace(repeated=0.1, garbled=0.05))
    whole = joined(arrived)
    assert len(whole) / len(said) == pytest.approx(1.1, abs=0.03)
    assert (whole.torn > 0).mean() == pytest.approx(0.05, abs=0.02)
    twins = Counter(zip(whole.boiler.tolist(), whole.seq.tolist(), whole.ts_ms.tolist(), strict=True))
    assert set(twins.values()) == {1, 2}


def test_torn_lines_are_refused_one_by_one(tmp_path: Path) -> None:
    write(Order(**{**{n: getattr(BAD, n) for n in BAD.__slots__}, "boilers": 60, "interval_s": 300.0}), tmp_path)
    refused: Counter[str] = Counter()
    batches = list(read_batches(tmp_path / "readings.jsonl.gz", refused))
    torn = sum(not line for line in lines_of(tmp_path / "readings.jsonl.gz"))
    assert torn > 5
    assert refused["line is not JSON"] == torn
    assert sum(map(len, batches)) > 60 * 4 * 288 * 0.9


# ------------------------------------------------------------------------------------------------- command line


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["boilerwatch", "dataset", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command_makes_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (
        "--boilers",
        "4",
        "--days",
        "1",
        "--seed",
        "9",
        "--interval",
        "1800",
        "--faults",
        "1",
        "--kinds",
        "slow_leak",
    )
    assert run(monkeypatch, *words, "--out", str(tmp_path / "d")) == 0
    truth = read_truth(tmp_path / "d" / "truth.csv")
    assert {one.kind for one in truth} == {"slow_leak"}
    first = lines_of(tmp_path / "d" / "readings.jsonl.gz")[0]
    assert first["ts"] // 1000 == 1_767_571_200 + 1_800, "from 2026-01-05, never from the clock"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--start", "soon"), "--start 'soon' is neither"),
        (("--interval", "often"), "--interval 'often' is neither"),
        (("--interval", "0.5"), "--interval '0.5' is neither"),
        (("--models", "Steamer"), "there is no such model; known: Condens 24"),
        (("--models", "Condens 18 S", "--kinds", "plate_scale"), "it makes no hot water"),
        (("--interval", "nan"), "--interval 'nan' is neither"),
        (("--format", "xml"), "--format 'xml': known are jsonl, parquet"),
        (("--world", "mars"), "--world 'mars': known are usual, outside"),
        (("--kinds", "leaky"), "'leaky': there is no such fault"),
        (("--boilers", "0"), "--boilers"),
        (("--days", "-1"), "--days"),
        (("--faults", "2"), "--faults"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    assert run(monkeypatch, "--out", str(tmp_path / "d"), *words) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(monkeypatch, "--out", str(tmp_path / "file" / "d"), "--days", "1") == 2
    assert "cannot be written" in capsys.readouterr().err
