"""Tables of ordered rows from files, and sentences for what is none."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boilerwatch.errors import InputError
from boilerwatch.table_file import read_table

LINES = ["datetime;flow;pressure;note", "2026-01-05 00:00:00;32.0;0.5;ok", "2026-01-05 00:00:01;;0.75;ok"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_of_any_common_delimiter_with_gaps(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join(line.replace(";", delimiter) for line in LINES), encoding="utf-8-sig")
    table = read_table(path)
    assert table.columns == ("flow", "pressure")
    assert table.passed_over == ("note",)
    assert np.array_equal(table.values, [[32.0, 0.5], [np.nan, 0.75]], equal_nan=True)
    assert table.timed
    assert table.ts_ms.tolist() == [1767571200000, 1767571201000]


def test_a_parquet_file_with_whole_numbers_flags_and_infinities(tmp_path: Path) -> None:
    times = [datetime(2026, 1, 5, 0, 0, one, tzinfo=UTC) for one in range(3)]
    columns = {"time": times, "n": [1, None, 3], "on": [True, False, True], "x": [1.0, float("inf"), float("nan")]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.columns == ("n", "on", "x")
    expected = [[1, 1, 1], [np.nan, 0, np.nan], [3, 1, np.nan]]
    assert np.array_equal(table.values, expected, equal_nan=True)
    assert table.ts_ms[2] - table.ts_ms[0] == 2000


def test_a_table_without_times_is_numbered(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    table = read_table(tmp_path / "t.csv")
    assert not table.timed
    assert table.ts_ms.tolist() == [0, 1]
    assert table.of(["b"], tmp_path).tolist() == [[2.0], [4.0]]


def test_one_boilers_readings_come_in_order_of_time(tmp_path: Path) -> None:
    lines = [
        {"boiler": "b-1", "ts": 1767571260000, "flow_temp_c": 61.0},
        {"boiler": "b-2", "ts": 1767571200000, "flow_temp_c": 40.0},
        {"boiler": "b-1", "ts": 1767571200000, "flow_temp_c": 60.0, "water_pressure_bar": 1.5},
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    table = read_table(path, boiler="b-1")
    assert sorted(table.columns) == ["flow_temp_c", "water_pressure_bar"]
    assert table.of(["flow_temp_c"], path).ravel().tolist() == [60.0, 61.0]
    pq.write_table(pa.Table.from_pylist(lines), tmp_path / "r.parquet")
    same = read_table(tmp_path / "r.parquet", boiler="b-1")
    assert same.of(["flow_temp_c"], path).ravel().tolist() == [60.0, 61.0]
    for file in (path, tmp_path / "r.parquet"):
        with pytest.raises(InputError, match="name one with --boiler"):
            read_table(file)
        with pytest.raises(InputError, match="nothing of boiler b-9"):
            read_table(file, boiler="b-9")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("none.csv", None, "cannot be read"),
        ("t.xls", "a\n1\n", "a table ends in"),
        ("t.parquet", "a\n1\n", "is no table"),
        ("t.csv", "", "is no table"),
        ("t.csv", "a,b\n1,2\n3\n", "is no table"),
        ("t.csv", "a,a\n1,2\n", "two columns of one name"),
        ("t.csv", "a,b\n", "has no rows"),
        ("t.csv", "time,b\nyesterday,2\n", "row 1: its time 'yesterday' is no time"),
        ("t.csv", "time,b\n,2\n5,1\n", "row 1: it has no time"),
        ("t.csv", "time,b\n2026-01-05T00:00:01Z,2\n2026-01-05T00:00:00Z,2\n", "row 2: its time is before the row above"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_a_sentence(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=says) as told:
        read_table(path)
    assert str(path) in str(told.value)


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="has no column 'when'; there are: a, b"):
        read_table(path, time="when")
    with pytest.raises(InputError, match="has no column of numbers c; there are: a, b"):
        read_table(path).of(["c"], path)
    with pytest.raises(InputError, match="has no column `boiler`"):
        read_table(path, boiler="b-1")
