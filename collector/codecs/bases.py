"""Topic bases with `{boiler}` and `{site}` in them: which boiler a topic speaks of, and what stands after the base."""

import re
from typing import NamedTuple

from boilerwatch.model import Source
from boilerwatch.wire import ID

_NAMED = re.compile(r"\{(\w+)\}")
_REMEMBERED = 2_000_000


class Place(NamedTuple):
    """A topic, taken apart; `source` is None where the boiler's id is none of ours."""

    source: Source | None
    leaf: str


class Bases:
    """Topic bases of one dialect.

    Parameters
    ----------
    bases
        Such as `ems-esp/{boiler}` or, for one gateway, `ems-esp` (its boiler is then called like the base's last part).
    site
        Site of boilers whose base names none; `{site}` in a base overrides it.
    """

    def __init__(self, bases: list[str], site: str) -> None:
        self._site = site
        self._bases = [base.strip("/") for base in bases]
        self._patterns = [(_pattern(base), base) for base in self._bases]
        self._places: dict[bytes, Place] = {}

    def filters(self) -> list[str]:
        """Return one MQTT filter a base; it takes in the base itself and all below it."""
        return [_NAMED.sub("+", base) + "/#" for base in self._bases]

    def owns(self, topic: str) -> bool:
        """Return whether the topic is one of the bases or lies below one."""
        return any(pattern.fullmatch(topic) for pattern, _ in self._patterns)

    def place(self, topic: bytes) -> Place:
        """Return whose topic it is and its leaf, empty for the base itself."""
        if topic not in self._places:
            if len(self._places) > _REMEMBERED:  # hostile topics must not fill the memory
                self._places.clear()
            self._places[topic] = self._find(topic.decode(errors="replace"))
        return self._places[topic]

    def _find(self, topic: str) -> Place:
        for pattern, base in self._patterns:
            match = pattern.fullmatch(topic)
            if match is None:
                continue
            named = match.groupdict()
            boiler = named.get("boiler") or base.rpartition("/")[2]
            site = named.get("site") or self._site
            good = ID.fullmatch(boiler) and ID.fullmatch(site)
            return Place(Source(boiler, site, boiler) if good else None, named["leaf"] or "")
        return Place(None, "")


def _pattern(base: str) -> re.Pattern[str]:
    named = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(base))
    return re.compile(named + r"(?:/(?P<leaf>.+))?")
