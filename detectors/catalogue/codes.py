"""Codes: what the boiler itself says, by its controller family.

Sees: events. Needs: the family, from the register; without it a code cannot be explained and is told as unknown.
Lock-out and blocking codes are `lockout_code` (critical, warning), warnings and the vendors' own early warnings
`maintenance_code`; states of normal running are nothing. Source: the code table, one source a row.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch import codes
from boilerwatch.model import Event, Severity
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import World
from detectors.episodes import Episodes

_SEVERITY: dict[str, Severity] = {"lockout": "critical", "blocking": "warning", "warning": "warning"}


class Codes:
    """Raise a finding for a code while it is active."""

    name = "codes"
    version = "1"

    def tell(self, events: list[tuple[int, Event]], world: World) -> None:
        """Take each event as it comes: codes wait for nothing."""
        episodes = world.episodes
        for slot, event in events:
            boiler, site = world.slots.boilers[slot], world.slots.sites[slot]
            kind, severity, problem, values = _meaning(event.family or world.fact(slot, "family"), event)
            if not kind:
                continue
            if event.active:
                episodes.say(
                    boiler, f"{kind}:{event.code}", kind=kind, problem=problem, severity=severity, at_ms=event.ts_ms,
                    received_at_ms=event.received_at_ms, detector=f"{self.name}@{self.version}", site=site, values=values,
                )  # fmt: skip
            else:
                for name in ("lockout_code", "maintenance_code"):
                    episodes.clear(boiler, f"{name}:{event.code}", event.ts_ms, event.received_at_ms)

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """A code is over when the boiler says so, not when a person does."""

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return nothing: what is active stands in the episodes."""
        return {"none": np.zeros(0)}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take nothing."""


def _meaning(family: str, event: Event) -> tuple[str, Severity, str, dict[str, Any]]:
    """Return (kind, severity, problem, values); an empty kind is no finding."""
    row = codes.look_up(family, event.code)
    if row is None:
        why = "not in the code table" if family else "the register does not say the controller family"
        return "maintenance_code", "advisory", "unknown", {"code": event.code, "family": family, "unexplained": why}
    if row.severity == "status" and row.problem in ("status", "short_cycling"):
        return "", "advisory", "status", {}
    kind = "lockout_code" if row.severity in ("lockout", "blocking") else "maintenance_code"
    severity = _SEVERITY.get(row.severity, "advisory")
    values = {"code": event.code, "family": family, "meaning": row.meaning_en, "meaning_zh": row.meaning_zh}
    return kind, severity, row.problem, {**values, "code_severity": row.severity, "source": row.source_url}
