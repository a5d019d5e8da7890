"""Columns -> InfluxDB line protocol, whole columns at a time in Arrow: no Python object a row.

An array of lines ends each of them with a line feed, so the bytes of any run of it are a body to be posted. Measured
on rows of eight signals: 0.25 µs a row, where a format a row took 4 µs and influxdb-client's `Point` about 40 µs.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boilerwatch.model import Batch, Floats, Ints, Source
from boilerwatch.store.protocol import Point

_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": " ", "\\": "/"})
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\", "\n": " "})
#: A pyarrow array of strings, which has no types to be checked.
Lines = Any
NONE: Lines = pa.array([], pa.string())


class Heads:
    """The tag sets of sources, made once for a list that grows."""

    def __init__(self) -> None:
        self._sources: Sequence[Source] = ()
        self._array: Lines = NONE

    def of(self, sources: Sequence[Source]) -> Lines:
        """Return `boiler=b,site=s` of each, shape (len(sources),); the same list again is only looked at where it grew."""
        if sources is not self._sources:
            self._sources, self._array = sources, NONE
        if len(self._array) < len(sources):
            fresh = [tags_of(source.boiler, source.site) for source in sources[len(self._array) :]]
            self._array = pa.concat_arrays([self._array, pa.array(fresh, pa.string())])
        return self._array


def tag(text: str) -> str:
    """Return a tag's value, escaped; an empty one is not allowed by the protocol and becomes `-`."""
    return text.translate(_TAG) or "-"


def tags_of(boiler: str, site: str) -> str:
    """Return a boiler's tag set."""
    return f"boiler={tag(boiler)},site={tag(site)}"


def of_columns(measurement: str, tags: Lines, row_tag: Ints, ts_ms: Ints, columns: dict[str, Floats]) -> Lines:
    """Return one line a row that has any value.

    Parameters
    ----------
    tags
        Tag sets, such as `boiler=b,site=s`.
    row_tag
        Index into `tags`, shape (n,).
    columns
        Field -> values, each of shape (n,); NaN is left out.
    """
    told = np.zeros(len(ts_ms), np.bool_)
    for values in columns.values():
        told |= ~np.isnan(values)
    if not told.all():  # a row of nothing is no line, and Arrow's join would leave it out of its answer
        row_tag, ts_ms = row_tag[told], ts_ms[told]
        columns = {name: values[told] for name, values in columns.items()}
    if not len(ts_ms):
        return NONE
    fields = [_field_of(name, values) for name, values in columns.items()]
    joined = pc.binary_join_element_wise(*fields, ",", null_handling="skip")
    times = pc.cast(pa.array(ts_ms, pa.int64()), pa.string())
    heads = tags.take(pa.array(row_tag, pa.int64()))
    return pc.binary_join_element_wise(f"{measurement},", heads, " ", joined, " ", times, "\n", "")


def _field_of(name: str, values: Floats) -> Lines:
    """Return `name=value` of each row, null where nothing came: each value is written once, and sensors have few."""
    array = pa.array(values, from_pandas=True)
    coded = array.dictionary_encode()
    if 2 * len(coded.dictionary) > len(values):
        return pc.binary_join_element_wise(f"{name}=", pc.cast(array, pa.string()), "")
    return pc.binary_join_element_wise(f"{name}=", pc.cast(coded.dictionary, pa.string()), "").take(coded.indices)


def body_of(lines: Lines) -> bytes:
    """Return the lines as they are posted."""
    if not len(lines):
        return b""
    _, offsets, text = lines.buffers()
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(text)[int(ends[lines.offset]) : int(ends[lines.offset + len(lines)])].tobytes()


def merged(source: Ints, ts_ms: Ints, columns: dict[str, Floats]) -> tuple[Ints, Ints, dict[str, Floats]]:
    """Return rows sorted by source and time, one for each of these: fields are joined, the last to arrive wins.

    A store takes the lines of one request in an order of its own, so their order cannot say which came last. Rows of one
    series that stand together cost InfluxDB a third less (measured at two rows each), and SQLite's tree fewer pages.

    Parameters
    ----------
    source, ts_ms
        Index and time of each row in order of arrival, shape (n,).
    columns
        Signal -> values, shape (n,), NaN where nothing came.

    Examples
    --------
    >>> one, two = np.array([7, 7]), np.array([5, 5])
    >>> merged(one, two, {"a": np.array([1.0, 2.0]), "b": np.array([3.0, np.nan])})
    (array([7]), array([5]), {'a': array([2.]), 'b': array([3.])})
    """
    order = np.lexsort((ts_ms, source))
    sorted_source, sorted_ts = source[order], ts_ms[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (sorted_source[1:] != sorted_source[:-1]) | (sorted_ts[1:] != sorted_ts[:-1])
    if begins.all():
        return sorted_source, sorted_ts, {name: values[order] for name, values in columns.items()}
    starts = np.flatnonzero(begins)
    joined: dict[str, Floats] = {}
    for name, values in columns.items():
        mine = values[order]
        last = np.maximum.reduceat(np.where(np.isnan(mine), -1, np.arange(len(mine))), starts)
        joined[name] = np.where(last >= 0, mine[last], np.nan)
    return sorted_source[starts], sorted_ts[starts], joined


def of_events(batch: Batch) -> Lines:
    """Return the lines of a batch's codes."""
    lines = []
    for event in batch.events:
        source, code = batch.sources[event.source], event.code.translate(_TEXT)
        active = "true" if event.active else "false"
        head = f"event,{tags_of(source.boiler, source.site)},code={tag(event.code)}"
        lines.append(f'{head} active={active},text="{code}" {event.ts_ms}\n')
    return pa.array(lines, pa.string())


def of_pairs(boilers: Sequence[str], sites: Sequence[str]) -> Lines:
    """Return the tag sets of boilers and their sites, shape (n,)."""
    return pa.array(map(tags_of, boilers, sites), pa.string())


def of_points(points: Sequence[Point]) -> Lines:
    """Return the lines of small measurements' rows."""
    return pa.array([_of_point(point) for point in points], pa.string())


def _of_point(point: Point) -> str:
    tags = "".join(f",{name}={tag(value)}" for name, value in sorted(point.tags.items()))
    return f"{point.measurement}{tags} {','.join(f'{n}={_field(v)}' for n, v in point.fields.items())} {point.ts_ms}\n"


def _field(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value.translate(_TEXT)}"'
    return repr(float(value))
