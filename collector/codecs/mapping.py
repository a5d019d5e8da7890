"""A user's mapping file: topic pattern -> boiler, JSON path -> signal, scale and unit. Read once, checked whole.

docs/wire.md shows one that takes ten minutes to write.
"""

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from boilerwatch.errors import SettingsError
from boilerwatch.settings import Section
from boilerwatch.signals import BY_NAME, FLAGS, SIGNAL_NAMES
from collector.codecs.scalars import steps_of

#: Unit -> (the unit that ends a signal's name, factor, added after it). 1 kgf/cm² = 0.980665 bar, 1 psi = 0.0689476 bar.
UNITS: dict[str, tuple[str, float, float]] = {
    "bar": ("bar", 1, 0), "mbar": ("bar", 0.001, 0), "MPa": ("bar", 10, 0), "kPa": ("bar", 0.01, 0),
    "Pa": ("bar", 0.00001, 0), "kgf/cm2": ("bar", 0.980665, 0), "公斤": ("bar", 0.980665, 0), "psi": ("bar", 0.0689476, 0),
    "C": ("c", 1, 0), "°C": ("c", 1, 0), "F": ("c", 5 / 9, -160 / 9), "°F": ("c", 5 / 9, -160 / 9), "K": ("c", 1, -273.15),
    "l/min": ("lpm", 1, 0), "l/h": ("lpm", 1 / 60, 0), "m3/h": ("lpm", 1000 / 60, 0),
    "%": ("pct", 1, 0), "fraction": ("pct", 100, 0),
    "uA": ("ua", 1, 0), "µA": ("ua", 1, 0), "nA": ("ua", 0.001, 0), "mA": ("ua", 1000, 0),
    "rpm": ("rpm", 1, 0), "Hz": ("rpm", 60, 0),
    "s": ("s", 1, 0), "ms": ("s", 0.001, 0),
    "h": ("hours", 1, 0), "min": ("hours", 1 / 60, 0),
}  # fmt: skip
_TOPIC = re.compile(r"[^{}]*(\{(boiler|site)\}[^{}]*)*")


class SignalRule(Section):
    """How one signal is found."""

    path: str = Field("", description="JSON path such as `body.data[0].press`; empty for a bare value as the payload.")
    unit: str = Field("", description="Unit as it comes; empty when it is the signal's own.")
    scale: float = Field(1.0, description="Factor that makes it that unit, such as 0.1 for tenths of a degree.")
    offset: float = Field(0.0, description="Added after the scale.")
    missing: list[float | str] = Field([], description="Raw values that mean there is no sensor, such as 32767.")
    on: list[float | str | bool] = Field([], description="Raw values that mean on, for flags; all others are off.")

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        steps_of(path)
        return path


class CodeRule(Section):
    """Where the live error code stands."""

    path: str = Field(description="JSON path of the code.")
    none: list[float | str] = Field(["", "0", "00"], description="What stands there when there is no error.")
    until: str = Field("", description="Text that ends the code, such as ` - ` in `133 - flame failure`.")
    prefix: str = Field(
        "", description="Put before the code, such as `E` where the gateway sends 1 and the table has E1."
    )
    family: str = Field("", description="Controller family (a vendor of the code table); empty: the register's.")

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        steps_of(path)
        return path


class TimeRule(Section):
    """Where the time stands."""

    path: str = Field(description="JSON path of the time.")
    unit: Literal["ms", "s", "rfc3339"] = Field("ms", description="`ms` or `s` since 1970 UTC, or `rfc3339`.")

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        steps_of(path)
        return path


class StatusRule(Section):
    """A topic that says whether the gateway is there."""

    topic: str = Field(description="Topic with {boiler} in it.")
    online: str = Field("online", description="Payload when it is.")
    offline: str = Field("offline", description="Payload when it is not; usually its last will.")


class MessageRule(Section):
    """One kind of message."""

    topic: str = Field(description="Topic with `{boiler}`, `{site}` and `+` in it.")
    boiler: str = Field("", description="JSON path of the boiler's id, when the topic does not have it.")
    each: str = Field("", description="JSON path of an array of readings; the other paths start at its elements.")
    time: TimeRule | None = Field(None, description="Where the time stands; none: the time of arrival.")
    missing: list[float | str] = Field(
        [], description="Raw values that mean, for every signal, that there is no sensor."
    )
    signals: dict[str, SignalRule] = Field({}, description="Signal -> where it stands.")
    code: CodeRule | None = Field(None, description="Where the live error code stands.")

    @field_validator("signals")
    @classmethod
    def _are_signals(cls, rules: dict[str, SignalRule]) -> dict[str, SignalRule]:
        for name, rule in rules.items():
            if name not in BY_NAME:
                near = difflib.get_close_matches(name, SIGNAL_NAMES, 1, 0.4)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(SIGNAL_NAMES)}"
                raise ValueError(f"there is no signal {name!r}; {hint}")
            factor_of(name, rule.unit)
        return rules


