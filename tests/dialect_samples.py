"""Our samples of what gateways publish; see tests/samples/README.md."""

from pathlib import Path
from typing import NamedTuple

from boilerwatch.model import Batch
from collector.codecs import Codec, Draft, Message

SAMPLES = Path(__file__).parent / "samples"
NOW_MS = 1_798_701_000_000


class Publication(NamedTuple):
    """One publication, as its gateway sends it."""

    qos: int
    retain: bool
    topic: str
    payload: bytes


def sample(name: str) -> list[Publication]:
    """Return the publications of `ebusd/plain` and so on."""
    found = []
    for line in (SAMPLES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        qos, retain, topic, payload = line.split(" ", 3)
        found.append(Publication(int(qos), retain == "r", topic, payload.encode()))
    return found


def read(codec: Codec, publications: list[Publication], *, retained: bool = False) -> tuple[Batch, Draft]:
    """Read publications as a subscriber gets them: live ones without the retained flag, whatever the gateway set."""
    assert all(codec.owns(one.topic) for one in publications)
    return deliver(codec, [(one.topic, one.payload, retained) for one in publications])


def deliver(codec: Codec, deliveries: list[tuple[str, bytes, bool]]) -> tuple[Batch, Draft]:
    """Read deliveries; whatever they are, nothing is raised and the account balances."""
    draft = Draft(NOW_MS, oldest_ms=NOW_MS - 400 * 86_400_000)
    codec.read([Message(topic.encode(), payload, retained) for topic, payload, retained in deliveries], draft)
    batch = draft.close()
    outcomes = sum(int(counts.sum()) for name, counts in batch.ledger.items() if name != "received")
    received = batch.ledger.get("received")
    assert outcomes == (0 if received is None else int(received.sum())) == len(deliveries)
    return batch, draft


def values_of(batch: Batch, boiler: str) -> dict[str, float]:
    """Return the last value of each signal of one boiler."""
    number = next(i for i, source in enumerate(batch.sources) if source.boiler == boiler)
    found = {}
    for name, column in batch.columns.items():
        mine = [value for value, source in zip(column.tolist(), batch.source, strict=True) if source == number]
        mine = [value for value in mine if value == value]
        if mine:
            found[name] = mine[-1]
    return found


def codes_of(batch: Batch) -> list[tuple[str, bool, str]]:
    """Return (code, active, family) of each event."""
    return [(event.code, event.active, event.family) for event in batch.events]
