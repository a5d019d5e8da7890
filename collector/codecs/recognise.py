"""What speaks on a topic that the settings do not know yet: a known dialect, or one that needs a mapping file."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from boilerwatch.settings import DialectSettings
from boilerwatch.signals import BY_NAME
from collector.codecs.registry import Codec, codecs_of
from collector.codecs.telemetry import decode_json

_MOST_PATHS = 30
#: Whole numbers below it are seconds since 1970, above it milliseconds.
_SECONDS_BELOW = 100_000_000_000
#: Words in a key -> the signal it may be; the first that fits counts.
_LIKELY: tuple[tuple[str, str], ...] = (
    (r"press|water_?p|水压", "water_pressure_bar"), (r"set|target|设定", ""), (r"exhaust|flue|smoke|烟", "flue_temp_c"),
    (r"outdoor|outside|ambient|室外", "outdoor_temp_c"), (r"flame_?cur|ioni|离子", "flame_current_ua"),
    (r"flame|burn(er)?_?(on|st)|火焰", "flame_on"), (r"fan|风机", "fan_speed_rpm"),
    (r"dhw_?(t|w)|tap|hot_?w|热水", "dhw_temp_c"), (r"ret(urn)?|in_?(let_?)?temp|回水", "return_temp_c"),
    (r"flow_?t|out_?(let_?)?temp|supply|boiler_?temp|出水", "flow_temp_c"), (r"modul|load|power|负荷", "modulation_pct"),
    (r"pump|水泵", "pump_on"), (r"start|ignit.*count|次数", "burner_starts"),
)  # fmt: skip
_CODE = re.compile(r"fault|err|alarm|code|故障", re.IGNORECASE)
_TIME = re.compile(r"^(ts|time|timestamp|date)", re.IGNORECASE)


class Recognised(NamedTuple):
    """A dialect, with the line that turns it on."""

    codec: Codec
    line: str


def recognise(topic: str) -> Recognised | None:
    """Return which known dialect speaks on a topic, or None.

    Examples
    --------
    >>> recognise("home/gw-1/boiler_data").line
    'ems_esp = ["home/{boiler}"]'
    >>> recognise("OTGW/value/otgw-1/Tret").line
    'otgw = ["OTGW"]'
    >>> recognise("stat/kettle/POWER") is None
    True
    """
    if topic.startswith("boilers/") and topic.count("/") == 3:
        return _with({"native": True}, "native = true")
    if re.match(r"v1/(devices|gateway)/|[^/]+/(v1/devices/me/telemetry|v2/t)$", topic):
        return _with({"thingsboard": True}, "thingsboard = true")
    if found := re.fullmatch(r"(.+)/(boiler_data\w*|boiler|heartbeat|tapwater_active|heating_active)(/.+)?", topic):
        base = _base(found[1])
        return _with({"ems_esp": [base]}, f"ems_esp = {json.dumps([base])}")
    if found := re.fullmatch(r"(.+)/value/[^/]+(/.+)?", topic):
        return _with({"otgw": [found[1]]}, f"otgw = {json.dumps([found[1]])}")
    if found := re.fullmatch(r"(.+)/(bai[^/]*|global|broadcast)/\w+", topic):
        base = _base(found[1])
        return _with({"ebusd": [base]}, f"ebusd = {json.dumps([base])}")
    return None


def mapping_for(topic: str, payload: bytes) -> str:
    """Return the beginning of a mapping file for a topic and one of its payloads; raw values stand beside."""
    try:
        plain = decode_json(payload)
    except ValueError:
        plain = payload.decode(errors="replace")[:40]
    leaves = list(_leaves(plain, ""))[:_MOST_PATHS]
    lines = ["[[message]]", f"topic = {json.dumps(_pattern(topic), ensure_ascii=False)}"]
    if time := next(
        (
            path
            for path, raw in leaves
            if _TIME.search(_key(path)) and isinstance(raw, (int, str)) and not isinstance(raw, bool)
        ),
        "",
    ):
        raw = dict(leaves)[time]
        unit = "rfc3339" if isinstance(raw, str) else "s" if raw < _SECONDS_BELOW else "ms"
        lines.append(f'time = {{ path = {json.dumps(time, ensure_ascii=False)}, unit = "{unit}" }}')
    if code := next((path for path, _ in leaves if _CODE.search(_key(path))), ""):
        lines.append(f"code = {{ path = {json.dumps(code, ensure_ascii=False)} }}")
    lines.append("[message.signals]")
    taken: set[str] = set()
    for path, raw in leaves:
        if path in (time, code) and path:
            continue
        signal = _likely(path) if path else "flow_temp_c"
        sure = bool(signal) and signal not in taken
        taken.add(signal)
        rule = f"{{ path = {json.dumps(path, ensure_ascii=False)}{_guess(signal, raw) if sure else ''} }}"
        shown = json.dumps(raw, ensure_ascii=False)[:40]
        lines.append(f"{signal} = {rule}    # {shown}: check the unit" if sure else f"# ... = {rule}    # {shown}")
    return "\n".join(lines)


def _guess(signal: str, raw: object) -> str:
    """Return the unit or scale that a raw value out of our range speaks for."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return ""
    if signal == "water_pressure_bar":
        return ', unit = "MPa"' if 0 < raw < 0.4 else ', unit = "kPa"' if 40 < raw < 600 else ""
    if signal.endswith("_temp_c"):
        return ", scale = 0.1" if raw > BY_NAME[signal].high else ""
    return ""


def _with(chosen: dict[str, Any], line: str) -> Recognised:
    settings = DialectSettings.model_validate({"native": False, **chosen})
    return Recognised(codecs_of(settings)[0], line)


def _base(base: str) -> str:
    head, slash, _ = base.rpartition("/")
    return f"{head}/{{boiler}}" if slash else base


def _pattern(topic: str) -> str:
    parts = topic.split("/")
    if len(parts) > 1:
        parts[-2] = "{boiler}"
        return "/".join(parts)
    return topic


def _leaves(plain: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(plain, dict):
        for name, inner in plain.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(plain, list):
        for number, inner in enumerate(plain[:3]):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, plain


def _key(path: str) -> str:
    return path.rpartition(".")[2]


def _likely(path: str) -> str:
    key = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _key(path)).lower()
    return next((signal for words, signal in _LIKELY if re.search(words, key)), "")
