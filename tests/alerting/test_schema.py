"""The steps lead to exactly the tables that the code names, on both databases."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from typer.testing import CliRunner

from alerting.database import connect, open_database
from alerting.schema import HEAD, upgrade
from alerting.tables import METADATA
from boilerwatch.cli.main import app
from boilerwatch.errors import BoilerwatchError, SettingsError
from boilerwatch.settings import AlertingSettings, Settings


def test_the_steps_lead_to_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_newest_step_is_the_one_the_code_names() -> None:
    folder = Path(__file__).parents[2] / "alerting" / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD


def test_an_upgrade_is_taken_once_however_many_start_at_once(installation: Settings) -> None:
    installation.data.dir.mkdir(exist_ok=True)
    done: list[list[str]] = []
    gate = threading.Barrier(4)

    def start() -> None:
        engine = connect(installation)
        gate.wait()
        done.append(upgrade(engine))
        engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, done)) == [0, 0, 0, 1]


def test_a_newer_database_is_left_alone(installation: Settings) -> None:
    engine = open_database(installation)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(BoilerwatchError, match=r"9999.*newer"):
        open_database(installation)


def test_tables_without_a_version_are_not_touched(installation: Settings) -> None:
    engine = connect(installation)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE ticket (id INTEGER)"))
    with pytest.raises(BoilerwatchError, match="without a version"):
        upgrade(engine)
    assert inspect(engine).get_table_names() == ["ticket"]
    engine.dispose()


@pytest.mark.parametrize("url", ["nonsense", "postgresql+nodriver://x/y", "mongodb://x"])
def test_an_address_of_no_database_is_a_sentence(url: str) -> None:
    with pytest.raises(SettingsError, match="database_url"):
        open_database(Settings(alerting=AlertingSettings(database_url=url)))


def test_setup_database_says_what_it_did_and_then_nothing(tmp_path: Path) -> None:
    path = tmp_path / "boilerwatch.toml"
    path.write_text(f'[data]\ndir = "{tmp_path}"\n')
    first, second = (CliRunner().invoke(app, ["setup", "database", "--settings", str(path)]) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert f"from empty to version {HEAD}" in first.output
    assert "as it should be" in second.output
