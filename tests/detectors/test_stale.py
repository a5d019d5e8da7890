"""A signal that stops while its boiler speaks."""

import numpy as np

from boilerwatch.model import Finding, Floats
from detectors.catalogue.stale import Stale
from tests.detectors.series import T0_MS, batch_of, findings_of, series

HOURS = np.arange(0, 24 * 10, 0.25)


def found(flue: Floats) -> list[Finding]:
    return findings_of([series(HOURS, {"flow_temp_c": np.full(len(HOURS), 40.0), "flue_temp_c": flue})], [Stale()])


def test_a_signal_that_stops_for_a_day_is_stale_until_it_is_back() -> None:
    stopped = (HOURS >= 72) & (HOURS < 120)
    raised, cleared = found(np.where(stopped, np.nan, 60.0))
    assert (raised.kind, raised.severity, raised.values["signals"]) == ("signal_stale", "advisory", ["flue_temp_c"])
    assert raised.raised_at_ms == T0_MS + 71.75 * 3_600_000
    assert 24 <= (raised.received_at_ms - raised.raised_at_ms) / 3_600_000 <= 25.25
    assert cleared.state == "cleared"
    assert 120 <= (cleared.received_at_ms - T0_MS) / 3_600_000 <= 121.25


def test_a_signal_sent_on_change_is_not_stale_within_its_habit() -> None:
    assert found(np.where((HOURS % 48 < 24), 60.0, np.nan)) == []


def test_a_signal_that_was_hardly_ever_sent_and_a_boiler_that_is_silent_are_not_looked_at() -> None:
    assert found(np.where(HOURS == 5, 60.0, np.nan)) == []
    assert found(np.full(len(HOURS), 60.0)) == []
    gone = (HOURS > 72) & (HOURS < 200)
    silent = series(
        HOURS[~gone],
        {"flow_temp_c": np.full(int((~gone).sum()), 40.0), "flue_temp_c": np.full(int((~gone).sum()), 60.0)},
    )
    other = series(HOURS, {"flow_temp_c": np.full(len(HOURS), 40.0)}, ["b-2"])
    mixed = batch_of(
        ["b-1", "b-2"], np.concatenate([silent.source, other.source + 1]), *(np.concatenate([silent.ts_ms, other.ts_ms]),) * 2,
        {"flow_temp_c": np.full(len(silent) + len(other), 40.0),
         "flue_temp_c": np.concatenate([np.full(len(silent), 60.0), np.full(len(other), np.nan)])},
    )  # fmt: skip
    order = np.argsort(mixed.ts_ms, kind="stable")
    for name in ("source", "ts_ms", "received_at_ms"):
        setattr(mixed, name, getattr(mixed, name)[order])
    mixed.columns = {name: values[order] for name, values in mixed.columns.items()}
    assert findings_of([mixed], [Stale()]) == []  # nothing comes of b-1: that is silence, not a signal that stays away
