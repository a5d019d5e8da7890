"""How values look: thresholds, words instead of numbers, links, and the overrides of single columns."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from grafana.spec import BOILER_SLUG, BOILER_UID, Column, Panel, Steps
from grafana.words import COLUMNS, Language, Look, Text

_LINKS: dict[str, tuple[Text, str, bool]] = {
    "boiler": (
        Text("Open this boiler", "打开这台锅炉"),
        f"/d/{BOILER_UID}/{BOILER_SLUG}?var-find=${{__value.raw}}&var-boiler=${{__value.raw}}&${{__url_time_range}}",
        False,
    ),
    "ticket": (Text("Open this ticket", "打开这张工单"), "${desk}/tickets/${__value.raw}", True),
    "file": (Text("Tickets of this boiler", "这台锅炉的工单"), "${desk}/boilers/${boiler}", True),
    "site": (
        Text("Open this site", "打开这个站点"),
        "/d/bw-district/district?var-site=${__value.raw}&${__url_time_range}",
        False,
    ),
}


def thresholds(steps: Steps) -> build.ThresholdsConfig:
    """Return steps of colours; the first begins at minus infinity."""
    made = [model.Threshold(value=at, color=color) for at, color in steps]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(made)


def mapping(looks: tuple[Look, ...], language: Language) -> model.ValueMap:
    """Return words with their colours in place of values."""
    return model.ValueMap(
        {
            look.value: model.ValueMappingResult(look.text.of(language), look.color, None, place)
            for place, look in enumerate(looks)
        }
    )


def override(panel: Panel, column: Column, language: Language) -> list[model.DynamicConfigValue]:
    """Return the properties of one column of a table, or of one series."""
    found: list[tuple[str, Any]] = []
    title = column.title or (COLUMNS.get(column.name) if panel.kind == "table" else None)
    if title is not None:
        found.append(("displayName", title.of(language)))
    if column.unit:
        found.append(("unit", column.unit))
    if column.decimals is not None:
        found.append(("decimals", column.decimals))
    if column.color:
        found.append(("color", {"mode": "fixed", "fixedColor": column.color}))
    found += _signals(panel, column, language)
    if column.link:
        words, url, is_elsewhere = _LINKS[column.link]
        found.append(("links", [{"title": words.of(language), "url": url, "targetBlank": is_elsewhere}]))
    if column.width:
        found.append(("custom.width", column.width))
    if column.is_hidden:
        found.append(("custom.hidden", True))
    return [model.DynamicConfigValue(name, value) for name, value in found]


def _signals(panel: Panel, column: Column, language: Language) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if column.looks:
        found.append(("mappings", [mapping(column.looks, language)]))
    if column.steps:
        found.append(("thresholds", thresholds(column.steps).build()))
    if (column.looks or column.steps) and panel.kind == "table":
        found.append(("custom.cellOptions", {"type": "color-background", "mode": "basic"}))
    if column.steps:
        found.append(("color", {"mode": "thresholds"}))
    return found


def shown_name(panel: Panel, column: Column, language: Language) -> str:
    """Return the name that Grafana knows a column or a series by: what its query is called in this language."""
    return next((one.title.of(language) for one in panel.targets if one.title.en == column.name), column.name)


def named_columns(panel: Panel) -> tuple[Column, ...]:
    """Return a panel's columns, with the plain title of each that a table has and nobody described."""
    if panel.kind != "table":
        return panel.columns
    described = {column.name for column in panel.columns}
    return panel.columns + tuple(Column(name) for name in _selected(panel) if name in COLUMNS and name not in described)


def _selected(panel: Panel) -> list[str]:
    """Return the names of what a table's queries give, in order."""
    names: list[str] = []
    for target in panel.targets:
        if not isinstance(target.query, str):
            groups = [group.strip('"') for group in target.query.groups if group.startswith('"')]
            columns = [column.rpartition(" AS ")[2].strip('"') for column in target.query.columns]
            tops = [part for column in target.query.columns if column.startswith("top(") for part in ("boiler",)]
            names += [one for one in ["Time", *groups, *tops, *columns] if one not in names]
    return names
