"""What the session hands over: the messages of one read, in order."""

from typing import NamedTuple


class Deliveries(NamedTuple):
    """Messages that came together, each list of the same length.

    Attributes
    ----------
    upto
        What to hand to `Session.acknowledge` once all of it, and all before it, is durable.
    """

    topics: list[bytes]
    payloads: list[bytes]
    retained: list[bool]
    upto: int
