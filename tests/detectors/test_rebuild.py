"""A detector's new version knows what it would know had it been there all the while, and says nothing twice."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from boilerwatch import columns, findings, service
from boilerwatch.journal import FINDINGS, READINGS, SERVICE, NewRow, open_reader
from boilerwatch.journal.opening import folder_of
from boilerwatch.journal.sqlite import SqliteJournal
from boilerwatch.model import Batch, Finding
from boilerwatch.service import ServiceRow
from boilerwatch.settings import DataSettings, Settings
from detectors.catalogue.leak import SlowLeak
from detectors.catalogue.sensors import Sensors
from detectors.engine import Engine
from detectors.history import History
from detectors.service import Detecting
from tests.detectors.series import T0_MS, series

pytestmark = pytest.mark.slow

_HOURS = np.arange(0, 24, 0.5)
_BOILERS = tuple(f"b-{number}" for number in range(9))
_REPAIRED, _UPGRADED, _END = 5, 10, 16


def day(number: int) -> Batch:
    """One day of nine boilers whose flame burns by day; the first one's flow sensor drifts from the seventh day on."""
    chance = np.random.default_rng(number)
    n, by_night = len(_HOURS), (_HOURS < 6)[:, None]
    noise = chance.normal(0, 0.1, (2, n, len(_BOILERS)))
    drift = np.where(np.arange(len(_BOILERS)) == 0, max(number - 6, 0) * 0.9, 0.0)
    table = {
        "return_temp_c": np.where(by_night, 30.0, 45.0) + noise[0],
        "flow_temp_c": np.where(by_night, 30.0, 60.0) + noise[1] + drift,
        "flame_on": np.where(by_night, 0.0, 1.0) + 0 * noise[0], "pump_on": 1.0 + 0 * noise[0],
        "modulation_pct": np.where(by_night, 0.0, 50.0) + 0 * noise[0], "outdoor_temp_c": 5.0 + noise[0],
        "water_pressure_bar": 1.6 - 0.03 * (number + _HOURS / 24)[:, None] * (np.arange(len(_BOILERS)) == 1) + noise[0] / 50,
    }  # fmt: skip
    return series(_HOURS, table, _BOILERS, T0_MS + number * 86_400_000)


class Room:
    """The detectors' room with its journals, fed a day at a time."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=DataSettings(dir=folder))

    def feed(self, begin: int, end: int) -> None:
        """Append days to the journal, and a repair before the sixth."""
        room = Detecting(self.settings)
        for number in range(begin, end):
            if number == _REPAIRED:
                row = ServiceRow(
                    boiler="b-2", what="repaired", at_ms=T0_MS + number * 86_400_000, problems=("overheat",)
                )
                with contextlib.closing(self.journal(SERVICE)) as writer:
                    writer.append([NewRow(row.at_ms, service.encode(row))])
            batch = day(number)
            with contextlib.closing(self.journal(READINGS)) as writer:
                writer.append([NewRow(int(batch.received_at_ms[-1]), columns.encode(batch), len(batch))])
            while room.step():
                pass
            room.save()
        room.close()

    def journal(self, stream: str) -> SqliteJournal:
        """Return a stream's writer that begins a segment with each row and keeps none that was read."""
        return SqliteJournal(folder_of(self.settings, stream), segment_bytes=1, keep_h=0)

    def engine(self) -> Engine:
        """Return the engine as it comes up."""
        room = Detecting(self.settings)
        room.close()
        return room.engine

    def told(self) -> list[Finding]:
        reader = open_reader(self.settings, FINDINGS)
        rows = reader.read(0, 10_000)
        reader.close()
        return [one for row in rows for one in findings.decode(row.body).findings]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days in a room's folder, shared and copied by all tests."""
    folder = tmp_path_factory.mktemp("lived") / "var"
    Room(folder).feed(0, _UPGRADED)
    return folder


@pytest.fixture
def room(lived: Path, tmp_path: Path) -> Room:
    return Room(Path(shutil.copytree(lived, tmp_path / "var")))


