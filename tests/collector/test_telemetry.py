"""A batch says the same as its messages one by one, and no payload puts words into another one's mouth."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerwatch.model import Batch
from collector.codecs import Draft, Message, Native

NOW_MS = 1_800_000_000_000

times = st.one_of(
    st.none(), st.integers(NOW_MS - 10_000, NOW_MS + 10_000),
    st.sampled_from(["2027-01-15T08:00:00Z", "2027-01-15T16:00:00+08:00", "yesterday", 7, 10**30, True, 1.5, NOW_MS + 10**9]),
)  # fmt: skip
values = st.one_of(
    st.floats(0, 100),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from(["1.4", None, float("nan"), float("inf"), [], 1e300, 10**400]),
)
keys = st.sampled_from(["flow_temp_c", "return_temp_c", "flame_on", "burner_starts", "colour"])
readings = st.fixed_dictionaries(
    {}, optional={"ts": times, "boot": st.sampled_from(["a", 3, None]), "seq": st.one_of(st.integers(-2, 2**33), st.just(10**25))}
).flatmap(lambda head: st.dictionaries(keys, values, max_size=4).map(lambda body: head | body))  # fmt: skip
payloads = st.one_of(
    readings.map(lambda plain: json.dumps(plain).encode()),
    st.lists(readings, max_size=3).map(lambda plain: json.dumps(plain).encode()),
    st.sampled_from([b"", b"{", b"}", b"{},{}", b'{"a":[{}', b"{}]}", b'{"flow_temp_c":1', b',"x":1}', b"[{}", b"{}]", b"\xff", b"7"]),
)  # fmt: skip


def read(messages: list[Message]) -> tuple[Batch, Draft]:
    draft = Draft(NOW_MS)
    Native().read(messages, draft)
    return draft.close(), draft


def rows_of(batch: Batch) -> list[tuple[Any, ...]]:
    found = []
    for row in range(len(batch)):
        known = {name: float(column[row]) for name, column in batch.columns.items() if not np.isnan(column[row])}
        found.append((
            batch.sources[batch.source[row]].boiler, int(batch.ts_ms[row]), bool(batch.stamped[row]), int(batch.hash[row]),
            int(batch.boot[row]), int(batch.seq[row]), known,
        ))  # fmt: skip
    return found


@settings(max_examples=150, deadline=None)
@given(said=st.lists(payloads, max_size=12), copies=st.sampled_from([1, 8]))
def test_a_batch_says_what_its_messages_say_one_by_one(said: list[bytes], copies: int) -> None:
    messages = [Message(b"boilers/s/b-%d/telemetry" % i, payload, False) for i, payload in enumerate(said * copies)]
    batch, draft = read(messages)
    alone = [read([message]) for message in messages]
    assert rows_of(batch) == [row for one, _ in alone for row in rows_of(one)]
    assert draft.refusals == [refusal for _, one in alone for refusal in one.refusals]
    for counter in ("dropped", "unknown"):
        counted = sum((getattr(one, counter) for _, one in alone), type(draft.dropped)())
        assert +getattr(draft, counter) == +counted
    assert sum(int(counts.sum()) for name, counts in batch.ledger.items() if name != "received") == len(messages)


@pytest.mark.parametrize(
    "evil",
    [
        [b'{"flow_temp_c": 1, "x": [{}', b'{"flow_temp_c": 2}]}', b'{},{"flow_temp_c": 3}'],
        [b'{},{"flow_temp_c": 3}', b'{"flow_temp_c":', b'{"flow_temp_c": 1}'],
        [b'{"flow_temp_c": 1}, {"flow_temp_c": 2', b'{"flow_temp_c": 3}', b"}"],
        [b'{"flow_temp_c": 1', b'"return_temp_c": 2}', b'{"flow_temp_c": 3},{"flow_temp_c": 4}'],
    ],
)
@pytest.mark.parametrize("apart", [0, 1, 5])
def test_no_payload_puts_words_into_anothers_mouth(evil: list[bytes], apart: int) -> None:
    good = b'{"flow_temp_c": 50}'
    said = [good] * 40 + [evil[0], *[good] * apart, evil[1], good, evil[2]] + [good] * 40
    batch, draft = read([Message(b"boilers/s/b-%d/telemetry" % i, one, False) for i, one in enumerate(said)])
    heard = {boiler for boiler, *_, known in rows_of(batch) if known == {"flow_temp_c": 50.0}}
    assert heard == {f"b-{i}" for i, one in enumerate(said) if one == good}
    own = {f"b-{i}": one for i, one in enumerate(said) if one != good}
    for boiler, *_, known in rows_of(batch):
        if boiler in own:
            assert known.items() <= json.loads(own[boiler]).items()
    assert draft.refusals


def test_a_signal_that_comes_late_is_learned_and_stays_known() -> None:
    native = Native()
    for said in (
        {"flow_temp_c": 40},
        {"return_temp_c": 30},
        {"flow_temp_c": 41, "return_temp_c": 31, "flame_on": True},
        {},
    ):
        draft = Draft(NOW_MS)
        payload = json.dumps(said).encode()
        native.read([Message(b"boilers/s/b-%d/telemetry" % i, payload, False) for i in range(100)], draft)
        batch = draft.close()
        assert {name: set(column.tolist()) for name, column in batch.columns.items()} == {
            name: {float(value)} for name, value in said.items()
        }
        assert len(batch) == 100


def test_a_key_of_the_makers_own_in_every_message_is_counted_in_every_one() -> None:
    messages = [
        Message(b"boilers/s/b-1/telemetry", b'{"flow_temp_c": %d, "firmware": "1.2"}' % (40 + i % 9), False)
        for i in range(1_000)
    ]
    batch, draft = read(messages)
    assert len(batch) == 1_000
    assert draft.unknown == {"firmware": 1_000}
    assert not draft.refusals
