"""Queries as Grafana's InfluxDB and Prometheus data sources read them."""

from typing import Any

from grafana_foundation_sdk.cog import builder, variants

from grafana.influxql import Query
from grafana.spec import INFLUX, INFLUX_UID, PROMETHEUS, PROMETHEUS_UID, Panel, Target
from grafana.words import Language


class Ask(variants.Dataquery):
    """One query, as it stands in a panel."""

    def __init__(self, plain: dict[str, Any]) -> None:
        self._plain = plain

    def to_json(self) -> dict[str, Any]:
        """Return it for the encoder."""
        return self._plain


class AskBuilder(builder.Builder[Ask]):
    """What the SDK's panels take."""

    def __init__(self, plain: dict[str, Any]) -> None:
        self._plain = plain

    def build(self) -> Ask:
        """Return the query."""
        return Ask(self._plain)


def influx_of(query: Query, ref: str, result_format: str, alias: str = "") -> dict[str, Any]:
    """Return a raw InfluxQL query; `$tag_x` in an alias is the value of a tag, `$col` the column's name."""
    plain = {"datasource": {"type": INFLUX, "uid": INFLUX_UID}, "query": query.text(), "rawQuery": True, "refId": ref,
             "resultFormat": result_format}  # fmt: skip
    return plain | ({"alias": alias} if alias else {})


def ask_of(panel: Panel, target: Target, ref: str, language: Language) -> dict[str, Any]:
    """Return a panel's query."""
    if isinstance(target.query, str):
        legend = f"{{{{{target.by}}}}}" if target.by else target.title.of(language)
        return {"datasource": {"type": PROMETHEUS, "uid": PROMETHEUS_UID}, "expr": target.query, "legendFormat": legend,
                "range": panel.kind == "lines", "instant": panel.kind != "lines", "refId": ref}  # fmt: skip
    is_table = panel.kind in ("table", "map")
    alias = f"{target.title.of(language)} $tag_{target.by}".lstrip() if target.by else target.title.of(language)
    return influx_of(target.query, ref, "table" if is_table else "time_series", "" if is_table else alias)
