"""A detector that raises dies alone: at its third death it is set aside and the others go on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boilerwatch import columns
from boilerwatch.aside import DEATHS, Deaths
from boilerwatch.journal import FINDINGS, READINGS, NewRow, open_reader, open_writer
from boilerwatch.model import Batch, Event, Source
from boilerwatch.settings import DataSettings, Settings
from detectors.catalogue.contract import World
from detectors.catalogue.registry import DETECTORS
from detectors.service import CONSUMER, Detecting


class Broken:
    """Raises at every code."""

    name = "broken"
    version = "1"

    def tell(self, events: list[tuple[int, Event]], world: World) -> None:
        raise ZeroDivisionError(events[0][1].code)

    def serviced(self, *_: Any) -> None: ...

    def dump(self) -> dict[str, Any]:
        return {"none": np.zeros(0)}

    def load(self, data: dict[str, Any]) -> None: ...


def test_the_detector_that_raises_is_set_aside_and_the_others_take_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DETECTORS, "broken", Broken)
    settings = Settings(data=DataSettings(dir=tmp_path))
    journal = open_writer(settings, READINGS)
    batch = Batch(sources=[Source("b-1", "s", "b-1")], events=[Event(0, 1_000, 1_000, "E1", True, 0)])
    journal.append([NewRow(1_000, columns.encode(batch))])
    journal.close()
    deaths = Deaths(tmp_path, CONSUMER)
    for number in range(DEATHS):
        room = Detecting(settings)
        with pytest.raises(ZeroDivisionError):
            room.step()
        room.close()
        assert (deaths.note(1, 0) is not None) == (number == DEATHS - 1)
    room = Detecting(settings)
    assert room.step() == 1
    assert "broken" not in room.engine.versions
    assert [one.kind for one in room.engine.episodes.raised.values()] == ["maintenance_code"]
    room.close()
    reader = open_reader(settings, FINDINGS)
    assert reader.last() == 1
    reader.close()
