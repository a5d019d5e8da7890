"""InfluxQL as values: what the SDK lacks. A query knows what it quotes, what bounds it, and refuses to be unbounded.

Variables stand in Grafana's own syntax (`${site:regex}`), so that a value with a dot or a slash is escaped by Grafana
and "All" becomes what the variable says.
"""

import re
from dataclasses import dataclass, replace

from boilerwatch.store.measurements import source_of

IN_RANGE = "$timeFilter"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REGEX_SPECIAL = re.compile(r"([\\^$*+?.()|\[\]{}/])")
#: Functions that make one value of many, so that a series comes back as short as its groups.
_SUMMARIES = ("last", "first", "mean", "sum", "min", "max", "count", "top", "moving_average", "non_negative_difference")
_SUMMARY = re.compile(rf"\b(?:{'|'.join(_SUMMARIES)})\(")
#: Tags with a value a boiler or a ticket; grouped by one of these a result may be as long as the fleet.
_MANY = frozenset({'"boiler"'})


def name(text: str) -> str:
    """Return an identifier, quoted.

    Raises
    ------
    ValueError
        If it is not one of ours: measurements, tags and fields are plain words.
    """
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a measurement, a tag or a field")
    return f'"{text}"'


def text(value: str) -> str:
    r"""Return a string in quotes.

    Examples
    --------
    >>> print(text("it's"))
    'it\'s'
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def regex(value: str) -> str:
    r"""Return a value as it stands for itself in a regular expression.

    Examples
    --------
    >>> print(regex("a.b/c"))
    a\.b\/c
    """
    return _REGEX_SPECIAL.sub(r"\\\1", value)


def of(function: str, field: str, title: str = "", *more: str) -> str:
    """Return a function of a field, with its title in the answer.

    Examples
    --------
    >>> of("last", "code"), of("top", "loss", "loss", '"boiler"', "25")
    ('last("code") AS "code"', 'top("loss", "boiler", 25) AS "loss"')
    """
    return f"{function}({', '.join((name(field), *more))}) AS {name(title or field)}"


def named(expression: str, title: str) -> str:
    """Return an expression with its title in the answer."""
    return f"{expression} AS {name(title)}"


def equals(tag: str, value: str) -> str:
    """Return the condition that a tag or a text field has a value."""
    return f"{name(tag)} = {text(value)}"


def differs(tag: str, value: str) -> str:
    """Return the condition that a tag or a text field has another value; none is another one."""
    return f"{name(tag)} != {text(value)}"


def among(tag: str, *values: str) -> str:
    """Return the condition that a tag has one of these values."""
    return f"{name(tag)} =~ /^({'|'.join(regex(value) for value in values)})$/"


def chosen(tag: str, variable: str, *also: str) -> str:
    """Return the condition that a tag has a value the reader chose, or one of `also`.

    Examples
    --------
    >>> chosen("site", "site")
    '"site" =~ /^${site:regex}$/'
    """
    picked = f"${{{variable}:regex}}"
    inner = f"({'|'.join((picked, *(regex(value) for value in also)))})" if also else picked
    return f"{name(tag)} =~ /^{inner}$/"


def begins(tag: str, variable: str) -> str:
    """Return the condition that a tag begins with what the reader wrote."""
    return f"{name(tag)} =~ /^${{{variable}:regex}}/"


def above(field: str, least: float) -> str:
    """Return the condition that a number is greater."""
    return f"{name(field)} > {least:g}"


def below(field: str, most: float) -> str:
    """Return the condition that a number is smaller."""
    return f"{name(field)} < {most:g}"


def upto() -> str:
    """Return the condition that a row is not newer than the range: the state at its end, however old it is."""
    return "time <= ${__to}ms"


def newer_than(age: str) -> str:
    """Return the condition that a row is younger than an age such as `2d`, seen from the end of the range."""
    return f"time > ${{__to}}ms - {age}"


def older_than(age: str) -> str:
    """Return the opposite condition."""
    return f"time <= ${{__to}}ms - {age}"


@dataclass(frozen=True)
class Query:
    """One SELECT.

    Attributes
    ----------
    columns
        What is selected, as `of`, `name` and `named` give it.
    source
        A measurement, or a query to select from.
    conditions
        All of them must hold.
    groups
        Tags, quoted, and at most one `time(...)`.
    most
        LIMIT: rows of each series; 0 for none.
    most_series
        SLIMIT: series; 0 for none.
    """

    columns: tuple[str, ...]
    source: "str | Query"
    conditions: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    filled: str = ""
    is_newest_first: bool = False
    most: int = 0
    most_series: int = 0

    def where(self, *conditions: str) -> "Query":
        """Return it with more conditions."""
        return replace(self, conditions=(*self.conditions, *conditions))

    def within(self) -> "Query":
        """Return it bound to the range of the panel."""
        return self.where(IN_RANGE)

    def by(self, *tags: str) -> "Query":
        """Return it grouped by tags."""
        return replace(self, groups=(*self.groups, *map(name, tags)))

    def every(self, interval: str = "$__interval", fill: str = "none") -> "Query":
        """Return it grouped by time; `fill` says what stands where nothing is."""
        return replace(self, groups=(f"time({interval})", *self.groups), filled=fill)

    def newest_first(self) -> "Query":
        """Return it with the newest rows first."""
        return replace(self, is_newest_first=True)

    def limit(self, rows: int) -> "Query":
        """Return it with at most so many rows of each series."""
        return replace(self, most=rows)

    def series(self, most: int) -> "Query":
        """Return it with at most so many series."""
        return replace(self, most_series=most)

    def text(self) -> str:
        """Return it as InfluxQL.

        Raises
        ------
        ValueError
            If nothing bounds how much may come back, or from when.
        """
        self._refuse_unbounded()
        return self._text()

    def is_bounded_in_time(self) -> bool:
        """Return whether it, or what it selects from, is bound to the range or its end."""
        own = any(IN_RANGE in one or "${__to}" in one for one in self.conditions)
        return own or (isinstance(self.source, Query) and self.source.is_bounded_in_time())

    def _refuse_unbounded(self) -> None:
        summed = bool(self.columns) and all(_SUMMARY.search(one) for one in self.columns)
        if _MANY & set(self.groups) and not self.most_series:
            raise ValueError(f"grouped by boiler without a limit of series: {self._text()}")
        if not summed and not self.most and not self.most_series:
            raise ValueError(f"rows without a limit: {self._text()}")
        if not self.is_bounded_in_time():
            raise ValueError(f"neither the range nor its end bounds it: {self._text()}")

    def _text(self) -> str:
        source = f"({self.source._text()})" if isinstance(self.source, Query) else source_of(self.source)  # noqa: SLF001 -- its own kind
        parts = [f"SELECT {', '.join(self.columns)} FROM {source}"]
        if self.conditions:
            parts.append(f"WHERE {' AND '.join(self.conditions)}")
        if self.groups:
            parts.append(f"GROUP BY {', '.join(self.groups)}")
        if self.filled:
            parts.append(f"fill({self.filled})")
        if self.is_newest_first:
            parts.append("ORDER BY time DESC")
        if self.most:
            parts.append(f"LIMIT {self.most}")
        if self.most_series:
            parts.append(f"SLIMIT {self.most_series}")
        return " ".join(parts)


def select(source: "str | Query", *columns: str) -> Query:
    """Return a query of columns from a measurement or from another query."""
    return Query(columns, source)


def tag_values(measurement: str, tag: str, *conditions: str, most: int) -> str:
    """Return the query of a tag's values, never more than `most`."""
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SHOW TAG VALUES FROM {source_of(measurement)} WITH KEY = {name(tag)}{where} LIMIT {most}"
