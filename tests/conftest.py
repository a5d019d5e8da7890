"""What every test gets: a clean environment, and a failure where something was not run."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests.servers import influxd, mosquitto, postgres

#: No example is timed: a loaded machine is no fault of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("BOILERWATCH_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def broker_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as port:
        yield port


@pytest.fixture(scope="session")
def influx_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with influxd(tmp_path_factory.mktemp("influx")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A skipped or expected failure is a failure: whatever is here must run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    passed_over = (
        sum(len(reporter.stats.get(name, [])) for name in ("skipped", "xfailed", "xpassed")) if reporter else 0
    )
    if passed_over and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
