"""The settings file with every key in it: a sentence, the key's name, its default as a comment."""

from pathlib import Path
from typing import Any

import tomlkit
from pydantic import SecretStr

from boilerwatch.settings import Section, Settings

_HEAD = """\
## Settings of boilerwatch. A line with one # is a key at its default: take the # away to change it.
## A secret may stand in the environment instead (BOILERWATCH_MQTT__PASSWORD) or in a file that BOILERWATCH_MQTT__PASSWORD_FILE names.
"""


def example() -> str:
    """Return the whole file as text."""
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        assert isinstance(section, type)
        assert issubclass(section, Section)
        lines = [f"## {(section.__doc__ or '').strip()}", f"[{name}]"]
        for key, one in section.model_fields.items():
            lines += [f"## {one.description}", f"# {key} = {_value(one.get_default(call_default_factory=True))}", ""]
        parts.append("\n".join(lines))
    return "\n".join(parts).rstrip() + "\n"


def _value(default: Any) -> str:
    plain = "" if default is None else str(default) if isinstance(default, Path) else default
    plain = plain.get_secret_value() if isinstance(plain, SecretStr) else plain
    return "{}" if plain == {} else str(tomlkit.item(plain).as_string())
