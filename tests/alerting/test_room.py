"""The room reads findings in the order of the journal, and waits at the first that is not yet."""

from pathlib import Path

from alerting.service import Alerting
from boilerwatch import findings
from boilerwatch.findings import FindingsRow
from boilerwatch.journal import FINDINGS, NewRow, open_writer
from boilerwatch.settings import DataSettings, Settings
from tests.alerting.fleet import T0, lockout


def test_a_row_of_an_earlier_time_behind_one_that_is_not_yet_does_not_make_it_pass_over(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=tmp_path))
    journal = open_writer(settings, FINDINGS)
    told = FindingsRow(positions={"readings": 1, "service": 0}, findings=[lockout("b-1")])
    nothing = FindingsRow(positions={"readings": 1, "service": 1})
    journal.append([NewRow(T0 + 60_000, findings.encode(told)), NewRow(T0, findings.encode(nothing))])
    room = Alerting(settings)
    assert not room.step(T0)
    assert room.step(T0 + 60_000)
    with room.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM ticket").scalar() == 1
    room.close()
    journal.close()
