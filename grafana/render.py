"""Boards into Grafana's classic JSON, by the Foundation SDK; what its 11.6 branch cannot say is said here."""

import json
from collections.abc import Callable
from typing import Any

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import geomap, piechart, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import geomap as map_model
from grafana_foundation_sdk.models import piechart as pie_model

from grafana.looks import mapping, named_columns, override, shown_name, thresholds
from grafana.spec import INFLUX, INFLUX_UID, PROMETHEUS, PROMETHEUS_UID, Annotation, Board, Panel, Variable
from grafana.target import AskBuilder, ask_of
from grafana.variables import desk
from grafana.words import YES_NO, Language, Text

SCHEMA_VERSION = 42
TAG = "boilerwatch"
#: Without a choice Grafana shows numbers only, and true or false is none.
_ALL_BUT_TIME = "/^(?!Time$).+$/"
_REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_INFLUX = dashboard.DataSourceRef(INFLUX, INFLUX_UID)


def render(board: Board, language: Language, desk_url: str) -> dict[str, Any]:
    """Return a board as Grafana reads it."""
    made = build.Dashboard(board.title.of(language)).uid(board.uid).description(board.question.of(language))
    made.tags([TAG, board.folder]).timezone("browser").readonly().refresh(board.refresh).time(board.since, "now")
    made.tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
    made.link(_menu(language))
    for variable in (*board.variables, desk(desk_url)):
        made.with_variable(_variable(variable, language))
    for number, (panel, x, y) in enumerate(board.places(), 1):
        made.with_panel(_panel(panel, number, x, y, language))
    plain: dict[str, Any] = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    for variable in plain["templating"]["list"]:
        _complete(variable)
    plain["annotations"] = {"list": [_annotation(one, language) for one in board.annotations]}
    return plain | {"schemaVersion": SCHEMA_VERSION, "id": None, "version": 0}


def _menu(language: Language) -> build.DashboardLink:
    words = Text("Boards", "看板").of(language)
    link = build.DashboardLink(words).type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
    return link.keep_time(True).include_vars(True).icon("external link").tooltip("").url("").target_blank(False)


def _variable(variable: Variable, language: Language) -> Any:
    title = variable.title.of(language)
    if variable.kind == "constant":
        return build.ConstantVariable(variable.name).label(title).value(variable.value)
    if variable.kind == "textbox":
        return build.TextBoxVariable(variable.name).label(title).default_value(variable.value)
    made = build.QueryVariable(variable.name).label(title).datasource(_INFLUX).query(variable.query)
    made.refresh(dashboard.VariableRefresh.ON_DASHBOARD_LOAD).sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    made.multi(variable.is_multi).include_all(variable.has_all)
    if variable.has_all:
        made.current(dashboard.VariableOption(text="All", value="$__all", selected=True))
    return made.all_value(variable.all_value) if variable.all_value else made


def _complete(variable: dict[str, Any]) -> None:
    """Say what Grafana's own editor would save too, so that a saved board differs only where it was changed."""
    if variable["type"] == "query":
        variable["definition"] = variable["query"]
    if variable["type"] in ("constant", "textbox"):
        variable["current"] = {"text": variable["query"], "value": variable["query"]}
        variable["options"] = [{**variable["current"], "selected": True}]
    if variable["type"] == "constant":
        variable["hide"] = 2


def _annotation(one: Annotation, language: Language) -> dict[str, Any]:
    query = one.query.text()
    columns = {"textColumn": one.text, "tagsColumn": one.tags, "titleColumn": "", "timeEndColumn": ""}
    target = {"refId": "Anno", "query": query, "rawQuery": True, "fromAnnotations": True, **columns}
    return {
        "name": one.title.of(language), "datasource": {"type": INFLUX, "uid": INFLUX_UID}, "enable": True, "hide": False,
        "iconColor": one.color, "query": query, "target": target, **columns,
    }  # fmt: skip


def _panel(panel: Panel, number: int, x: int, y: int, language: Language) -> Any:
    made = _KINDS[panel.kind](panel, language)
    made.id(number).title(panel.title.of(language)).description(panel.asks.of(language))
    made.grid_pos(dashboard.GridPos(h=panel.height, w=panel.width, x=x, y=y))
    if panel.kind == "text":
        return made
    is_prometheus = panel.more.get("datasource") == PROMETHEUS_UID
    made.datasource(dashboard.DataSourceRef(PROMETHEUS, PROMETHEUS_UID) if is_prometheus else _INFLUX)
    for ref, target in zip(_REFS, panel.targets, strict=False):
        made.with_target(AskBuilder(ask_of(panel, target, ref, language)))
    made.unit(panel.unit).no_value(panel.empty.of(language))
    if panel.decimals is not None:
        made.decimals(panel.decimals)
    if panel.last:
        made.time_from(panel.last)
    if panel.interval:
        made.interval(panel.interval)
    if panel.looks:
        made.mappings([mapping(panel.looks, language)])
    if panel.steps:
        made.thresholds(thresholds(panel.steps))
        made.color_scheme(
            build.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS) if _is_judged(panel) else _PALETTE
        )
    if panel.join:
        made.with_transformation(
            dashboard.DataTransformerConfig("joinByField", options={"byField": panel.join, "mode": "outer"})
        )
    for column in named_columns(panel):
        made.override_by_name(shown_name(panel, column, language), override(panel, column, language))
    return made


