"""InfluxDB keeps the contract: Debian's, and any that BOILERWATCH_TEST_INFLUX names."""

from collections.abc import Callable

import pytest

from boilerwatch.errors import StoreError
from boilerwatch.settings import StoreSettings
from boilerwatch.store.influx import InfluxStore
from boilerwatch.store.protocol import Store
from tests.servers import free_port
from tests.store.contract import CHECKS, T0, batch_of

pytestmark = pytest.mark.real


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(check: Callable[[Store], None], influx_url: str) -> None:
    store = InfluxStore(StoreSettings(url=influx_url, database=check.__name__, retention_days=36_500))
    assert store.setup()
    check(store)
    store.close()


def test_one_refused_row_is_named_and_the_rest_is_kept(influx_url: str) -> None:
    store = InfluxStore(StoreSettings(url=influx_url, database="refusals", retention_days=36_500))
    store.setup()
    store._post([f'boiler,boiler=x,site=s flow_temp_c="text" {T0}'])
    refused = store.write(
        batch_of([("b-1", i, {"return_temp_c": 1.0}) for i in range(9)] + [("b-1", 9, {"flow_temp_c": 2.0})])
    )
    assert len(refused) == 1
    assert "flow_temp_c" in refused[0]
    assert len(store.history(["b-1"], ["return_temp_c"], T0, T0 + 20)["b-1"].ts_ms) == 9
    store.close()


def test_a_store_that_is_away_is_a_sentence_and_worth_trying_again() -> None:
    store = InfluxStore(StoreSettings(url=f"http://127.0.0.1:{free_port()}", timeout_s=1))
    with pytest.raises(StoreError, match="does not answer") as caught:
        store.write(batch_of([("b-1", 0, {"flow_temp_c": 1.0})]))
    assert caught.value.retryable
    store.close()