class MappingFile(Section):
    """The whole file."""

    site: str = Field(
        "", description="Site of these boilers, when the topic does not have it; empty: `[dialects] site`."
    )
    message: list[MessageRule] = Field([], description="Kinds of messages.")
    status: list[StatusRule] = Field([], description="Topics that say whether a gateway is there.")


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """A signal's rule, made ready: value = raw * factor + offset."""

    name: str
    steps: list[str | int]
    factor: float
    offset: float
    missing: frozenset[str]
    on: frozenset[str]


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """A message's rule, made ready."""

    rule: MessageRule
    pattern: re.Pattern[str]
    boiler: list[str | int]
    each: list[str | int]
    time: list[str | int]
    signals: list[SignalPlan] = field(default_factory=list)
    code: list[str | int] = field(default_factory=list)


def factor_of(signal: str, unit: str) -> tuple[float, float]:
    """Return (factor, offset) that make a value in `unit` one in the signal's unit.

    Raises
    ------
    ValueError
        If the unit is unknown or measures something else.

    Examples
    --------
    >>> factor_of("water_pressure_bar", "MPa"), factor_of("fan_speed_rpm", "Hz")
    ((10, 0), (60, 0))
    """
    if not unit:
        return 1, 0
    if unit not in UNITS:
        raise ValueError(f"{signal}: unit {unit!r} is not known; known: {', '.join(UNITS)}")
    own, factor, offset = UNITS[unit]
    if not signal.endswith(f"_{own}"):
        raise ValueError(f"{signal} cannot be in {unit!r}")
    return factor, offset


def pattern_of(topic: str) -> re.Pattern[str]:
    """Return a topic with `{boiler}`, `{site}` and `+` as a regular expression."""
    named = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(topic))
    return re.compile(named.replace(r"\+", "[^/]+"))


def filter_of(topic: str) -> str:
    """Return a topic with names in braces as an MQTT filter."""
    return re.sub(r"\{\w+\}", "+", topic)


def read_mapping(path: Path) -> MappingFile:
    """Return a mapping file.

    Raises
    ------
    SettingsError
        If it cannot be read or says something that cannot be; every fault is named.
    """
    try:
        plain: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"mapping file {path} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"mapping file {path} is not TOML: {exc}") from exc
    try:
        found = MappingFile.model_validate(plain)
    except ValidationError as exc:
        faults = [
            f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in exc.errors()
        ]
        raise SettingsError("\n".join(faults)) from exc
    for number, rule in enumerate(found.message):
        _check(path, f"message.{number}", rule.topic, has_boiler="{boiler}" in rule.topic or bool(rule.boiler))
    for number, status in enumerate(found.status):
        _check(path, f"status.{number}", status.topic, has_boiler="{boiler}" in status.topic)
    if not found.message:
        raise SettingsError(f"mapping file {path} has no [[message]]; see docs/wire.md")
    return found


def plan_of(rule: MessageRule) -> MessagePlan:
    """Return a message's rule, made ready."""
    signals = []
    for name, one in rule.signals.items():
        factor, offset = factor_of(name, one.unit)
        missing, on = (frozenset(text_of(raw) for raw in raws) for raws in (one.missing + rule.missing, one.on))
        whole = factor * one.scale, one.offset * factor + offset
        signals.append(SignalPlan(name, steps_of(one.path), *whole, missing, on if name in FLAGS else frozenset()))
    return MessagePlan(
        rule, pattern_of(rule.topic), steps_of(rule.boiler), steps_of(rule.each),
        steps_of(rule.time.path) if rule.time else [], signals, steps_of(rule.code.path) if rule.code else [],
    )  # fmt: skip


def text_of(raw: object) -> str:
    """Return a raw value as text that equal values share.

    Examples
    --------
    >>> text_of(1), text_of(1.0), text_of("1"), text_of(True)
    ('1', '1', '1', 'true')
    """
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return str(raw)


def _check(path: Path, place: str, topic: str, *, has_boiler: bool) -> None:
    if not topic or "#" in topic or not _TOPIC.fullmatch(topic):
        raise SettingsError(
            f"{path}: {place}.topic: {topic!r} may hold {{boiler}}, {{site}} and +, but no # and no other braces"
        )
    if not has_boiler:
        raise SettingsError(f"{path}: {place}: neither the topic nor `boiler` says which boiler it is")
