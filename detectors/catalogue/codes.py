"""Codes: what the boiler itself says, by its controller family.

Sees: events. Needs: the family, from the register; without it a code cannot be explained and is told as unknown.
Lock-out and blocking codes are `lockout_code` (critical, warning), warnings and the vendors' own early warnings
`maintenance_code`, with the mechanism they warn of; states of normal running are nothing. A code that clears and comes
back counts: five times within a day make it a grade graver, as boilers block first and lock later; a first ignition that
failed (Ariston 5P1) is worth knowing once and a visit when it comes five times a week. Cadence: as codes come. Units: times a day, times a week.
Sources: the code table, one source a row; Rinnai 12 is more than 20 flame losses a day, Remeha E5 more than 5 in one
demand, Worcester blocks before it locks (devices guide 5.2). Limits: what an unknown family's code means is not guessed.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch import codes
from boilerwatch.model import SEVERITIES, Event, Severity
from boilerwatch.service import ServiceRow
from detectors.catalogue.contract import FRESH_PARTS, World
from detectors.episodes import Episodes

_SEVERITY: dict[str, Severity] = {"lockout": "critical", "blocking": "warning", "warning": "warning"}
#: The vendors' own early warnings -> the mechanism they warn of (devices guide 5.2, rule 4).
EARLY: dict[tuple[str, str], str] = {
    ("bosch_ems", "H01"): "exchanger_scale", ("bosch_ems", "H02"): "fan_wear", ("bosch_ems", "H04"): "flame_signal_decay",
    ("bosch_ems", "H05"): "ignition_wear", ("bosch_ems", "H06"): "ignition_wear", ("bosch_ems", "H07"): "slow_leak",
    ("bosch_ems", "8U/364"): "gas_valve_ageing", ("bosch_ems", "8U/365"): "gas_valve_ageing",
    ("siemens_bsb", "195"): "slow_leak", ("siemens_bsb", "196"): "slow_leak", ("siemens_bsb", "376"): "flame_signal_decay",
    ("siemens_bsb", "377"): "flame_signal_decay", ("viessmann", "EA"): "flame_signal_decay",
    ("viessmann", "E7"): "flame_signal_decay", ("viessmann", "E8"): "flame_signal_decay", ("viessmann", "A2"): "slow_leak",
    ("viessmann", "A8"): "circulation_loss", ("ariston", "5P1"): "ignition_wear", ("vaillant", "S.41"): "filling_loop_passing",
    ("vaillant", "S.53"): "circulation_loss", ("vaillant", "S.54"): "circulation_loss",
}  # fmt: skip
#: Those of which one alone is no reason to go.
_ONCE_IS_NOTHING = {("ariston", "5P1")}
_DAY_MS = 86_400_000
_KEPT = 32


class Codes:
    """Raise a finding for a code while it is active."""

    name = "codes"
    version = "2"

    def __init__(self) -> None:
        self.limits = {"times_a_day": 5.0, "times_a_week": 5.0}
        self._came: dict[tuple[int, str], list[int]] = {}

    def tell(self, events: list[tuple[int, Event]], world: World) -> None:
        """Take each event as it comes: codes wait for nothing."""
        episodes = world.episodes
        for slot, event in events:
            boiler, site = world.slots.boilers[slot], world.slots.sites[slot]
            kind, severity, problem, values = _meaning(event.family or world.fact(slot, "family"), event)
            if not kind:
                continue
            if event.active:
                if not episodes.is_raised(boiler, f"{kind}:{event.code}"):
                    severity = self._again(slot, event, severity, values, world)
                episodes.say(
                    boiler, f"{kind}:{event.code}", kind=kind, problem=problem, severity=severity, at_ms=event.ts_ms,
                    received_at_ms=event.received_at_ms, detector=f"{self.name}@{self.version}", site=site, values=values,
                )  # fmt: skip
            else:
                for name in ("lockout_code", "maintenance_code"):
                    episodes.clear(boiler, f"{name}:{event.code}", event.ts_ms, event.received_at_ms)

    def _again(self, slot: int, event: Event, severity: Severity, values: dict[str, Any], world: World) -> Severity:
        """Count how often the code came, and return how grave that makes it."""
        times = [one for one in self._came.get((slot, event.code), ()) if one > event.ts_ms - 7 * _DAY_MS]
        self._came[slot, event.code] = times = [*times, event.ts_ms][-_KEPT:]
        day = sum(one > event.ts_ms - _DAY_MS for one in times)
        values |= {"times_in_24_h": day, "times_in_7_days": len(times)}
        one = np.array([slot])
        grade = SEVERITIES.index(severity)
        if (event.family or world.fact(slot, "family"), event.code) in _ONCE_IS_NOTHING:
            often = len(times) >= float(np.ravel(world.limit(self, "times_a_week", one))[0])
            return "warning" if often else "advisory"
        often = "code_severity" in values and day >= float(np.ravel(world.limit(self, "times_a_day", one))[0])
        return SEVERITIES[min(grade + often, len(SEVERITIES) - 1)]

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """A code is over when the boiler says so, not when a person does; after a repair it is counted anew."""
        if row.what in FRESH_PARTS:
            for key in [key for key in self._came if key[0] == slot]:
                del self._came[key]

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return when codes came; what is active stands in the episodes."""
        plain = [[slot, code, times] for (slot, code), times in self._came.items()]
        return {"came": np.frombuffer(json.dumps(plain).encode(), np.uint8)}

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take when codes came."""
        self._came = {(slot, code): times for slot, code, times in json.loads(data["came"].tobytes())}


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
    values: dict[str, Any] = {
        "code": event.code,
        "family": family,
        "meaning": row.meaning_en,
        "meaning_zh": row.meaning_zh,
    }
    early = EARLY.get((row.vendor, row.code))
    if early:
        values["early_warning_of"] = early
    return kind, severity, row.problem, {**values, "code_severity": row.severity, "source": row.source_url}
