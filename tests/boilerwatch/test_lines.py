"""Columns become line protocol: every value as Python would write it, however many rows share it."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from boilerwatch.store import lines

_VALUES = st.one_of(st.sampled_from([0.0, 1.0, 55.5, -0.25, float("nan")]), st.floats(-1e6, 1e6))


@given(rows=st.lists(st.tuples(_VALUES, _VALUES), min_size=1, max_size=60))
def test_a_line_holds_what_its_row_holds(rows: list[tuple[float, float]]) -> None:
    table, n = np.array(rows), len(rows)
    columns = {"flow_temp_c": table[:, 0], "flame_on": table[:, 1]}
    tags = pa.array(["boiler=b-0,site=s", "boiler=b-1,site=s"])
    found = lines.of_columns("boiler", tags, np.arange(n) % 2, 1_000 + np.arange(n), columns)
    expected = []
    for number, row in enumerate(table):
        fields = {name: float(value) for name, value in zip(columns, row, strict=True) if not np.isnan(value)}
        if fields:
            expected.append((f"boiler,boiler=b-{number % 2},site=s", fields, 1_000 + number))
    got = []
    for line in lines.body_of(found).decode().splitlines():
        head, fields_text, time = line.split(" ")
        pairs = (pair.split("=") for pair in fields_text.split(","))
        got.append((head, {name: float(value) for name, value in pairs}, int(time)))
    assert got == expected
