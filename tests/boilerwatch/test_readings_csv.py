"""CSV, and Parquet with times, are read as the same lines of JSON."""

import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boilerwatch.errors import InputError
from boilerwatch.readings_file import read_batches

T0_MS = 1_767_571_200_000
JSON = [
    {"boiler": "b-1", "site": "s", "ts": T0_MS, "water_pressure_bar": 1.4, "flame_on": True},
    {"boiler": "b-2", "site": "s", "ts": T0_MS + 500, "flow_temp_c": 55.5},
    {"boiler": "b-1", "site": "s", "ts": T0_MS + 60_000, "code": "281", "active": False},
]
CSV = """\
boiler,site,ts,water_pressure_bar,flow_temp_c,flame_on,code,active,colour
b-1,s,1767571200000,1.4,,true,,,red
b-2,s,2026-01-05T00:00:00.500Z,NaN,55.5,,,,
b-1,s,2026-01-05 00:01:00Z,,,,281,false,
"""


def read(path: Path, refused: Counter[str] | None = None) -> list[tuple[object, ...]]:
    told: list[tuple[object, ...]] = []
    for batch in read_batches(path, Counter() if refused is None else refused):
        names = [source.boiler for source in batch.sources]
        for i in range(len(batch)):
            values = {k: float(v[i]) for k, v in batch.columns.items() if not np.isnan(v[i])}
            told.append((names[batch.source[i]], int(batch.ts_ms[i]), sorted(values.items())))
        told += [(names[one.source], one.ts_ms, one.code, one.active) for one in batch.events]
    return told


def expected(folder: Path) -> list[tuple[object, ...]]:
    (folder / "r.jsonl").write_text("".join(json.dumps(one) + "\n" for one in JSON))
    return read(folder / "r.jsonl")


@pytest.mark.parametrize(("name", "delimiter"), [("r.csv", ","), ("r.csv", ";"), ("r.tsv", "\t"), ("r.csv.gz", ",")])
def test_a_csv_says_what_lines_of_json_say(tmp_path: Path, name: str, delimiter: str) -> None:
    body = ("\ufeff" + CSV.replace(",", delimiter)).encode()
    (tmp_path / name).write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
    assert read(tmp_path / name) == expected(tmp_path)
    assert len(expected(tmp_path)) == 3


def test_a_parquet_file_with_times_says_what_lines_with_milliseconds_say(tmp_path: Path) -> None:
    for kind in (pa.timestamp("us"), pa.timestamp("ns", "UTC"), pa.timestamp("s", "Asia/Shanghai"), pa.int64()):
        whole = [{**one, "ts": one["ts"] // 1000 * 1000} for one in JSON]
        scale = {"us": 1_000, "ns": 1_000_000, "s": 1}.get(getattr(kind, "unit", ""), 1)
        ts = [one["ts"] // 1000 if getattr(kind, "unit", "") == "s" else one["ts"] * scale for one in whole]
        keys = dict.fromkeys(key for one in whole for key in one)
        table = pa.Table.from_pylist([{**keys, **one} for one in whole])
        table = table.set_column(table.column_names.index("ts"), "ts", pa.array(ts, kind))
        pq.write_table(table, tmp_path / "r.parquet")
        (tmp_path / "r.jsonl").write_text("".join(json.dumps(one) + "\n" for one in whole))
        assert read(tmp_path / "r.parquet") == read(tmp_path / "r.jsonl"), kind


def test_cells_that_are_nothing_of_theirs_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("boiler,ts,flow_temp_c\nb-1,1767571200000,warm\nb-1,yesterday,50\nb-1,1767571260000,51\n")
    refused: Counter[str] = Counter()
    assert [row[2] for row in read(path, refused)] == [[], [("flow_temp_c", 51.0)]]
    assert refused == {"flow_temp_c of the wrong type": 1, "bad time": 1}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "missing: boiler, ts; there: none"), ("boiler,site,model\nb-1,s,m\n", "missing: ts; there: boiler, site, model"),
     ("ts,flow_temp_c\n1,2\n", "missing: boiler"), ("boiler,ts,colour\nb-1,1,red\n", "names no signal")],
)  # fmt: skip
def test_a_csv_of_something_else_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read(path)
    path.write_bytes(b"boiler,ts,flow_temp_c\n\xff\xfe,1,2\n")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        read(path)
