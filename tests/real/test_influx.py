"""InfluxDB keeps the contract: Debian's, and any that BOILERWATCH_TEST_INFLUX names."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from boilerwatch.clock import ManualClock
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


def test_a_policy_that_is_not_there_is_named_and_made(influx_url: str) -> None:
    store = InfluxStore(StoreSettings(url=influx_url, database="lacking"))
    store.setup()
    assert store.lacking() == []
    store._server.query('DROP RETENTION POLICY "snapshots" ON "lacking"')
    assert store.lacking() == ["retention policy snapshots of lacking"]
    assert store.setup() == ["retention policy snapshots of lacking keeps 2 days"]
    assert store.lacking() == []
    store.close()


def test_one_refused_row_is_named_and_the_rest_is_kept(influx_url: str) -> None:
    store = InfluxStore(StoreSettings(url=influx_url, database="refusals", retention_days=36_500))
    store.setup()
    assert store.write(batch_of([("b-0", 0, {"return_temp_c": 1.0})])) == []  # types are looked up once, before this
    store._post(pa.array([f'boiler,boiler=x,site=s flow_temp_c="text" {T0}\n']))
    refused = store.write(
        batch_of([("b-1", i, {"return_temp_c": 1.0}) for i in range(9)] + [("b-1", 9, {"flow_temp_c": 2.0})])
    )
    assert len(refused) == 1
    assert refused[0].line == f"boiler,boiler=b-1,site=s\\ 1 flow_temp_c=2 {T0 + 9}"
    assert "flow_temp_c" in refused[0].reason
    assert len(store.history(["b-1"], ["return_temp_c"], T0, T0 + 20)["b-1"].ts_ms) == 9
    store.close()


def test_a_field_of_another_type_is_found_before_it_is_written(influx_url: str) -> None:
    settings = StoreSettings(url=influx_url, database="odd_types", retention_days=36_500)
    store = InfluxStore(settings)
    store.setup()
    store._post(pa.array([f'boiler,boiler=x,site=s flow_temp_c="text" {T0}\n']))
    assert ["field flow_temp_c of boiler is string" in sentence for sentence in store.setup()] == [True]
    refused = store.write(batch_of([("b-1", i, {"return_temp_c": 1.0, "flow_temp_c": 2.0}) for i in range(9)]))
    assert [one.line.partition(" flow")[0] for one in refused] == ["boiler,boiler=b-1,site=s\\ 1"] * 9
    assert {one.reason for one in refused} == {refused[0].reason}
    assert "[store] database" in refused[0].reason
    assert len(store.history(["b-1"], ["return_temp_c"], T0, T0 + 20)["b-1"].ts_ms) == 9
    store.close()


def test_rows_older_than_the_retention_are_named_and_not_sent(influx_url: str) -> None:
    store = InfluxStore(StoreSettings(url=influx_url, database="old", retention_days=1), ManualClock(T0 + 86_400_000))
    store.setup()
    refused = store.write(batch_of([("b-1", -1, {"flow_temp_c": 1.0}), ("b-1", 0, {"flow_temp_c": 2.0})]))
    assert [one.line for one in refused] == [f"boiler,boiler=b-1,site=s\\ 1 flow_temp_c=1 {T0 - 1}"]
    store.close()


def test_each_policy_keeps_what_the_settings_say_and_is_changed_once(influx_url: str) -> None:
    def kept(**days: float) -> tuple[list[str], dict[str, tuple[str, bool]]]:
        store = InfluxStore(StoreSettings(url=influx_url, database="kept", **days))
        said = store.setup()
        known = store._server.query('SHOW RETENTION POLICIES ON "kept"')[0].values
        store.close()
        return said, {row[0]: (row[1], row[-1]) for row in known}

    first = {
        "autogen": ("9600h0m0s", True),
        "quarters": ("43920h0m0s", False),
        "days": ("0s", False),
        "snapshots": ("48h0m0s", False),
    }
    assert kept() == ([
        "made database kept", "retention policy autogen of kept keeps 400 days",
        "retention policy quarters of kept keeps 1830 days", "retention policy days of kept keeps for ever",
        "retention policy snapshots of kept keeps 2 days",
    ], first)  # fmt: skip
    assert kept() == ([], first)
    assert kept(quarter_days=10) == (
        ["retention policy quarters of kept keeps 10 days"], first | {"quarters": ("240h0m0s", False)},
    )  # fmt: skip


def test_a_store_that_is_away_is_a_sentence_and_worth_trying_again() -> None:
    store = InfluxStore(StoreSettings(url=f"http://127.0.0.1:{free_port()}", timeout_s=1))
    with pytest.raises(StoreError, match="does not answer") as caught:
        store.write(batch_of([("b-1", 0, {"flow_temp_c": 1.0})]))
    assert caught.value.retryable
    store.close()
