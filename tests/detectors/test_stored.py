"""A replay of what the store has: as a replay of the file it came from, and the live detectors, but for what came too late."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from alerting.database import open_database
from alerting.outbox import tell_service
from alerting.register import import_boilers
from boilerwatch import columns
from boilerwatch.cli.replay import replay
from boilerwatch.errors import InputError
from boilerwatch.journal import READINGS, NewRow, open_writer
from boilerwatch.minutes import Late
from boilerwatch.readings_file import read_batches
from boilerwatch.register import Boiler
from boilerwatch.settings import DataSettings, Settings, load
from collector import storing
from detectors.catalogue.registry import DETECTORS
from detectors.replay import replay_batches
from simulators.dataset import Order, write
from simulators.episode import read_findings
from tests.detectors.series import batch_of

pytestmark = pytest.mark.slow

START, START_MS = "2026-01-05", 1_767_571_200_000
ORDER = Order(10, 12.0, 4, 1_767_571_200.0, 300.0, 0.8, ("slow_leak", "burst_leak"))


def told(path: Path) -> list[tuple[str, str, str, int]]:
    """Findings of what is wrong; silence depends on arrivals, which a store does not keep."""
    found = [one for one in read_findings(path) if one.kind not in ("silent", "signal_stale")]
    return sorted((one.boiler, one.kind, one.state, one.evidence_at_ms) for one in found)


def test_the_store_replays_as_the_file_it_was_filled_from(tmp_path: Path) -> None:
    write(ORDER, tmp_path / "fleet")
    config = tmp_path / "boilerwatch.toml"
    config.write_text(f'[data]\ndir = "{tmp_path}/var"\n[store]\nretention_days = 36500\n')
    settings = Settings(data=DataSettings(dir=tmp_path / "var"))
    journal = open_writer(settings, READINGS)
    for batch in read_batches(tmp_path / "fleet/readings.jsonl.gz", Counter()):
        journal.append([NewRow(batch.newest_arrival_ms(), columns.encode(batch), len(batch))])
    journal.close()
    storing.drain(settings)
    register = tmp_path / "fleet/fleet.csv"
    replay(tmp_path / "fleet/readings.jsonl.gz", findings=tmp_path / "file.jsonl", register=register)
    replay(
        store=True, start=START, end="2026-01-18", settings=config, register=register, findings=tmp_path / "store.jsonl"
    )
    from_file, from_store = told(tmp_path / "file.jsonl"), told(tmp_path / "store.jsonl")
    assert len({kind for _, kind, _, _ in from_file}) >= 2
    assert from_store == from_file


def test_limits_register_repairs_and_verdicts_are_those_of_the_settings_and_their_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "boilerwatch.toml"
    config.write_text(
        f'[data]\ndir = "{tmp_path}/var"\n[store]\nretention_days = 36500\n[detectors.models.B.limits]\nlow_bar = 0.7\n'
    )
    settings = load(config)
    hours = np.arange(0, 6, 1 / 60)
    ts = START_MS + (hours * 3_600_000).astype(np.int64)
    batch = batch_of(["b-1", "b-2"], np.tile([0, 1], len(ts)), np.repeat(ts, 2), np.repeat(ts, 2),
                     {"water_pressure_bar": np.full(2 * len(ts), 0.6)}, sites=["s", "s"])  # fmt: skip
    journal = open_writer(settings, READINGS)
    journal.append([NewRow(batch.newest_arrival_ms(), columns.encode(batch), len(batch))])
    journal.close()
    storing.drain(settings)
    asked = {"store": True, "start": START, "end": "2026-01-06", "settings": config}
    replay(findings=tmp_path / "a.jsonl", **asked)  # type: ignore[arg-type]
    assert read_findings(tmp_path / "a.jsonl") == []
    assert "no register" in capsys.readouterr().err
    database = open_database(settings)
    import_boilers(database, [Boiler("b-1", "s", model="B"), Boiler("b-2", "s", model="C")], START_MS)
    with database.begin() as connection:
        tell_service(connection, "b-1", "repaired", START_MS + 3_600_000, problems=["low_water_pressure"])
    replay(findings=tmp_path / "b.jsonl", **asked)  # type: ignore[arg-type]
    assert "2 boilers, 1 repairs and other service, 0 verdicts" in capsys.readouterr().err
    found = [(one.boiler, one.kind, one.state) for one in read_findings(tmp_path / "b.jsonl")]
    assert found[0] == ("b-1", "slow_leak", "raised")  # the model's limit, by the database's register
    assert {boiler for boiler, _, _ in found} == {"b-1"}
    assert ("b-1", "slow_leak", "cleared") in found  # by the repair
    other = tmp_path / "try.toml"
    other.write_text("[detectors.models.C.limits]\nlow_bar = 0.7\n")
    replay(findings=tmp_path / "c.jsonl", limits=other, compare=True, **asked)  # type: ignore[arg-type]
    assert {one.boiler for one in read_findings(tmp_path / "c.jsonl")} == {"b-1", "b-2"}  # laid over those of now
    assert capsys.readouterr().out.startswith("1 added\n")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [({}, "either a file of READINGS or --store"), ({"store": True}, "needs --start"),
     ({"store": True, "start": "yesterday"}, "neither a date"), ({"store": True, "start": START, "end": START}, "not after")],
)  # fmt: skip
def test_what_is_asked_wrongly_is_a_sentence_and_no_file(
    tmp_path: Path, more: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        replay(findings=tmp_path / "out.jsonl", **more)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


HOURS = np.arange(0, 10 * 24, 0.5)


def findings(
    ts_ms: np.ndarray, arrival_ms: np.ndarray, bar: np.ndarray
) -> tuple[list[tuple[str, int]], dict[str, Late]]:
    """What is raised, when, and what came too late."""
    order = np.lexsort((ts_ms, arrival_ms))
    batch = batch_of(["b-1"], np.zeros(len(ts_ms), int), ts_ms[order], arrival_ms[order],
                     {"water_pressure_bar": bar[order], "flow_temp_c": np.full(len(bar), 45.0)})  # fmt: skip
    late: dict[str, Late] = {}
    found = list(
        replay_batches(
            [batch], [], disabled=[name for name in DETECTORS if name not in ("slow_leak", "vessel")], late=late
        )
    )
    return [(one.kind, one.raised_at_ms) for one in found if one.state == "raised"], late


def test_only_what_came_too_late_tells_a_replay_from_what_was_found_live_and_it_is_named() -> None:
    ts = 1_767_571_200_000 + (HOURS * 3_600_000).astype(np.int64)
    bar = np.round(1.6 - 0.03 * HOURS / 24, 2)
    sorted_found, nothing = findings(ts, ts, bar)
    assert [kind for kind, _ in sorted_found] == ["slow_leak"]
    assert nothing == {}
    away = (HOURS >= 100) & (HOURS < 106)
    in_wait = np.where(away, ts[away].max() + 60_000 + (ts[away].max() - ts) // 3_600, ts)  # a backlog, newest first
    assert findings(ts, in_wait, bar) == (sorted_found, {})
    _, late = findings(ts, np.where(away, ts + 48 * 3_600_000, ts), bar)
    assert late == {"b-1": Late(int(away.sum()), int(ts[away].min()), int(ts[away].max()))}