def judged(engine: Engine, name: str) -> dict[str, NDArray[Any]]:
    """What a family learned from days: references and rings, not what it saw in the last minutes."""
    (one,) = [one for one in engine.detectors if one.name == name]
    return {key: values[: len(_BOILERS)] for key, values in one.dump().items() if "ntc_drift." in key}


def same(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k], equal_nan=True) for k in one)


def test_a_new_version_knows_what_the_old_one_learned_bit_for_bit(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    before = judged(room.engine(), "sensors")
    assert np.isfinite(before["ntc_drift.ring"]).any()
    monkeypatch.setattr(Sensors, "version", "next")
    assert same(judged(room.engine(), "sensors"), before)


def test_without_kept_days_it_starts_anew(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sensors, "version", "next")
    (room.settings.data.dir / "detectors.days").unlink()
    assert not np.isfinite(judged(room.engine(), "sensors")["ntc_drift.ring"]).any()


def test_an_upgrade_in_between_raises_what_is_raised_without_it_and_nothing_twice(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Room(Path(shutil.copytree(room.settings.data.dir, tmp_path / "plain")))
    plain.feed(_UPGRADED, _END)
    monkeypatch.setattr(Sensors, "version", "next")
    room.feed(_UPGRADED, _END)
    told = [(one.id, one.state, one.evidence_at_ms) for one in room.told()]
    assert told == [(one.id, one.state, one.evidence_at_ms) for one in plain.told()]
    assert [one[0] for one in told if one[1] == "raised" and "ntc" in one[0]] == ["b-0-ntc_drift-1"]


def test_a_detector_that_judges_no_days_takes_over_what_the_one_before_remembered(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def past(engine: Engine) -> NDArray[Any]:
        (leak,) = [one for one in engine.detectors if one.name == "slow_leak"]
        return leak.dump()["past.pressure"]

    before = past(room.engine())
    monkeypatch.setattr(SlowLeak, "version", "next")
    assert np.array_equal(past(room.engine()), before, equal_nan=True)
    assert np.isfinite(before).any()


def test_what_is_written_before_a_crash_is_not_kept_twice(room: Room) -> None:
    snapshot = room.settings.data.dir / "detectors.snapshot"
    earlier = snapshot.read_bytes()
    room.feed(_UPGRADED, _UPGRADED + 2)
    count = entries(room)
    snapshot.write_bytes(earlier)  # as if it died between history and snapshot
    again = Detecting(room.settings)
    again.save()
    again.close()
    assert entries(room) == count


def test_a_lost_snapshot_is_made_up_for_from_the_kept_days_though_the_journals_are_not_whole(room: Room) -> None:
    room.feed(_UPGRADED, _END)
    whole = room.engine()
    for stream in (READINGS, SERVICE):
        with contextlib.closing(room.journal(stream)) as writer:
            writer.trim(T0_MS + 1_000 * 86_400_000)
            assert writer.first() == writer.last() > 0
    (room.settings.data.dir / "detectors.snapshot").unlink()
    again = room.engine()
    assert again.episodes.raised.keys() == whole.episodes.raised.keys() != set()
    before, after = (judged(one, "sensors")["ntc_drift.seen"][1:, 0] for one in (whole, again))
    assert (after >= before - 1).all()  # the day that was open is lost with the snapshot
    assert before.min() > _UPGRADED


def test_an_unreadable_file_of_days_is_put_aside(room: Room) -> None:
    path = room.settings.data.dir / "detectors.days"
    path.write_bytes(b"no database at all" * 100)
    room.engine()
    assert path.with_suffix(".unreadable").exists()


def test_days_are_forgotten_after_their_time(room: Room, tmp_path: Path) -> None:
    path = room.settings.data.dir / "detectors.days"
    everything = entries(room)
    history = History(path, 3)
    engine = room.engine()
    engine.tell_days(lambda closed: history.note(READINGS, 10_000, {READINGS: 0, SERVICE: 0}, closed, engine.slots))
    engine.take(day(_UPGRADED + 1))
    history.save({READINGS: 10_000, SERVICE: 1})
    assert 0 < entries(room) < everything


def entries(room: Room) -> int:
    history = History(room.settings.data.dir / "detectors.days", 45)
    return sum(1 for _ in history.entries({READINGS: 10**9, SERVICE: 10**9}, Engine().slots))
