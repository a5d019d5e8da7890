"""Columns -> InfluxDB line protocol, in bulk: rows with the same fields share one format."""

from collections.abc import Sequence

import numpy as np

from boilerwatch.model import Batch, Floats, Ints
from boilerwatch.store.protocol import Point

_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": " ", "\\": "/"})
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\", "\n": " "})


def tag(text: str) -> str:
    """Return a tag's value, escaped; an empty one is not allowed by the protocol and becomes `-`."""
    return text.translate(_TAG) or "-"


def of_columns(
    measurement: str, tags: Sequence[str], row_tag: Ints, ts_ms: Ints, columns: dict[str, Floats]
) -> list[str]:
    """Return one line a row that has any value.

    Parameters
    ----------
    tags
        Escaped tag sets, such as `boiler=b,site=s`.
    row_tag
        Index into `tags`, shape (n,).
    columns
        Field -> values, each of shape (n,); NaN is left out.
    """
    names = list(columns)
    if not names or not len(ts_ms):
        return []
    table = np.column_stack([columns[name] for name in names])
    known = ~np.isnan(table)
    patterns, which = np.unique(np.packbits(known, axis=1), axis=0, return_inverse=True)
    lines: list[str] = []
    for number in range(len(patterns)):
        rows = np.flatnonzero(which.reshape(-1) == number)
        fields = np.flatnonzero(known[rows[0]])
        if not len(fields):
            continue
        form = f"{measurement},%s " + ",".join(f"{names[i]}=%r" for i in fields) + " %d"
        values = [table[rows, i].tolist() for i in fields]
        heads = [tags[i] for i in row_tag[rows].tolist()]
        lines += [form % row for row in zip(heads, *values, ts_ms[rows].tolist(), strict=True)]
    return lines


def merged(source: Ints, ts_ms: Ints, columns: dict[str, Floats]) -> tuple[Ints, Ints, dict[str, Floats]]:
    """Return rows with one row for each (source, time): fields are joined, the last to arrive wins.

    Lines of one request are grouped by their fields, so their order cannot say which came last.

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
        return source, ts_ms, columns
    starts = np.flatnonzero(begins)
    joined: dict[str, Floats] = {}
    for name, values in columns.items():
        mine = values[order]
        last = np.maximum.reduceat(np.where(np.isnan(mine), -1, np.arange(len(mine))), starts)
        joined[name] = np.where(last >= 0, mine[last], np.nan)
    return sorted_source[starts], sorted_ts[starts], joined


def of_batch(batch: Batch) -> list[str]:
    """Return the lines of a batch's readings and events."""
    tags = [f"boiler={tag(source.boiler)},site={tag(source.site)}" for source in batch.sources]
    lines = of_columns("boiler", tags, *merged(batch.source, batch.ts_ms, batch.columns))
    for event in batch.events:
        code = event.code.translate(_TEXT)
        active = "true" if event.active else "false"
        lines.append(f'event,{tags[event.source]},code={tag(event.code)} active={active},text="{code}" {event.ts_ms}')
    return lines


def of_point(point: Point) -> str:
    """Return the line of a small measurement's row."""
    tags = "".join(f",{name}={tag(value)}" for name, value in point.tags.items())
    return f"{point.measurement}{tags} {','.join(f'{n}={_field(v)}' for n, v in point.fields.items())} {point.ts_ms}"


def _field(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value.translate(_TEXT)}"'
    return repr(float(value))
