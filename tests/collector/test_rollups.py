"""Quarter-hours and civil days in the store are those of all readings, however these came."""

import contextlib
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from boilerwatch.journal import READINGS, ROLLUPS, open_reader
from boilerwatch.store.opening import open_store
from collector.storing.service import Storing
from tests.collector.rollup_world import Place, Reading, Rows, drained, reckoned, rows_of

#: The evening before Berlin's clocks go back: this civil day has 25 hours.
T0_MS = round(datetime(2025, 10, 25, 20, tzinfo=UTC).timestamp() * 1000)
DAY_MS, MINUTE_MS = 86_400_000, 60_000
BOILERS = ["b-1", "b-2"]
#: Where an fsync costs nothing: what is proven here is order, not the disk.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None

values = st.fixed_dictionaries(
    {},
    optional={
        "water_pressure_bar": st.floats(0, 6), "flow_temp_c": st.floats(-20, 130), "return_temp_c": st.floats(-20, 130),
        "flame_on": st.sampled_from([0.0, 1.0]), "burner_starts": st.integers(0, 3000).map(float), "dhw_temp_c": st.floats(0, 90),
    },
)  # fmt: skip
readings = st.builds(
    Reading,
    st.sampled_from(BOILERS),
    st.integers(0, 2 * 24 * 60).map(lambda minute: T0_MS + minute * MINUTE_MS) | st.integers(0, 90).map(lambda s: T0_MS + s * 40_000),
    values,
)  # fmt: skip
pieces = st.lists(st.tuples(st.lists(readings, max_size=12), st.sampled_from("nsskc")), min_size=1, max_size=14)


def stored(place: Place) -> tuple[Rows, Rows]:
    store = open_store(place.settings)
    found = rows_of(store, BOILERS, "15m"), rows_of(store, BOILERS, "1d")
    store.close()
    return found


def close_to(rows: Rows) -> dict[tuple[str, int], object]:
    return {key: pytest.approx(row, rel=1e-9, abs=1e-9) for key, row in rows.items()}


def whole(heard: list[Reading]) -> list[Reading]:
    """Readings of one moment as one, sorted by boiler and time."""
    merged: dict[tuple[str, int], dict[str, float]] = {}
    for one in heard:
        merged.setdefault((one.boiler, one.ts_ms), {}).update(one.values)
    return [Reading(boiler, at, merged[boiler, at]) for boiler, at in sorted(merged)]


def folded(readings: list[Reading]) -> list[Reading]:
    """Leave out what holds nothing that roll-ups are made of."""
    return [one for one in readings if one.values.keys() - {"dhw_temp_c"}]


