"""Files of readings: what is quick is what is plain, line by line."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.arrivals import Arrivals
from boilerwatch.model import Batch, Ints
from boilerwatch.readings_file import read_batches

T0_MS = 1_767_571_200_000


def arrivals_of(boiler: Ints, ts_ms: Ints, told: Ints | None, edges: list[int]) -> list[int]:
    arrivals, got = Arrivals(), []
    for part in np.split(np.arange(len(boiler)), edges):
        mine = None if told is None or (told[part] < 0).all() else told[part]
        got += arrivals.of(boiler[part], ts_ms[part], mine).tolist()
    return got + arrivals.finish().tolist()


@settings(deadline=None)
@given(
    boilers=st.integers(1, 80), seed=st.integers(0, 1_000), turns=st.sampled_from(["in turn", "shuffled", "any"]),
    edges=st.lists(st.integers(0, 399), max_size=5), share_told=st.sampled_from([0.0, 0.0, 0.3, 1.0]),
)  # fmt: skip
def test_arrivals_are_the_same_taken_at_once_and_one_by_one(
    boilers: int, seed: int, turns: str, edges: list[int], share_told: float
) -> None:
    chance = np.random.default_rng(seed)
    code = np.arange(400) % boilers
    if turns == "shuffled":
        code = np.concatenate([chance.permutation(boilers) for _ in range(400 // boilers + 1)])[:400]
    elif turns == "any":
        code = chance.integers(0, boilers, 400)
    ts_ms = T0_MS + np.arange(400) * 1_000 + chance.integers(-100_000, 100_000, 400)
    told = np.where(chance.random(400) < share_told, ts_ms + 5_000, -1)
    expected = arrivals_of(code, ts_ms, told, list(range(1, 400)))
    assert len(expected) == 400
    assert [at for at, own in zip(expected, told.tolist(), strict=True) if own > 0] == told[told > 0].tolist()
    assert arrivals_of(code, ts_ms, told, sorted(set(edges))) == expected


HALF_HOUR_MS = 1_800_000


def rounds(boilers: int, fast: int = -1) -> Ints:
    """What a fleet tells in a day whose gateways all speak on the half hour; one of them may be two hours ahead."""
    turn, one = np.divmod(np.arange(48 * boilers), boilers)
    times: Ints = T0_MS + turn * HALF_HOUR_MS + one + np.where(one == fast, 4 * HALF_HOUR_MS, 0)
    return times


@pytest.mark.parametrize("boilers", [1, 2, 3, 4, 12, 31, 40])
def test_who_speaks_first_each_half_hour_is_not_ahead_of_the_others(boilers: int) -> None:
    ts_ms, code = rounds(boilers), np.arange(48 * boilers) % boilers
    got = np.array(arrivals_of(code, ts_ms, None, [7, 100]))
    assert np.abs(got - ts_ms)[:-boilers].max() < 60_000  # nothing follows the last round


def test_a_clock_two_hours_ahead_is_known_by_the_others() -> None:
    ts_ms, code = rounds(12, fast=3), np.arange(48 * 12) % 12
    got = np.array(arrivals_of(code, ts_ms, None, []))
    assert (ts_ms - got)[code == 3][:-1].min() > 3 * HALF_HOUR_MS
    assert np.abs(ts_ms - got)[code != 3][:-12].max() < 60_000


def lines(count: int) -> list[dict[str, Any]]:
    """Lines whose fields come and go, with codes, nulls and keys of the maker's own."""
    out: list[dict[str, Any]] = []
    for number in range(count):
        line: dict[str, Any] = {
            "boiler": f"b-{number % 3}",
            "site": "s",
            "ts": T0_MS + number * 1_000,
            "flow_temp_c": 50.0 + number % 20,
        }
        if number > count // 2:
            line["return_temp_c"] = None if number % 5 == 0 else 40.0
        if number % 17 == 3:
            line["makers_own"] = [1, {"boiler": "x"}]
        if number % 23 == 4:
            line = {"boiler": "b-1", "ts": line["ts"], "code": "E1"}
        out.append(line)
    return out


def whole(batches: list[Batch]) -> tuple[list[str], list[int], dict[str, list[float]], list[str]]:
    boilers = [batch.sources[one].boiler for batch in batches for one in batch.source.tolist()]
    names = sorted({name for batch in batches for name in batch.columns})
    columns = {
        name: np.concatenate([batch.columns.get(name, np.full(len(batch), np.nan)) for batch in batches]).tolist()
        for name in names
    }
    return boilers, [at for one in batches for at in one.received_at_ms.tolist()], columns, [
        event.code for batch in batches for event in batch.events
    ]  # fmt: skip


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("rows", [1, 7, 50])
def test_a_file_reads_the_same_however_many_lines_are_taken_at_once(tmp_path: Path, rows: int, *, broken: bool) -> None:
    path = tmp_path / "readings.jsonl"
    text = [json.dumps(line) for line in lines(200)]
    if broken:
        text[20] = text[20][:-5]
        text[120] = text[120].replace('"ts"', '"flow_temp_c": "warm", "ts"', 1)
        text[121:121] = [
            "",
            text[121] + text[121],
            '{"boiler": "b-0", "ts": 5}',
            '{"boiler": "no id", "ts": 1767571200000}',
        ]
    path.write_text("\n".join(text), encoding="utf-8")
    refused, pieces = Counter[str](), Counter[str]()
    at_once = whole(list(read_batches(path, refused)))
    cut = whole(list(read_batches(path, pieces, rows=rows)))
    assert str(cut) == str(at_once)  # NaN is NaN
    assert refused == pieces
    assert sum(refused.values()) == (4 if broken else 0)
    assert len(at_once[0]) > 180
    assert np.isfinite(at_once[2]["return_temp_c"]).sum() > 50
