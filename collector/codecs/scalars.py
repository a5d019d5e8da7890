"""Numbers, switches and JSON paths as gateways write them."""

import re
from typing import Any

from boilerwatch.signals import FLAGS

#: `on/off` is translated to the gateway's language (EMS-ESP locale_translations.h); ebusd says yes and no too.
_ON = frozenset({"on", "true", "1", "yes", "an", "ein", "aan", "på", "wł", "marche", "açık", "zap"})
_OFF = frozenset({"off", "false", "0", "no", "aus", "uit", "av", "wył", "arrêt", "kapalı", "vyp"})
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def flag(raw: object) -> object:
    """Return True or False for a switch in any of the known words, else what came.

    Examples
    --------
    >>> flag("ON"), flag("aus"), flag(1), flag("perhaps")
    (True, False, True, 'perhaps')
    """
    text = str(raw).strip().lower()
    return True if text in _ON else False if text in _OFF else raw


def number(raw: object) -> object:
    """Return the number in a text, else what came: single-value topics bring numbers as text, their form there."""
    if isinstance(raw, str):
        try:
            return float(raw)
        except ValueError:
            return raw
    return raw


def value_of(signal: str, raw: object, factor: float = 1.0) -> object:
    """Return a signal's value in its unit; what is neither number nor switch is handed on, to be dropped and counted."""
    value = flag(raw) if signal in FLAGS else number(raw)
    if factor != 1 and isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return value * factor
        except OverflowError:
            return float("inf")
    return value


def steps_of(path: str) -> list[str | int]:
    """Return the steps of a JSON path such as `body.data[0].press`; an empty path is the whole.

    Raises
    ------
    ValueError
        If it is not such a path.

    Examples
    --------
    >>> steps_of("body.data[0].press")
    ['body', 'data', 0, 'press']
    """
    if "".join(m.group() for m in _STEP.finditer(path)) != path.replace(".", "") or ".." in path:
        raise ValueError(f"{path!r} is not a path such as body.data[0].press")
    return [int(m[2]) if m[2] else m[1] for m in _STEP.finditer(path)]


def follow(plain: Any, steps: list[str | int]) -> Any:
    """Return what stands at the end of a path, or None where it breaks off."""
    for step in steps:
        if isinstance(plain, dict) and isinstance(step, str):
            plain = plain.get(step)
        elif isinstance(plain, list) and isinstance(step, int) and step < len(plain):
            plain = plain[step]
        else:
            return None
    return plain