_PALETTE = build.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC)


def _is_judged(panel: Panel) -> bool:
    """Return whether the value's colour comes from its thresholds; lines keep their own colours beside lines of limits."""
    return panel.kind in ("stat", "map") or (panel.kind == "bars" and len(panel.targets) == 1)


def _newest(fields: str = "") -> parts.ReduceDataOptions:
    return parts.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(fields)


def _stat(panel: Panel, _language: Language) -> Any:
    is_yes_or_no = any(looks is YES_NO for looks in (panel.looks, *(column.looks for column in panel.columns)))
    made = (
        stat.Panel()
        .reduce_options(_newest(_ALL_BUT_TIME if is_yes_or_no else ""))
        .graph_mode(common.BigValueGraphMode.NONE)
    )
    made.color_mode(common.BigValueColorMode.BACKGROUND_SOLID).justify_mode(common.BigValueJustifyMode.CENTER)
    made.text_mode(common.BigValueTextMode.VALUE_AND_NAME).wide_layout(True)
    return made.orientation(common.VizOrientation.HORIZONTAL if panel.is_vertical else common.VizOrientation.AUTO)


def _pie(_panel: Panel, _language: Language) -> Any:
    labels = [pie_model.PieChartLabels.NAME, pie_model.PieChartLabels.PERCENT]
    made = piechart.Panel().pie_type(pie_model.PieChartType.DONUT).display_labels(labels).reduce_options(_newest())
    legend = piechart.PieChartLegendOptions().show_legend(False).display_mode(common.LegendDisplayMode.LIST)
    return made.legend(legend.placement(common.LegendPlacement.BOTTOM))


def _table(panel: Panel, language: Language) -> Any:
    made = table.Panel().show_header(True).cell_height(common.TableCellHeight.SM)
    column, is_falling = panel.sort
    if column:  # Grafana sorts by the name that is shown
        shown = {one.name: one for one in named_columns(panel)}
        title = next((v.value for v in override(panel, shown[column], language) if v.id_val == "displayName"), column)
        made.sort_by([parts.TableSortByFieldState().display_name(str(title)).desc(is_falling)])
    return made


def _lines(panel: Panel, _language: Language) -> Any:
    made = timeseries.Panel()
    legend = (
        parts.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST).placement(common.LegendPlacement.BOTTOM)
    )
    made.legend(legend.show_legend(True).calcs([]))
    made.tooltip(parts.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
    is_bars = panel.kind == "bars"
    made.draw_style(common.GraphDrawStyle.BARS if is_bars else common.GraphDrawStyle.LINE)
    made.fill_opacity(60 if is_bars or panel.is_stacked else 5).line_width(1 if is_bars else 2)
    made.show_points(common.VisibilityMode.AUTO).span_nulls(False)
    if panel.is_stacked:
        made.stacking(parts.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    if panel.is_line_of_limits:
        style = common.GraphThresholdsStyleMode.DASHED
        made.thresholds_style(parts.GraphThresholdsStyleConfig().mode(style))
    return made


def _map(panel: Panel, language: Language) -> Any:
    place = parts.FrameGeometrySource().mode(common.FrameGeometrySourceMode.COORDS)
    style = {
        "size": {"field": "boilers", "fixed": 12, "min": 12, "max": 40}, "color": {"field": "in_trouble", "fixed": "dark-green"},
        "opacity": 0.7, "text": {"mode": "field", "field": "in_trouble", "fixed": ""},
        "textConfig": {"fontSize": 18, "offsetX": 0, "offsetY": 0, "textAlign": "center", "textBaseline": "middle"},
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
    }  # fmt: skip
    marks = parts.MapLayerOptions().type("markers").name(panel.title.of(language)).tooltip(True)
    marks.location(place.latitude("latitude").longitude("longitude")).config({"showLegend": False, "style": style})
    made = geomap.Panel().basemap(parts.MapLayerOptions().type("default").name("Layer 0").config({})).layers([marks])
    return made.view(geomap.MapViewConfig().id("fit").all_layers(True).zoom(9)).tooltip(
        geomap.TooltipOptions().mode(map_model.TooltipMode.DETAILS)
    )


def _states(_panel: Panel, _language: Language) -> Any:
    made = statetimeline.Panel().show_value(common.VisibilityMode.AUTO).merge_values(True).row_height(0.8)
    legend = (
        parts.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST).placement(common.LegendPlacement.BOTTOM)
    )
    return made.legend(legend.show_legend(True).calcs([]))


def _text(panel: Panel, language: Language) -> Any:
    return text.Panel().content(panel.text.of(language))


_KINDS: dict[str, Callable[[Panel, Language], Any]] = {
    "stat": _stat, "pie": _pie, "table": _table, "lines": _lines, "bars": _lines, "map": _map, "states": _states, "text": _text,
}  # fmt: skip
