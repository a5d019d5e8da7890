"""Which findings of one boiler are one story, and which of them tells it: the nearest cause that is known.

Faults of one chain end in one ticket, so one finding stands for them. What it explains, or is no graver and nothing that it
excludes, stands inside it as evidence: its value `also` names the kinds, and it becomes as grave as they are. A finding that
explains the one that stands, that its detector tells instead of it, or that is graver, takes its place: it is raised, as grave
as the story was, and the other is cleared at the same moment. So a repair has one address and nothing loses its urgency.
Sources: fault modes of the devices guide, 7 (a vessel without gas drives water out of the relief valve and then shows low
pressure; gas, valve and a drowned burner end in failed ignitions and lost flames) and rule 5.2.
"""

from collections.abc import Mapping

from boilerwatch.model import SEVERITIES, Finding, Severity

#: Chains whose kinds are stages of one story; a failed sensor says nothing of another one, nor frost of short cycling.
TOLD_AS_ONE = frozenset({"water", "flow", "flame", "air", "dhw"})
ALSO = "also"

#: Kind -> what it brings about, or what it turns into: it stands for them.
EXPLAINS: Mapping[str, frozenset[str]] = {
    "burst_leak": frozenset({"slow_leak", "relief_valve_weeping", "vessel_flat", "filling_loop_passing"}),
    "vessel_flat": frozenset({"slow_leak", "relief_valve_weeping", "filling_loop_passing"}),
    "relief_valve_weeping": frozenset({"slow_leak"}),
    "gas_supply_low": frozenset({"flame_signal_decay", "ignition_wear"}),
    "gas_valve_ageing": frozenset({"ignition_wear"}),
    "condensate_blocked": frozenset({"flame_signal_decay", "ignition_wear"}),
    "flame_signal_decay": frozenset({"ignition_wear"}),
    "diverter_passing": frozenset({"plate_scale"}),
}
#: An advisory takes nothing that is worth a visit.
_SURE = SEVERITIES.index("warning")


def takes_over(kind: str, severity: Severity, leader: Finding, instead: tuple[str, ...]) -> bool:
    """Return whether a kind takes the place of the finding that tells the story.

    Parameters
    ----------
    instead
        Kinds that the detector has excluded by what it saw now.
    """
    grade, before = SEVERITIES.index(severity), SEVERITIES.index(leader.severity)
    if leader.kind in instead or leader.kind in EXPLAINS.get(kind, ()):
        return grade >= min(before, _SURE)
    return grade > before and kind not in EXPLAINS.get(leader.kind, ())


def also_of(finding: Finding) -> tuple[str, ...]:
    """Return the kinds that stand inside a finding."""
    named = finding.values.get(ALSO)
    return tuple(named) if isinstance(named, list) else ()


def graver(one: Severity, other: Severity) -> Severity:
    """Return the graver of two."""
    return max(one, other, key=SEVERITIES.index)
