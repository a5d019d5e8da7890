"""What every store must do; run on each of them."""

import numpy as np

from boilerwatch.model import Batch, Event, Source
from boilerwatch.store.protocol import Point, Rollup, Store

T0 = 1_800_000_000_000


def batch_of(rows: list[tuple[str, int, dict[str, float]]], events: list[Event] | None = None) -> Batch:
    names = sorted({name for name, _, _ in rows}) or ["b-1"]
    signals = sorted({signal for _, _, values in rows for signal in values})
    n = len(rows)
    return Batch(
        sources=[Source(name, "s 1", name) for name in names],
        source=np.array([names.index(name) for name, _, _ in rows], np.int64),
        ts_ms=np.array([T0 + at for _, at, _ in rows], np.int64),
        received_at_ms=np.full(n, T0, np.int64),
        stamped=np.zeros(n, np.bool_),
        columns={s: np.array([values.get(s, np.nan) for _, _, values in rows]) for s in signals},
        hash=np.zeros(n, np.uint64), boot=np.zeros(n, np.uint64), seq=np.full(n, -1, np.int64), events=events or [],
    )  # fmt: skip


def check_merges_fields_of_one_moment(store: Store) -> None:
    assert store.write(batch_of([("b-1", 0, {"water_pressure_bar": 1.4}), ("b-1", 0, {"flow_temp_c": 60.5})])) == []
    assert store.write(batch_of([("b-1", 0, {"return_temp_c": 40.0}), ("b-1", 0, {"water_pressure_bar": 1.5})])) == []
    series = store.history(["b-1"], ["water_pressure_bar", "flow_temp_c", "return_temp_c"], T0, T0 + 1)["b-1"]
    assert series.ts_ms.tolist() == [T0]
    assert {name: values.tolist() for name, values in series.columns.items()} == {
        "water_pressure_bar": [1.5], "flow_temp_c": [60.5], "return_temp_c": [40.0],
    }  # fmt: skip


def check_the_last_to_arrive_wins_whatever_fields_come_with_it(store: Store) -> None:
    both, one = {"flow_temp_c": 1.0, "return_temp_c": 5.0}, {"flow_temp_c": 2.0}
    store.write(batch_of([("b-7", 0, both), ("b-7", 0, one), ("b-8", 0, one), ("b-8", 0, both)]))
    latest = store.latest(["b-7", "b-8"], ["flow_temp_c", "return_temp_c"]).values
    assert {name: values.tolist() for name, values in latest.items()} == {
        "flow_temp_c": [2.0, 1.0], "return_temp_c": [5.0, 5.0],
    }  # fmt: skip


def check_writing_again_changes_nothing(store: Store) -> None:
    batch = batch_of([("b-2", i * 1000, {"flow_temp_c": 40.0 + i}) for i in range(50)])
    for _ in range(3):
        assert store.write(batch) == []
    series = store.history(["b-2"], ["flow_temp_c"], T0, T0 + 50_000)["b-2"]
    assert series.columns["flow_temp_c"].tolist() == [40.0 + i for i in range(50)]


def check_bounds_are_half_open_and_others_left_out(store: Store) -> None:
    store.write(batch_of([("b-3", 0, {"flow_temp_c": 1.0}), ("b-3", 1000, {"flow_temp_c": 2.0})]))
    assert store.history(["b-3"], ["flow_temp_c"], T0, T0 + 1000)["b-3"].ts_ms.tolist() == [T0]
    assert store.history(["nobody"], ["flow_temp_c"], T0, T0 + 1000) == {}


def check_latest_is_by_signal(store: Store) -> None:
    store.write(batch_of([("b-4", 0, {"flow_temp_c": 1.0, "flame_on": 1.0}), ("b-4", 1000, {"flow_temp_c": 2.0})]))
    latest = store.latest(["b-4", "nobody"], ["flow_temp_c", "flame_on", "flue_temp_c"])
    assert latest.values["flow_temp_c"][0] == 2.0
    assert latest.ts_ms["flame_on"].tolist() == [T0, 0]
    assert np.isnan(latest.values["flue_temp_c"]).all()


def check_events_keep_their_text_and_order(store: Store) -> None:
    codes = ['0Y/276, "hot"', "E1 =\\", "故障"]
    events = [Event(0, T0 + i, T0, code, i != 1, 0) for i, code in enumerate(codes)]
    batch = batch_of([], events)
    batch.sources = [Source("b-5", "s", "b-5")]
    assert store.write(batch) == []
    assert [(e.code, e.active) for e in store.events(["b-5"], T0, T0 + 10)] == [
        (c, i != 1) for i, c in enumerate(codes)
    ]


def check_rollups_replace_themselves(store: Store) -> None:
    for mean in (50.0, 51.0):
        store.write_rollup("15m", Rollup(["b-6"], ["s"], np.array([T0]), {"flow_temp_c_mean": np.array([mean])}))
    series = store.history(["b-6"], ["flow_temp_c"], T0, T0 + 1, "15m")["b-6"]
    assert series.columns["flow_temp_c_mean"].tolist() == [51.0]


def check_a_list_of_sources_may_grow_between_batches(store: Store) -> None:
    shared = [Source("g-1", "s 1", "g-1")]
    for number, name in enumerate(["g-1", "g-2", "g-1"]):
        if number == 1:
            shared.append(Source(name, "s 1", name))
        batch = batch_of([(name, number * 1000, {"flow_temp_c": 40.0 + number})])
        batch.sources, batch.source = shared, np.array([[one.boiler for one in shared].index(name)])
        assert store.write(batch) == []
    found = store.history(["g-1", "g-2"], ["flow_temp_c"], T0, T0 + 10_000)
    assert {name: series.columns["flow_temp_c"].tolist() for name, series in found.items()} == {
        "g-1": [40.0, 42.0], "g-2": [41.0],
    }  # fmt: skip


def check_rollups_keep_counts_and_leave_out_the_unknown(store: Store) -> None:
    columns = {"readings": np.array([15.0, 3.0]), "flame_on_s": np.array([120.0, np.nan]), "starts": np.array([2.0, 0.0]),
               "cold_pressure_bar": np.array([np.nan, 1.25]), "flow_temp_c_mean": np.array([50.5, 51.0])}  # fmt: skip
    ts_ms = np.array([T0, T0 + 86_400_000])
    assert store.write_rollup("1d", Rollup(["r-1", "r-1"], ["s 1", "s 1"], ts_ms, columns)) == []
    names = ["readings", "flame_on_s", "cold_pressure_bar", "flow_temp_c"]
    series = store.history(["r-1"], names, T0, T0 + 2 * 86_400_000, "1d")["r-1"]
    assert series.ts_ms.tolist() == ts_ms.tolist()
    assert series.columns["readings"].tolist() == [15.0, 3.0]
    assert series.columns["flow_temp_c_mean"].tolist() == [50.5, 51.0]
    assert [np.isnan(series.columns[name]).tolist() for name in ("flame_on_s", "cold_pressure_bar")] == [
        [False, True], [True, False],
    ]  # fmt: skip


def check_set_up_again_does_nothing(store: Store) -> None:
    store.setup()
    assert store.setup() == []


def check_points_are_taken(store: Store) -> None:
    fields = {"received": 7, "balanced": True, "said": 'a "b"'}
    assert store.write_points([Point("pipeline", {"room": "storing"}, fields, T0)]) == []


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
