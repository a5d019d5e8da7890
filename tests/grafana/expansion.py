"""Expands variables and macros as Grafana does, each rule with the page of Grafana's documentation it comes from.

G = https://grafana.com/docs/grafana/latest/

| rule | source |
|---|---|
| `${name:regex}`: one value is escaped, several are escaped, joined by a bar and put in brackets | G dashboards/variables/variable-syntax/#regex |
| "All" with a custom all value stands for that value as it is, unescaped | G dashboards/variables/add-template-variables/#enter-variable-options ("Custom all value": in Lucene, regex or glob syntax, not escaped) |
| "All" without one stands for every option | the same page: "all the values of the variable, concatenated" |
| `$__from`, `$__to`: milliseconds since 1970 | G dashboards/variables/add-template-variables/#__from-and-__to |
| `$__interval`: about (to - from) / points, rounded to a step of a table, never below the panel's least interval | the same page, #__interval; panels: G panels-visualizations/query-transform-data/#query-options |
| `$timeFilter`: the range as the data source writes it: `time >= {ms}ms and time <= {ms}ms` | G datasources/influxdb/template-variables/ and query-editor/ ("$timeFilter"); grafana/pkg/tsdb/influxdb/models/query.go |
| a panel's relative time (`timeFrom`) ends now, and holds only while the board's range is relative | G panels-visualizations/query-transform-data/#query-options ("Relative time") |
| a relative time that begins with a plus begins now: `+30d` is `now` to `now+30d` | describeTextRange in grafana/packages/grafana-data/src/datetime/rangeutil.ts, used by applyPanelTimeOverrides and PanelTimeRange (10.4 to 13) |
| query variables are asked in order, each with the values chosen before | G dashboards/variables/add-template-variables/#add-a-query-variable, "Chained variables" |
| a text box stands for what was written; a constant for its value | the same page |
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

ALL: Literal["$__all"] = "$__all"
POINTS = 1_000
_SPECIAL = re.compile(r"([\\^$*+?.()|\[\]{}/])")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
#: (largest raw interval, what it becomes), grafana-data's roundInterval. [ms]
_ROUNDED = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1_500, 1_000), (3_500, 2_000), (7_500, 5_000),
    (12_500, 10_000), (17_500, 15_000), (25_000, 20_000), (45_000, 30_000), (90_000, 60_000), (210_000, 120_000),
    (450_000, 300_000), (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000), (2_700_000, 1_800_000),
    (5_400_000, 3_600_000), (9_000_000, 7_200_000), (16_200_000, 10_800_000), (32_400_000, 21_600_000),
    (86_400_000, 43_200_000), (604_800_000, 86_400_000), (1_814_400_000, 604_800_000), (3_628_800_000, 2_592_000_000),
)  # fmt: skip


def milliseconds(text: str) -> int:
    """`10m` -> 600000."""
    found = re.fullmatch(r"(\d+)(ms|[smhdw])", text)
    assert found, text
    return int(found[1]) * _UNIT_MS[found[2]]


def duration(ms: int) -> str:
    """600000 -> `10m`, as Grafana writes it."""
    for unit in ("w", "d", "h", "m", "s", "ms"):
        if ms % _UNIT_MS[unit] == 0:
            return f"{ms // _UNIT_MS[unit]}{unit}"
    raise AssertionError(ms)


@dataclass(frozen=True)
class Range:
    """What the reader looks at. [ms since 1970]"""

    from_ms: int
    to_ms: int
    is_relative: bool = True

    def of_panel(self, panel: dict[str, Any]) -> "Range":
        """The range of a panel with a relative time of its own."""
        if not panel.get("timeFrom") or not self.is_relative:
            return self
        if panel["timeFrom"].startswith("+"):
            return Range(self.to_ms, self.to_ms + milliseconds(panel["timeFrom"][1:]))
        return Range(self.to_ms - milliseconds(panel["timeFrom"]), self.to_ms)

    def interval_ms(self, panel: dict[str, Any]) -> int:
        """`$__interval` of a panel."""
        raw = (self.to_ms - self.from_ms) / (panel.get("maxDataPoints") or POINTS)
        rounded = next((step for most, step in _ROUNDED if raw < most), 31_536_000_000)
        return max(rounded, milliseconds(panel.get("interval") or "1ms"))


def relative(since: str, now_ms: int) -> Range:
    """`now-6h` to now."""
    return Range(now_ms - milliseconds(since.removeprefix("now-")), now_ms)


@dataclass
class Values:
    """The values of a board's variables: names -> what was chosen, and each one's options."""

    chosen: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    all_values: dict[str, str] = field(default_factory=dict)

    def taken(self, name: str) -> tuple[str, ...]:
        """The values one by one."""
        value = self.chosen[name]
        return self.options[name] if value == ALL else (value,) if isinstance(value, str) else value

    def regex(self, name: str) -> str:
        """`${name:regex}`."""
        if self.chosen[name] == ALL and self.all_values.get(name):
            return self.all_values[name]
        escaped = [_SPECIAL.sub(r"\\\1", one) for one in self.taken(name)]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def expand(text: str, values: Values, span: Range, interval_ms: int) -> str:
    """A query as the database gets it."""
    text = re.sub(r"\$\{(\w+):regex\}", lambda found: values.regex(found[1]), text)
    text = text.replace("${__from}", str(span.from_ms)).replace("${__to}", str(span.to_ms))
    text = text.replace("$timeFilter", f"time >= {span.from_ms}ms and time <= {span.to_ms}ms")
    text = text.replace("$__interval_ms", str(interval_ms)).replace("$__interval", duration(interval_ms))
    left = re.findall(r"\$[{_a-zA-Z]\w*", text)
    assert not left, f"{left} in {text}"
    return text
