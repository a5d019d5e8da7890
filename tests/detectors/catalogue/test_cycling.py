"""Where the water goes, on series written by hand: a burner's spread, and how far its flow falls when it stops."""

import math

import numpy as np
import pytest

from boilerwatch.model import Finding, Floats
from detectors.catalogue.cycling import Cycling
from tests.detectors.series import T0_MS, findings_of, series

DAY_MS = 86_400_000
DAYS, ONSET = 30, 14.0
HOURS = np.arange(0, DAYS * 24, 1 / 12)
N = len(HOURS)
GROWS = np.clip((HOURS / 24 - ONSET) / 10, 0, 1)
SOUND = np.ones(N)


def circuit(
    *, through: Floats = SOUND, pumped: Floats = SOUND, overrun: bool = True, seed: int = 1
) -> dict[str, Floats]:
    """Burns twenty minutes and rests twenty; the flow is what radiators give back and the burner's heat over the water they get.

    Parameters
    ----------
    through
        Share of the water that passes the radiators. [-]
    pumped
        Of the usual water. [-]
    overrun
        Whether the pump runs on when the burner stops.
    """
    chance = np.random.default_rng(seed)
    on = np.arange(N) % 8 < 4
    load = 40 + 8 * np.sin(HOURS / 24 / 4.3 * 2 * math.pi)
    spread = load / 5 / pumped
    water = 44 + 4 * np.sin(HOURS / 24 / 6.1 * 2 * math.pi) + chance.normal(0, 0.5, N)
    flow = np.where(on, water + spread / through, water)
    if not overrun:
        flow = np.where(on, flow, np.maximum(np.roll(flow, 1), np.roll(flow, 2)) - 1.0)
    back = np.where(on, flow - spread, water)
    return {
        "flow_temp_c": flow.round(1), "return_temp_c": back.round(1), "flame_on": on * 1.0, "dhw_active": np.zeros(N),
        "modulation_pct": np.where(on, load, 0).round(0), "burner_starts": 900.0 + np.cumsum(on & ~np.roll(on, 1)),
    }  # fmt: skip


def told(columns: dict[str, Floats]) -> list[Finding]:
    found = findings_of([series(HOURS, columns)], [Cycling()], beat_ms=21_600_000)
    return [one for one in found if one.state != "cleared"]


def test_water_that_takes_a_short_cut_is_known_days_before_the_burner_cycles() -> None:
    raised = told(circuit(through=1 - 0.8 * GROWS))
    assert [(one.kind, one.severity, one.state) for one in raised][:1] == [("short_cycling", "advisory", "raised")]
    assert {one.severity for one in raised} == {"advisory"}
    assert raised[0].raised_at_ms < T0_MS + (ONSET + 7) * DAY_MS
    assert raised[0].values["effect_ln_ratio"] > math.log(1.4)


def test_it_is_worth_a_visit_once_the_burner_cycles_too_and_then_one_day_tells_it() -> None:
    one = circuit(through=1 - 0.8 * GROWS)
    cycles = HOURS / 24 > ONSET + 8
    one["burner_starts"] += np.cumsum(cycles * one["flame_on"])
    raised = told(one)
    warned = [one for one in raised if one.severity == "warning"]
    assert [one.state for one in warned][:1] == ["updated"]
    assert (ONSET + 8) * DAY_MS < warned[0].evidence_at_ms - T0_MS < (ONSET + 10) * DAY_MS
    sudden = circuit(through=np.where(HOURS / 24 > ONSET + 2, 0.2, 1 - 0.2 * np.clip((HOURS / 24 - ONSET) / 2, 0, 1)))
    sudden["burner_starts"] += np.cumsum((HOURS / 24 > ONSET + 2) * sudden["flame_on"])
    first = told(sudden)[0]
    assert first.severity == "warning"
    assert first.raised_at_ms < T0_MS + (ONSET + 4) * DAY_MS


@pytest.mark.parametrize(
    "columns",
    [
        circuit(),
        circuit(pumped=1 - 0.6 * GROWS),  # a pump that wears: the spread grows, and the fall with it
        circuit(pumped=1 + 0.6 * GROWS),
        circuit(through=np.where(HOURS / 24 > ONSET + 0.4, 0.5, 1.0)),  # somebody set a bypass
        circuit(through=1 - 0.8 * GROWS, overrun=False),  # what stands is not seen to fall
    ],
    ids=["sound", "less water", "more water", "set once", "no overrun"],
)
def test_what_moves_fall_and_spread_alike_or_is_a_setting_or_cannot_be_seen_is_not_told(
    columns: dict[str, Floats],
) -> None:
    assert told(columns) == []