@pytest.mark.slow
@settings(
    max_examples=100,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(pieces)
def test_any_order_cut_and_kill_makes_what_the_sorted_whole_makes(told: list[tuple[list[Reading], str]]) -> None:
    heard = [reading for piece, _ in told for reading in piece]
    with tempfile.TemporaryDirectory(dir=MEMORY) as one, Place(Path(one)) as place:
        place.register(BOILERS)
        live(place, told)
        drained(place)
        found = stored(place)
    with tempfile.TemporaryDirectory(dir=MEMORY) as other, Place(Path(other)) as place:
        place.register(BOILERS)
        if heard:
            place.hear(whole(heard))
        drained(place)
        assert found == stored(place)  # bit for bit
    quarters, days = reckoned(folded(heard))
    assert found == (close_to(quarters), close_to(days))


def moments(*told: tuple[list[int], str]) -> list[tuple[list[Reading], str]]:
    """Minutes after the beginning, each with a pressure of its own."""
    numbers = iter(range(1, 99))
    return [
        ([Reading("b-1", T0_MS + at * MINUTE_MS, {"water_pressure_bar": next(numbers) / 20}) for at in piece], then)
        for piece, then in told
    ]


@pytest.mark.parametrize(
    "told",
    [
        moments(([0], "k")),  # killed before the first snapshot of readings
        moments(([180], "n"), ([60], "s"), ([1], "n")),  # the day before is over, its last quarter is not told yet
        moments(([180], "k"), ([60], "n"), ([1], "n")),  # two days in one backlog, both part of the open sums
        moments(([119], "n"), ([2000], "s"), ([180], "n")),  # a late reading behind a quarter that is open
        moments(
            ([120], "n"), ([1500], "n"), ([], "k"), ([119], "n"), ([1], "n")
        ),  # the hour before a day is not its sum
    ],
)
def test_stories_that_once_went_wrong(told: list[tuple[list[Reading], str]], tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        place.register(BOILERS)
        live(place, told)
        drained(place)
        quarters, days = reckoned([reading for piece, _ in told for reading in piece])
        assert stored(place) == (close_to(quarters), close_to(days))


def live(place: Place, told: list[tuple[list[Reading], str]]) -> None:
    """Hear the pieces; after one do nothing (n), store (s, now and then with a snapshot), be killed (k), wait (c)."""
    storing = Storing(place.settings)
    for piece, then in told:
        place.hear(piece, place.now_ms + (40_000 if then == "c" else 0))
        if then in "skc":
            storing.step()
        if then == "s" and len(piece) % 2:
            storing.save()
        if then == "k":  # what is not in the snapshot is forgotten
            storing.close()
            storing = Storing(place.settings)
    storing.close()


def test_a_day_has_25_hours_when_clocks_go_back_and_23_when_they_go_forward(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        place.register(["b-1"])
        place.register(["b-2"], "Asia/Shanghai")
        starts = [datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 3, 29, 23, tzinfo=UTC)]
        for start in sorted(starts):
            begin = round(start.timestamp() * 1000)
            for minute in range(-60, 27 * 60, 10):
                place.hear([Reading(b, begin + minute * MINUTE_MS, {"flow_temp_c": 50.0}) for b in BOILERS])
        drained(place)
        days = stored(place)[1]
        hours = {at: row["readings"] / 6 for (boiler, at), row in days.items() if boiler == "b-1"}
        assert [hours[round(start.timestamp() * 1000)] for start in starts] == [25, 23]
        assert {at % DAY_MS for boiler, at in days if boiler == "b-2"} == {16 * 3_600_000}


def test_a_quarter_whose_boiler_fell_silent_is_told_and_corrected_when_more_comes(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        storing = Storing(place.settings)
        place.hear([Reading("b-1", T0_MS + i * MINUTE_MS, {"flow_temp_c": 40.0 + i}) for i in range(5)])
        storing.step()
        assert stored(place) == ({}, {})
        place.hear([], T0_MS + 17 * MINUTE_MS)  # a tick: our clock goes on
        storing.step()
        quarters, days = stored(place)
        assert [row["readings"] for row in (*quarters.values(), *days.values())] == [5, 5]
        place.hear([Reading("b-1", T0_MS + 7 * MINUTE_MS, {"flow_temp_c": 60.0})])
        place.hear([Reading("b-1", T0_MS + 16 * MINUTE_MS, {"flow_temp_c": 30.0})])
        place.hear([Reading("b-1", T0_MS + 17 * MINUTE_MS, {"flow_temp_c": 30.0})])
        storing.step()
        place.hear([], T0_MS + 19 * MINUTE_MS)
        storing.step()
        quarters, days = stored(place)
        assert quarters["b-1", T0_MS]["flow_temp_c_max"] == 60.0
        assert [row["readings"] for row in days.values()] == [6]  # the running quarter is told with its end
        storing.close()


def test_readings_that_were_stored_before_there_were_roll_ups_are_in_the_first_day(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        place.register(["b-1"])
        heard = [
            Reading(
                "b-1", T0_MS + 130 * MINUTE_MS + i * 7 * MINUTE_MS, {"flow_temp_c": 40.0 + i, "burner_starts": float(i)}
            )
            for i in range(100)
        ]
        for reading in heard[:40]:
            place.hear([reading])
        drained(place)
        (place.settings.data.dir / "storing.snapshot").unlink()
        with contextlib.closing(sqlite3.connect(place.settings.data.dir / "store.sqlite")) as file:
            file.execute("DELETE FROM boiler_15m")
            file.execute("DELETE FROM boiler_1d")
            file.commit()
        for reading in heard[40:]:
            place.hear([reading])
        drained(place)
        assert stored(place) == tuple(close_to(rows) for rows in reckoned(heard))


def test_the_journal_keeps_what_the_snapshot_does_not_hold_yet(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        place.hear([Reading("b-1", T0_MS, {"flow_temp_c": 40.0})])
        storing = Storing(place.settings)
        storing.step()
        reader = open_reader(place.settings, READINGS)
        assert reader.positions() == {"storing": 1, ROLLUPS: 0}
        storing.save()
        assert reader.positions() == {"storing": 1, ROLLUPS: 1}
        storing.close()


def test_late_readings_are_counted_and_those_of_a_day_that_is_over_change_only_that_day(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        place.register(BOILERS)
        heard = [
            Reading(
                b, T0_MS + i * 5 * MINUTE_MS, {"water_pressure_bar": 1.5, "flow_temp_c": 50.0, "return_temp_c": 40.0}
            )
            for i in range(800)
            for b in BOILERS
        ]
        for i in range(0, len(heard), 100):
            place.hear(heard[i : i + 100])
        storing = Storing(place.settings)
        while storing.step():
            pass
        storing.save()
        late = [Reading("b-2", T0_MS + 5 * 3_600_000 + MINUTE_MS, {"water_pressure_bar": 0.5, "flame_on": 1.0})]
        place.hear(late)
        storing.step()
        place.hear([], place.now_ms + 60_000)
        storing.step()
        assert storing.late == 1
        storing.finish()
        storing.close()
        quarters, days = reckoned(heard + late)
        assert stored(place) == (close_to(quarters), close_to(days))
        assert min(row["water_pressure_bar_min"] for row in days.values()) == 0.5
