"""The embedded store keeps the contract."""

from collections.abc import Callable
from pathlib import Path

import pytest

from boilerwatch.settings import StoreSettings
from boilerwatch.store.protocol import Store
from boilerwatch.store.sqlite import SqliteStore
from tests.store.contract import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check: Callable[[Store], None], tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite", StoreSettings())
    check(store)
    store.close()
    assert (tmp_path / "store.sqlite").exists()
