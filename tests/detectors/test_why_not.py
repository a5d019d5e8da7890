"""Every finding of every kind says why it is none of those that look like it."""

import numpy as np
import pytest

from boilerwatch.kinds import KINDS
from boilerwatch.rivals import RIVALS, SIGNS
from detectors.catalogue.codes import Codes
from detectors.catalogue.gradual import Gradual
from detectors.catalogue.registry import DETECTORS
from detectors.engine import Engine
from tests.detectors.series import findings_of, series

#: What a code says is the boiler's own word; `unusual` is silent where a kind with a name is told.
ALONE = {"lockout_code", "maintenance_code", "unusual"}


def test_every_kind_has_rivals_and_every_rival_a_sign_in_both_languages() -> None:
    assert RIVALS.keys() == SIGNS.keys() == {kind.name for kind in KINDS} - ALONE
    for kind, rivals in RIVALS.items():
        assert rivals
        assert kind not in rivals
        assert set(rivals) <= SIGNS.keys()
    assert all(sign.en and sign.zh for sign in SIGNS.values())


def test_what_decides_between_kinds_is_told() -> None:
    families = [one for one in (make() for make in DETECTORS.values()) if isinstance(one, Gradual)]
    for track in (track for one in families for track in one.tracks if track.kind):
        assert set(track.rivals) <= set(RIVALS[track.kind]), track.name


@pytest.mark.parametrize("kind", sorted(RIVALS))
def test_a_finding_of_each_kind_names_each_rival_with_what_is_measured_or_told_of_it(kind: str) -> None:
    engine = Engine(detectors=[Codes()])
    slot, rival = engine.slots.of("b-1", "s"), RIVALS[kind][0]
    engine.world.scores.grow(1)
    gradual = rival in engine.world.scores.dump()
    if gradual:
        engine.world.scores[rival][slot] = 0.25
    engine.episodes.say("b-1", kind, severity="warning", at_ms=1, received_at_ms=1, detector="d@1")
    (one,) = engine.episodes.take()
    assert [sentence.partition(": ")[0] for sentence in one.values["why_not"]] == list(RIVALS[kind])
    assert one.values["why_not"][0].startswith(f"{rival}: {SIGNS[rival].en}: ")
    if gradual:
        assert one.values[f"rival_{rival}_score"] == 0.25
        assert "0.25 of what is worth a visit" in one.values["why_not"][0]
    else:
        assert one.values[f"rival_{rival}_told"] is False
        assert one.values["why_not"][0].endswith("is not told")
    engine.episodes.say("b-2", rival, severity="warning", at_ms=1, received_at_ms=1, detector="d@1")
    engine.episodes.say("b-2", kind, severity="warning", at_ms=2, received_at_ms=2, detector="d@1")
    last = next(one for one in reversed(engine.episodes.take()) if one.state != "cleared")
    if last.kind == kind:
        assert last.values["why_not"][0].endswith("is told as well")
    else:  # it stands inside its rival's story
        assert kind in last.values["also"]
        inside = [sentence for sentence in last.values["why_not"] if sentence.startswith(f"{kind}: ")]
        assert all(sentence.endswith("is told as well") for sentence in inside)
        assert len(inside) == (kind in RIVALS[rival])


def test_a_burst_of_a_real_series_says_why_it_is_no_sensor_and_an_incident_why_it_is_nobodys() -> None:
    minutes = np.arange(0, 6, 1 / 60)
    falls = np.clip(1.5 - 3 * np.maximum(minutes - 4, 0), 0, 2)
    columns = {"water_pressure_bar": falls, "flow_temp_c": np.full(len(minutes), 50.0)}
    (burst,) = [one for one in findings_of([series(minutes, columns)]) if one.kind == "burst_leak"][:1]
    assert burst.values["why_not"][1].endswith("is not told")
    engine = Engine()
    for kind, named in (("gas_supply_low", True), ("silent", False)):
        engine.episodes.say("s", kind, severity="warning", at_ms=1, received_at_ms=1, detector="d@1", district=True)
        (one,) = engine.episodes.take()
        assert ("why_not" in one.values) is named
    assert len(engine.slots) == 0
