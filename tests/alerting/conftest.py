"""The tickets' databases: whatever alerting does, it does alike on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alerting.database import open_database
from boilerwatch.settings import AlertingSettings, DataSettings, Settings
from tests.alerting.databases import fresh_postgres

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


@pytest.fixture(params=BOTH)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty installation."""
    data = DataSettings(dir=tmp_path)
    if request.param == "sqlite":
        yield Settings(data=data)
        return
    with fresh_postgres(request.getfixturevalue("postgres_url")) as url:
        yield Settings(data=data, alerting=AlertingSettings(database_url=url))


@pytest.fixture
def engine(installation: Settings) -> Iterator[Engine]:
    found = open_database(installation)
    yield found
    found.dispose()
