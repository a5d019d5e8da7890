"""What a board is made of, before it becomes Grafana's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from grafana.influxql import Query
from grafana.words import NO_TEXT, NOTHING, Look, Text

Kind = Literal["stat", "table", "lines", "bars", "pie", "map", "states", "text"]
Folder = Literal["viewer", "noc", "engineer", "alerts"]
Steps = tuple[tuple[float | None, str], ...]

BOILER_UID, BOILER_SLUG = "bw-boiler", "one-boiler"
INFLUX, INFLUX_UID = "influxdb", "bw-influx"
PROMETHEUS, PROMETHEUS_UID = "prometheus", "bw-prometheus"


@dataclass(frozen=True)
class Target:
    """One query of a panel.

    Attributes
    ----------
    query
        InfluxQL, or PromQL as plain text.
    title
        What its series are called; `by` names a tag whose value they are called by, after the title if there is one.
    """

    query: Query | str
    title: Text = NO_TEXT
    by: str = ""


@dataclass(frozen=True)
class Column:
    """How one column, or the series of one name, is shown.

    Attributes
    ----------
    link
        Where its value leads: to the boiler's board, the ticket's page, the district's board, or on a boiler's own board to
        its file at the desk, with all of its tickets.
    """

    name: str
    unit: str = ""
    title: Text | None = None
    link: Literal["", "boiler", "ticket", "site", "file"] = ""
    looks: tuple[Look, ...] = ()
    steps: Steps = ()
    color: str = ""
    width: int = 0
    is_hidden: bool = False
    decimals: int | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel.

    Attributes
    ----------
    key
        Name within its board, for tests and documents.
    asks
        The question it answers; Grafana shows it beside the title.
    unit
        Grafana's id of a unit.
    last
        A range of its own that ends now, such as `10m`, or begins now, such as `+30d`; empty for the board's.
    join
        Column by which the answers of its queries become one table.
    """

    key: str
    kind: Kind
    title: Text
    asks: Text
    unit: str = "none"
    width: int
    height: int
    targets: tuple[Target, ...] = ()
    last: str = ""
    interval: str = ""
    columns: tuple[Column, ...] = ()
    steps: Steps = ()
    looks: tuple[Look, ...] = ()
    empty: Text = NOTHING
    join: str = ""
    sort: tuple[str, bool] = ("", False)
    decimals: int | None = None
    is_stacked: bool = False
    is_line_of_limits: bool = False
    is_vertical: bool = False
    text: Text = NO_TEXT
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Variable:
    """One variable on top of a board.

    Attributes
    ----------
    query
        Where its values come from; empty for a text box or a constant.
    all_value
        What "All" stands for; empty: the values themselves, one by one.
    """

    name: str
    title: Text
    query: str = ""
    kind: Literal["query", "textbox", "constant"] = "query"
    is_multi: bool = True
    has_all: bool = True
    all_value: str = ""
    value: str = ""


@dataclass(frozen=True)
class Annotation:
    """Marks on the time axis."""

    key: str
    title: Text
    query: Query
    text: str
    tags: str
    color: str


@dataclass(frozen=True)
class Board:
    """One dashboard, for one reader and one question."""

    uid: str
    slug: str
    folder: Folder
    title: Text
    question: Text
    since: str
    refresh: str
    variables: tuple[Variable, ...]
    rows: tuple[tuple[Panel, ...], ...]
    annotations: tuple[Annotation, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them in order of their numbers."""
        return tuple(panel for row in self.rows for panel in row)

    def places(self) -> list[tuple[Panel, int, int]]:
        """Return (panel, x, y) on Grafana's 24 columns: each row below the highest panel of the one before."""
        placed, y = [], 0
        for row in self.rows:
            x = 0
            for panel in row:
                placed.append((panel, x, y))
                x += panel.width
            y += max(panel.height for panel in row)
        return placed
